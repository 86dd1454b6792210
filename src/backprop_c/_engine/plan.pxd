"""Plans: which layers are wide and which narrow, and how memory is laid out."""

from backprop_c._kernels.table cimport Places, Plan, Table


cdef enum:
    # Several threads are worth their start, some 50 microseconds each, from so many
    # multiplications of forward passes on.
    WORK_FOR_THREADS = 8000000
    # What a unit costs beside its weights, in multiplications: its activation.
    WORK_OF_UNIT = 8


cdef bint one_lane_pays(tuple layer_sizes)
cdef int take_constants(tuple constants, double* constants_out) except -1
cdef int make_plan(Plan* plan_out, const Table* table, int shape, tuple layer_sizes,
                   tuple activations, tuple loss, bint biases, tuple l1, tuple l2,
                   tuple dropout, tuple max_norm) except -1
cdef int make_squares_plan(Plan* plan_out, const Plan* of, const Table* table) except -1
cdef void free_plan(Plan* plan) noexcept
# What fills a plan is made of; recurrence.pyx fills another kind.
cdef Py_ssize_t rounded_up(Py_ssize_t n, Py_ssize_t unit) noexcept
cdef Py_ssize_t lay_out_targets(Plan* plan, Py_ssize_t feature) noexcept
cdef Py_ssize_t lay_out_layer(const Plan* plan, Py_ssize_t k, Py_ssize_t first, Py_ssize_t size,
                              Places* places_out)
cdef void cut_blocks(Plan* plan) noexcept
cdef int cut_ranges(Plan* plan, const Table* table) except -1
