# Activations that are z times a share between 0 and 1, which rises with z. Their derivatives read
# z, since a does not tell it. How one is written: formulas/activations/table.pxi.

cdef inline lanes gelu(lanes z, Constants c) noexcept nogil:
    # a = z Phi(z), the normal distribution's share Phi(z) being Q(-z) for z < 0, else 1 - Q(z)
    cdef lanes x = absolute(z)
    cdef lanes height = bell(x)
    cdef lanes ratio = tail_ratio(x)
    # Not -infinity times 0, which would be NaN; and not Q(x) itself, which may be denormal where
    # z Q(x) is not.
    cdef lanes below = height * (ratio * at_least(z, splat(-NORMAL_LIMIT)))
    return select_less(z, splat(0), below, z * (splat(1) - height * ratio))


cdef inline lanes gelu_derivative(lanes z, lanes delta, Constants c) noexcept nogil:
    # delta da/dz, da/dz = Phi(z) + z phi(z) = D for z < 0, else 1 - D; with x = |z|
    # D = Q(x) - x phi(x), phi(x) = exp(-x**2 / 2) / sqrt(2 pi)
    cdef lanes x = absolute(z)
    cdef lanes slope
    x = at_most(x, splat(NORMAL_LIMIT))
    slope = bell(x) * (tail_ratio(x) - x * splat(NORMAL_PEAK))
    return delta * select_less(z, splat(0), slope, splat(1) - slope)


cdef void gelu_forward(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                       const void* z, void* a_out) noexcept nogil:
    each_forward(gelu, width * vectors, constants, z, a_out)


cdef void gelu_backward(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                        const void* kept, void* delta_out) noexcept nogil:
    each_backward(gelu_derivative, width * vectors, constants, kept, delta_out)


cdef void gelu_row_forward(const Layer* layer, const void* x, const void* parameters,
                           void* memory) noexcept nogil:
    row_through(gelu, layer, x, parameters, memory)


cdef void gelu_row_backward(const Layer* layer, const Layer* before, const void* parameters,
                            void* memory, void* gradient_out) noexcept nogil:
    row_back_through(gelu_derivative, layer, before, parameters, memory, gradient_out)


cdef inline lanes silu(lanes z, Constants c) noexcept nogil:
    # a = z sigmoid(z)
    # Minus infinity times 0 would be NaN.
    return at_least(z, splat(-EXP_LIMIT)) * sigmoid(z, c)


cdef inline lanes silu_derivative(lanes z, lanes delta, Constants c) noexcept nogil:
    # delta da/dz, da/dz = s + z s (1 - s), s = sigmoid(z), 1 - s = sigmoid(-z)
    cdef lanes s = sigmoid(z, c)
    cdef lanes x = clipped(z, -EXP_LIMIT, EXP_LIMIT)
    return delta * (s + s * (x * sigmoid(-z, c)))


cdef void silu_forward(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                       const void* z, void* a_out) noexcept nogil:
    each_forward(silu, width * vectors, constants, z, a_out)


cdef void silu_backward(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                        const void* kept, void* delta_out) noexcept nogil:
    each_backward(silu_derivative, width * vectors, constants, kept, delta_out)


cdef void silu_row_forward(const Layer* layer, const void* x, const void* parameters,
                           void* memory) noexcept nogil:
    row_through(silu, layer, x, parameters, memory)


cdef void silu_row_backward(const Layer* layer, const Layer* before, const void* parameters,
                            void* memory, void* gradient_out) noexcept nogil:
    row_back_through(silu_derivative, layer, before, parameters, memory, gradient_out)


cdef inline lanes gelu_tanh_argument(lanes z) noexcept nogil:
    # 2 u, u = sqrt(2 / pi) (z + 0.044715 z**3)
    return z * (splat(<real>GELU_LINEAR) + splat(<real>GELU_CUBIC) * (z * z))


cdef inline lanes gelu_tanh(lanes z, Constants c) noexcept nogil:
    # a = z (1 + tanh(u)) / 2 = z sigmoid(2 u)
    return at_least(z, splat(-GELU_TANH_LIMIT)) * sigmoid(gelu_tanh_argument(z), c)


cdef inline lanes gelu_tanh_derivative(lanes z, lanes delta, Constants c) noexcept nogil:
    # delta da/dz, da/dz = s + s (1 - s) z d(2u)/dz, s = sigmoid(2 u)
    cdef lanes x = clipped(z, -GELU_TANH_LIMIT, GELU_TANH_LIMIT)
    cdef lanes argument = gelu_tanh_argument(x)
    cdef lanes s = sigmoid(argument, c)
    cdef lanes rise = x * (splat(<real>GELU_LINEAR) + splat(<real>(3 * GELU_CUBIC)) * (x * x))
    return delta * (s + s * (rise * sigmoid(-argument, c)))


cdef void gelu_tanh_forward(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                            const void* z, void* a_out) noexcept nogil:
    each_forward(gelu_tanh, width * vectors, constants, z, a_out)


cdef void gelu_tanh_backward(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                             const void* kept, void* delta_out) noexcept nogil:
    each_backward(gelu_tanh_derivative, width * vectors, constants, kept, delta_out)


cdef void gelu_tanh_row_forward(const Layer* layer, const void* x, const void* parameters,
                                void* memory) noexcept nogil:
    row_through(gelu_tanh, layer, x, parameters, memory)


cdef void gelu_tanh_row_backward(const Layer* layer, const Layer* before, const void* parameters,
                                 void* memory, void* gradient_out) noexcept nogil:
    row_back_through(gelu_tanh_derivative, layer, before, parameters, memory, gradient_out)


cdef inline lanes mish(lanes z, Constants c) noexcept nogil:
    # a = z tanh(log(1 + exp(z))) = z n / d; with y = exp(-|z|)
    # n = y (y + 2), d = n + 2 for z < 0, else n = 1 + 2 y, d = n + 2 y**2
    cdef lanes y = exponential(minus_absolute(z))
    cdef lanes n = select_less(z, splat(0), y * (y + splat(2)), y + y + splat(1))
    cdef lanes rest = select_less(z, splat(0), splat(2), (y + y) * y)
    return at_least(z, splat(-EXP_LIMIT)) * (n / (n + rest))


cdef inline lanes mish_derivative(lanes z, lanes delta, Constants c) noexcept nogil:
    # delta da/dz, da/dz = (n + z m / d) / d, with y, n and d as for mish, and
    # m = 4 y (1 + y) for z < 0, else 4 y**2 (1 + y)
    cdef lanes y = exponential(minus_absolute(z))
    cdef lanes n = select_less(z, splat(0), y * (y + splat(2)), y + y + splat(1))
    cdef lanes d = n + select_less(z, splat(0), splat(2), (y + y) * y)
    cdef lanes m = splat(4) * (y * (y + splat(1))) * select_less(z, splat(0), splat(1), y)
    return delta * ((n + clipped(z, -EXP_LIMIT, EXP_LIMIT) * (m / d)) / d)


cdef void mish_forward(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                       const void* z, void* a_out) noexcept nogil:
    each_forward(mish, width * vectors, constants, z, a_out)


cdef void mish_backward(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                        const void* kept, void* delta_out) noexcept nogil:
    each_backward(mish_derivative, width * vectors, constants, kept, delta_out)


cdef void mish_row_forward(const Layer* layer, const void* x, const void* parameters,
                           void* memory) noexcept nogil:
    row_through(mish, layer, x, parameters, memory)


cdef void mish_row_backward(const Layer* layer, const Layer* before, const void* parameters,
                            void* memory, void* gradient_out) noexcept nogil:
    row_back_through(mish_derivative, layer, before, parameters, memory, gradient_out)
