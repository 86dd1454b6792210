"""The network as other Cython code may use it: ``from backprop_c._engine cimport Engine``.

With the GIL, ``parameters = engine.begin_reading()``; without it, any number of
``engine.predict_rows(parameters, n_samples, X, workspace, out)``; with it again,
``engine.end_reading(parameters)``. X is (n_samples, n_in) and out (n_samples, n_out), C-contiguous,
of the network's dtype, and taken as they are, unchecked; ``workspace`` holds
``engine.workspace_bytes`` bytes on a boundary of 64, one for each thread. A fit that begins in
another thread meanwhile waits for ``end_reading``.
"""

cimport numpy as cnp

from backprop_c._kernels.table cimport Plan, Table
from backprop_c._loop cimport Prediction


cdef class Engine:
    cdef Plan plan                 # batches
    cdef Plan single               # one row, whose kernels may be of another table
    cdef const Table* table
    cdef const Table* single_table
    cdef char* numbers
    cdef char* workspace
    cdef bint workspace_taken
    cdef bint training
    cdef bint orphaned             # a fit of the parent's process was going on at the fork
    cdef int readers
    cdef long process
    cdef int type_number
    cdef readonly size_t workspace_bytes
    cdef readonly tuple layer_sizes
    cdef readonly object dtype
    cdef readonly object parameters
    cdef readonly tuple weights
    cdef readonly tuple biases

    cdef void predict_rows(self, const char* parameters, Py_ssize_t n_samples, const void* X,
                           void* workspace, void* out) noexcept nogil
    cdef require_set_up(self)
    cdef char* take_workspace(self) except NULL
    cdef void give_workspace(self, char* workspace) noexcept
    cdef allocate_parameters(self, bint biases)
    cdef lay_out_parameters(self, bint biases)
    cdef void forget_parent(self) noexcept
    cdef const char* begin_reading(self) except NULL
    cdef const char* go_on_reading(self, const char* numbers) except NULL
    cdef void end_reading(self, const char* numbers) noexcept
    cdef const char* copied(self, const char* numbers) except NULL
    cdef bint claim_training(self) noexcept
    cdef void publish(self, const char* numbers) noexcept
    cdef bint fits(self, object X)
    cdef bint is_finite(self, cnp.ndarray x)
    cdef bint takes(self, object out, cnp.ndarray x, int ndim, const cnp.npy_intp* shape)
    cdef predict_long(self, Py_ssize_t n_samples, const char* X, char* out, Py_ssize_t n_threads)
    cdef predict_runs(self, Prediction* prediction)
