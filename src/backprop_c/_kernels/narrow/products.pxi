# Dense layers with samples on the lanes: a block is feature-major, (features, vectors) lanes.

cdef inline void product_tile(const int rows, const int width, Py_ssize_t n_sum,
                              Py_ssize_t vectors, const lanes* x, const real* w,
                              Py_ssize_t sum_stride, Py_ssize_t row_stride, const real* biases,
                              const lanes* start, const lanes* scale,
                              lanes* y_out) noexcept nogil:
    # y = start + scale * sum, or biases + sum, where sum[r, c] = sum_k w[k * sum_stride + r *
    # row_stride] x[k, c]; biases and start are never both given
    # x: (n_sum, vectors), start, scale, y: (rows, vectors), of which c < width columns are taken
    cdef lanes total[TILE][2]
    cdef lanes weight
    cdef Py_ssize_t k
    cdef int r, c
    for r in range(rows):
        for c in range(width):
            if start != NULL and scale == NULL:
                total[r][c] = start[r * vectors + c]
            else:
                total[r][c] = splat(biases[r]) if biases != NULL else splat(0)
    for k in range(n_sum):
        for r in range(rows):
            weight = splat(w[k * sum_stride + r * row_stride])
            for c in range(width):
                total[r][c] = total[r][c] + x[k * vectors + c] * weight
    for r in range(rows):
        for c in range(width):
            if scale != NULL:
                y_out[c] = scale[r * vectors + c] * total[r][c] + start[r * vectors + c]
            else:
                y_out[c] = total[r][c]
        y_out += vectors


cdef inline const lanes* behind(const lanes* block, Py_ssize_t n) noexcept nogil:
    # block + n, or NULL
    # block: (n,)
    return block + n if block != NULL else NULL


cdef inline void product_rows(const int rows, Py_ssize_t n_sum, Py_ssize_t vectors,
                              const lanes* x, const real* w, Py_ssize_t sum_stride,
                              Py_ssize_t row_stride, const real* biases, const lanes* start,
                              const lanes* scale, lanes* y_out) noexcept nogil:
    # as product_tile, for all columns: two at a time, and a last one
    # x: (n_sum, vectors), start, scale, y: (rows, vectors)
    cdef Py_ssize_t v = 0
    while v + 2 <= vectors:
        product_tile(rows, 2, n_sum, vectors, x + v, w, sum_stride, row_stride, biases,
                     behind(start, v), behind(scale, v), y_out + v)
        v += 2
    if v < vectors:
        product_tile(rows, 1, n_sum, vectors, x + v, w, sum_stride, row_stride, biases,
                     behind(start, v), behind(scale, v), y_out + v)


cdef inline void product_from(const int tile, Py_ssize_t n_sum, Py_ssize_t n_rows,
                              Py_ssize_t vectors, const lanes* x, const real* w,
                              Py_ssize_t sum_stride, Py_ssize_t row_stride, const real* biases,
                              const lanes* start, const lanes* scale,
                              lanes* y_out) noexcept nogil:
    # y[j, v] = biases[j] or start[j, v] + scale[j, v] sum_k w[k * sum_stride + j * row_stride]
    # x[k, v], for `tile` rows at a time, at most TILE; what is NULL is 0, a scale 1
    # x: (n_sum, vectors), start, scale, y: (n_rows, vectors), biases: (n_rows,)
    cdef Py_ssize_t j = 0
    cdef Py_ssize_t left
    cdef const real* b = biases
    while j < n_rows:
        left = n_rows - j
        if left >= tile:
            product_rows(tile, n_sum, vectors, x, w, sum_stride, row_stride, b, start, scale, y_out)
            left = tile
        elif left >= 4:
            product_rows(4, n_sum, vectors, x, w, sum_stride, row_stride, b, start, scale, y_out)
            left = 4
        elif left == 3:
            product_rows(3, n_sum, vectors, x, w, sum_stride, row_stride, b, start, scale, y_out)
        elif left == 2:
            product_rows(2, n_sum, vectors, x, w, sum_stride, row_stride, b, start, scale, y_out)
        else:
            product_rows(1, n_sum, vectors, x, w, sum_stride, row_stride, b, start, scale, y_out)
        j += left
        w += left * row_stride
        y_out += left * vectors
        start, scale = behind(start, left * vectors), behind(scale, left * vectors)
        if b != NULL:
            b += left


cdef void product(Py_ssize_t n_sum, Py_ssize_t n_rows, Py_ssize_t vectors, const lanes* x,
                  const real* w, Py_ssize_t sum_stride, Py_ssize_t row_stride,
                  const real* biases, lanes* y_out) noexcept nogil:
    # y[j, v] = biases[j] + sum_k w[k * sum_stride + j * row_stride] x[k, v]
    # x: (n_sum, vectors), y: (n_rows, vectors), biases: (n_rows,) or NULL
    product_from(TILE, n_sum, n_rows, vectors, x, w, sum_stride, row_stride, biases, NULL, NULL,
                 y_out)


cdef void dense_forward(Py_ssize_t n_in, Py_ssize_t n_out, Py_ssize_t vectors, const lanes* x,
                        const real* weights, const real* biases, lanes* z_out) noexcept nogil:
    # z = x @ weights + biases
    # x: (n_in, vectors), weights: (n_in, n_out), biases: (n_out,) or NULL, z: (n_out, vectors)
    product(n_in, n_out, vectors, x, weights, n_out, 1, biases, z_out)


cdef void dense_backward_inputs(Py_ssize_t n_in, Py_ssize_t n_out, Py_ssize_t vectors,
                                const lanes* delta, const real* weights,
                                lanes* delta_out) noexcept nogil:
    # dloss/dx = delta @ weights.T
    # delta: (n_out, vectors), weights: (n_in, n_out), delta_out: (n_in, vectors)
    product(n_out, n_in, vectors, delta, weights, 1, n_out, NULL, delta_out)


cdef inline void gradient_tile(const int inputs, const int outputs, Py_ssize_t vectors,
                               Py_ssize_t stride, const lanes* x, const lanes* delta,
                               Py_ssize_t gradient_stride, real* gradient_out) noexcept nogil:
    # gradient[i, j] += sum over samples of x[i] delta[j]
    # x: (inputs, vectors), delta: (outputs, vectors), both `stride` apart, gradient: (inputs,
    # outputs)
    cdef lanes total[TILE_INPUTS * TILE_OUTPUTS]
    cdef real sums[TILE_INPUTS * TILE_OUTPUTS]
    cdef Py_ssize_t v, at
    cdef int i, j, k
    for k in range(inputs * outputs):
        total[k] = splat(0)
        sums[k] = 0
    for v in range(vectors):
        for i in range(inputs):
            for j in range(outputs):
                k = i * outputs + j
                total[k] = total[k] + x[i * stride + v] * delta[j * stride + v]
    if outputs % QUAD == 0:
        for i in range(inputs):
            for j in range(0, outputs // QUAD):
                add_lane_sums(gradient_out + i * gradient_stride + j * QUAD,
                              &total[i * outputs + j * QUAD])
        return
    for k in range(0, inputs * outputs // QUAD):
        add_lane_sums(sums + k * QUAD, &total[k * QUAD])
    for k in range(inputs * outputs // QUAD * QUAD, inputs * outputs):
        sums[k] = lane_sum(total[k])
    for i in range(inputs):
        for j in range(outputs):
            at = i * gradient_stride + j
            gradient_out[at] = gradient_out[at] + sums[i * outputs + j]


cdef inline void gradient_rows(const int inputs, Py_ssize_t n_out, Py_ssize_t vectors,
                               Py_ssize_t stride, const lanes* x, const lanes* delta,
                               Py_ssize_t gradient_stride, real* gradient_out) noexcept nogil:
    # as gradient_tile, for all outputs
    # x: (inputs, vectors), delta: (n_out, vectors), gradient: (inputs, n_out)
    cdef Py_ssize_t j = 0
    while j + TILE_OUTPUTS <= n_out:
        gradient_tile(inputs, TILE_OUTPUTS, vectors, stride, x, delta + j * stride,
                      gradient_stride, gradient_out + j)
        j += TILE_OUTPUTS
    if j + 2 <= n_out:
        gradient_tile(inputs, 2, vectors, stride, x, delta + j * stride, gradient_stride,
                      gradient_out + j)
        j += 2
    if j < n_out:
        gradient_tile(inputs, 1, vectors, stride, x, delta + j * stride, gradient_stride,
                      gradient_out + j)


cdef void dense_backward_weights(Py_ssize_t n_in, Py_ssize_t n_out, Py_ssize_t vectors,
                                 const lanes* x, const lanes* delta,
                                 real* gradient_out) noexcept nogil:
    # gradient += x.T @ delta
    # x: (n_in, vectors), delta: (n_out, vectors), gradient: (n_in, n_out)
    cdef Py_ssize_t i = 0
    while i + TILE_INPUTS <= n_in:
        gradient_rows(TILE_INPUTS, n_out, vectors, vectors, x + i * vectors, delta, n_out,
                      gradient_out + i * n_out)
        i += TILE_INPUTS
    while i < n_in:
        gradient_rows(1, n_out, vectors, vectors, x + i * vectors, delta, n_out,
                      gradient_out + i * n_out)
        i += 1


cdef void dense_backward_biases(Py_ssize_t n_out, Py_ssize_t vectors, const lanes* delta,
                                real* gradient_out) noexcept nogil:
    # gradient += sum over samples of delta
    # delta: (n_out, vectors), gradient: (n_out,)
    cdef lanes total
    cdef Py_ssize_t j, v
    for j in range(n_out):
        total = splat(0)
        for v in range(vectors):
            total = total + delta[j * vectors + v]
        gradient_out[j] = gradient_out[j] + lane_sum(total)
