# Activations that are z, or nearly so, above 0, and bend below. How one is written:
# formulas/activations/table.pxi.

cdef inline lanes relu(lanes z, Constants c) noexcept nogil:
    # a = max(z, 0); NaN stays NaN
    return at_least(z, splat(0))


cdef inline lanes relu_derivative(lanes a, lanes delta, Constants c) noexcept nogil:
    # delta da/dz, da/dz = 1 where a > 0, else 0; NaN where a is NaN
    return select_less(splat(0), a, delta, a * splat(0))


cdef void relu_forward(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                       const void* z, void* a_out) noexcept nogil:
    each_forward(relu, width * vectors, constants, z, a_out)


cdef void relu_backward(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                        const void* kept, void* delta_out) noexcept nogil:
    each_backward(relu_derivative, width * vectors, constants, kept, delta_out)


cdef void relu_row_forward(const Layer* layer, const void* x, const void* parameters,
                           void* memory) noexcept nogil:
    row_through(relu, layer, x, parameters, memory)


cdef void relu_row_backward(const Layer* layer, const Layer* before, const void* parameters,
                            void* memory, void* gradient_out) noexcept nogil:
    row_back_through(relu_derivative, layer, before, parameters, memory, gradient_out)


cdef inline lanes leaky_relu(lanes z, Constants c) noexcept nogil:
    # a = z for z > 0, else slope z; slope >= 0, so that a is above 0 where z is
    return select_less(z, splat(0), c.first * z, z)


cdef inline lanes leaky_relu_derivative(lanes a, lanes delta, Constants c) noexcept nogil:
    # delta da/dz, da/dz = 1 where a > 0, else slope
    return select_less(splat(0), a, delta, c.first * delta)


cdef void leaky_relu_forward(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                             const void* z, void* a_out) noexcept nogil:
    each_forward(leaky_relu, width * vectors, constants, z, a_out)


cdef void leaky_relu_backward(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                              const void* kept, void* delta_out) noexcept nogil:
    each_backward(leaky_relu_derivative, width * vectors, constants, kept, delta_out)


cdef void leaky_relu_row_forward(const Layer* layer, const void* x, const void* parameters,
                                 void* memory) noexcept nogil:
    row_through(leaky_relu, layer, x, parameters, memory)


cdef void leaky_relu_row_backward(const Layer* layer, const Layer* before, const void* parameters,
                                  void* memory, void* gradient_out) noexcept nogil:
    row_back_through(leaky_relu_derivative, layer, before, parameters, memory, gradient_out)


cdef inline lanes elu(lanes z, Constants c) noexcept nogil:
    # a = z for z > 0, else alpha (exp(z) - 1)
    return select_less(splat(0), z, z, c.first * expm1_of_negative(z))


cdef inline lanes elu_derivative(lanes a, lanes delta, Constants c) noexcept nogil:
    # delta da/dz, da/dz = 1 where a > 0, else a + alpha, which is alpha exp(z)
    return select_less(splat(0), a, delta, delta * (a + c.first))


cdef void elu_forward(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                      const void* z, void* a_out) noexcept nogil:
    each_forward(elu, width * vectors, constants, z, a_out)


cdef void elu_backward(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                       const void* kept, void* delta_out) noexcept nogil:
    each_backward(elu_derivative, width * vectors, constants, kept, delta_out)


cdef void elu_row_forward(const Layer* layer, const void* x, const void* parameters,
                          void* memory) noexcept nogil:
    row_through(elu, layer, x, parameters, memory)


cdef void elu_row_backward(const Layer* layer, const Layer* before, const void* parameters,
                           void* memory, void* gradient_out) noexcept nogil:
    row_back_through(elu_derivative, layer, before, parameters, memory, gradient_out)


cdef inline lanes selu(lanes z, Constants c) noexcept nogil:
    # a = scale z for z > 0, else scale alpha (exp(z) - 1)
    return select_less(splat(0), z, splat(<real>SELU_SCALE) * z,
                       splat(<real>SELU_BOUND) * expm1_of_negative(z))


cdef inline lanes selu_derivative(lanes a, lanes delta, Constants c) noexcept nogil:
    # delta da/dz, da/dz = scale where a > 0, else a + scale alpha
    return delta * select_less(splat(0), a, splat(<real>SELU_SCALE), a + splat(<real>SELU_BOUND))


cdef void selu_forward(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                       const void* z, void* a_out) noexcept nogil:
    each_forward(selu, width * vectors, constants, z, a_out)


cdef void selu_backward(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                        const void* kept, void* delta_out) noexcept nogil:
    each_backward(selu_derivative, width * vectors, constants, kept, delta_out)


cdef void selu_row_forward(const Layer* layer, const void* x, const void* parameters,
                           void* memory) noexcept nogil:
    row_through(selu, layer, x, parameters, memory)


cdef void selu_row_backward(const Layer* layer, const Layer* before, const void* parameters,
                            void* memory, void* gradient_out) noexcept nogil:
    row_back_through(selu_derivative, layer, before, parameters, memory, gradient_out)


cdef inline lanes softplus(lanes z, Constants c) noexcept nogil:
    # a = log(1 + exp(z)) = max(z, 0) + log(1 + exp(-|z|))
    return at_least(z, splat(0)) + log_1_plus_exp(minus_absolute(z))


cdef inline lanes softplus_derivative(lanes a, lanes delta, Constants c) noexcept nogil:
    # delta da/dz, da/dz = 1 - exp(-a)
    return delta * -expm1_of_negative(-a)


cdef void softplus_forward(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                           const void* z, void* a_out) noexcept nogil:
    each_forward(softplus, width * vectors, constants, z, a_out)


cdef void softplus_backward(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                            const void* kept, void* delta_out) noexcept nogil:
    each_backward(softplus_derivative, width * vectors, constants, kept, delta_out)


cdef void softplus_row_forward(const Layer* layer, const void* x, const void* parameters,
                               void* memory) noexcept nogil:
    row_through(softplus, layer, x, parameters, memory)


cdef void softplus_row_backward(const Layer* layer, const Layer* before, const void* parameters,
                                void* memory, void* gradient_out) noexcept nogil:
    row_back_through(softplus_derivative, layer, before, parameters, memory, gradient_out)
