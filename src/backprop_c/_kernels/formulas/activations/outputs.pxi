# Activations that outputs have: z itself, and those that no hidden layer can have. How one is
# written: formulas/activations/table.pxi.

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
            largest = at_least(largest, x[j * vectors + v])
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
