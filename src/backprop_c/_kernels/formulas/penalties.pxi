# What holds weights small: penalties on their squares and on their sizes, whose gradient joins that
# of the loss before the update, and a bound on the norm of each unit's incoming weights, kept after
# it. Biases are left alone. Sums are in float64, in an order that shapes and LANES alone decide.

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


cdef inline lanes with_size_slope(lanes strengths, lanes w, lanes gradient) noexcept nogil:
    # gradient + strengths sign(w), and where w is 0 the smallest of all subgradients:
    # gradient - max(-strengths, min(strengths, gradient))
    cdef lanes size = absolute(gradient)
    cdef lanes held = with_sign_of(gradient, at_most(size, strengths))
    return select_equal(w, splat(0), gradient - held, gradient + with_sign_of(w, strengths))


cdef double sizes_and_gradient(Py_ssize_t n, const real* w, double strength,
                               real* gradient_out) noexcept nogil:
    # returns sum_k |w[k]|; gradient as with_size_slope
    # w: (n,), gradient: (n,) or NULL
    cdef lanes strengths = splat(<real>strength)
    cdef accumulator total = empty_sum()
    cdef double rest = 0
    cdef Py_ssize_t whole_vectors = n // LANES * LANES
    cdef Py_ssize_t k
    for k from 0 <= k < whole_vectors by LANES:
        total = accumulate(total, absolute(load(w + k)))
    for k in range(whole_vectors, n):
        rest += fabs(w[k])
    if gradient_out != NULL:
        for k from 0 <= k < n by LANES:
            store(gradient_out + k,
                  with_size_slope(strengths, load(w + k), load(gradient_out + k)), n - k)
    return accumulated(total) + rest


cdef void stop_at_zero(const Plan* plan, Py_ssize_t begin, Py_ssize_t end, const void* before,
                       const void* gradient, void* parameters_out) noexcept nogil:
    # w = 0 where a step has carried it through 0; and where it was 0 and its gradient is 0, so that
    # what an optimizer remembers of former gradients does not move it; of the layers with l1
    # before, gradient, parameters: (n_parameters,)
    cdef const real* old = <const real*>before
    cdef const real* g = <const real*>gradient
    cdef real* p = <real*>parameters_out
    cdef const Layer* layer
    cdef lanes zero = splat(0)
    cdef lanes w, moved, lower, upper
    cdef Py_ssize_t n, k, stop
    for n in range(plan.n_layers):
        layer = plan.layers + n
        if layer.l1 == 0:
            continue
        stop = min(end, layer.weights + layer.n_in * layer.n_out)
        for k from max(begin, layer.weights) <= k < stop by LANES:
            w = load(p + k)
            lower = at_most(w, zero)
            upper = at_least(w, zero)
            moved = select_equal(load(g + k), zero, zero, w)
            store(p + k, select_less(load(old + k), zero, lower,
                                     select_less(zero, load(old + k), upper, moved)), stop - k)


cdef double penalize(const Plan* plan, Py_ssize_t begin, Py_ssize_t end, double weight,
                     const void* parameters, void* gradient_out) noexcept nogil:
    # returns sum (l1 |w| + l2 / 2 w**2), gradient += weight (l1 sign(w) + l2 w), of the weights w
    # in begin..end-1; where w is 0, as with_size_slope
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
        if first >= stop:
            continue
        if layer.l2 > 0:
            if g == NULL:
                squares = sum_of_squares(stop - first, p + first)
            else:
                squares = squares_and_gradient(
                    stop - first, p + first, weight * layer.l2, g + first)
            total += layer.l2 / 2 * squares
        # After l2, whose part is 0 where a weight is 0.
        if layer.l1 > 0:
            total += layer.l1 * sizes_and_gradient(
                stop - first, p + first, weight * layer.l1, NULL if g == NULL else g + first)
    return total


cdef void clip(Py_ssize_t n, double limit, void* x_out) noexcept nogil:
    # x = max(-limit, min(limit, x)), and NaN where x is not finite: a divergence is not hidden
    # x: (n,), with or without room behind it
    cdef real* number = <real*>x_out
    cdef lanes limits = splat(<real>limit)
    cdef lanes x, size
    cdef Py_ssize_t k
    for k from 0 <= k < n by LANES:
        x = load_first(number + k, n - k)
        size = absolute(x)
        store(number + k, with_sign_of(x, at_most(size, limits)) + (x - x), n - k)


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
