# What holds weights small: a penalty on their squares, whose gradient joins that of the loss before
# the update, and a bound on the norm of each unit's incoming weights, kept after it. Biases are
# left alone. Sums are in float64, in an order that depends on shapes and LANES alone.

cdef double sum_of_squares(Py_ssize_t n, const void* x) noexcept nogil:
    # sum_k x[k]**2; squares of float32 numbers neither overflow nor vanish in float64
    # x: (n,)
    cdef const real* number = <const real*>x
    cdef accumulator even = empty_sum()
    cdef accumulator odd = empty_sum()
    cdef double rest = 0
    cdef Py_ssize_t k = 0
    # Two sums, since one would wait for itself.
    while k + 2 * LANES <= n:
        even = accumulate_square(even, load(number + k))
        odd = accumulate_square(odd, load(number + k + LANES))
        k += 2 * LANES
    for k in range(k, n):
        rest += <double>number[k] * <double>number[k]
    return accumulated(even) + accumulated(odd) + rest


cdef inline void add_to_gradient(lanes strengths, lanes w, Py_ssize_t n,
                                 real* gradient_out) noexcept nogil:
    # gradient += strengths w, of the first n lanes
    # gradient: (n,). The weights of an input that is always 0 fade away: their products are 0 in
    # time, and make no denormal gradient.
    store(gradient_out, load(gradient_out) + flushed(strengths * w), n)


cdef double squares_and_gradient(Py_ssize_t n, const real* w, double strength,
                                 real* gradient_out) noexcept nogil:
    # returns sum_k w[k]**2, gradient += strength w: the weights are read once
    # w, gradient: (n,)
    cdef lanes strengths = splat(<real>strength)
    cdef lanes x, y
    cdef accumulator even = empty_sum()
    cdef accumulator odd = empty_sum()
    cdef double rest
    cdef Py_ssize_t k = 0
    while k + 2 * LANES <= n:
        x = load(w + k)
        y = load(w + k + LANES)
        even = accumulate_square(even, x)
        odd = accumulate_square(odd, y)
        add_to_gradient(strengths, x, LANES, gradient_out + k)
        add_to_gradient(strengths, y, LANES, gradient_out + k + LANES)
        k += 2 * LANES
    # The last weights, of which there are fewer than two vectors, as sum_of_squares has them.
    rest = sum_of_squares(n - k, w + k)
    while k < n:
        add_to_gradient(strengths, load(w + k), n - k, gradient_out + k)
        k += LANES
    return accumulated(even) + accumulated(odd) + rest


cdef double penalize(const Plan* plan, Py_ssize_t begin, Py_ssize_t end, double weight,
                     const void* parameters, void* gradient_out) noexcept nogil:
    # returns sum l2 / 2 w**2, gradient += weight l2 w, of the weights w in begin..end-1
    # parameters: (n_parameters,), gradient: (n_parameters,) or NULL
    cdef const real* p = <const real*>parameters
    cdef real* g = <real*>gradient_out
    cdef const Layer* layer
    cdef Py_ssize_t first, stop, n
    cdef double squares, total = 0
    for n in range(plan.n_layers):
        layer = plan.layers + n
        first = max(begin, layer.weights)
        stop = min(end, layer.weights + layer.n_in * layer.n_out)
        if layer.l2 == 0 or first >= stop:
            continue
        if g == NULL:
            squares = sum_of_squares(stop - first, p + first)
        else:
            squares = squares_and_gradient(
                stop - first, p + first, weight * layer.l2, g + first)
        total += layer.l2 / 2 * squares
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
