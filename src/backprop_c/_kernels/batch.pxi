# Many samples at a time: through the wide layers, row-major in the slab; by a transposition of the
# last one's z to a block, feature-major; and there through the narrow layers to the loss. Back the
# same way. Either kind of layers may be missing: then the block has the samples, or the outputs.

cdef void pack_bits(const Plan* plan, const Samples* samples, Py_ssize_t start, Py_ssize_t vectors,
                    Py_ssize_t rows, unsigned long long key, lanes* block_out) noexcept nogil:
    # sample_bits[s] = random bits of the sample's
    # block: the workspace, of (plan.features, vectors)
    cdef whole* places = <whole*>(block_out + plan.sample_bits * vectors)
    cdef Py_ssize_t s
    memset(places, 0, vectors * sizeof(lanes))
    for s in range(rows):
        places[s] = bits_of_sample(key, row_of(samples, start + s))


cdef void batch_forward(const Plan* plan, const Samples* samples, Py_ssize_t start,
                        Py_ssize_t rows, const Part* part, const real* parameters,
                        void* workspace, void* slab_rows, Py_ssize_t first) noexcept nogil:
    # a_l = activation_l(a_(l-1) @ weights_l + biases_l) of samples start..start+rows-1
    # slab_rows: (part.capacity, row_size), predict's without deltas; workspace: a block,
    # (features, vectors), whose inputs may be packed already
    cdef lanes* block = <lanes*>workspace
    cdef Py_ssize_t vectors = vectors_of(rows)
    cdef Factor inputs
    cdef const Layer* last_wide
    if part.dropping:
        pack_bits(plan, samples, start, vectors, rows, part.key, block)
    if plan.n_wide > 0:
        last_wide = plan.layers + plan.n_wide - 1
        wide_forward(plan, samples, part, start, rows, parameters, workspace, slab_rows, first)
        pack_rows(last_wide.n_out, vectors, rows,
                  slab_row(slab_rows, part.capacity, last_wide.rows.z, first, last_wide.stride),
                  last_wide.stride, NULL, <real*>(block + last_wide.block.z * vectors))
    elif not part.packed:
        inputs = inputs_of(plan, samples, start)
        pack_rows(plan.layers[0].n_in, vectors, rows, inputs.base, inputs.row_stride,
                  inputs.rows, <real*>block)
    narrow_forward(plan, vectors, part.dropping, parameters, block)


cdef void batch_part(const Plan* plan, const Samples* samples, const Part* part,
                     const void* parameters, void* workspace, void* slab_rows, void* gradient_out,
                     Sums* sums_out) noexcept nogil:
    # sums += loss, weight and metrics of the samples; gradient += theirs, of the narrow layers;
    # slab_rows get activations and deltas of the wide ones
    # gradient: (n_parameters,), or NULL if deltas are not wanted, either
    cdef lanes* block = <lanes*>workspace
    cdef const real* flat = <const real*>parameters
    cdef real* gradient = <real*>gradient_out
    cdef const Layer* last_wide
    cdef Py_ssize_t start = part.start
    cdef Py_ssize_t rows, vectors, first
    if gradient != NULL and part.fresh:
        memset(gradient + plan.narrow_begin, 0,
               (plan.n_parameters - plan.narrow_begin) * sizeof(real))
    while start < part.stop:
        rows = min(plan.block_rows, part.stop - start)
        vectors = vectors_of(rows)
        first = start - part.slab_start
        batch_forward(plan, samples, start, rows, part, flat, workspace, slab_rows, first)
        if not part.packed:
            pack_targets(plan, samples, start, vectors, rows, part.measures, block)
        block_loss_and_delta(plan, samples, vectors, rows, part.measures, gradient != NULL, block,
                             sums_out)
        if gradient != NULL:
            narrow_backward(plan, vectors, part.dropping, flat, block, gradient)
            if plan.n_wide > 0:
                last_wide = plan.layers + plan.n_wide - 1
                transpose(last_wide.n_out, rows,
                          <const real*>(block + last_wide.block.delta * vectors), vectors * LANES,
                          NULL,
                          slab_row(slab_rows, part.capacity, last_wide.rows.delta, first,
                                   last_wide.stride),
                          last_wide.stride)
                wide_backward(plan, samples, part, start, rows, flat, workspace, slab_rows,
                              first)
        start += rows


cdef void batch_gather(const Plan* plan, const Samples* samples, const Part* slab,
                       const Range* range_, Py_ssize_t n_parts, void* slab_rows,
                       void* workspace, void* gradient_out) noexcept nogil:
    # the gradient of a range: of wide layers over the slab's rows, of narrow ones over the parts
    # gradient: (n_parameters,), and of narrow layers one for each part
    if range_.layer < plan.n_wide:
        wide_gather(plan, samples, slab, range_, slab_rows, workspace, <real*>gradient_out)
    elif slab.last:
        narrow_gather(plan, range_, n_parts, <real*>gradient_out)


cdef void batch_predict(const Plan* plan, Py_ssize_t n_samples, const void* X,
                        const void* parameters, void* workspace, void* a_out) noexcept nogil:
    # a_out = the outputs of X
    # X: (n_samples, n_in), a_out: (n_samples, n_out)
    cdef const Layer* last = plan.layers + plan.n_layers - 1
    cdef Samples samples
    cdef Part part
    cdef Py_ssize_t rows, vectors
    cdef Py_ssize_t start = 0
    samples.X = X
    samples.order = NULL
    part.packed = part.dropping = False
    part.capacity = plan.part_rows
    while start < n_samples:
        rows = min(plan.predict_rows, n_samples - start)
        vectors = vectors_of(rows)
        batch_forward(plan, &samples, start, rows, &part, <const real*>parameters, workspace,
                      <char*>workspace + plan.rows_at, 0)
        transpose(last.n_out, rows,
                  <const real*>(<lanes*>workspace + last.block.a * vectors), vectors * LANES, NULL,
                  <real*>a_out + start * last.n_out, last.n_out)
        start += rows
