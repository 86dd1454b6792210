"""The network as other Cython code may use it: ``from backprop_c._engine cimport Engine``.

``engine.predict_rows`` answers without Python and without the GIL: X is (n_samples, n_in) and
out (n_samples, n_out), C-contiguous, of the network's dtype, and ``workspace`` holds
``engine.workspace_bytes`` bytes on a boundary of 64, one for each thread. Rows are taken as they
are, unchecked; while a fit publishes its epochs (it holds the GIL to do so), hold the GIL.
"""

cimport numpy as cnp

from backprop_c._kernels.table cimport Plan, Table


cdef class Engine:
    cdef Plan plan
    cdef const Table* table
    cdef char* numbers
    cdef char* workspace
    cdef bint workspace_taken
    cdef bint training
    cdef bint publishing
    cdef int readers
    cdef int type_number
    cdef readonly size_t workspace_bytes
    cdef readonly tuple layer_sizes
    cdef readonly object dtype
    cdef readonly object parameters
    cdef readonly tuple weights
    cdef readonly tuple biases

    cdef void predict_rows(self, Py_ssize_t n_samples, const void* X, void* workspace,
                           void* out) noexcept nogil
    cdef require_set_up(self)
    cdef char* take_workspace(self) except NULL
    cdef void give_workspace(self, char* workspace) noexcept
    cdef void begin_reading(self) noexcept
    cdef void end_reading(self) noexcept
    cdef void publish(self, const char* numbers) noexcept
    cdef bint fits(self, object X)
    cdef bint is_finite(self, cnp.ndarray x)
    cdef bint takes(self, object out, cnp.ndarray x, int ndim, const cnp.npy_intp* shape)
    cdef _predict_long(self, Py_ssize_t n_samples, const char* X, char* out)
