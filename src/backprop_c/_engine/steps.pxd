"""Single training steps, as other compiled modules see them."""

cimport numpy as cnp

from backprop_c._engine.fit cimport Fit
from backprop_c._engine.jacobians cimport Jacobians
from backprop_c._engine.memory cimport Memory
from backprop_c._engine.outcome cimport OptimizerState
from backprop_c._kernels.table cimport Plan


cdef class Step:
    cdef Fit fit
    cdef Memory memory
    cdef Plan plan                 # the network's, with another loss where its derivative is given
    cdef object optimizer          # what it was equipped for: an optimizer and its state,
    cdef OptimizerState state
    cdef Py_ssize_t n_samples      # so many samples,
    cdef bint given                # and the outputs' gradient in place of targets
    cdef long long label           # of one sample: its class,
    cdef float float_target        # or the target of one output, in the network's dtype
    cdef double double_target
    cdef object rate_of_epoch      # of the step's number, in place of a learning rate; or None
    cdef object state_before       # of the generator, before a step with dropout


cdef class Stepper(Jacobians):
    cdef Step step

    cdef bint takes_targets(self, Step step, object y, Py_ssize_t n_samples, int ndim, bint given)
    cdef bint takes_number(self, Step step, object y)
    cdef const void* target_of(self, Step step) noexcept
    cdef equip(self, Step step, Py_ssize_t n_samples, bint given)
    cdef double make(self, Step step, cnp.ndarray x, object y, object sample_weight) except *
    cdef draw_key(self, Step step)
    cdef end_drawing(self, Step step, bint kept)
    cdef bint commit(self, Step step) except -1
