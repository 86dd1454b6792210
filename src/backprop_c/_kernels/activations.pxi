# Activations: each a forward and a backward kernel over (width, vectors) lanes, and one entry
# in ACTIVATIONS. `backward` turns delta from dloss/da into dloss/dz, in place, reading what the
# entry says it reads.

cdef void identity_forward(Py_ssize_t width, Py_ssize_t vectors,
                           const void* z, void* a_out) noexcept nogil:
    # a = z
    # z, a: (width, vectors)
    if a_out != z:
        memcpy(a_out, z, width * vectors * sizeof(lanes))


cdef void identity_backward(Py_ssize_t width, Py_ssize_t vectors,
                            const void* kept, void* delta_out) noexcept nogil:
    # da/dz = 1
    # kept, delta: (width, vectors)
    pass


cdef void sigmoid_forward(Py_ssize_t width, Py_ssize_t vectors,
                          const void* z, void* a_out) noexcept nogil:
    # a = 1 / (1 + e) for z >= 0, e / (1 + e) for z < 0, e = exp(-|z|)
    # z, a: (width, vectors)
    cdef Py_ssize_t k
    cdef lanes x, e
    for k in range(width * vectors):
        x = (<const lanes*>z)[k]
        e = exponential_of_minus(absolute(x))
        (<lanes*>a_out)[k] = select_less(x, splat(0), e, splat(1)) / (splat(1) + e)


cdef void sigmoid_backward(Py_ssize_t width, Py_ssize_t vectors,
                           const void* kept, void* delta_out) noexcept nogil:
    # da/dz = a (1 - a)
    # kept = a, delta: (width, vectors)
    cdef const lanes* a = <const lanes*>kept
    cdef lanes* delta = <lanes*>delta_out
    cdef Py_ssize_t k
    for k in range(width * vectors):
        delta[k] = delta[k] * (a[k] * (splat(1) - a[k]))


cdef void tanh_forward(Py_ssize_t width, Py_ssize_t vectors,
                       const void* z, void* a_out) noexcept nogil:
    # a = -e / (2 + e) with the sign of z, e = expm1(-2 |z|)
    # z, a: (width, vectors)
    cdef Py_ssize_t k
    cdef lanes x, r, scale, e
    cdef bits sign
    for k in range(width * vectors):
        x = (<const lanes*>z)[k]
        sign = as_bits(x) & as_bits(splat(-0.0))
        x = absolute(x)
        x = select_less(splat(TANH_LIMIT), x, splat(TANH_LIMIT), x)
        scale = reduce_argument(-(x + x), &r)
        e = scale * expm1_tail(r) + (scale - splat(1))
        (<lanes*>a_out)[k] = as_lanes(as_bits(absolute(e / (e + splat(2)))) | sign)


cdef void tanh_backward(Py_ssize_t width, Py_ssize_t vectors,
                        const void* kept, void* delta_out) noexcept nogil:
    # da/dz = (1 - a) (1 + a)
    # kept = a, delta: (width, vectors)
    cdef const lanes* a = <const lanes*>kept
    cdef lanes* delta = <lanes*>delta_out
    cdef Py_ssize_t k
    for k in range(width * vectors):
        delta[k] = delta[k] * ((splat(1) - a[k]) * (splat(1) + a[k]))


cdef void relu_forward(Py_ssize_t width, Py_ssize_t vectors,
                       const void* z, void* a_out) noexcept nogil:
    # a = max(z, 0); NaN stays NaN
    # z, a: (width, vectors)
    cdef lanes x
    cdef Py_ssize_t k
    for k in range(width * vectors):
        x = (<const lanes*>z)[k]
        (<lanes*>a_out)[k] = select_less(x, splat(0), splat(0), x)


cdef void relu_backward(Py_ssize_t width, Py_ssize_t vectors,
                        const void* kept, void* delta_out) noexcept nogil:
    # da/dz = 1 where a > 0, else 0; where a is NaN, delta becomes NaN
    # kept = a, delta: (width, vectors)
    cdef const lanes* a = <const lanes*>kept
    cdef lanes* delta = <lanes*>delta_out
    cdef Py_ssize_t k
    for k in range(width * vectors):
        delta[k] = select_less(splat(0), a[k], delta[k], a[k] * splat(0))


cdef void softmax_forward(Py_ssize_t width, Py_ssize_t vectors,
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
            e = exponential_of_minus(largest - x[j * vectors + v])
            a[j * vectors + v] = e
            total = total + e
        total = splat(1) / total
        for j in range(width):
            a[j * vectors + v] = a[j * vectors + v] * total


cdef void softmax_backward(Py_ssize_t width, Py_ssize_t vectors,
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


cdef Activation[5] ACTIVATIONS
ACTIVATIONS[0] = Activation(b"identity", c"-", False, identity_forward, identity_backward)
ACTIVATIONS[1] = Activation(b"sigmoid", c"a", False, sigmoid_forward, sigmoid_backward)
ACTIVATIONS[2] = Activation(b"tanh", c"a", False, tanh_forward, tanh_backward)
ACTIVATIONS[3] = Activation(b"relu", c"a", False, relu_forward, relu_backward)
ACTIVATIONS[4] = Activation(b"softmax", c"a", True, softmax_forward, softmax_backward)
