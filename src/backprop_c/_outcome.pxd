"""What a fit leaves behind, as the trainer fills it in."""

cimport numpy as cnp


cdef class Record:
    cdef readonly Py_ssize_t n_columns
    cdef list full                 # arrays of epochs, each recorded to its end
    cdef cnp.ndarray current       # the array that is being filled, (room, n_columns)
    cdef Py_ssize_t used           # rows of it that are recorded
    cdef readonly Py_ssize_t epochs
    cdef object merged             # what `values` returned, while it is complete

    cdef double* room(self, Py_ssize_t epochs, Py_ssize_t* room_out) except NULL
    cdef void add(self, Py_ssize_t epochs) noexcept


cdef class OptimizerState:
    cdef readonly str rule
    cdef readonly long long steps
    cdef readonly cnp.ndarray vectors
