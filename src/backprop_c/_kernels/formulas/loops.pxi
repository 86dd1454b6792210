# How formulas are applied: one loop for each kind of them, which takes the formula as an argument.
# A loop is inlined into the function that names the formula, and there the formula is a constant,
# which the compiler puts in place. So no vector costs a call, and no loop is written twice.

# The parameters of an activation or a loss, in all lanes, in the order of its entry.
ctypedef struct Constants:
    lanes first
    lanes second
    lanes third
    lanes fourth


# An activation: a of z; and dloss/dz of dloss/da (delta) and what is kept, a or z by its entry.
ctypedef lanes (*Value)(lanes z, Constants constants) noexcept nogil
ctypedef lanes (*Derivative)(lanes kept, lanes delta, Constants constants) noexcept nogil

# A loss: its value for one output, and dloss/da or dloss/dz, by its entry.
ctypedef lanes (*Pointwise)(lanes z, lanes a, lanes target, Constants constants,
                            lanes* delta_out) noexcept nogil

# An update rule: the new parameter; new states take the place of the old ones.
ctypedef lanes (*NewValue)(lanes parameter, lanes gradient, const lanes* scalars,
                           lanes* states_out) noexcept nogil


cdef inline Constants in_all_lanes(const double* constants) noexcept nogil:
    # constants: (MAX_CONSTANTS,)
    return Constants(splat(<real>constants[0]), splat(<real>constants[1]),
                     splat(<real>constants[2]), splat(<real>constants[3]))


cdef inline void each_forward(Value value, Py_ssize_t n, const double* constants, const void* z,
                              void* a_out) noexcept nogil:
    # a = value(z)
    # z, a: (n,), of vectors; constants: (MAX_CONSTANTS,)
    cdef Constants c = in_all_lanes(constants)
    cdef Py_ssize_t k
    for k in range(n):
        (<lanes*>a_out)[k] = value((<const lanes*>z)[k], c)


cdef inline void each_backward(Derivative derivative, Py_ssize_t n, const double* constants,
                               const void* kept, void* delta_out) noexcept nogil:
    # delta = delta da/dz
    # kept, delta: (n,), of vectors; constants: (MAX_CONSTANTS,)
    cdef Constants c = in_all_lanes(constants)
    cdef lanes* delta = <lanes*>delta_out
    cdef Py_ssize_t k
    for k in range(n):
        delta[k] = derivative((<const lanes*>kept)[k], delta[k], c)


# With one lane, each z of a single row goes from register to register through the activation, and
# so does each delta: numbers that stay there need not wait for memory. Other builds leave the two
# loops empty, since nothing calls them there.

cdef inline void row_through(Value value, const Layer* layer, const void* x, const void* parameters,
                             void* memory) noexcept nogil:
    # z = x @ w + biases, a = value(z)
    # x: (n_in,), w: (n_in, n_out), biases, z, a: (n_out,)
    cdef Constants c
    cdef const real* inputs = <const real*>x
    cdef const real* w = <const real*>parameters + layer.weights
    cdef const real* biases = NULL
    cdef real* z_out = <real*>memory + layer.rows.z
    cdef real* a_out = <real*>memory + layer.rows.a
    cdef Py_ssize_t n_in = layer.n_in
    cdef Py_ssize_t n_out = layer.n_out
    cdef lanes z
    cdef Py_ssize_t i, j
    if LANES == 1:
        c = in_all_lanes(layer.constants)
        if layer.biases >= 0:
            biases = <const real*>parameters + layer.biases
        for j in range(n_out):
            z = load(biases + j) if biases != NULL else splat(0)
            for i in range(n_in):
                z = z + splat(inputs[i]) * load(w + i * n_out + j)
            store(z_out + j, z, 1)
            store(a_out + j, value(z, c), 1)


cdef inline void row_back_through(Derivative derivative, const Layer* layer, const Layer* before,
                                  const void* parameters, void* memory,
                                  void* gradient_out) noexcept nogil:
    # gradient[i, j] = x[i] delta[j], dloss/dz[i] = derivative(sum_j delta[j] w[i, j])
    # x, kept, delta_out: (n_in,), delta: (n_out,), w, gradient: (n_in, n_out)
    cdef Constants c
    cdef const real* w = <const real*>parameters + layer.weights
    cdef const real* x = <const real*>memory + before.rows.a
    cdef const real* kept = <const real*>memory + before.rows.kept
    cdef const real* delta = <const real*>memory + layer.rows.delta
    cdef real* gradient = <real*>gradient_out + layer.weights
    cdef real* delta_out = <real*>memory + before.rows.delta
    cdef Py_ssize_t n_in = layer.n_in
    cdef Py_ssize_t n_out = layer.n_out
    cdef lanes total, value
    cdef Py_ssize_t i, j
    if LANES == 1:
        c = in_all_lanes(before.constants)
        for i in range(n_in):
            total = splat(0)
            value = splat(x[i])
            for j in range(n_out):
                total = total + load(w) * load(delta + j)
                store(gradient, value * load(delta + j), 1)
                w += 1
                gradient += 1
            store(delta_out + i, derivative(load(kept + i), total, c), 1)


cdef inline double pointwise_loss(Pointwise loss, const double factor, Py_ssize_t width,
                                  Py_ssize_t vectors, const double* constants, const void* z,
                                  const void* a, const void* targets, const void* sample_weights,
                                  void* delta_out) noexcept nogil:
    # factor * sum_s weight[s] sum_j loss(z, a, t)[j, s], delta = weight * the loss's derivative
    # z, a, targets, delta: (width, vectors); sample_weights: (vectors,)
    cdef Constants c = in_all_lanes(constants)
    cdef lanes weight, value, delta
    cdef accumulator total = empty_sum()
    cdef Py_ssize_t j, k, v
    for v in range(vectors):
        weight = (<const lanes*>sample_weights)[v]
        value = splat(0)
        for j in range(width):
            k = j * vectors + v
            value = value + loss((<const lanes*>z)[k], (<const lanes*>a)[k],
                                 (<const lanes*>targets)[k], c, &delta)
            (<lanes*>delta_out)[k] = weighted(delta, weight)
        total = accumulate(total, weighted(value, weight))
    return factor * accumulated(total)


cdef inline void each_update(NewValue new_value, const int n_states, Py_ssize_t begin,
                             Py_ssize_t end, Py_ssize_t stride, const double* scalars,
                             const void* gradient, void* parameters_out) noexcept nogil:
    # parameter, states = new_value(parameter, gradient, scalars, states)
    # gradient: (end,), parameters and states: (1 + n_states, stride); scalars: (MAX_SCALARS,).
    # Vectors may be read past the range's end, never written.
    cdef const real* g = <const real*>gradient
    cdef real* p = <real*>parameters_out
    cdef lanes s[MAX_SCALARS]
    cdef lanes states[MAX_STATES]
    cdef lanes parameter
    cdef Py_ssize_t k
    cdef int n
    for n in range(MAX_SCALARS):
        s[n] = splat(<real>scalars[n])
    for k from begin <= k < end by LANES:
        for n in range(n_states):
            states[n] = load(p + (n + 1) * stride + k)
        parameter = new_value(load(p + k), load(g + k), s, states)
        for n in range(n_states):
            store(p + (n + 1) * stride + k, states[n], end - k)
        store(p + k, parameter, end - k)
