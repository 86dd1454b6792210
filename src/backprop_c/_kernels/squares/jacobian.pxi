# Sums of squares, for second-order training: forward as narrow layers go, with samples on the
# lanes. What the slab keeps is the derivative of every output by every parameter, and behind it the
# errors; what is gathered is the product of all that with itself.

cdef inline Py_ssize_t jacobian_stride(const Plan* plan, const Part* part) noexcept nogil:
    # vectors between two rows of the slab's Jacobian, which has room for all outputs of its samples
    # slab: (n_parameters + 1, jacobian_stride)
    return part.capacity // LANES * plan.layers[plan.n_layers - 1].n_out


cdef inline void scaled_copy(Py_ssize_t vectors, const lanes* x, const lanes* factors,
                             lanes* y_out) noexcept nogil:
    # y = x factors
    # x, factors, y: (vectors,)
    cdef Py_ssize_t v
    for v in range(vectors):
        y_out[v] = x[v] * factors[v]


cdef void jacobian_of_layer(const Layer* layer, Py_ssize_t vectors, const lanes* x,
                            const lanes* delta, Py_ssize_t stride,
                            lanes* jacobian_out) noexcept nogil:
    # jacobian[i n_out + j] = x[i] delta[j] of the weights, delta[j] of the biases
    # x: (n_in, vectors), delta: (n_out, vectors), jacobian: (n_parameters, stride)
    cdef lanes* row = jacobian_out + layer.weights * stride
    cdef Py_ssize_t i, j
    for i in range(layer.n_in):
        for j in range(layer.n_out):
            scaled_copy(vectors, x + i * vectors, delta + j * vectors, row)
            row += stride
    if layer.biases >= 0:
        row = jacobian_out + layer.biases * stride
        for j in range(layer.n_out):
            memcpy(row, delta + j * vectors, vectors * sizeof(lanes))
            row += stride


cdef void jacobian_of_output(const Plan* plan, Py_ssize_t vectors, Py_ssize_t output,
                             const real* parameters, const lanes* roots, lanes* block,
                             Py_ssize_t stride, lanes* jacobian_out) noexcept nogil:
    # jacobian[p] = sqrt(weight) da[output]/dp, and behind the parameters the error: sqrt(weight) (a
    # - t), of each sample
    # block: the workspace, of (plan.features, vectors), roots: (vectors,), of the weights,
    # jacobian: (n_parameters + 1, stride)
    cdef const Layer* layer = plan.layers + plan.n_layers - 1
    cdef const lanes* a = block + (layer.block.a + output) * vectors
    cdef const lanes* targets = block + (plan.targets + output) * vectors
    cdef lanes* delta = block + layer.block.delta * vectors
    cdef lanes* errors = jacobian_out + plan.n_parameters * stride
    cdef const Layer* before
    cdef Py_ssize_t k, v
    memset(delta, 0, layer.n_out * vectors * sizeof(lanes))
    memcpy(delta + output * vectors, roots, vectors * sizeof(lanes))
    for v in range(vectors):
        errors[v] = (a[v] - targets[v]) * roots[v]
    layer.activation.backward(layer.n_out, vectors, layer.constants,
                              block + layer.block.kept * vectors, delta)
    for k in range(plan.n_layers - 1, -1, -1):
        layer = plan.layers + k
        delta = block + layer.block.delta * vectors
        jacobian_of_layer(layer, vectors, block_inputs(plan, k, vectors, False, block), delta,
                          stride, jacobian_out)
        if k > 0:
            before = layer - 1
            dense_backward_inputs(layer.n_in, layer.n_out, vectors, delta,
                                  parameters + layer.weights, block + before.block.delta * vectors)
            before.activation.backward(before.n_out, vectors, before.constants,
                                       block + before.block.kept * vectors,
                                       block + before.block.delta * vectors)


cdef void squares_part(const Plan* plan, const Samples* samples, const Part* part,
                       const void* parameters, void* workspace, void* slab_rows,
                       void* gradient_out, Sums* sums_out) noexcept nogil:
    # sums += loss, weight and metrics of the samples; slab_rows get their Jacobian
    # slab_rows: (n_parameters + 1, jacobian_stride), where `gradient_out` is not NULL
    cdef lanes* block = <lanes*>workspace
    cdef const real* flat = <const real*>parameters
    cdef Py_ssize_t n_out = plan.layers[plan.n_layers - 1].n_out
    cdef Py_ssize_t stride = jacobian_stride(plan, part)
    cdef Py_ssize_t start = part.start
    cdef Py_ssize_t rows, vectors, output, v
    cdef lanes* roots
    cdef lanes* jacobian
    while start < part.stop:
        rows = min(plan.block_rows, part.stop - start)
        vectors = vectors_of(rows)
        batch_forward(plan, samples, start, rows, part, flat, workspace, NULL, 0)
        if not part.packed:
            pack_targets(plan, samples, start, vectors, rows, part.measures, block)
        block_loss_and_delta(plan, samples, vectors, rows, part.measures, False, block, sums_out)
        if gradient_out != NULL:
            roots = block + plan.roots * vectors
            for v in range(vectors):
                roots[v] = square_root(block[plan.sample_weights * vectors + v])
            jacobian = <lanes*>slab_rows + (start - part.slab_start) // LANES * n_out
            for output in range(n_out):
                jacobian_of_output(plan, vectors, output, flat, roots, block, stride,
                                   jacobian + output * vectors)
        start += rows


cdef void squares_gather(const Plan* plan, const Samples* samples, const Part* slab,
                         const Range* range_, Py_ssize_t n_parts, void* slab_rows,
                         void* workspace, void* gradient_out) noexcept nogil:
    # squares[i, j] (+)= sum_c jacobian[i, c] jacobian[j, c], of rows i in begin..end-1 and columns
    # j from i on: the normal equations' matrix, in its last column their right side
    # squares: (n_parameters + 1, plan.square_stride)
    cdef Py_ssize_t n = plan.n_parameters + 1
    cdef Py_ssize_t n_out = plan.layers[plan.n_layers - 1].n_out
    cdef Py_ssize_t used = vectors_of(slab.stop - slab.slab_start) * n_out
    cdef Py_ssize_t stride = jacobian_stride(plan, slab)
    cdef const lanes* jacobian = <const lanes*>slab_rows
    cdef real* squares = <real*>gradient_out
    cdef Py_ssize_t i = range_.begin
    if slab.fresh:
        memset(squares + i * plan.square_stride, 0,
               (range_.end - i) * plan.square_stride * sizeof(real))
    while i + TILE_INPUTS <= range_.end:
        gradient_rows(TILE_INPUTS, n - i, used, stride, jacobian + i * stride,
                      jacobian + i * stride, plan.square_stride,
                      squares + i * plan.square_stride + i)
        i += TILE_INPUTS
    while i < range_.end:
        gradient_rows(1, n - i, used, stride, jacobian + i * stride, jacobian + i * stride,
                      plan.square_stride, squares + i * plan.square_stride + i)
        i += 1
