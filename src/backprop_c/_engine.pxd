"""The network as other Cython code may use it: ``from backprop_c._engine cimport Engine``.

With the GIL, ``parameters = engine.begin_reading()``; without it, any number of
``engine.predict_rows(parameters, n_samples, X, workspace, out)``; with it again,
``engine.end_reading(parameters)``. X is (n_samples, n_in) and out (n_samples, n_out), C-contiguous,
of the network's dtype, and taken as they are, unchecked; ``workspace`` holds
``engine.workspace_bytes`` bytes on a boundary of 64, one for each thread. A fit that begins in
another thread meanwhile waits for ``end_reading``.
"""

cimport numpy as cnp

from backprop_c._loop cimport Prediction
from backprop_c._shared cimport SharedParameters


cdef class Engine(SharedParameters):
    cdef void predict_rows(self, const char* parameters, Py_ssize_t n_samples, const void* X,
                           void* workspace, void* out) noexcept nogil
    cdef bint fits(self, object X)
    cdef bint has_layout(self, object X)
    cdef bint takes(self, object out, cnp.ndarray x, int ndim, const cnp.npy_intp* shape)
    cdef predict_long(self, Py_ssize_t n_samples, const char* X, char* out, Py_ssize_t n_threads)
    cdef predict_runs(self, Prediction* prediction)
