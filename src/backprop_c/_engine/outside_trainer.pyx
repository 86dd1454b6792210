"""A trainer whose steps come from outside, as from a minimizer of SciPy's."""

cimport numpy as cnp
from cpython.exc cimport PyErr_CheckSignals
from libc.math cimport INFINITY
from libc.string cimport memcmp, memcpy

import numpy as np

from backprop_c._engine.fits cimport Fit
from backprop_c._engine.memory cimport Memory, room_for
from backprop_c._engine.passes cimport (
    WORK_OF_SHORT_RUN, Pass, begin_pass, bytes_of_sums_of, copy_sums, run_pass,
)
from backprop_c._engine.samples cimport is_plain
from backprop_c._engine.trainer cimport Trainer
from backprop_c._kernels.table cimport Sums
from backprop_c._system.platform cimport SECONDS_OF_RUN, monotonic_seconds

cnp.import_array()


cdef class OutsideTrainer(Trainer):
    """A fit whose epochs end with a step that `step_to` says; an epoch is its one batch."""

    cdef Sums at_start             # what the epoch begins with

    cdef size_t bytes_of_point(self) noexcept:
        return self.fit_.training.plan.stride * self.fit_.training.table.real_bytes

    cdef size_t _room_for_steps(self) noexcept:
        return room_for(self.bytes_of_point()) + room_for(bytes_of_sums_of(&self.fit_.training))

    cdef void _lay_out_steps(self, Memory memory) noexcept:
        self.fit_.steps_at_end = True
        self.fit_.point = memory.cut(self.bytes_of_point())
        self.at_start.metrics = <double*>memory.cut(bytes_of_sums_of(&self.fit_.training))

    cdef const char* _bytes_of(self, cnp.ndarray parameters) except NULL:
        """The numbers of a vector of parameters."""
        if not is_plain(parameters, self.engine.type_number, self.fit_.training.plan.n_parameters,
                        0):
            raise TypeError("parameters are a vector of the network's length and dtype")
        return cnp.PyArray_BYTES(parameters)

    def evaluate_at(self, cnp.ndarray parameters not None):
        """The loss at some parameters, penalties included, and its gradient.

        Signals are looked for meanwhile: KeyboardInterrupt comes from here.

        Returns
        -------
        loss : float
        gradient : ndarray of shape (n_parameters,), float64
        """
        cdef Fit* fit = &self.fit_
        cdef Pass* training = &fit.training
        cdef Py_ssize_t work = 0
        cdef bint done = False
        memcpy(<char*>fit.point, self._bytes_of(parameters), cnp.PyArray_NBYTES(parameters))
        self._have_threads()
        begin_pass(training)
        while not done:
            if training.n_samples * training.plan.work <= WORK_OF_SHORT_RUN:
                done = run_pass(training, INFINITY, &work)
            else:
                with nogil:
                    done = run_pass(training, monotonic_seconds() + SECONDS_OF_RUN, &work)
            if self.own_loss is not None:
                self.own_loss.raise_error()
            PyErr_CheckSignals()
        if self.at_start.weight == 0:
            self._swap_sums()
            copy_sums(training, &self.at_start, &training.sums)
        gradient = np.empty(training.plan.n_parameters, self.engine.dtype)
        memcpy(cnp.PyArray_DATA(<cnp.ndarray>gradient), training.gradient,
               cnp.PyArray_NBYTES(<cnp.ndarray>gradient))
        return (training.sums.loss / training.sums.weight,
                gradient.astype(np.float64) / training.sums.weight)

    cdef void _swap_sums(self) noexcept:
        """The sums of the last evaluation, and those that the epoch begins with."""
        cdef Sums sums = self.at_start
        self.at_start = self.fit_.training.sums
        self.fit_.training.sums = sums

    def step_to(self, cnp.ndarray parameters not None, bint settled=False):
        """Have the next run end its epoch at some parameters, usually those evaluated last.

        `settled` says that no step leads any further.
        """
        cdef Fit* fit = &self.fit_
        cdef const char* point = self._bytes_of(parameters)
        if memcmp(fit.point, point, cnp.PyArray_NBYTES(parameters)):
            self.evaluate_at(parameters)
        # What the evaluation summed up is what the next epoch begins with.
        self._swap_sums()
        if self.validation is not None:
            begin_pass(&fit.validation)
        fit.begun = True
        fit.stepped = False
        fit.point_is_last = settled
