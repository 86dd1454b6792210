# Numbers one after the other, whatever they mean.

cdef bint all_finite(Py_ssize_t n, const void* x) noexcept nogil:
    # whether every x - x is 0
    # x: (n,)
    cdef const real* number = <const real*>x
    cdef lanes total = splat(0)
    cdef real rest = 0
    cdef Py_ssize_t k = 0
    while k + LANES <= n:
        total = total + (load(number + k) - load(number + k))
        k += LANES
    for k in range(k, n):
        rest += number[k] - number[k]
    return lane_sum(total) + rest == 0


cdef void copy(Py_ssize_t n, const void* x, void* x_out) noexcept nogil:
    # x_out = x. Not memcpy: where the lanes are few, numbers have just been stored one by one, and
    # a wide load would wait for the last one.
    # x: (n,), in whole vectors
    cdef Py_ssize_t k
    for k from 0 <= k < n by LANES:
        store(<real*>x_out + k, load(<const real*>x + k), LANES)


cdef void as_doubles(Py_ssize_t n, double factor, const void* x, double* x_out) noexcept nogil:
    # x_out = factor x, in float64
    # x, x_out: (n,)
    cdef Py_ssize_t k
    for k in range(n):
        x_out[k] = factor * (<const real*>x)[k]


cdef void along(Py_ssize_t n, const double* x, double length, const double* direction,
                void* x_out) noexcept nogil:
    # x_out = x + length direction, rounded from float64
    # x, direction, x_out: (n,)
    cdef Py_ssize_t k
    for k in range(n):
        (<real*>x_out)[k] = <real>(x[k] + length * direction[k])


cdef double dot(Py_ssize_t n, const void* a, const void* b) noexcept nogil:
    # the sum of a b: two vectors at a time, so that additions need not wait for each other
    # a, b: (n,)
    cdef const real* x = <const real*>a
    cdef const real* y = <const real*>b
    cdef lanes total = splat(0)
    cdef lanes other = splat(0)
    cdef double rest = 0
    cdef Py_ssize_t k = 0
    while k + 2 * LANES <= n:
        total = total + load(x + k) * load(y + k)
        other = other + load(x + k + LANES) * load(y + k + LANES)
        k += 2 * LANES
    for k in range(k, n):
        rest += x[k] * y[k]
    return lane_sum(total + other) + rest


cdef void add_times(Py_ssize_t n, double factor, const void* a, void* b_out) noexcept nogil:
    # b += factor a
    # a, b: (n,)
    cdef const real* x = <const real*>a
    cdef real* y = <real*>b_out
    cdef lanes times = splat(<real>factor)
    cdef Py_ssize_t k = 0
    while k + LANES <= n:
        store(y + k, load(y + k) + times * load(x + k), LANES)
        k += LANES
    for k in range(k, n):
        y[k] = y[k] + <real>factor * x[k]
