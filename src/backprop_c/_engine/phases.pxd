"""What follows a batch's gradient, as fits and single steps choose it."""

from backprop_c._engine.fit cimport Fit


cdef void choose_phases(Fit* fit) noexcept nogil
cdef Py_ssize_t run_online(Fit* fit) noexcept nogil
