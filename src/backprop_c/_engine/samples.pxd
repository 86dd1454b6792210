"""Samples as the kernels read them, and the arrays that hold them."""

from backprop_c._engine.parameters cimport SharedParameters
from backprop_c._kernels.table cimport Loss, Samples


cdef class SampleSet:
    cdef SharedParameters shared   # the network they are for
    cdef Samples samples
    cdef readonly Py_ssize_t n_samples
    cdef readonly object X
    cdef readonly object y
    cdef readonly object sample_weight

    cdef require_of(self, SharedParameters shared)


cdef bint is_plain(array, int type_number, Py_ssize_t n_rows, Py_ssize_t n_columns)
cdef bint are_targets(const Loss* loss, Py_ssize_t n_rows, Py_ssize_t n_out, int type_number,
                      const void* y) noexcept nogil
