# Losses of a sample, summed over its outputs: each returns the weighted sum over the block's
# samples and leaves the weighted derivative in delta. One entry each in LOSSES.

cdef inline lanes weighted(lanes value, lanes weight) noexcept nogil:
    # value * weight, and 0 where the weight is 0, even if the value is infinite or NaN
    return select_equal(weight, splat(0), splat(0), value * weight)


cdef double squared_error(Py_ssize_t width, Py_ssize_t vectors, const void* z, const void* a,
                          const void* targets, const void* sample_weights,
                          void* delta_out) noexcept nogil:
    # loss = 1/2 sum_j (a_j - t_j)**2, dloss/da_j = a_j - t_j
    # a, targets, delta: (width, vectors); sample_weights: (vectors,)
    cdef const lanes* x = <const lanes*>a
    cdef const lanes* t = <const lanes*>targets
    cdef lanes difference, weight, squares
    cdef wide total = wide_zero()
    cdef Py_ssize_t j, v
    for v in range(vectors):
        weight = (<const lanes*>sample_weights)[v]
        squares = splat(0)
        for j in range(width):
            difference = x[j * vectors + v] - t[j * vectors + v]
            squares = squares + difference * difference
            (<lanes*>delta_out)[j * vectors + v] = weighted(difference, weight)
        total = wide_add(total, weighted(squares, weight))
    return 0.5 * wide_sum(total)


cdef double binary_cross_entropy(Py_ssize_t width, Py_ssize_t vectors, const void* z,
                                 const void* a, const void* targets,
                                 const void* sample_weights, void* delta_out) noexcept nogil:
    # loss = sum_j max(z_j, 0) - z_j t_j + log(1 + exp(-|z_j|)), dloss/dz_j = a_j - t_j
    # z, a, targets, delta: (width, vectors); sample_weights: (vectors,)
    cdef lanes x, t, weight, value
    cdef wide total = wide_zero()
    cdef Py_ssize_t j, v
    for v in range(vectors):
        weight = (<const lanes*>sample_weights)[v]
        value = splat(0)
        for j in range(width):
            x = (<const lanes*>z)[j * vectors + v]
            t = (<const lanes*>targets)[j * vectors + v]
            value = value + (select_less(x, splat(0), splat(0), x) - x * t
                             + softplus(minus_absolute(x)))
            (<lanes*>delta_out)[j * vectors + v] = weighted(
                (<const lanes*>a)[j * vectors + v] - t, weight)
        total = wide_add(total, weighted(value, weight))
    return wide_sum(total)


cdef double cross_entropy(Py_ssize_t width, Py_ssize_t vectors, const void* z, const void* a,
                          const void* targets, const void* sample_weights,
                          void* delta_out) noexcept nogil:
    # loss = sum_j t_j (log sum_k exp(z_k) - z_j), dloss/dz_j = a_j sum_k t_k - t_j
    # z, a, targets, delta: (width, vectors); sample_weights: (vectors,)
    cdef const lanes* x = <const lanes*>z
    cdef const lanes* t = <const lanes*>targets
    cdef lanes largest, peak, weight, total_target, log_sum, value
    cdef wide total = wide_zero()
    cdef Py_ssize_t j, v
    for v in range(vectors):
        weight = (<const lanes*>sample_weights)[v]
        largest = x[v]
        peak = (<const lanes*>a)[v]
        total_target = t[v]
        for j in range(1, width):
            peak = select_less(largest, x[j * vectors + v],
                               (<const lanes*>a)[j * vectors + v], peak)
            largest = select_less(largest, x[j * vectors + v], x[j * vectors + v], largest)
            total_target = total_target + t[j * vectors + v]
        # The largest output is 1 / sum_k exp(z_k - max z).
        log_sum = logarithm(splat(1) / peak)
        value = splat(0)
        for j in range(width):
            value = value + weighted(log_sum + (largest - x[j * vectors + v]), t[j * vectors + v])
            (<lanes*>delta_out)[j * vectors + v] = weighted(
                (<const lanes*>a)[j * vectors + v] * total_target - t[j * vectors + v], weight)
        total = wide_add(total, weighted(value, weight))
    return wide_sum(total)


cdef Loss[3] LOSSES
LOSSES[0] = Loss(b"squared_error", b"", c"-", False, squared_error)
LOSSES[1] = Loss(b"binary_cross_entropy", b"sigmoid", c"p", True, binary_cross_entropy)
LOSSES[2] = Loss(b"cross_entropy", b"softmax", c"d", True, cross_entropy)
