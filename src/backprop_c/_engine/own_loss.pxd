"""A loss of the caller's, called once a batch."""

from backprop_c._engine.passes cimport Pass
from backprop_c._engine.samples cimport SampleSet


cdef class LossCaller:
    cdef object function
    cdef object error              # what the function raised
    cdef SampleSet samples
    cdef object y                  # (n_samples, n_out), in the network's dtype
    cdef object derivatives        # (n_samples, n_out), which the kernels read as targets

    cdef attach(self, Pass* pass_, SampleSet samples)
    cdef int before_batch(self, Pass* pass_, Py_ssize_t start, Py_ssize_t size) noexcept
    cdef call(self, Pass* pass_, Py_ssize_t start, Py_ssize_t size)
    cdef outputs(self, Pass* pass_, Py_ssize_t start, Py_ssize_t size)
    cdef raise_error(self)
