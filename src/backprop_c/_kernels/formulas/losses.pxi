# Losses of a sample, summed over its outputs: each returns the weighted sum over the block's
# samples and leaves the weighted derivative in delta. One that looks at each output alone is a
# formula on lanes, and a function that names it and the loop that applies it. One entry each in
# LOSSES.

cdef inline lanes squared_error_of_output(lanes z, lanes a, lanes target, Constants c,
                                          lanes* delta_out) noexcept nogil:
    # loss = 1/2 (a - t)**2, but for the factor; dloss/da = a - t
    # delta: (1,)
    delta_out[0] = a - target
    return delta_out[0] * delta_out[0]


cdef double squared_error(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                          const void* z, const void* a, const void* targets,
                          const void* sample_weights, void* delta_out) noexcept nogil:
    return pointwise_loss(squared_error_of_output, 0.5, width, vectors, constants, z, a, targets,
                          sample_weights, delta_out)


cdef inline lanes binary_cross_entropy_of_output(lanes z, lanes a, lanes target,
                                                 Constants c, lanes* delta_out) noexcept nogil:
    # loss = max(z, 0) - z t + log(1 + exp(-|z|)), at most largest_loss, dloss/dz = a - t; of the
    # target t, the share of label_smoothing is 1/2
    # delta: (1,)
    cdef lanes loss
    target = (splat(1) - c.first) * target + splat(<real>0.5) * c.first
    delta_out[0] = a - target
    loss = at_least(z, splat(0)) - z * target + log_1_plus_exp(minus_absolute(z))
    return at_most(loss, c.second)


cdef double binary_cross_entropy(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                                 const void* z, const void* a, const void* targets,
                                 const void* sample_weights, void* delta_out) noexcept nogil:
    return pointwise_loss(binary_cross_entropy_of_output, 1, width, vectors, constants, z, a,
                          targets, sample_weights, delta_out)


cdef inline lanes huber_of_output(lanes z, lanes a, lanes target, Constants c,
                                  lanes* delta_out) noexcept nogil:
    # loss = m (|d| - m / 2), dloss/da = m with the sign of d; d = a - t, m = min(|d|, delta): so
    # d**2 / 2 where |d| <= delta, else delta (|d| - delta / 2)
    # delta: (1,)
    cdef lanes size = absolute(a - target)
    cdef lanes least = at_most(size, c.first)
    delta_out[0] = with_sign_of(a - target, least)
    return least * (size - least * splat(<real>0.5))


cdef double huber(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                  const void* z, const void* a, const void* targets,
                  const void* sample_weights, void* delta_out) noexcept nogil:
    return pointwise_loss(huber_of_output, 1, width, vectors, constants, z, a, targets,
                          sample_weights, delta_out)


cdef inline lanes poisson_of_output(lanes z, lanes a, lanes target, Constants c,
                                    lanes* delta_out) noexcept nogil:
    # loss = exp(z) - t z, dloss/dz = a - t, a = exp(z)
    # delta: (1,)
    delta_out[0] = a - target
    return a - target * z


cdef double poisson(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                    const void* z, const void* a, const void* targets,
                    const void* sample_weights, void* delta_out) noexcept nogil:
    return pointwise_loss(poisson_of_output, 1, width, vectors, constants, z, a, targets,
                          sample_weights, delta_out)


cdef inline lanes absolute_error_of_output(lanes z, lanes a, lanes target, Constants c,
                                           lanes* delta_out) noexcept nogil:
    # loss = |d|, dloss/da = the sign of d, 0 where d is 0; d = a - t
    # delta: (1,)
    cdef lanes difference = a - target
    delta_out[0] = select_equal(difference, splat(0), splat(0), with_sign_of(difference, splat(1)))
    return absolute(difference)


cdef double absolute_error(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                           const void* z, const void* a, const void* targets,
                           const void* sample_weights, void* delta_out) noexcept nogil:
    return pointwise_loss(absolute_error_of_output, 1, width, vectors, constants, z, a, targets,
                          sample_weights, delta_out)


cdef inline lanes log_cosh_of_output(lanes z, lanes a, lanes target, Constants c,
                                     lanes* delta_out) noexcept nogil:
    # loss = log cosh d, dloss/da = tanh d; d = a - t
    # near 0: atanh(s / (2 + s)), s = sinh(d)**2 = E**2 / (4 y), y = exp(-2 |d|), E = 1 - y
    # else: |d| - log 2 + log(1 + y)
    # delta: (1,)
    cdef lanes size = absolute(a - target)
    cdef lanes rest = -expm1_of_negative(minus_absolute(size + size))
    cdef lanes square = rest * rest
    cdef lanes near = atanh(square / (splat(8) * (splat(1) - rest) + square))
    cdef lanes far = size + (log_1_plus_exp(minus_absolute(size + size)) - splat(LN2))
    delta_out[0] = tanh(a - target, c)
    # The series of atanh is for up to 1/3, where sinh(d) is 1.
    return select_less(size, splat(ASINH_OF_1), near, far)


cdef double log_cosh(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                     const void* z, const void* a, const void* targets,
                     const void* sample_weights, void* delta_out) noexcept nogil:
    return pointwise_loss(log_cosh_of_output, 1, width, vectors, constants, z, a, targets,
                          sample_weights, delta_out)


cdef inline lanes quantile_of_output(lanes z, lanes a, lanes target, Constants c,
                                     lanes* delta_out) noexcept nogil:
    # loss = slope d, dloss/da = slope; d = a - t
    # slope = 1 - q where d > 0, -q where d < 0, 0 where it is 0
    # delta: (1,)
    cdef lanes difference = a - target
    cdef lanes slope = select_less(splat(0), difference, splat(1) - c.first, -c.first)
    delta_out[0] = select_equal(difference, splat(0), splat(0), slope)
    return difference * slope


cdef double quantile(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                     const void* z, const void* a, const void* targets,
                     const void* sample_weights, void* delta_out) noexcept nogil:
    return pointwise_loss(quantile_of_output, 1, width, vectors, constants, z, a, targets,
                          sample_weights, delta_out)


cdef inline lanes gamma_of_output(lanes z, lanes a, lanes target, Constants c,
                                  lanes* delta_out) noexcept nogil:
    # loss = z + t exp(-z), dloss/dz = 1 - t exp(-z), exp(z) = a
    # delta: (1,)
    cdef lanes ratio = target / a
    delta_out[0] = splat(1) - ratio
    return z + ratio


cdef double gamma(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                  const void* z, const void* a, const void* targets,
                  const void* sample_weights, void* delta_out) noexcept nogil:
    return pointwise_loss(gamma_of_output, 1, width, vectors, constants, z, a, targets,
                          sample_weights, delta_out)


cdef double cross_entropy(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                          const void* z, const void* a, const void* targets,
                          const void* sample_weights, void* delta_out) noexcept nogil:
    # loss = sum_j t_j (log sum_k exp(z_k) - z_j), at most largest_loss, dloss/dz_j =
    # a_j sum_k t_k - t_j; of the targets t, the share of label_smoothing is spread over all classes
    # z, a, targets, delta: (width, vectors); sample_weights: (vectors,)
    cdef lanes kept = splat(<real>(1 - constants[0]))
    cdef lanes spread = splat(<real>(constants[0] / width))
    cdef lanes bound = splat(<real>constants[1])
    cdef lanes target
    cdef const lanes* x = <const lanes*>z
    cdef const lanes* t = <const lanes*>targets
    cdef lanes largest, peak, weight, total_target, log_sum, value
    cdef accumulator total = empty_sum()
    cdef Py_ssize_t j, v
    for v in range(vectors):
        weight = (<const lanes*>sample_weights)[v]
        largest = x[v]
        peak = (<const lanes*>a)[v]
        total_target = kept * t[v] + spread
        for j in range(1, width):
            peak = at_least(peak, (<const lanes*>a)[j * vectors + v])
            largest = at_least(largest, x[j * vectors + v])
            total_target = total_target + (kept * t[j * vectors + v] + spread)
        # The largest output is 1 / sum_k exp(z_k - max z).
        log_sum = logarithm(splat(1) / peak)
        value = splat(0)
        for j in range(width):
            target = kept * t[j * vectors + v] + spread
            value = value + weighted(log_sum + (largest - x[j * vectors + v]), target)
            (<lanes*>delta_out)[j * vectors + v] = weighted(
                (<const lanes*>a)[j * vectors + v] * total_target - target, weight)
        total = accumulate(total, weighted(at_most(value, bound), weight))
    return accumulated(total)


cdef double given_delta(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                        const void* z, const void* a, const void* targets,
                        const void* sample_weights, void* delta_out) noexcept nogil:
    # loss = 0, dloss/da = t: somebody else's loss, whose derivative stands where targets would
    # targets, delta: (width, vectors); sample_weights: (vectors,)
    cdef Py_ssize_t j, v
    for j in range(width):
        for v in range(vectors):
            (<lanes*>delta_out)[j * vectors + v] = weighted(
                (<const lanes*>targets)[j * vectors + v], (<const lanes*>sample_weights)[v])
    return 0


cdef Loss[9] LOSSES
LOSSES[0] = Loss(
    b"squared_error", b"", b"", -INFINITY, INFINITY, False, False, False, squared_error)
LOSSES[1] = Loss(
    b"absolute_error", b"", b"", -INFINITY, INFINITY, False, False, False, absolute_error)
LOSSES[2] = Loss(b"huber", b"delta", b"", -INFINITY, INFINITY, False, False, False, huber)
LOSSES[3] = Loss(b"log_cosh", b"", b"", -INFINITY, INFINITY, False, False, False, log_cosh)
LOSSES[4] = Loss(
    b"quantile", b"quantile", b"", -INFINITY, INFINITY, False, False, False, quantile)
LOSSES[5] = Loss(
    b"binary_cross_entropy", b"label_smoothing largest_loss", b"sigmoid", 0, 1, False, False,
    True, binary_cross_entropy)
LOSSES[6] = Loss(
    b"cross_entropy", b"label_smoothing largest_loss", b"softmax", 0, 1, False, True, True,
    cross_entropy)
LOSSES[7] = Loss(
    b"poisson", b"", b"exponential", 0, INFINITY, False, False, True, poisson)
LOSSES[8] = Loss(b"gamma", b"", b"exponential", 0, INFINITY, True, False, True, gamma)

# Not among the names: what a loss of one's own is computed with.
cdef Loss GIVEN_DELTA = Loss(
    b"given_delta", b"", b"", -INFINITY, INFINITY, False, False, False, given_delta)
