# Between rows of samples and blocks with samples on the lanes.

cdef enum:
    # Columns that are transposed at a time.
    TRANSPOSED = 32


cdef inline void transpose_few(const int n_rows, Py_ssize_t n_columns, const real** rows,
                               real* y_out, Py_ssize_t y_stride) noexcept nogil:
    # y[c, r] = rows[r][c], where n_rows is less than QUAD
    # rows: (n_rows,) of (n_columns,), y: (n_columns, n_rows)
    cdef Py_ssize_t c
    cdef int r
    for c in range(n_columns):
        for r in range(n_rows):
            y_out[c * y_stride + r] = rows[r][c]


cdef inline void transpose_panel(Py_ssize_t n_rows, Py_ssize_t n_columns, const real* x,
                                 Py_ssize_t x_stride, const Py_ssize_t* order, real* y_out,
                                 Py_ssize_t y_stride) noexcept nogil:
    # y[c, r] = x[order[r], c]
    # x: (n_rows, n_columns), order: (n_rows,) or NULL, y: (n_columns, n_rows)
    cdef const real* row[QUAD]
    cdef Py_ssize_t r = 0
    cdef Py_ssize_t c
    cdef int k, left
    while r + QUAD <= n_rows:
        for k in range(QUAD):
            row[k] = x + (order[r + k] if order != NULL else r + k) * x_stride
        c = 0
        while c + QUAD <= n_columns:
            transpose_quad(row, y_out + c * y_stride + r, y_stride)
            for k in range(QUAD):
                row[k] += QUAD
            c += QUAD
        for c in range(c, n_columns):
            for k in range(QUAD):
                y_out[c * y_stride + r + k] = row[k][0]
                row[k] += 1
        r += QUAD
    left = n_rows - r
    for k in range(left):
        row[k] = x + (order[r + k] if order != NULL else r + k) * x_stride
    if left == 1:
        transpose_few(1, n_columns, row, y_out + r, y_stride)
    elif left == 2:
        transpose_few(2, n_columns, row, y_out + r, y_stride)
    elif left == 3:
        transpose_few(3, n_columns, row, y_out + r, y_stride)


cdef void transpose(Py_ssize_t n_rows, Py_ssize_t n_columns, const real* x, Py_ssize_t x_stride,
                    const Py_ssize_t* order, real* y_out, Py_ssize_t y_stride) noexcept nogil:
    # y[c, r] = x[order[r], c], by panels of columns: where y_stride is a power of two, rows of y
    # share few places of the first-level cache
    # x: (n_rows, n_columns), order: (n_rows,) or NULL, y: (n_columns, n_rows)
    cdef Py_ssize_t c
    for c from 0 <= c < n_columns by TRANSPOSED:
        transpose_panel(n_rows, min(<Py_ssize_t>TRANSPOSED, n_columns - c), x + c, x_stride, order,
                        y_out + c * y_stride, y_stride)


cdef void pack_rows(Py_ssize_t n_features, Py_ssize_t vectors, Py_ssize_t rows, const real* x,
                    Py_ssize_t x_stride, const Py_ssize_t* order,
                    real* block_out) noexcept nogil:
    # block[f, s] = x[order[s], f]; the lanes past the last sample repeat the first one, so that
    # they are as finite as a real sample
    # x: (n_samples, n_features), order: (rows,) or NULL, block: (n_features, vectors)
    cdef Py_ssize_t columns = vectors * LANES
    cdef Py_ssize_t s, f
    transpose(rows, n_features, x, x_stride, order, block_out, columns)
    for f in range(n_features):
        for s in range(rows, columns):
            block_out[f * columns + s] = block_out[f * columns]
