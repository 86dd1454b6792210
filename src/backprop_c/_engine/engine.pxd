"""The engine as other Cython code sees it; backprop_c/__init__.pxd says how it is used."""


cimport numpy as cnp

from backprop_c._engine.predictions cimport Prediction
from backprop_c._engine.parameters cimport SharedParameters


cdef class Engine(SharedParameters):
    cdef void predict_rows(self, const char* parameters, Py_ssize_t n_samples, const void* X,
                           void* workspace, void* out) noexcept nogil
    cdef bint fits(self, object X)
    cdef bint has_layout(self, object X)
    cdef bint takes(self, object out, cnp.ndarray x, int ndim, const cnp.npy_intp* shape)
    cdef predicted(self, object X, object out, object n_threads)
    cdef predict_long(self, Py_ssize_t n_samples, const char* X, char* out, Py_ssize_t n_threads)
    cdef predict_runs(self, Prediction* prediction)
