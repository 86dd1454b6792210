"""Plans: which layers are wide and which narrow, and how memory is laid out."""

from backprop_c._kernels.table cimport Plan, Table


cdef enum:
    # Several threads are worth their start, some 50 microseconds each, from so many
    # multiplications of forward passes on.
    WORK_FOR_THREADS = 8000000


cdef bint one_lane_pays(tuple layer_sizes)
cdef int take_constants(tuple constants, double* constants_out) except -1
cdef int make_plan(Plan* plan_out, const Table* table, int shape, tuple layer_sizes,
                   tuple activations, tuple loss, bint biases, tuple l1, tuple l2,
                   tuple dropout, tuple max_norm) except -1
cdef int make_squares_plan(Plan* plan_out, const Plan* of, const Table* table) except -1
cdef void free_plan(Plan* plan) noexcept
