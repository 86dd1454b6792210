# Update rules that divide a mean of the gradient by a measure of the gradient's size.

cdef inline lanes moments(lanes gradient, const lanes* scalars, lanes* states_out) noexcept nogil:
    # first_moment = beta_1 * first_moment + (1 - beta_1) * gradient
    # second_moment = beta_2 * second_moment + (1 - beta_2) * gradient**2; returns the mean gradient
    # scalars: (MAX_SCALARS,); states: (2,)
    cdef lanes mean_gradient = scalars[SCALE] * gradient
    # A mean that fades, as a dead unit's does, would stay denormal for long. The mean of squares is
    # left alone: below its root a quotient would be huge.
    states_out[0] = flushed(scalars[BETA_1] * states_out[0] + scalars[REST_1] * mean_gradient)
    states_out[1] = (scalars[BETA_2] * states_out[1]
                     + scalars[REST_2] * (mean_gradient * mean_gradient))
    return mean_gradient


cdef inline lanes adam(lanes parameter, lanes gradient, const lanes* scalars,
                       lanes* states_out) noexcept nogil:
    # parameter = keep * parameter - rate * (first_moment / (sqrt(second_moment) + epsilon))
    # scalars: (MAX_SCALARS,); states: (2,)
    moments(gradient, scalars, states_out)
    # The quotient first: of a moment about to be 0, the product with the rate is denormal.
    return scalars[KEEP] * parameter - scalars[RATE] * (
        states_out[0] / (square_root(states_out[1]) + scalars[EPSILON]))


cdef void adam_prepare(const double* hyperparameters, double scale, long long step,
                       double* carried_out, double* scalars_out) noexcept nogil:
    # what adam reads. The bias corrections of both moments are in two scalars, rate and
    # epsilon: rate * m / (sqrt(v) + epsilon * sqrt(1 - beta_2**step)) is
    # learning_rate * m_hat / (sqrt(v_hat) + epsilon)
    # hyperparameters: (5,): learning_rate, beta_1, beta_2, epsilon, weight_decay
    cdef double learning_rate = hyperparameters[0]
    cdef double beta_1 = hyperparameters[1]
    cdef double beta_2 = hyperparameters[2]
    cdef double correction = sqrt(1 - power(beta_2, step))
    scalars_out[SCALE] = scale
    scalars_out[KEEP] = 1 - learning_rate * hyperparameters[4]
    scalars_out[RATE] = learning_rate * correction / (1 - power(beta_1, step))
    scalars_out[BETA_1] = beta_1
    scalars_out[REST_1] = 1 - beta_1
    scalars_out[BETA_2] = beta_2
    scalars_out[REST_2] = 1 - beta_2
    # Not 0 in float32: 0 / 0 would be the step of a parameter that has no gradient.
    scalars_out[EPSILON] = max(hyperparameters[3] * correction, <double>SMALLEST)


cdef void hat_prepare(const double* hyperparameters, double scale, long long step,
                      double* carried_out, double* scalars_out) noexcept nogil:
    # what adam reads; with epsilon_hat, epsilon joins the root before that is corrected
    # hyperparameters: (7,): learning_rate, beta_1, beta_2, epsilon, weight_decay, amsgrad,
    # epsilon_hat
    adam_prepare(hyperparameters, scale, step, carried_out, scalars_out)
    if hyperparameters[6] != 0:
        scalars_out[EPSILON] = max(hyperparameters[3], <double>SMALLEST)


cdef void adam_update(Py_ssize_t begin, Py_ssize_t end, Py_ssize_t stride, const double* scalars,
                      const void* gradient, void* parameters_out) noexcept nogil:
    each_update(adam, 2, begin, end, stride, scalars, gradient, parameters_out)


cdef inline lanes amsgrad(lanes parameter, lanes gradient, const lanes* scalars,
                          lanes* states_out) noexcept nogil:
    # largest = max(largest, second_moment)
    # parameter = keep * parameter - rate * (first_moment / (sqrt(largest) + epsilon))
    # scalars: (MAX_SCALARS,); states: (3,)
    moments(gradient, scalars, states_out)
    states_out[2] = at_least(states_out[2], states_out[1])
    return scalars[KEEP] * parameter - scalars[RATE] * (
        states_out[0] / (square_root(states_out[2]) + scalars[EPSILON]))


cdef void amsgrad_update(Py_ssize_t begin, Py_ssize_t end, Py_ssize_t stride, const double* scalars,
                         const void* gradient, void* parameters_out) noexcept nogil:
    each_update(amsgrad, 3, begin, end, stride, scalars, gradient, parameters_out)


cdef inline lanes nadam(lanes parameter, lanes gradient, const lanes* scalars,
                        lanes* states_out) noexcept nogil:
    # parameter = keep * parameter - (rate * first_moment + gradient_rate * gradient)
    #                                / (sqrt(second_moment) + epsilon)
    # scalars: (MAX_SCALARS,); states: (2,)
    cdef lanes mean_gradient = moments(gradient, scalars, states_out)
    return scalars[KEEP] * parameter - (
        (scalars[RATE] * states_out[0] + scalars[GRADIENT_RATE] * mean_gradient)
        / (square_root(states_out[1]) + scalars[EPSILON]))


cdef double decayed(double exponent) noexcept nogil:
    # 0.96**exponent = 0.96**n exp(y), y = (exponent - n) ln 0.96, n whole, by exp's series: not by
    # libm, whose last bits depend on the machine
    # exponent: >= 0
    cdef long long whole
    cdef double rest, series = 1
    cdef int n
    exponent = min(exponent, 20000.0)
    whole = <long long>exponent
    rest = (exponent - whole) * -0.040821994520255166
    for n in range(10, 0, -1):
        series = 1 + series * rest / n
    return power(0.96, whole) * series


cdef void nadam_begin(const double* hyperparameters, double* states_out,
                      double* carried_out) noexcept nogil:
    # a product of no momenta is 1
    # states: (2,), carried: (1,)
    carried_out[0] = 1


cdef void nadam_prepare(const double* hyperparameters, double scale, long long step,
                        double* carried_out, double* scalars_out) noexcept nogil:
    # what nadam reads, with momenta mu_t = beta_1 (1 - 0.96**(t momentum_decay) / 2), whose product
    # over all steps so far is carried: learning_rate mu_(t+1) / (1 - product mu_(t+1)) for the mean
    # and learning_rate (1 - mu_t) / (1 - product) for the gradient; epsilon as adam's
    # hyperparameters: (6,): those of adam, momentum_decay
    cdef double learning_rate = hyperparameters[0]
    cdef double momentum = hyperparameters[1] * (1 - 0.5 * decayed(step * hyperparameters[5]))
    cdef double next_momentum = hyperparameters[1] * (
        1 - 0.5 * decayed((step + 1) * hyperparameters[5]))
    cdef double momenta = carried_out[0] * momentum
    adam_prepare(hyperparameters, scale, step, carried_out, scalars_out)
    learning_rate *= sqrt(1 - power(hyperparameters[2], step))
    scalars_out[RATE] = learning_rate * next_momentum / (1 - momenta * next_momentum)
    scalars_out[GRADIENT_RATE] = learning_rate * (1 - momentum) / (1 - momenta)
    carried_out[0] = momenta


cdef void nadam_update(Py_ssize_t begin, Py_ssize_t end, Py_ssize_t stride, const double* scalars,
                       const void* gradient, void* parameters_out) noexcept nogil:
    each_update(nadam, 2, begin, end, stride, scalars, gradient, parameters_out)


cdef inline lanes adamax(lanes parameter, lanes gradient, const lanes* scalars,
                         lanes* states_out) noexcept nogil:
    # first_moment = beta_1 * first_moment + (1 - beta_1) * gradient
    # largest = max(beta_2 * largest, abs(gradient) + epsilon)
    # parameter = keep * parameter - rate * (first_moment / largest)
    # scalars: (MAX_SCALARS,); states: (2,)
    cdef lanes mean_gradient = scalars[SCALE] * gradient
    cdef lanes faded = scalars[BETA_2] * states_out[1]
    cdef lanes size = absolute(mean_gradient) + scalars[EPSILON]
    states_out[0] = flushed(scalars[BETA_1] * states_out[0] + scalars[REST_1] * mean_gradient)
    states_out[1] = at_least(faded, size)
    return scalars[KEEP] * parameter - scalars[RATE] * (states_out[0] / states_out[1])


cdef void adamax_prepare(const double* hyperparameters, double scale, long long step,
                         double* carried_out, double* scalars_out) noexcept nogil:
    # what adamax reads: as adam, but only the mean is corrected for its start
    # hyperparameters: (5,): learning_rate, beta_1, beta_2, epsilon, weight_decay
    adam_prepare(hyperparameters, scale, step, carried_out, scalars_out)
    scalars_out[RATE] = hyperparameters[0] / (1 - power(hyperparameters[1], step))
    scalars_out[EPSILON] = max(hyperparameters[3], <double>SMALLEST)


cdef void adamax_update(Py_ssize_t begin, Py_ssize_t end, Py_ssize_t stride, const double* scalars,
                        const void* gradient, void* parameters_out) noexcept nogil:
    each_update(adamax, 2, begin, end, stride, scalars, gradient, parameters_out)
