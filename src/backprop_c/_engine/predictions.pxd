"""A prediction of many rows, in parts. Plain C, so that it can stop and go on."""

from backprop_c._engine.crew cimport Board
from backprop_c._kernels.table cimport Plan, Routines, Table


ctypedef struct Prediction:
    const Plan* plan
    const Routines* routines
    Py_ssize_t n_samples
    Py_ssize_t done
    Py_ssize_t part_rows           # samples that a thread takes at a time
    size_t row_in                  # bytes of a row of X, and of the outputs
    size_t row_out
    const char* X
    char* a_out
    const char* parameters
    char* workspaces
    Board* board                   # NULL: one thread


cdef void set_prediction(Prediction* prediction, const Table* table, const Plan* plan,
                         Py_ssize_t n_samples, Py_ssize_t n_in, Py_ssize_t n_out, const char* X,
                         char* a_out) noexcept nogil
cdef void run_prediction(Prediction* prediction, double seconds) noexcept nogil
