# What holds weights small: a penalty on their squares, whose gradient joins that of the loss before
# the update, and a bound on the norm of each unit's incoming weights, kept after it. Biases are
# left alone. Sums are in float64, in an order that depends on shapes and LANES alone.

cdef double sum_of_squares(Py_ssize_t n, const void* x) noexcept nogil:
    # sum_k x[k]**2; squares of float32 numbers neither overflow nor vanish in float64
    # x: (n,)
    cdef const real* number = <const real*>x
    cdef accumulator total = empty_sum()
    cdef double rest = 0
    cdef Py_ssize_t k = 0
    while k + LANES <= n:
        total = accumulate_square(total, load(number + k))
        k += LANES
    for k in range(k, n):
        rest += <double>number[k] * <double>number[k]
    return accumulated(total) + rest


cdef double penalize(const Plan* plan, Py_ssize_t begin, Py_ssize_t end, double weight,
                     const void* parameters, void* gradient_out) noexcept nogil:
    # returns sum l2 / 2 w**2, gradient += weight l2 w, of the weights w in begin..end-1
    # parameters: (n_parameters,), gradient: (n_parameters,) or NULL
    cdef const real* p = <const real*>parameters
    cdef real* g = <real*>gradient_out
    cdef const Layer* layer
    cdef lanes rate
    cdef Py_ssize_t first, stop, k, n
    cdef double total = 0
    for n in range(plan.n_layers):
        layer = plan.layers + n
        first = max(begin, layer.weights)
        stop = min(end, layer.weights + layer.n_in * layer.n_out)
        if layer.l2 == 0 or first >= stop:
            continue
        total += layer.l2 / 2 * sum_of_squares(stop - first, p + first)
        if g != NULL:
            rate = splat(<real>(weight * layer.l2))
            for k from first <= k < stop by LANES:
                store(g + k, load(g + k) + rate * load(p + k), stop - k)
    return total


cdef void constrain(const Plan* plan, Py_ssize_t layer, void* parameters_out) noexcept nogil:
    # w[:, j] *= max_norm / norm_j where norm_j = sqrt(sum_i w[i, j]**2) is above max_norm
    # w: (n_in, n_out), the layer's
    cdef const Layer* constrained = plan.layers + layer
    cdef Py_ssize_t n_in = constrained.n_in
    cdef Py_ssize_t n_out = constrained.n_out
    cdef real* w = <real*>parameters_out + constrained.weights
    cdef accumulator squares
    cdef lanes factor
    cdef Py_ssize_t i, j
    if constrained.max_norm == 0:
        return
    for j from 0 <= j < n_out by LANES:
        squares = empty_sum()
        for i in range(n_in):
            squares = accumulate_square(squares, load(w + i * n_out + j))
        factor = factors_to_limit(squares, constrained.max_norm)
        for i in range(n_in):
            store(w + i * n_out + j, factor * load(w + i * n_out + j), n_out - j)
