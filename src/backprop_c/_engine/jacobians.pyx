"""Jacobians: derivatives of the outputs, and of each sample's loss, row by row or by blocks."""

cimport numpy as cnp
from cpython.exc cimport PyErr_CheckSignals
from libc.string cimport memcpy, memset

import numpy as np

from backprop_c._engine.engine cimport Engine
from backprop_c._engine.memory cimport allocated
from backprop_c._engine.samples cimport SampleSet
from backprop_c._kernels.table cimport BATCH, Part, Plan, Sums, Table
from backprop_c._system.platform cimport release
from backprop_c._system.sharing cimport begin_short_read, end_short_read

cnp.import_array()


cdef enum:
    # As for predictions: the GIL is kept in calls of fewer multiplications, some 20 microseconds.
    WORK_OF_SHORT_CALL = 40000
    # What is done between two looks for signals.
    WORK_OF_RUN = 50000000
    # Samples go on the lanes where they fill at least one in so many of these.
    SAMPLES_ON_LANES = 4
    # What is larger goes past the caches.
    BYTES_TO_STREAM = 16000000


cdef class Jacobians(Engine):
    """Derivatives with the parameters of a network."""

    def jacobian(self, X, out=None, *, of="inputs"):
        """The derivatives of the outputs by the inputs, or by the parameters, of each sample.

        Dropout is left out, as in `predict`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_in) or (n_in,)
            Samples, or one sample. Converted to the network's dtype.
        out : ndarray of the result's shape, optional
            Where to put the result: C-contiguous, of the network's dtype, not overlapping X.
            No array is made for the result then.
        of : str, default "inputs"
            "inputs", or "parameters", laid out as `parameters`.

        Returns
        -------
        ndarray of shape (n_samples, n_out, n_in) or (n_samples, n_out, n_parameters)
            For one sample without the first axis; in the network's dtype; `out` if it was given.

        Raises
        ------
        TypeError, ValueError
            As for `predict`; or if `of` is neither of the two.

        Notes
        -----
        A row goes forward once and backward once for each output. Long calls release the GIL.

        Examples
        --------
        >>> from backprop_c import Network
        >>> net = Network((2, 1), activations="identity", random_state=0)
        >>> net.parameters[:] = [1.0, 2.0, 0.5]
        >>> net.jacobian([3.0, 4.0])
        array([[1., 2.]])
        >>> net.jacobian([3.0, 4.0], of="parameters")
        array([[3., 4., 1.]])
        """
        cdef cnp.npy_intp shape[3]
        cdef cnp.ndarray x
        cdef cnp.ndarray result
        cdef Py_ssize_t rows, work
        cdef char* workspace
        cdef bint own
        cdef bint of_parameters = False
        cdef int ndim
        cdef JacobianCall call
        self.require_set_up()
        if not isinstance(of, str) or of != "inputs":
            if not isinstance(of, str) or of != "parameters":
                raise ValueError(f'of must be "inputs" or "parameters", but is {of!r}')
            of_parameters = True
        given = X
        if not self.fits(X):
            X = self._as_inputs(X)
            if not self.fits(X):
                raise TypeError("a subclass's _as_inputs returned what the kernels cannot read")
        x = <cnp.ndarray>X
        ndim = cnp.PyArray_NDIM(x) + 1
        rows = cnp.PyArray_DIM(x, 0) if ndim == 3 else 1
        shape[0] = rows
        call = self.call_for(rows, of_parameters)
        shape[ndim - 2] = call.n_out
        shape[ndim - 1] = call.n_last
        if out is None:
            result = <cnp.ndarray>cnp.PyArray_SimpleNew(ndim, shape, self.type_number)
        else:
            if given is not X or not self.takes(out, x, ndim, shape):
                self._check_out(given, x, out, (shape[0], shape[1], shape[2])[:ndim])
                if not self.takes(out, x, ndim, shape):
                    raise TypeError("a subclass's _check_out took what the kernels cannot write to")
            result = <cnp.ndarray>out
        work = call.plan.work * (1 + call.n_out)
        if rows * work <= WORK_OF_SHORT_CALL:
            workspace = self.take_workspace(&own)
            begin_short_read(&self.sharing.short_readers, &self.sharing.writing)
            call.run(call.plan, rows, cnp.PyArray_DATA(x), of_parameters, self.shared, workspace,
                     NULL, cnp.PyArray_DATA(result))
            end_short_read(&self.sharing.short_readers)
            self.give_workspace(workspace, own)
        else:
            self.run_jacobian(&call, rows, <const char*>cnp.PyArray_DATA(x), of_parameters, work,
                              <char*>cnp.PyArray_DATA(result))
        return result

    cdef JacobianCall call_for(self, Py_ssize_t n_samples, bint of_parameters) noexcept:
        """Row by row, or with samples on the lanes where these leave few of them empty."""
        cdef JacobianCall call
        cdef const Table* table = self.table
        cdef const Plan* plan = &self.plan
        if (not of_parameters and plan.shape == BATCH and plan.n_wide == 0
                and 1 < n_samples and table.lanes <= SAMPLES_ON_LANES * n_samples):
            call.run = table.batch_jacobian
        else:
            table, plan = self.single_table, &self.single
            call.run = table.jacobian
        call.plan = plan
        call.n_out = plan.layers[plan.n_layers - 1].n_out
        call.n_last = plan.n_parameters if of_parameters else plan.layers[0].n_in
        return call

    cdef run_jacobian(self, const JacobianCall* call, Py_ssize_t n_samples, const char* X,
                      bint of_parameters, Py_ssize_t work_of_row, char* out):
        """Without the GIL, and looking for signals now and then."""
        cdef Py_ssize_t x_bytes = call.plan.layers[0].n_in * self.table.real_bytes
        cdef Py_ssize_t row_bytes = call.n_out * call.n_last * self.table.real_bytes
        cdef Py_ssize_t at_once = max(1, WORK_OF_RUN // work_of_row)
        cdef Py_ssize_t first, rows
        cdef const char* parameters = NULL
        cdef char* workspace
        cdef char* row = NULL
        cdef bint own
        workspace = self.take_workspace(&own)
        try:
            if of_parameters and n_samples * row_bytes > BYTES_TO_STREAM:
                row = allocated(call.n_last * self.table.real_bytes)
            parameters = self.begin_reading()
            for first in range(0, n_samples, at_once):
                rows = min(at_once, n_samples - first)
                with nogil:
                    call.run(call.plan, rows, X + first * x_bytes, of_parameters, parameters,
                             workspace, row, out + first * row_bytes)
                if first + rows < n_samples:
                    parameters = self.go_on_reading(parameters)
                    PyErr_CheckSignals()
        finally:
            if parameters != NULL:
                self.end_reading(parameters)
            release(row)
            self.give_workspace(workspace, own)

    def _gradients(self, SampleSet samples not None):
        """The gradient of each sample's loss, penalties included."""
        samples.require_of(self)
        gradients = np.empty((samples.n_samples, self.single.n_parameters), self.dtype)
        self.run_gradients(samples, cnp.PyArray_BYTES(<cnp.ndarray>gradients))
        return gradients

    cdef run_gradients(self, SampleSet samples, char* out):
        """Without the GIL, and looking for signals now and then."""
        cdef const Plan* plan = &self.single
        cdef const Table* table = self.single_table
        cdef Py_ssize_t row_bytes = plan.n_parameters * table.real_bytes
        cdef Py_ssize_t at_once = max(1, WORK_OF_RUN // (3 * plan.work))
        cdef Py_ssize_t first, s
        cdef const char* parameters = NULL
        cdef char* workspace
        cdef char* penalized = NULL
        cdef bint own
        cdef Part part
        cdef Sums sums
        memset(&part, 0, sizeof(Part))
        memset(&sums, 0, sizeof(Sums))
        part.fresh = part.last = True
        workspace = self.take_workspace(&own)
        try:
            if plan.penalized:
                penalized = allocated(row_bytes)
            parameters = self.begin_reading()
            for first in range(0, samples.n_samples, at_once):
                with nogil:
                    for s in range(first, min(first + at_once, samples.n_samples)):
                        part.start, part.stop = s, s + 1
                        table.routines[plan.shape].run_part(
                            plan, &samples.samples, &part, parameters, workspace, NULL,
                            out + s * row_bytes if penalized == NULL else penalized, &sums)
                        if penalized != NULL:
                            table.penalize(plan, 0, plan.n_parameters, 1, parameters, penalized)
                            memcpy(out + s * row_bytes, penalized, row_bytes)
                if first + at_once < samples.n_samples:
                    parameters = self.go_on_reading(parameters)
                    PyErr_CheckSignals()
        finally:
            if parameters != NULL:
                self.end_reading(parameters)
            release(penalized)
            self.give_workspace(workspace, own)
