# Update rules: one pass over a range of the flat parameter vector. One entry each in UPDATES:
# `prepare` turns hyperparameters, in the order in which the optimizer's class lists them, into
# what the pass reads, once a step; `scale` divides the summed gradient by the batch's weight.
# Parameters are followed by the rule's state vectors, each `stride` numbers on. Vectors
# may be read past the range's end, never written.

cdef void sgd_prepare(const double* hyperparameters, double scale, long long step,
                      double* carried_out, double* scalars_out) noexcept nogil:
    # what sgd_update and momentum_update read
    # hyperparameters: (4,): learning_rate, momentum, nesterov, weight_decay
    cdef double learning_rate = hyperparameters[0]
    cdef double momentum = hyperparameters[1]
    cdef bint nesterov = hyperparameters[2] != 0
    scalars_out[0] = scale
    scalars_out[1] = 1 - learning_rate * hyperparameters[3]
    scalars_out[2] = learning_rate * scale
    scalars_out[3] = momentum
    scalars_out[4] = learning_rate if nesterov else 0
    scalars_out[5] = learning_rate * momentum if nesterov else learning_rate


cdef void sgd_update(Py_ssize_t begin, Py_ssize_t end, Py_ssize_t stride, const double* scalars,
                     const void* gradient, void* parameters_out) noexcept nogil:
    # parameters = keep * parameters - rate * gradient
    # gradient, parameters: (end,)
    cdef const real* g = <const real*>gradient
    cdef real* p = <real*>parameters_out
    cdef lanes keep = splat(<real>scalars[1])
    cdef lanes rate = splat(<real>scalars[2])
    cdef Py_ssize_t k
    for k from begin <= k < end by LANES:
        store(p + k, keep * load(p + k) - rate * load(g + k), end - k)


cdef inline lanes flushed(lanes x) noexcept nogil:
    # x, but 0 below the smallest normal number. A mean that fades, as a dead unit's does, would
    # stay denormal for long, and processors take their time with such numbers. Not for a mean of
    # squares: below its root a quotient would be huge.
    return select_less(absolute(x), splat(SMALLEST), splat(0), x)


cdef void momentum_update(Py_ssize_t begin, Py_ssize_t end, Py_ssize_t stride,
                          const double* scalars, const void* gradient,
                          void* parameters_out) noexcept nogil:
    # velocity = momentum * velocity + gradient
    # parameters = keep * parameters - (rate * velocity + ahead * gradient); ahead is Nesterov's
    # gradient: (end,), parameters and velocity: (2, stride)
    cdef const real* g = <const real*>gradient
    cdef real* p = <real*>parameters_out
    cdef real* v = p + stride
    cdef lanes scale = splat(<real>scalars[0])
    cdef lanes keep = splat(<real>scalars[1])
    cdef lanes momentum = splat(<real>scalars[3])
    cdef lanes ahead = splat(<real>scalars[4])
    cdef lanes rate = splat(<real>scalars[5])
    cdef lanes mean_gradient, velocity
    cdef Py_ssize_t k
    for k from begin <= k < end by LANES:
        mean_gradient = scale * load(g + k)
        velocity = flushed(momentum * load(v + k) + mean_gradient)
        store(v + k, velocity, end - k)
        store(p + k, keep * load(p + k) - (rate * velocity + ahead * mean_gradient), end - k)


cdef void adam_prepare(const double* hyperparameters, double scale, long long step,
                       double* carried_out, double* scalars_out) noexcept nogil:
    # what adam_update reads. The bias corrections of both moments are in two scalars, rate and
    # epsilon: rate * m / (sqrt(v) + epsilon * sqrt(1 - beta_2**step)) is
    # learning_rate * m_hat / (sqrt(v_hat) + epsilon)
    # hyperparameters: (5,): learning_rate, beta_1, beta_2, epsilon, weight_decay
    cdef double learning_rate = hyperparameters[0]
    cdef double beta_1 = hyperparameters[1]
    cdef double beta_2 = hyperparameters[2]
    cdef double correction = sqrt(1 - power(beta_2, step))
    scalars_out[0] = scale
    scalars_out[1] = 1 - learning_rate * hyperparameters[4]
    scalars_out[2] = learning_rate * correction / (1 - power(beta_1, step))
    scalars_out[3] = beta_1
    scalars_out[4] = 1 - beta_1
    scalars_out[5] = beta_2
    scalars_out[6] = 1 - beta_2
    # Not 0 in float32: 0 / 0 would be the step of a parameter that has no gradient.
    scalars_out[7] = max(hyperparameters[3] * correction, <double>SMALLEST)


cdef void adam_update(Py_ssize_t begin, Py_ssize_t end, Py_ssize_t stride, const double* scalars,
                      const void* gradient, void* parameters_out) noexcept nogil:
    # first_moment = beta_1 * first_moment + (1 - beta_1) * gradient
    # second_moment = beta_2 * second_moment + (1 - beta_2) * gradient**2
    # parameters = keep * parameters - rate * (first_moment / (sqrt(second_moment) + epsilon))
    # gradient: (end,), parameters and moments: (3, stride)
    cdef const real* g = <const real*>gradient
    cdef real* p = <real*>parameters_out
    cdef real* m = p + stride
    cdef real* v = m + stride
    cdef lanes scale = splat(<real>scalars[0])
    cdef lanes keep = splat(<real>scalars[1])
    cdef lanes rate = splat(<real>scalars[2])
    cdef lanes beta_1 = splat(<real>scalars[3])
    cdef lanes rest_1 = splat(<real>scalars[4])
    cdef lanes beta_2 = splat(<real>scalars[5])
    cdef lanes rest_2 = splat(<real>scalars[6])
    cdef lanes epsilon = splat(<real>scalars[7])
    cdef lanes mean_gradient, first_moment, second_moment, step
    cdef Py_ssize_t k
    for k from begin <= k < end by LANES:
        mean_gradient = scale * load(g + k)
        first_moment = flushed(beta_1 * load(m + k) + rest_1 * mean_gradient)
        second_moment = beta_2 * load(v + k) + rest_2 * (mean_gradient * mean_gradient)
        store(m + k, first_moment, end - k)
        store(v + k, second_moment, end - k)
        # The quotient first: of a moment about to be 0, the product with the rate is denormal.
        step = rate * (first_moment / (square_root(second_moment) + epsilon))
        store(p + k, keep * load(p + k) - step, end - k)


cdef Update[3] UPDATES
UPDATES[0] = Update(b"sgd", 0, sgd_prepare, sgd_update)
UPDATES[1] = Update(b"momentum", 1, sgd_prepare, momentum_update)
UPDATES[2] = Update(b"adam", 2, adam_prepare, adam_update)
