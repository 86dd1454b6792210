# Plain arrays, as users hold them: rows without padding, of which nothing is read or written past
# an end. The same formulas, products and blocks as everywhere, behind doors of their own: what
# `backprop_c.functional` goes through.

cdef enum:
    # Vectors that are copied at a time, to memory that may be read past their end.
    COPIED = 32
    # Vectors of samples in a block of activations that are not elementwise.
    PLAIN_VECTORS = 4


cdef size_t product_bytes(Py_ssize_t n_rows, Py_ssize_t n_columns, Py_ssize_t n_sum) noexcept nogil:
    # what `plain_product` needs: a panel; where rows are not whole vectors biases, b and out, too
    cdef Py_ssize_t size = PANEL * min(<Py_ssize_t>PANEL_DEPTH, n_sum)
    if n_columns % LANES != 0:
        size += whole_vectors(n_columns) + (n_sum + n_rows) * n_columns + 2 * LANES
    return size * sizeof(real)


cdef void plain_product(Py_ssize_t n_rows, Py_ssize_t n_columns, Py_ssize_t n_sum, const void* a,
                        Py_ssize_t a_row_stride, Py_ssize_t a_sum_stride, const void* b,
                        bint transposed, const void* biases, void* memory,
                        void* out) noexcept nogil:
    # out = a @ b + biases, or a @ b.T + biases if `transposed`; biases may be NULL
    # a: (n_rows, n_sum), b: (n_sum, n_columns) or (n_columns, n_sum), biases: (n_columns,),
    # memory: (product_bytes,), out: (n_rows, n_columns)
    cdef Factor factor = Factor(<const real*>a, a_row_stride, a_sum_stride, NULL, NULL)
    cdef const real* weights = <const real*>b
    cdef const real* start = <const real*>biases
    cdef real* y = <real*>out
    cdef real* copies = <real*>memory + PANEL * min(<Py_ssize_t>PANEL_DEPTH, n_sum)
    # The product reads whole vectors: biases always, b unless it is packed by its transposition,
    # and what it has of a sum already where that is taken in parts.
    if n_columns % LANES != 0:
        if start != NULL:
            memcpy(copies, start, n_columns * sizeof(real))
            start = copies
        copies += whole_vectors(n_columns)
        if not transposed:
            memcpy(copies, b, n_sum * n_columns * sizeof(real))
            weights = copies
        copies += n_sum * n_columns + LANES
        if n_sum > PANEL_DEPTH:
            y = copies
    wide_product(n_rows, n_columns, n_sum, &factor, weights, n_sum if transposed else n_columns,
                 transposed, start, False, False, memory, y, n_columns)
    if y != out:
        memcpy(out, y, n_rows * n_columns * sizeof(real))


cdef void column_sums(Py_ssize_t n_rows, Py_ssize_t n_columns, const void* x,
                      void* sums_out) noexcept nogil:
    # sums[j] = sum_s x[s, j]
    # x: (n_rows, n_columns), sums: (n_columns,)
    cdef lanes total
    cdef Py_ssize_t s, j
    for j from 0 <= j < n_columns by LANES:
        total = splat(0)
        for s in range(n_rows):
            total = total + load_first(<const real*>x + s * n_columns + j, n_columns - j)
        store(<real*>sums_out + j, total, n_columns - j)


cdef size_t forward_bytes(const Activation* activation, Py_ssize_t width) noexcept nogil:
    # what `plain_forward` needs: blocks for z and a of an activation that is not elementwise
    # z, a: (width, PLAIN_VECTORS)
    return 0 if activation.elementwise else 2 * width * PLAIN_VECTORS * sizeof(lanes)


cdef void plain_forward(const Activation* activation, const double* constants, Py_ssize_t n_rows,
                        Py_ssize_t width, const void* z, void* memory, void* a_out) noexcept nogil:
    # a = activation(z); a may take the place of z
    # z, a: (n_rows, width), memory: (forward_bytes,)
    cdef const real* first = <const real*>z
    cdef real* out = <real*>a_out
    cdef lanes* block = <lanes*>memory
    cdef lanes last
    cdef Py_ssize_t n = n_rows * width
    cdef Py_ssize_t rows, vectors, start = 0
    if activation.elementwise:
        vectors = n // LANES
        start = vectors * LANES
        activation.forward(1, vectors, constants, z, a_out)
        if start < n:
            last = load_first(first + start, n - start)
            activation.forward(1, 1, constants, &last, &last)
            store(out + start, last, n - start)
        return
    while start < n_rows:
        rows = min(n_rows - start, <Py_ssize_t>(PLAIN_VECTORS * LANES))
        vectors = vectors_of(rows)
        pack_rows(width, vectors, rows, first + start * width, width, NULL, <real*>block)
        activation.forward(width, vectors, constants, block, block + width * vectors)
        transpose(width, rows, <const real*>(block + width * vectors), vectors * LANES, NULL,
                  out + start * width, width)
        start += rows


cdef void plain_slopes(const Activation* activation, const double* constants, Py_ssize_t n,
                       const void* z, void* slopes_out) noexcept nogil:
    # slopes = da/dz of an elementwise activation; they may take the place of z
    # z, slopes: (n,)
    cdef lanes before[COPIED]
    cdef lanes after[COPIED]
    cdef lanes slopes[COPIED]
    cdef const lanes* kept = after
    cdef Py_ssize_t vectors, k, offset, start = 0
    if activation.reads == c"z":
        kept = before
    while start < n:
        vectors = min(<Py_ssize_t>COPIED, vectors_of(n - start))
        for k in range(vectors):
            offset = start + k * LANES
            before[k] = load_first(<const real*>z + offset, n - offset)
            slopes[k] = splat(1)
        activation.forward(1, vectors, constants, before, after)
        activation.backward(1, vectors, constants, kept, slopes)
        for k in range(vectors):
            offset = start + k * LANES
            store(<real*>slopes_out + offset, slopes[k], n - offset)
        start += vectors * LANES


cdef void plain_outputs(const Plan* plan, const Samples* samples, Py_ssize_t n_samples,
                        double scale, void* workspace, void* delta_out,
                        Sums* sums_out) noexcept nogil:
    # sums += loss of samples whose last layer, the plan's only one, has z = X;
    # delta = scale dloss/dz, which may take the place of X
    # X, delta: (n_samples, n_out), block: the workspace, of (plan.features, vectors)
    cdef const Layer* last = plan.layers
    cdef Py_ssize_t n_out = last.n_out
    cdef lanes* block = <lanes*>workspace
    cdef lanes* delta
    cdef Py_ssize_t rows, vectors, k, start = 0
    while start < n_samples:
        rows = min(plan.block_rows, n_samples - start)
        vectors = vectors_of(rows)
        pack_rows(n_out, vectors, rows, <const real*>samples.X + start * n_out, n_out, NULL,
                  <real*>(block + last.block.z * vectors))
        last.activation.forward(n_out, vectors, last.constants, block + last.block.z * vectors,
                                block + last.block.a * vectors)
        pack_targets(plan, samples, start, vectors, rows, NULL, block)
        block_loss_and_delta(plan, samples, vectors, rows, NULL, True, block, sums_out)
        delta = block + last.block.delta * vectors
        for k in range(n_out * vectors):
            delta[k] = delta[k] * splat(<real>scale)
        transpose(n_out, rows, <const real*>delta, vectors * LANES, NULL,
                  <real*>delta_out + start * n_out, n_out)
        start += rows


cdef void plain_update(const Update* update, Py_ssize_t n, const double* scalars,
                       const void* gradient, void* states_out, void* parameters_out) noexcept nogil:
    # parameters, states = the update rule's
    # gradient, parameters: (n,), states: (n_states, n), scalars: (MAX_SCALARS,)
    cdef lanes g[COPIED]
    cdef lanes p[(1 + MAX_STATES) * COPIED]
    cdef Py_ssize_t stride = COPIED * LANES
    cdef Py_ssize_t size, start = 0
    cdef int k
    memset(g, 0, sizeof(g))
    memset(p, 0, sizeof(p))
    while start < n:
        size = min(stride, n - start)
        memcpy(g, <const real*>gradient + start, size * sizeof(real))
        memcpy(p, <real*>parameters_out + start, size * sizeof(real))
        for k in range(update.n_states):
            memcpy(p + (k + 1) * COPIED, <real*>states_out + k * n + start, size * sizeof(real))
        update.update(0, size, stride, scalars, g, p)
        memcpy(<real*>parameters_out + start, p, size * sizeof(real))
        for k in range(update.n_states):
            memcpy(<real*>states_out + k * n + start, p + (k + 1) * COPIED, size * sizeof(real))
        start += size
