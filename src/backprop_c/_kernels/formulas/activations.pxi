# Activations: an elementwise one is two formulas on lanes, its value a of z and its derivative,
# which turns delta from dloss/da into dloss/dz, and four functions that each name a formula and the
# loop that applies it: to (width, vectors) lanes of a block or of rows, or to a single row with one
# lane. One entry each in ACTIVATIONS, which says what the derivative reads. A derivative that can
# be told from a reads a: then z needs no memory.

cdef inline lanes identity(lanes z, Constants c) noexcept nogil:
    # a = z
    return z


cdef inline lanes identity_derivative(lanes kept, lanes delta, Constants c) noexcept nogil:
    # delta da/dz, da/dz = 1
    return delta


cdef void identity_forward(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                           const void* z, void* a_out) noexcept nogil:
    # a = z
    # z, a: (width, vectors)
    if a_out != z:
        memcpy(a_out, z, width * vectors * sizeof(lanes))


cdef void identity_backward(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                            const void* kept, void* delta_out) noexcept nogil:
    # da/dz = 1
    # kept, delta: (width, vectors)
    pass


cdef void identity_row_forward(const Layer* layer, const void* x, const void* parameters,
                               void* memory) noexcept nogil:
    row_through(identity, layer, x, parameters, memory)


cdef void identity_row_backward(const Layer* layer, const Layer* before, const void* parameters,
                                void* memory, void* gradient_out) noexcept nogil:
    row_back_through(identity_derivative, layer, before, parameters, memory, gradient_out)


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


cdef inline lanes relu(lanes z, Constants c) noexcept nogil:
    # a = max(z, 0); NaN stays NaN
    return select_less(z, splat(0), splat(0), z)


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


cdef inline lanes gelu(lanes z, Constants c) noexcept nogil:
    # a = z Phi(z), the normal distribution's share Phi(z) being Q(-z) for z < 0, else 1 - Q(z)
    cdef lanes x = absolute(z)
    cdef lanes height = bell(x)
    cdef lanes ratio = tail_ratio(x)
    # Not -infinity times 0, which would be NaN; and not Q(x) itself, which may be denormal where
    # z Q(x) is not.
    cdef lanes below = height * (
        ratio * select_less(z, splat(-NORMAL_LIMIT), splat(-NORMAL_LIMIT), z))
    return select_less(z, splat(0), below, z * (splat(1) - height * ratio))


cdef inline lanes gelu_derivative(lanes z, lanes delta, Constants c) noexcept nogil:
    # delta da/dz, da/dz = Phi(z) + z phi(z) = D for z < 0, else 1 - D; with x = |z|
    # D = Q(x) - x phi(x), phi(x) = exp(-x**2 / 2) / sqrt(2 pi)
    cdef lanes x = absolute(z)
    cdef lanes slope
    x = select_less(splat(NORMAL_LIMIT), x, splat(NORMAL_LIMIT), x)
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


cdef inline lanes exponential_value(lanes z, Constants c) noexcept nogil:
    # a = exp(z)
    return exponential_of_any(z)


cdef inline lanes exponential_derivative(lanes a, lanes delta, Constants c) noexcept nogil:
    # delta da/dz, da/dz = a
    return delta * a


cdef void exponential_forward(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                              const void* z, void* a_out) noexcept nogil:
    each_forward(exponential_value, width * vectors, constants, z, a_out)


cdef void exponential_backward(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                               const void* kept, void* delta_out) noexcept nogil:
    each_backward(exponential_derivative, width * vectors, constants, kept, delta_out)


cdef void exponential_row_forward(const Layer* layer, const void* x, const void* parameters,
                                  void* memory) noexcept nogil:
    row_through(exponential_value, layer, x, parameters, memory)


cdef void exponential_row_backward(const Layer* layer, const Layer* before, const void* parameters,
                                   void* memory, void* gradient_out) noexcept nogil:
    row_back_through(exponential_derivative, layer, before, parameters, memory, gradient_out)


cdef void softmax_forward(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                          const void* z, void* a_out) noexcept nogil:
    # a_j = exp(z_j - max z) / sum_k exp(z_k - max z)
    # z, a: (width, vectors)
    cdef const lanes* x = <const lanes*>z
    cdef lanes* a = <lanes*>a_out
    cdef lanes largest, total, e
    cdef Py_ssize_t j, v
    for v in range(vectors):
        largest = x[v]
        for j in range(1, width):
            largest = select_less(largest, x[j * vectors + v], x[j * vectors + v], largest)
        total = splat(0)
        for j in range(width):
            e = exponential(x[j * vectors + v] - largest)
            a[j * vectors + v] = e
            total = total + e
        total = splat(1) / total
        for j in range(width):
            a[j * vectors + v] = a[j * vectors + v] * total


cdef void softmax_backward(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                           const void* kept, void* delta_out) noexcept nogil:
    # dloss/dz_j = a_j (g_j - sum_k a_k g_k), g = dloss/da
    # kept = a, delta: (width, vectors)
    cdef const lanes* a = <const lanes*>kept
    cdef lanes* delta = <lanes*>delta_out
    cdef lanes total
    cdef Py_ssize_t j, v
    for v in range(vectors):
        total = splat(0)
        for j in range(width):
            total = total + a[j * vectors + v] * delta[j * vectors + v]
        for j in range(width):
            delta[j * vectors + v] = a[j * vectors + v] * (delta[j * vectors + v] - total)


cdef Activation[8] ACTIVATIONS
ACTIVATIONS[0] = Activation(
    b"identity", b"", c"-", True, False, -INFINITY, INFINITY, identity_forward, identity_backward,
    identity_row_forward, identity_row_backward)
ACTIVATIONS[1] = Activation(
    b"sigmoid", b"", c"a", True, False, 0, 1, sigmoid_forward, sigmoid_backward,
    sigmoid_row_forward, sigmoid_row_backward)
ACTIVATIONS[2] = Activation(
    b"tanh", b"", c"a", True, False, -1, 1, tanh_forward, tanh_backward,
    tanh_row_forward, tanh_row_backward)
ACTIVATIONS[3] = Activation(
    b"relu", b"", c"a", True, False, 0, INFINITY, relu_forward, relu_backward,
    relu_row_forward, relu_row_backward)
ACTIVATIONS[4] = Activation(
    b"leaky_relu", b"slope", c"a", True, False, -INFINITY, INFINITY, leaky_relu_forward,
    leaky_relu_backward, leaky_relu_row_forward, leaky_relu_row_backward)
ACTIVATIONS[5] = Activation(
    b"gelu", b"", c"z", True, False, -0.17, INFINITY, gelu_forward, gelu_backward,
    gelu_row_forward, gelu_row_backward)
ACTIVATIONS[6] = Activation(
    b"exponential", b"", c"a", True, True, 0, INFINITY, exponential_forward, exponential_backward,
    exponential_row_forward, exponential_row_backward)
ACTIVATIONS[7] = Activation(
    b"softmax", b"", c"a", False, True, 0, 1, softmax_forward, softmax_backward, NULL, NULL)
