"""The driver of fits, as trainers use it."""

from backprop_c._engine.fit cimport Fit


cdef void keep_states(Fit* fit) noexcept nogil
cdef void draw_epoch(Fit* fit) noexcept nogil
cdef void run_fit(Fit* fit, double seconds) noexcept nogil
cdef void restore_best(Fit* fit) noexcept nogil
