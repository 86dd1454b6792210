# Activations that stay between two numbers. How one is written: formulas/activations/table.pxi.

cdef inline lanes tanh_of_small(lanes y) noexcept nogil:
    # tanh(y) = y + y**3 T(y**2), |y| <= ln(2) / 4
    cdef lanes square = y * y
    return polynomial(TANH_TAIL, TANH_TERMS, square) * (square * y) + y


cdef inline lanes sigmoid(lanes z, Constants c) noexcept nogil:
    # a = s (1 + t) / (s (1 + t) + (1 - t)), since exp(z) = s (1 + t) / (1 - t)
    # where s = 2**k, k = round(z / ln 2), and t = tanh(r / 2), r = z - k ln 2
    cdef lanes x = clipped(z, -EXP_LIMIT, EXP_LIMIT)
    cdef lanes k, s, t, upper
    s = nearest_power(x, LOG2_E, &k)
    t = tanh_of_small((x * splat(<real>0.5) - k * splat(LN2_HIGH / 2)) - k * splat(LN2_LOW / 2))
    upper = s * t + s
    return upper / (upper + (splat(1) - t))


cdef inline lanes sigmoid_derivative(lanes a, lanes delta, Constants c) noexcept nogil:
    # delta da/dz, da/dz = a (1 - a)
    return delta * (a * (splat(1) - a))


cdef void sigmoid_forward(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                          const void* z, void* a_out) noexcept nogil:
    each_forward(sigmoid, width * vectors, constants, z, a_out)


cdef void sigmoid_backward(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                           const void* kept, void* delta_out) noexcept nogil:
    each_backward(sigmoid_derivative, width * vectors, constants, kept, delta_out)


cdef void sigmoid_row_forward(const Layer* layer, const void* x, const void* parameters,
                              void* memory) noexcept nogil:
    row_through(sigmoid, layer, x, parameters, memory)


cdef void sigmoid_row_backward(const Layer* layer, const Layer* before, const void* parameters,
                               void* memory, void* gradient_out) noexcept nogil:
    row_back_through(sigmoid_derivative, layer, before, parameters, memory, gradient_out)


cdef inline lanes tanh(lanes z, Constants c) noexcept nogil:
    # a = (s - 1 + (s + 1) t) / (s + 1 + (s - 1) t), since exp(2 z) = s (1 + t) / (1 - t)
    # where s = 2**k, k = round(2 z / ln 2), and t = tanh(z - k ln(2) / 2). One subtraction is
    # enough: where k is large, the result hardly depends on t.
    cdef lanes x = clipped(z, -TANH_LIMIT, TANH_LIMIT)
    cdef lanes k, t
    cdef lanes s = nearest_power(x, 2 * LOG2_E, &k)
    t = tanh_of_small(x - k * splat(LN2 / 2))
    return ((s + splat(1)) * t + (s - splat(1))) / ((s - splat(1)) * t + (s + splat(1)))


cdef inline lanes tanh_derivative(lanes a, lanes delta, Constants c) noexcept nogil:
    # delta da/dz, da/dz = (1 - a) (1 + a)
    return delta * ((splat(1) - a) * (splat(1) + a))


cdef void tanh_forward(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                       const void* z, void* a_out) noexcept nogil:
    each_forward(tanh, width * vectors, constants, z, a_out)


cdef void tanh_backward(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                        const void* kept, void* delta_out) noexcept nogil:
    each_backward(tanh_derivative, width * vectors, constants, kept, delta_out)


cdef void tanh_row_forward(const Layer* layer, const void* x, const void* parameters,
                           void* memory) noexcept nogil:
    row_through(tanh, layer, x, parameters, memory)


cdef void tanh_row_backward(const Layer* layer, const Layer* before, const void* parameters,
                            void* memory, void* gradient_out) noexcept nogil:
    row_back_through(tanh_derivative, layer, before, parameters, memory, gradient_out)


cdef inline lanes softsign(lanes z, Constants c) noexcept nogil:
    # a = z / (1 + |z|)
    cdef lanes x = absolute(z)
    # Infinity by infinity would be NaN; at LARGE, a rounds to 1.
    x = at_most(x, splat(LARGE))
    return with_sign_of(z, x / (splat(1) + x))


cdef inline lanes softsign_derivative(lanes a, lanes delta, Constants c) noexcept nogil:
    # delta da/dz, da/dz = (1 - |a|)**2
    cdef lanes rest = splat(1) - absolute(a)
    return delta * (rest * rest)


cdef void softsign_forward(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                           const void* z, void* a_out) noexcept nogil:
    each_forward(softsign, width * vectors, constants, z, a_out)


cdef void softsign_backward(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                            const void* kept, void* delta_out) noexcept nogil:
    each_backward(softsign_derivative, width * vectors, constants, kept, delta_out)


cdef void softsign_row_forward(const Layer* layer, const void* x, const void* parameters,
                               void* memory) noexcept nogil:
    row_through(softsign, layer, x, parameters, memory)


cdef void softsign_row_backward(const Layer* layer, const Layer* before, const void* parameters,
                                void* memory, void* gradient_out) noexcept nogil:
    row_back_through(softsign_derivative, layer, before, parameters, memory, gradient_out)


cdef inline lanes hard_sigmoid(lanes z, Constants c) noexcept nogil:
    # a = (z + 3) / 6 between 0 and 1, else the nearer of them
    return (clipped(z, -3, 3) + splat(3)) / splat(6)


cdef inline lanes hard_sigmoid_derivative(lanes a, lanes delta, Constants c) noexcept nogil:
    # delta da/dz, da/dz = 1/6 where 0 < a < 1, else 0
    cdef lanes inside = select_less(splat(0), a, delta / splat(6), a * splat(0))
    return select_less(a, splat(1), inside, a * splat(0))


cdef void hard_sigmoid_forward(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                               const void* z, void* a_out) noexcept nogil:
    each_forward(hard_sigmoid, width * vectors, constants, z, a_out)


cdef void hard_sigmoid_backward(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                                const void* kept, void* delta_out) noexcept nogil:
    each_backward(hard_sigmoid_derivative, width * vectors, constants, kept, delta_out)


cdef void hard_sigmoid_row_forward(const Layer* layer, const void* x, const void* parameters,
                                   void* memory) noexcept nogil:
    row_through(hard_sigmoid, layer, x, parameters, memory)


cdef void hard_sigmoid_row_backward(const Layer* layer, const Layer* before, const void* parameters,
                                    void* memory, void* gradient_out) noexcept nogil:
    row_back_through(hard_sigmoid_derivative, layer, before, parameters, memory, gradient_out)


cdef inline lanes hard_tanh(lanes z, Constants c) noexcept nogil:
    # a = z between -1 and 1, else the nearer of them
    return clipped(z, -1, 1)


cdef inline lanes hard_tanh_derivative(lanes a, lanes delta, Constants c) noexcept nogil:
    # delta da/dz, da/dz = 1 where |a| < 1, else 0
    return select_less(absolute(a), splat(1), delta, a * splat(0))


cdef void hard_tanh_forward(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                            const void* z, void* a_out) noexcept nogil:
    each_forward(hard_tanh, width * vectors, constants, z, a_out)


cdef void hard_tanh_backward(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                             const void* kept, void* delta_out) noexcept nogil:
    each_backward(hard_tanh_derivative, width * vectors, constants, kept, delta_out)


cdef void hard_tanh_row_forward(const Layer* layer, const void* x, const void* parameters,
                                void* memory) noexcept nogil:
    row_through(hard_tanh, layer, x, parameters, memory)


cdef void hard_tanh_row_backward(const Layer* layer, const Layer* before, const void* parameters,
                                 void* memory, void* gradient_out) noexcept nogil:
    row_back_through(hard_tanh_derivative, layer, before, parameters, memory, gradient_out)
