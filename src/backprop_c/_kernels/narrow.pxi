# Samples on the lanes: from the user's rows to blocks of feature-major lanes, forward and backward
# through all layers while a block is in the first-level cache, and on to the next.

cdef void pack(const Plan* plan, const Samples* samples, Py_ssize_t start, Py_ssize_t vectors,
               Py_ssize_t rows, unsigned int metrics, lanes* block_out) noexcept nogil:
    # inputs, targets, labels and weights of samples start..start+rows-1
    # block: the workspace, of (plan.features, vectors)
    cdef Py_ssize_t n_in = plan.layers[0].n_in
    cdef const real* X = <const real*>samples.X
    cdef const Py_ssize_t* order = NULL
    if samples.order != NULL:
        order = samples.order + start
    else:
        X += start * n_in
    pack_rows(n_in, vectors, rows, X, n_in, order, <real*>(block_out + plan.x * vectors))
    pack_targets(plan, samples, start, vectors, rows, metrics, block_out)


cdef void narrow_forward(const Plan* plan, Py_ssize_t vectors, const real* parameters,
                         lanes* block) noexcept nogil:
    # a_l = activation_l(a_(l-1) @ weights_l + biases_l), a_0 = x
    # block: the workspace, of (plan.features, vectors)
    cdef const lanes* x = block + plan.x * vectors
    cdef lanes* z
    cdef lanes* a
    cdef const Layer* layer
    cdef Py_ssize_t k
    for k in range(plan.n_layers):
        layer = plan.layers + k
        z = block + layer.z * vectors
        a = block + layer.a * vectors
        dense_forward(layer.n_in, layer.n_out, vectors, x, parameters + layer.weights,
                      parameters + layer.biases if layer.biases >= 0 else NULL, z)
        ACTIVATIONS[layer.activation].forward(layer.n_out, vectors, z, a)
        x = a


cdef void narrow_backward(const Plan* plan, Py_ssize_t vectors, const real* parameters,
                          lanes* block, real* gradient_out) noexcept nogil:
    # gradient_l += a_(l-1).T @ delta_l, delta_(l-1) = da/dz_(l-1) (delta_l @ weights_l.T)
    # block: the workspace, of (plan.features, vectors), with the outputs' delta in it
    cdef const lanes* x
    cdef lanes* delta
    cdef const Layer* layer
    cdef const Layer* before
    cdef const Activation* activation
    cdef Py_ssize_t k
    for k in range(plan.n_layers - 1, -1, -1):
        layer = plan.layers + k
        delta = block + layer.delta * vectors
        x = block + (plan.layers[k - 1].a if k > 0 else plan.x) * vectors
        dense_backward_weights(layer.n_in, layer.n_out, vectors, x, delta,
                               gradient_out + layer.weights)
        if layer.biases >= 0:
            dense_backward_biases(layer.n_out, vectors, delta, gradient_out + layer.biases)
        if k > 0:
            before = plan.layers + k - 1
            activation = ACTIVATIONS + before.activation
            dense_backward_inputs(layer.n_in, layer.n_out, vectors, delta,
                                  parameters + layer.weights, block + before.delta * vectors)
            activation.backward(
                before.n_out, vectors,
                block + (before.z if activation.reads == c"z" else before.a) * vectors,
                block + before.delta * vectors)


cdef void narrow_part(const Plan* plan, const Samples* samples, const Part* part,
                      const void* parameters, void* workspace, void* slab, void* gradient_out,
                      Sums* sums_out) noexcept nogil:
    # sums += loss, weight and metrics of the samples; gradient += their summed gradient
    # gradient: (n_parameters,) or NULL
    cdef lanes* block = <lanes*>workspace
    cdef Py_ssize_t start = part.start
    cdef Py_ssize_t rows, vectors
    if gradient_out != NULL and part.fresh:
        memset(gradient_out, 0, plan.n_parameters * sizeof(real))
    while start < part.stop:
        rows = min(plan.block_rows, part.stop - start)
        vectors = (rows + LANES - 1) // LANES
        if not part.packed:
            pack(plan, samples, start, vectors, rows, part.metrics, block)
        narrow_forward(plan, vectors, <const real*>parameters, block)
        judge_block(plan, samples, vectors, rows, part.metrics, gradient_out != NULL, block,
                    sums_out)
        if gradient_out != NULL:
            narrow_backward(plan, vectors, <const real*>parameters, block, <real*>gradient_out)
        start += rows


cdef void narrow_gather(const Plan* plan, const Samples* samples, const Part* slab,
                        const Range* range_, Py_ssize_t n_parts, const void* slab_rows,
                        void* workspace, void* gradient_out) noexcept nogil:
    # gradient[0] += gradient[1] + ... + gradient[n_parts - 1], in this order
    # gradient: (n_parts, stride), of which parameters begin..end-1
    cdef real* total = <real*>gradient_out
    cdef const real* more = total
    cdef Py_ssize_t p, k
    for p in range(1, n_parts):
        more += plan.stride
        for k from range_.begin <= k < range_.end by LANES:
            store(total + k, load(total + k) + load(more + k), range_.end - k)


cdef void narrow_predict(const Plan* plan, Py_ssize_t n_samples, const void* X,
                         const void* parameters, void* workspace, void* a_out) noexcept nogil:
    # a_out = the outputs of X
    # X: (n_samples, n_in), a_out: (n_samples, n_out)
    cdef lanes* block = <lanes*>workspace
    cdef Py_ssize_t n_in = plan.layers[0].n_in
    cdef Py_ssize_t n_out = plan.layers[plan.n_layers - 1].n_out
    cdef Py_ssize_t rows, vectors
    cdef Py_ssize_t start = 0
    while start < n_samples:
        rows = min(plan.predict_rows, n_samples - start)
        vectors = (rows + LANES - 1) // LANES
        pack_rows(n_in, vectors, rows, <const real*>X + start * n_in, n_in, NULL,
                  <real*>(block + plan.x * vectors))
        narrow_forward(plan, vectors, <const real*>parameters, block)
        transpose(n_out, rows, <const real*>(block + plan.a * vectors), vectors * LANES, NULL,
                  <real*>a_out + start * n_out, n_out)
        start += rows
