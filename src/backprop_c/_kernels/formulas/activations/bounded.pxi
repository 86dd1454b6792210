# Activations that stay between two numbers. How one is written: formulas/activations/table.pxi.

cdef inline lanes sigmoid(lanes z, Constants c) noexcept nogil:
    # a = 1 / (1 + e) for z >= 0, e / (1 + e) for z < 0, e = exp(-|z|)
    cdef lanes scale
    cdef lanes tail = exponential_parts(minus_absolute(z), &scale)
    return where_negative(z, scale * tail + scale) / (scale * tail + (scale + splat(1)))


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
    # a = -e / (2 + e) with the sign of z, e = expm1(-2 |z|)
    cdef lanes x = minus_absolute(z)
    cdef lanes r, scale, e
    x = select_less(x, splat(-TANH_LIMIT), splat(-TANH_LIMIT), x)
    scale = reduce_argument(x + x, &r)
    e = scale * expm1_tail(r) + (scale - splat(1))
    return with_sign_of(z, e / (e + splat(2)))


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
    x = select_less(splat(LARGE), x, splat(LARGE), x)
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


cdef inline lanes clipped(lanes x, const real lowest, const real highest) noexcept nogil:
    # x, or the bound that it is beyond; NaN stays NaN
    x = select_less(x, splat(lowest), splat(lowest), x)
    return select_less(splat(highest), x, splat(highest), x)


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
