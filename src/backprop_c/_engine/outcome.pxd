"""What a fit leaves behind, as the trainer fills it in."""

cimport numpy as cnp
from libc.stdint cimport uint64_t


cdef class Record:
    cdef readonly Py_ssize_t n_columns
    cdef list arrays               # of (epochs, n_columns), all but the last recorded to their ends
    cdef Py_ssize_t before_last    # epochs in all of them but the last
    cdef uint64_t recorded         # epochs
    cdef uint64_t best             # the best one so far, from 1; 0 without one

    cdef double* room(self, Py_ssize_t epochs, Py_ssize_t* room_out) except NULL
    cdef void add(self, Py_ssize_t epochs, Py_ssize_t best_epoch) noexcept


cdef class OptimizerState:
    cdef readonly str rule
    cdef readonly long long steps
    cdef readonly cnp.ndarray vectors
    cdef readonly cnp.ndarray carried
