"""Derivatives of a network's outputs, as other compiled modules see them."""

from backprop_c._engine.engine cimport Engine
from backprop_c._engine.samples cimport SampleSet
from backprop_c._kernels.table cimport Plan


ctypedef struct JacobianCall:
    # What a Jacobian of so many samples is made by, and its last two axes.
    const Plan* plan
    void (*run)(const Plan* plan, Py_ssize_t n_samples, const void* X, bint of_parameters,
                const void* parameters, void* workspace, void* row,
                void* jacobian_out) noexcept nogil
    Py_ssize_t n_out
    Py_ssize_t n_last


cdef class Jacobians(Engine):
    cdef JacobianCall call_for(self, Py_ssize_t n_samples, bint of_parameters) noexcept
    cdef run_jacobian(self, const JacobianCall* call, Py_ssize_t n_samples, const char* X,
                      bint of_parameters, Py_ssize_t work_of_row, char* out)
    cdef run_gradients(self, SampleSet samples, char* out)
