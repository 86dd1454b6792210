# Narrow layers, with samples on the lanes: a block of samples, feature-major, goes forward and
# backward through them, where there are no others while it is in the first-level cache.

cdef inline const lanes* block_inputs(const Plan* plan, Py_ssize_t k, Py_ssize_t vectors,
                                      bint dropping, const lanes* block) noexcept nogil:
    # what layer k reads: a_(k-1), or the samples themselves; or a copy with some dropped
    # block: the workspace, of (plan.features, vectors)
    if dropping and plan.layers[k].drop_below:
        return block + plan.layers[k].block.inputs * vectors
    return block + plan.layers[k - 1].block.a * vectors if k > 0 else block


cdef void narrow_forward(const Plan* plan, Py_ssize_t vectors, bint dropping,
                         const real* parameters, lanes* block) noexcept nogil:
    # z_l = a_(l-1) @ weights_l + biases_l, a_l = activation_l(z_l), from the last wide layer's z on
    # block: the workspace, of (plan.features, vectors)
    cdef const Layer* layer
    cdef Py_ssize_t k
    for k in range(max(plan.n_wide - 1, 0), plan.n_layers):
        layer = plan.layers + k
        if k >= plan.n_wide:
            if dropping and layer.drop_below:
                drop_block(layer, vectors, block + plan.sample_bits * vectors,
                           block_inputs(plan, k, vectors, False, block),
                           block + layer.block.inputs * vectors)
            dense_forward(layer.n_in, layer.n_out, vectors,
                          block_inputs(plan, k, vectors, dropping, block),
                          parameters + layer.weights,
                          parameters + layer.biases if layer.biases >= 0 else NULL,
                          block + layer.block.z * vectors)
        layer.activation.forward(layer.n_out, vectors, layer.constants,
                                 block + layer.block.z * vectors, block + layer.block.a * vectors)


cdef void narrow_backward(const Plan* plan, Py_ssize_t vectors, bint dropping,
                          const real* parameters, lanes* block,
                          real* gradient_out) noexcept nogil:
    # gradient_l += a_(l-1).T @ delta_l, delta_(l-1) = da/dz_(l-1) (delta_l @ weights_l.T), down to
    # the delta of the last wide layer
    # block: the workspace, of (plan.features, vectors), with the outputs' delta in it
    cdef const lanes* delta
    cdef const Layer* layer
    cdef const Layer* before
    cdef Py_ssize_t k
    for k in range(plan.n_layers - 1, plan.n_wide - 1, -1):
        layer = plan.layers + k
        delta = block + layer.block.delta * vectors
        dense_backward_weights(layer.n_in, layer.n_out, vectors,
                               block_inputs(plan, k, vectors, dropping, block), delta,
                               gradient_out + layer.weights)
        if layer.biases >= 0:
            dense_backward_biases(layer.n_out, vectors, delta, gradient_out + layer.biases)
        if k > 0:
            before = layer - 1
            dense_backward_inputs(layer.n_in, layer.n_out, vectors, delta,
                                  parameters + layer.weights, block + before.block.delta * vectors)
            if dropping and layer.drop_below:
                drop_block(layer, vectors, block + plan.sample_bits * vectors,
                           block + before.block.delta * vectors,
                           block + before.block.delta * vectors)
            before.activation.backward(before.n_out, vectors, before.constants,
                                       block + before.block.kept * vectors,
                                       block + before.block.delta * vectors)


cdef void narrow_gather(const Plan* plan, const Range* range_, Py_ssize_t n_parts,
                        real* gradient_out) noexcept nogil:
    # gradient[0] += gradient[1] + ... + gradient[n_parts - 1], in this order
    # gradient: (n_parts, part_stride), of which parameters begin..end-1
    cdef const real* more = gradient_out
    cdef Py_ssize_t p, k
    for p in range(1, n_parts):
        more += plan.part_stride
        for k from range_.begin <= k < range_.end by LANES:
            store(gradient_out + k, load(gradient_out + k) + load(more + k), range_.end - k)
