"""Derivatives of a network's outputs, as other compiled modules see them."""

cimport numpy as cnp

from backprop_c._engine.engine cimport Engine
from backprop_c._engine.samples cimport SampleSet


cdef class Jacobians(Engine):
    cdef run_jacobian(self, Py_ssize_t n_samples, const char* X, bint of_parameters,
                      Py_ssize_t work_of_row, char* out)
    cdef run_gradients(self, SampleSet samples, char* out)
