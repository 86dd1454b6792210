"""Engine: the outputs of a network, for one row by the shortest way, for many in threads."""

cimport numpy as cnp
from cpython.exc cimport PyErr_CheckSignals

from backprop_c._engine.crew cimport Crew
from backprop_c._system.platform cimport SECONDS_OF_RUN, allocate, release
from backprop_c._kernels.table cimport Plan
from backprop_c._engine.predictions cimport Prediction, run_prediction, set_prediction
from backprop_c._engine.plan cimport WORK_FOR_THREADS
from backprop_c._engine.parameters cimport SharedParameters
from backprop_c._system.sharing cimport begin_short_read, end_short_read

cnp.import_array()


cdef enum:
    # The GIL is kept in calls below some 20 microseconds: multiplications.
    WORK_OF_SHORT_CALL = 40000


cdef bint apart(cnp.ndarray array, const void* memory, Py_ssize_t size):
    """Whether a contiguous array and some memory share nothing."""
    cdef const char* begin = <const char*>cnp.PyArray_DATA(array)
    cdef const char* other = <const char*>memory
    return begin + cnp.PyArray_NBYTES(array) <= other or other + size <= begin


cdef class Engine(SharedParameters):
    """Predictions with the parameters of a network."""

    cdef void predict_rows(self, const char* parameters, Py_ssize_t n_samples, const void* X,
                           void* workspace, void* out) noexcept nogil:
        if n_samples == 1:
            self.single_table.routines[self.single.shape].predict(
                &self.single, 1, X, parameters, workspace, out)
        else:
            self.table.routines[self.plan.shape].predict(
                &self.plan, n_samples, X, parameters, workspace, out)

    cdef bint fits(self, object X):
        """Whether the kernels can read X as it stands: dtype, layout, shape and finite numbers."""
        cdef cnp.ndarray x
        cdef const void* data
        cdef Py_ssize_t size
        cdef bint finite
        if not self.has_layout(X):
            return False
        x = <cnp.ndarray>X
        size = cnp.PyArray_SIZE(x)
        data = cnp.PyArray_DATA(x)
        if size <= WORK_OF_SHORT_CALL:
            return self.table.all_finite(size, data)
        with nogil:
            finite = self.table.all_finite(size, data)
        # Another thread may have given it another shape meanwhile.
        return finite and self.has_layout(X)

    cdef bint has_layout(self, object X):
        """Whether X has the dtype, layout and shape that the kernels read."""
        cdef cnp.ndarray x
        cdef int ndim
        if type(X) is not cnp.ndarray:
            return False
        x = <cnp.ndarray>X
        ndim = cnp.PyArray_NDIM(x)
        return (
            cnp.PyArray_TYPE(x) == self.type_number
            and cnp.PyArray_ISCARRAY_RO(x)
            and 1 <= ndim <= 2
            and cnp.PyArray_DIM(x, ndim - 1) == self.plan.layers[0].n_in
        )

    cdef bint takes(self, object out, cnp.ndarray x, int ndim, const cnp.npy_intp* shape):
        """Whether the outputs for x can go to `out`: dtype, layout, shape and memory of its own."""
        cdef cnp.ndarray target
        cdef int k
        if not isinstance(out, cnp.ndarray):
            return False
        target = <cnp.ndarray>out
        if (cnp.PyArray_TYPE(target) != self.type_number or not cnp.PyArray_ISCARRAY(target)
                or cnp.PyArray_NDIM(target) != ndim):
            return False
        for k in range(ndim):
            if cnp.PyArray_DIM(target, k) != shape[k]:
                return False
        return (apart(target, cnp.PyArray_DATA(x), cnp.PyArray_NBYTES(x))
                and apart(target, self.shared, self.plan.n_parameters * self.table.real_bytes))

    def predict(self, X, out=None, *, n_threads=1):
        """The network's outputs for samples.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_in) or (n_in,)
            Samples, or one sample. Converted to the network's dtype.
        out : ndarray of shape (n_samples, n_out) or (n_out,), optional
            Where to put the outputs: C-contiguous, of the network's dtype, not overlapping X.
            No array is made for the result then.
        n_threads : int or None, default 1
            Threads for many rows, at most 256; None takes one for each core that the process may
            use. Where the work is too little for several, one does it; the outputs are the same
            to the bit.

        Returns
        -------
        ndarray of shape (n_samples, n_out) or (n_out,)
            The outputs, in the network's dtype; `out` if it was given.

        Raises
        ------
        TypeError
            If X is not made of real numbers, or `out` is not an array of the network's dtype.
        ValueError
            If X has another number of features or is not finite, if `out` has another shape or
            layout, or overlaps X or the network's parameters, or if `n_threads` is not a positive
            integer or None.

        Notes
        -----
        One row alone and the same row in a batch may differ in the last bits. Any number of
        threads may predict at the same time, also while another one fits: each answer is then
        that of some finished epoch. The GIL is released in long calls only.

        Examples
        --------
        >>> import numpy as np
        >>> from backprop_c import Network
        >>> net = Network((2, 1), activations="identity", random_state=0)
        >>> net.parameters[:] = [1.0, 2.0, 0.5]
        >>> net.predict([3.0, 4.0])
        array([11.5])
        """
        return self.predicted(X, out, n_threads)

    cdef predicted(self, object X, object out, object n_threads):
        """What `predict` returns."""
        cdef cnp.npy_intp shape[2]
        cdef cnp.ndarray x
        cdef cnp.ndarray result
        cdef Py_ssize_t rows
        cdef Py_ssize_t threads = 1
        cdef char* workspace
        cdef bint own
        cdef int ndim
        self.require_set_up()
        given = X
        if type(n_threads) is not int or n_threads != 1:
            threads = self._as_n_threads(n_threads)
        if not self.fits(X):
            X = self._as_inputs(X)
            if not self.fits(X):
                raise TypeError("a subclass's _as_inputs returned what the kernels cannot read")
        x = <cnp.ndarray>X
        ndim = cnp.PyArray_NDIM(x)
        rows = cnp.PyArray_DIM(x, 0) if ndim == 2 else 1
        shape[0] = rows
        shape[ndim - 1] = self.plan.layers[self.plan.n_layers - 1].n_out
        if out is None:
            result = <cnp.ndarray>cnp.PyArray_SimpleNew(ndim, shape, self.type_number)
        else:
            if given is not X or not self.takes(out, x, ndim, shape):
                self._check_out(given, x, out, (shape[0], shape[1])[:ndim])
                if not self.takes(out, x, ndim, shape):
                    raise TypeError("a subclass's _check_out took what the kernels cannot write to")
            result = <cnp.ndarray>out
        if rows * self.plan.work <= WORK_OF_SHORT_CALL:
            workspace = self.take_workspace(&own)
            begin_short_read(&self.sharing.short_readers, &self.sharing.writing)
            self.predict_rows(self.shared, rows, cnp.PyArray_DATA(x), workspace,
                              cnp.PyArray_DATA(result))
            end_short_read(&self.sharing.short_readers)
            self.give_workspace(workspace, own)
        else:
            self.predict_long(rows, <const char*>cnp.PyArray_DATA(x),
                              <char*>cnp.PyArray_DATA(result), threads)
        return result

    cdef predict_long(self, Py_ssize_t n_samples, const char* X, char* out, Py_ssize_t n_threads):
        """Without the GIL, and looking for signals now and then."""
        cdef Prediction prediction
        cdef Crew crew
        cdef char* workspaces = NULL
        cdef bint own
        cdef const Plan* plan = &self.single if n_samples == 1 else &self.plan
        self.enlist()
        set_prediction(
            &prediction, self.single_table if n_samples == 1 else self.table, plan, n_samples,
            plan.layers[0].n_in, plan.layers[plan.n_layers - 1].n_out, X, out)
        n_threads = min(n_threads, (n_samples + prediction.part_rows - 1) // prediction.part_rows)
        if n_threads < 2 or n_samples * plan.work < WORK_FOR_THREADS:
            prediction.workspaces = workspaces = self.take_workspace(&own)
            try:
                self.predict_runs(&prediction)
            finally:
                self.give_workspace(workspaces, own)
            return
        crew = Crew()
        prediction.workspaces = workspaces = <char*>allocate(n_threads * plan.workspace_bytes)
        if workspaces == NULL:
            raise MemoryError()
        prediction.board = &crew.board
        crew.begin(n_threads)
        try:
            self.predict_runs(&prediction)
        finally:
            crew.end()
            release(workspaces)

    cdef predict_runs(self, Prediction* prediction):
        """Run after run, until all rows are done."""
        cdef const char* parameters = NULL
        try:
            parameters = self.begin_reading()
            while True:
                prediction.parameters = parameters
                with nogil:
                    run_prediction(prediction, SECONDS_OF_RUN)
                if prediction.done == prediction.n_samples:
                    break
                parameters = self.go_on_reading(parameters)
                PyErr_CheckSignals()
        finally:
            if parameters != NULL:
                self.end_reading(parameters)
