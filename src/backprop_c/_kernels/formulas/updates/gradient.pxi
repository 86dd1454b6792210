# Update rules that go along the gradient, a mean of it, or its sign.

cdef inline lanes sgd(lanes parameter, lanes gradient, const lanes* scalars,
                      lanes* states_out) noexcept nogil:
    # parameter = keep * parameter - rate * gradient
    # scalars: (MAX_SCALARS,); states: (0,)
    return scalars[KEEP] * parameter - scalars[RATE] * gradient


cdef inline lanes momentum(lanes parameter, lanes gradient, const lanes* scalars,
                           lanes* states_out) noexcept nogil:
    # velocity = momentum * velocity + gradient
    # parameter = keep * parameter - (rate * velocity + ahead * gradient); ahead is Nesterov's
    # scalars: (MAX_SCALARS,); states: (1,)
    cdef lanes mean_gradient = scalars[SCALE] * gradient
    states_out[0] = flushed(scalars[MOMENTUM] * states_out[0] + mean_gradient)
    return scalars[KEEP] * parameter - (
        scalars[RATE] * states_out[0] + scalars[AHEAD] * mean_gradient)


cdef void sgd_prepare(const double* hyperparameters, double scale, long long step,
                      double* carried_out, double* scalars_out) noexcept nogil:
    # what sgd reads, whose rate takes the scale in
    # hyperparameters: (5,): learning_rate, momentum, nesterov, of_steps, weight_decay
    scalars_out[KEEP] = 1 - hyperparameters[0] * hyperparameters[4]
    scalars_out[RATE] = hyperparameters[0] * scale


cdef void momentum_prepare(const double* hyperparameters, double scale, long long step,
                           double* carried_out, double* scalars_out) noexcept nogil:
    # what momentum reads
    # hyperparameters: (5,): learning_rate, momentum, nesterov, of_steps, weight_decay
    cdef double learning_rate = hyperparameters[0]
    cdef bint nesterov = hyperparameters[2] != 0
    scalars_out[SCALE] = scale
    scalars_out[KEEP] = 1 - learning_rate * hyperparameters[4]
    scalars_out[RATE] = learning_rate * hyperparameters[1] if nesterov else learning_rate
    scalars_out[MOMENTUM] = hyperparameters[1]
    scalars_out[AHEAD] = learning_rate if nesterov else 0


cdef void step_momentum_prepare(const double* hyperparameters, double scale, long long step,
                                double* carried_out, double* scalars_out) noexcept nogil:
    # what momentum reads, where the velocity is that of the steps: each gradient joins it times the
    # learning rate of its own step
    # hyperparameters: (5,): those of momentum
    cdef bint nesterov = hyperparameters[2] != 0
    momentum_prepare(hyperparameters, scale, step, carried_out, scalars_out)
    scalars_out[SCALE] = hyperparameters[0] * scale
    scalars_out[RATE] = hyperparameters[1] if nesterov else 1
    scalars_out[AHEAD] = 1 if nesterov else 0


cdef void sgd_update(Py_ssize_t begin, Py_ssize_t end, Py_ssize_t stride, const double* scalars,
                     const void* gradient, void* parameters_out) noexcept nogil:
    each_update(sgd, 0, begin, end, stride, scalars, gradient, parameters_out)


cdef void momentum_update(Py_ssize_t begin, Py_ssize_t end, Py_ssize_t stride,
                          const double* scalars, const void* gradient,
                          void* parameters_out) noexcept nogil:
    each_update(momentum, 1, begin, end, stride, scalars, gradient, parameters_out)


cdef inline lanes lion(lanes parameter, lanes gradient, const lanes* scalars,
                       lanes* states_out) noexcept nogil:
    # parameter = keep * parameter - rate * sign(beta_1 * mean + (1 - beta_1) * gradient)
    # mean = beta_2 * mean + (1 - beta_2) * gradient
    # scalars: (MAX_SCALARS,); states: (1,)
    cdef lanes mean_gradient = scalars[SCALE] * gradient
    cdef lanes ahead = scalars[BETA_1] * states_out[0] + scalars[REST_1] * mean_gradient
    states_out[0] = flushed(scalars[BETA_2] * states_out[0] + scalars[REST_2] * mean_gradient)
    # The last term is 0, or NaN where the gradient is not finite: a sign would hide that.
    return scalars[KEEP] * parameter - (
        select_equal(ahead, splat(0), splat(0), with_sign_of(ahead, scalars[RATE]))
        + (ahead - ahead))


cdef void lion_prepare(const double* hyperparameters, double scale, long long step,
                       double* carried_out, double* scalars_out) noexcept nogil:
    # what lion reads
    # hyperparameters: (4,): learning_rate, beta_1, beta_2, weight_decay
    scalars_out[SCALE] = scale
    scalars_out[KEEP] = 1 - hyperparameters[0] * hyperparameters[3]
    scalars_out[RATE] = hyperparameters[0]
    scalars_out[BETA_1] = hyperparameters[1]
    scalars_out[REST_1] = 1 - hyperparameters[1]
    scalars_out[BETA_2] = hyperparameters[2]
    scalars_out[REST_2] = 1 - hyperparameters[2]


cdef void lion_update(Py_ssize_t begin, Py_ssize_t end, Py_ssize_t stride, const double* scalars,
                      const void* gradient, void* parameters_out) noexcept nogil:
    each_update(lion, 1, begin, end, stride, scalars, gradient, parameters_out)


cdef inline lanes sign_of(lanes x) noexcept nogil:
    # 1, 0 or -1
    return select_less(x, splat(0), splat(-1), select_less(splat(0), x, splat(1), splat(0)))


cdef inline lanes rprop(lanes parameter, lanes gradient, const lanes* scalars,
                        lanes* states_out) noexcept nogil:
    # step = min(increase * step, largest) where the gradient has the sign that it had,
    #        max(decrease * step, smallest) where it has the other one: there gradient = 0
    # parameter = parameter - step * sign(gradient)
    # scalars: (MAX_SCALARS,); states: (2,): the last gradient's sign, and the step
    cdef lanes sign = sign_of(gradient)
    cdef lanes agreement = sign * states_out[0]
    cdef lanes longer = at_most(scalars[INCREASE] * states_out[1], scalars[LARGEST])
    cdef lanes shorter = at_least(scalars[DECREASE] * states_out[1], scalars[SMALLEST_STEP])
    states_out[1] = select_less(splat(0), agreement, longer,
                                select_less(agreement, splat(0), shorter, states_out[1]))
    states_out[0] = select_less(agreement, splat(0), splat(0), sign)
    # The last term is 0, or NaN where the gradient is not finite: a sign would hide that.
    return parameter - (states_out[1] * states_out[0] + (gradient - gradient))


cdef void rprop_begin(const double* hyperparameters, double* states_out,
                      double* carried_out) noexcept nogil:
    # no sign yet, and the first step
    # hyperparameters: (5,): learning_rate, increase, decrease, smallest, largest; states: (2,)
    states_out[0] = 0
    states_out[1] = hyperparameters[0]


cdef void rprop_prepare(const double* hyperparameters, double scale, long long step,
                        double* carried_out, double* scalars_out) noexcept nogil:
    # what rprop reads: a sign has no scale
    # hyperparameters: (5,): learning_rate, increase, decrease, smallest, largest
    scalars_out[INCREASE] = hyperparameters[1]
    scalars_out[DECREASE] = hyperparameters[2]
    scalars_out[SMALLEST_STEP] = hyperparameters[3]
    scalars_out[LARGEST] = hyperparameters[4]


cdef void rprop_update(Py_ssize_t begin, Py_ssize_t end, Py_ssize_t stride, const double* scalars,
                       const void* gradient, void* parameters_out) noexcept nogil:
    each_update(rprop, 2, begin, end, stride, scalars, gradient, parameters_out)
