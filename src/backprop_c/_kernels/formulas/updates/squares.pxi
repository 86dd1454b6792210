# Update rules that divide the gradient by the root of what its squares come to.

cdef inline lanes rmsprop_step(lanes parameter, lanes gradient, const lanes* scalars,
                               lanes* states_out, const bint centred,
                               const bint has_momentum) noexcept nogil:
    # squares = beta_2 * squares + (1 - beta_2) * gradient**2
    # variance = squares, or if centred squares - mean**2
    # where mean = beta_2 * mean + (1 - beta_2) * gradient
    # step = gradient / (sqrt(variance) + epsilon)
    # parameter = keep * parameter - rate * step, or with momentum rate * velocity
    # where velocity = momentum * velocity + step
    # scalars: (MAX_SCALARS,); states: squares, mean if centred, velocity with momentum
    cdef lanes mean_gradient = scalars[SCALE] * gradient
    cdef lanes variance, step
    states_out[0] = (scalars[BETA_2] * states_out[0]
                     + scalars[REST_2] * (mean_gradient * mean_gradient))
    variance = states_out[0]
    if centred:
        states_out[1] = flushed(scalars[BETA_2] * states_out[1] + scalars[REST_2] * mean_gradient)
        variance = variance - states_out[1] * states_out[1]
        # Of equal gradients it is 0, and rounding may take it below.
        variance = at_least(variance, splat(0))
    step = mean_gradient / (square_root(variance) + scalars[EPSILON])
    if has_momentum:
        step = flushed(scalars[MOMENTUM] * states_out[1 + centred] + step)
        states_out[1 + centred] = step
    return scalars[KEEP] * parameter - scalars[RATE] * step


cdef inline lanes rmsprop(lanes parameter, lanes gradient, const lanes* scalars,
                          lanes* states_out) noexcept nogil:
    # as rmsprop_step
    # scalars: (MAX_SCALARS,); states: (1,)
    return rmsprop_step(parameter, gradient, scalars, states_out, False, False)


cdef void rmsprop_update(Py_ssize_t begin, Py_ssize_t end, Py_ssize_t stride, const double* scalars,
                         const void* gradient, void* parameters_out) noexcept nogil:
    each_update(rmsprop, 1, begin, end, stride, scalars, gradient, parameters_out)


cdef inline lanes rmsprop_momentum(lanes parameter, lanes gradient, const lanes* scalars,
                                   lanes* states_out) noexcept nogil:
    # as rmsprop_step
    # scalars: (MAX_SCALARS,); states: (2,)
    return rmsprop_step(parameter, gradient, scalars, states_out, False, True)


cdef void rmsprop_momentum_update(Py_ssize_t begin, Py_ssize_t end, Py_ssize_t stride,
                                  const double* scalars, const void* gradient,
                                  void* parameters_out) noexcept nogil:
    each_update(rmsprop_momentum, 2, begin, end, stride, scalars, gradient, parameters_out)


cdef inline lanes centred_rmsprop(lanes parameter, lanes gradient, const lanes* scalars,
                                  lanes* states_out) noexcept nogil:
    # as rmsprop_step
    # scalars: (MAX_SCALARS,); states: (2,)
    return rmsprop_step(parameter, gradient, scalars, states_out, True, False)


cdef void centred_rmsprop_update(Py_ssize_t begin, Py_ssize_t end, Py_ssize_t stride,
                                 const double* scalars, const void* gradient,
                                 void* parameters_out) noexcept nogil:
    each_update(centred_rmsprop, 2, begin, end, stride, scalars, gradient, parameters_out)


cdef inline lanes centred_rmsprop_momentum(lanes parameter, lanes gradient, const lanes* scalars,
                                           lanes* states_out) noexcept nogil:
    # as rmsprop_step
    # scalars: (MAX_SCALARS,); states: (3,)
    return rmsprop_step(parameter, gradient, scalars, states_out, True, True)


cdef void centred_rmsprop_momentum_update(Py_ssize_t begin, Py_ssize_t end, Py_ssize_t stride,
                                          const double* scalars, const void* gradient,
                                          void* parameters_out) noexcept nogil:
    each_update(centred_rmsprop_momentum, 3, begin, end, stride, scalars, gradient, parameters_out)


cdef void rmsprop_prepare(const double* hyperparameters, double scale, long long step,
                          double* carried_out, double* scalars_out) noexcept nogil:
    # what rmsprop_step reads
    # hyperparameters: (6,): learning_rate, beta_2, epsilon, momentum, centred, weight_decay
    scalars_out[SCALE] = scale
    scalars_out[KEEP] = 1 - hyperparameters[0] * hyperparameters[5]
    scalars_out[RATE] = hyperparameters[0]
    scalars_out[MOMENTUM] = hyperparameters[3]
    scalars_out[BETA_2] = hyperparameters[1]
    scalars_out[REST_2] = 1 - hyperparameters[1]
    scalars_out[EPSILON] = max(hyperparameters[2], <double>SMALLEST)


cdef inline lanes adagrad(lanes parameter, lanes gradient, const lanes* scalars,
                          lanes* states_out) noexcept nogil:
    # squares = squares + gradient**2
    # parameter = keep * parameter - rate * (gradient / (sqrt(squares) + epsilon))
    # scalars: (MAX_SCALARS,); states: (1,)
    cdef lanes mean_gradient = scalars[SCALE] * gradient
    states_out[0] = states_out[0] + mean_gradient * mean_gradient
    return scalars[KEEP] * parameter - scalars[RATE] * (
        mean_gradient / (square_root(states_out[0]) + scalars[EPSILON]))


cdef void adagrad_prepare(const double* hyperparameters, double scale, long long step,
                          double* carried_out, double* scalars_out) noexcept nogil:
    # what adagrad reads
    # hyperparameters: (3,): learning_rate, epsilon, weight_decay
    scalars_out[SCALE] = scale
    scalars_out[KEEP] = 1 - hyperparameters[0] * hyperparameters[2]
    scalars_out[RATE] = hyperparameters[0]
    scalars_out[EPSILON] = max(hyperparameters[1], <double>SMALLEST)


cdef void adagrad_update(Py_ssize_t begin, Py_ssize_t end, Py_ssize_t stride, const double* scalars,
                         const void* gradient, void* parameters_out) noexcept nogil:
    each_update(adagrad, 1, begin, end, stride, scalars, gradient, parameters_out)


cdef inline lanes adadelta(lanes parameter, lanes gradient, const lanes* scalars,
                           lanes* states_out) noexcept nogil:
    # squares = beta_2 * squares + (1 - beta_2) * gradient**2
    # step = sqrt(steps + epsilon) / sqrt(squares + epsilon) * gradient
    # steps = beta_2 * steps + (1 - beta_2) * step**2
    # parameter = keep * parameter - rate * step
    # scalars: (MAX_SCALARS,); states: (2,)
    cdef lanes mean_gradient = scalars[SCALE] * gradient
    cdef lanes step
    states_out[0] = (scalars[BETA_2] * states_out[0]
                     + scalars[REST_2] * (mean_gradient * mean_gradient))
    step = (square_root(states_out[1] + scalars[EPSILON])
            / square_root(states_out[0] + scalars[EPSILON])) * mean_gradient
    states_out[1] = scalars[BETA_2] * states_out[1] + scalars[REST_2] * (step * step)
    return scalars[KEEP] * parameter - scalars[RATE] * step


cdef void adadelta_prepare(const double* hyperparameters, double scale, long long step,
                           double* carried_out, double* scalars_out) noexcept nogil:
    # what adadelta reads
    # hyperparameters: (4,): learning_rate, beta_2, epsilon, weight_decay
    scalars_out[SCALE] = scale
    scalars_out[KEEP] = 1 - hyperparameters[0] * hyperparameters[3]
    scalars_out[RATE] = hyperparameters[0]
    scalars_out[BETA_2] = hyperparameters[1]
    scalars_out[REST_2] = 1 - hyperparameters[1]
    scalars_out[EPSILON] = max(hyperparameters[2], <double>SMALLEST)


cdef void adadelta_update(Py_ssize_t begin, Py_ssize_t end, Py_ssize_t stride,
                          const double* scalars, const void* gradient,
                          void* parameters_out) noexcept nogil:
    each_update(adadelta, 2, begin, end, stride, scalars, gradient, parameters_out)
