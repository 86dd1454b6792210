# The derivatives of the outputs by the inputs, with samples on the lanes: a block goes forward
# once, and back once for each output.

cdef void slopes_of_output(const Plan* plan, Py_ssize_t vectors, Py_ssize_t output,
                           const real* parameters, lanes* block) noexcept nogil:
    # block[i] = da[output]/dx[i], in the place of the inputs, which are not read any more
    # block: the workspace, of (plan.features, vectors), whose layers have gone forward
    cdef const Layer* layer = plan.layers + plan.n_layers - 1
    cdef const real* weights = parameters + layer.weights
    cdef Py_ssize_t n_sum = layer.n_out
    cdef lanes* delta = block + layer.block.delta * vectors
    cdef lanes* delta_before
    cdef Py_ssize_t v
    memset(delta, 0, n_sum * vectors * sizeof(lanes))
    for v in range(vectors):
        delta[output * vectors + v] = splat(1)
    layer.activation.backward(n_sum, vectors, layer.constants,
                              block + layer.block.kept * vectors, delta)
    if layer.activation.elementwise:
        # All other deltas are 0.
        delta += output * vectors
        weights += output
        n_sum = 1
    while True:
        delta_before = block
        if layer != plan.layers:
            delta_before = block + (layer - 1).block.delta * vectors
        product(n_sum, layer.n_in, vectors, delta, weights, 1, layer.n_out, NULL, delta_before)
        if layer == plan.layers:
            return
        layer -= 1
        delta = delta_before
        weights = parameters + layer.weights
        n_sum = layer.n_out
        layer.activation.backward(n_sum, vectors, layer.constants,
                                  block + layer.block.kept * vectors, delta)


cdef void batch_jacobian(const Plan* plan, Py_ssize_t n_samples, const void* X,
                         bint of_parameters, const void* parameters, void* workspace,
                         void* row, void* jacobian_out) noexcept nogil:
    # jacobian[s, o] = da[o]/dx of each sample, where all layers are narrow
    # X: (n_samples, n_in), jacobian: (n_samples, n_out, n_in)
    cdef Py_ssize_t n_in = plan.layers[0].n_in
    cdef Py_ssize_t n_out = plan.layers[plan.n_layers - 1].n_out
    cdef lanes* block = <lanes*>workspace
    cdef const real* flat = <const real*>parameters
    cdef real* slopes = <real*>jacobian_out
    cdef Samples samples
    cdef Part part
    cdef Py_ssize_t rows, vectors, output
    cdef Py_ssize_t start = 0
    samples.X = X
    samples.order = NULL
    part.packed = part.dropping = False
    part.capacity = plan.part_rows
    while start < n_samples:
        rows = min(plan.predict_rows, n_samples - start)
        vectors = vectors_of(rows)
        batch_forward(plan, &samples, start, rows, &part, flat, workspace, NULL, 0)
        for output in range(n_out):
            slopes_of_output(plan, vectors, output, flat, block)
            transpose(n_in, rows, <const real*>block, vectors * LANES, NULL,
                      slopes + output * n_in, n_out * n_in)
        start += rows
        slopes += rows * n_out * n_in
