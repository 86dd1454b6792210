# Dense layers with units on the lanes: rows of samples, row-major, times weights, as tiles of
# TILE_ROWS rows by TILE_COLUMNS vectors. One tile does all three products: they differ in
# where the factor that is broadcast is read, and that is a Factor.

cdef struct Factor:
    # number (r, k) is base[rows[r] * row_stride + sums[k] * sum_stride]; `rows` or `sums` may
    # be NULL: in order
    const real* base
    Py_ssize_t row_stride
    Py_ssize_t sum_stride
    const Py_ssize_t* rows
    const Py_ssize_t* sums


cdef inline Py_ssize_t vectors_of(Py_ssize_t n) noexcept nogil:
    # how many vectors hold n numbers
    return (n + LANES - 1) // LANES


cdef inline Py_ssize_t whole_vectors(Py_ssize_t n) noexcept nogil:
    # n, rounded up to whole vectors
    return vectors_of(n) * LANES


cdef inline void wide_tile(const int rows, const int columns, const bint indexed, Py_ssize_t n_sum,
                           const Factor* x, Py_ssize_t first, Py_ssize_t skip, const real* w,
                           Py_ssize_t w_stride, const real* start, Py_ssize_t start_stride,
                           real* y_out, Py_ssize_t y_stride) noexcept nogil:
    # y[r, c] = start[r, c] + sum_k x[first + r, skip + k] w[k, c]
    # x: (rows, n_sum), w: (n_sum, columns), start: (rows, columns) or NULL, y: (rows, columns)
    cdef lanes total[TILE_ROWS][TILE_COLUMNS]
    cdef lanes weight[TILE_COLUMNS]
    cdef const real* row[TILE_ROWS]
    cdef lanes value
    cdef Py_ssize_t k, offset
    cdef int r, c
    for r in range(rows):
        row[r] = x.base + x.row_stride * (
            x.rows[first + r] if x.rows != NULL else first + r)
        for c in range(columns):
            total[r][c] = splat(0)
            if start != NULL:
                total[r][c] = load(start + r * start_stride + c * LANES)
    for k in range(skip, skip + n_sum):
        offset = (x.sums[k] if indexed else k) * x.sum_stride
        for c in range(columns):
            weight[c] = load(w + c * LANES)
        for r in range(rows):
            value = splat(row[r][offset])
            for c in range(columns):
                total[r][c] = total[r][c] + value * weight[c]
        w += w_stride
    # Nothing but stores here: with a choice of what to do, compilers spill within the loop.
    for r in range(rows):
        for c in range(columns):
            store(y_out + r * y_stride + c * LANES, total[r][c], LANES)


cdef inline void wide_rows(const int rows, const int columns, const bint indexed, Py_ssize_t n_sum,
                           const Factor* x, Py_ssize_t first, Py_ssize_t skip, const real* w,
                           Py_ssize_t w_stride, const real* start, Py_ssize_t start_stride,
                           Py_ssize_t width, real* y_out, Py_ssize_t y_stride) noexcept nogil:
    # as wide_tile, without writing past the width
    # x: (rows, n_sum), w: (n_sum, width), start: (rows, width) or NULL, y: (rows, width)
    cdef real whole[TILE_ROWS * PANEL]
    cdef bint fits = width >= columns * LANES
    cdef int r, c
    wide_tile(rows, columns, indexed, n_sum, x, first, skip, w, w_stride, start, start_stride,
              y_out if fits else whole, y_stride if fits else PANEL)
    if fits:
        return
    for r in range(rows):
        for c in range(columns):
            store(y_out + r * y_stride + c * LANES, load(whole + r * PANEL + c * LANES),
                  width - c * LANES)


cdef inline void wide_strip(const int columns, const bint indexed, Py_ssize_t n_rows,
                            Py_ssize_t n_sum, const Factor* x, Py_ssize_t skip, const real* w,
                            Py_ssize_t w_stride, const real* start, Py_ssize_t start_stride,
                            Py_ssize_t width, real* y_out, Py_ssize_t y_stride) noexcept nogil:
    # as wide_rows, for any number of rows
    # x: (n_rows, n_sum), w: (n_sum, width), start: (n_rows, width) or NULL, y: (n_rows, width)
    cdef Py_ssize_t r = 0
    cdef Py_ssize_t left
    while r < n_rows:
        left = n_rows - r
        if left >= TILE_ROWS:
            wide_rows(TILE_ROWS, columns, indexed, n_sum, x, r, skip, w, w_stride, start,
                      start_stride, width, y_out, y_stride)
            left = TILE_ROWS
        elif left >= 4:
            wide_rows(4, columns, indexed, n_sum, x, r, skip, w, w_stride, start, start_stride,
                      width, y_out, y_stride)
            left = 4
        elif left >= 2:
            wide_rows(2, columns, indexed, n_sum, x, r, skip, w, w_stride, start, start_stride,
                      width, y_out, y_stride)
            left = 2
        else:
            wide_rows(1, columns, indexed, n_sum, x, r, skip, w, w_stride, start, start_stride,
                      width, y_out, y_stride)
        r += left
        y_out += left * y_stride
        if start != NULL:
            start += left * start_stride


cdef inline void wide_panel(const bint indexed, Py_ssize_t n_rows, Py_ssize_t n_sum,
                            const Factor* x, Py_ssize_t skip, const real* w, Py_ssize_t w_stride,
                            const real* start, Py_ssize_t start_stride, Py_ssize_t width,
                            real* y_out, Py_ssize_t y_stride) noexcept nogil:
    # as wide_strip, for any number of columns up to a tile's
    # x: (n_rows, n_sum), w: (n_sum, width), y: (n_rows, width), width <= PANEL
    cdef Py_ssize_t columns = vectors_of(width)
    if columns == TILE_COLUMNS:
        wide_strip(TILE_COLUMNS, indexed, n_rows, n_sum, x, skip, w, w_stride, start, start_stride,
                   width, y_out, y_stride)
    elif TILE_COLUMNS > 3 and columns == 3:
        wide_strip(3, indexed, n_rows, n_sum, x, skip, w, w_stride, start, start_stride,
                   width, y_out, y_stride)
    elif TILE_COLUMNS > 2 and columns == 2:
        wide_strip(2, indexed, n_rows, n_sum, x, skip, w, w_stride, start, start_stride,
                   width, y_out, y_stride)
    else:
        wide_strip(1, indexed, n_rows, n_sum, x, skip, w, w_stride, start, start_stride,
                   width, y_out, y_stride)


cdef bint packing_pays(Py_ssize_t n_rows, Py_ssize_t stride) noexcept nogil:
    # whether a panel of weights is copied to be read in one stream
    # n_rows: how often it is read; stride: numbers between its rows
    return n_rows >= PACKED_ROWS and stride * <Py_ssize_t>sizeof(real) >= PACKED_STRIDE


cdef const real* packed_panel(Py_ssize_t n_sum, Py_ssize_t width, const real* w,
                              Py_ssize_t w_stride, bint transposed, real* panel) noexcept nogil:
    # panel[k, c] = w[k, c], or w[c, k] if `transposed`
    # w: (n_sum, width) or (width, n_sum), panel: (n_sum, whole vectors of width)
    cdef Py_ssize_t columns = whole_vectors(width)
    cdef Py_ssize_t k, c
    if transposed:
        transpose(width, n_sum, w, w_stride, NULL, panel, columns)
        return panel
    for k in range(n_sum):
        for c from 0 <= c < columns by LANES:
            store(panel + k * columns + c, load(w + k * w_stride + c), LANES)
    return panel


cdef void wide_product(Py_ssize_t n_rows, Py_ssize_t n_columns, Py_ssize_t n_sum, const Factor* x,
                       const real* w, Py_ssize_t w_stride, bint transposed, const real* biases,
                       bint add, bint padded, void* panel, real* y_out,
                       Py_ssize_t y_stride) noexcept nogil:
    # y[r, j] = biases[j] + sum_k x[r, k] w[k, j], or w[j, k] if `transposed`; `add`: added to y
    # x: (n_rows, n_sum), w: (n_sum, n_columns), y: (n_rows, n_columns); `padded`: rows of y may be
    # written up to a whole vector. w and biases may be read that far.
    cdef const real* part
    cdef const real* start
    cdef Py_ssize_t k, j, depth, width, stride, start_stride
    for k from 0 <= k < n_sum by PANEL_DEPTH:
        depth = min(<Py_ssize_t>PANEL_DEPTH, n_sum - k)
        for j from 0 <= j < n_columns by PANEL:
            width = min(<Py_ssize_t>PANEL, n_columns - j)
            if transposed:
                part = packed_panel(depth, width, w + j * w_stride + k, w_stride, True,
                                    <real*>panel)
                stride = whole_vectors(width)
            elif packing_pays(n_rows, w_stride):
                part = packed_panel(depth, width, w + k * w_stride + j, w_stride, False,
                                    <real*>panel)
                stride = whole_vectors(width)
            else:
                part = w + k * w_stride + j
                stride = w_stride
            start = biases + j if biases != NULL else NULL
            start_stride = 0
            if add or k > 0:
                start = y_out + j
                start_stride = y_stride
            if padded:
                width = whole_vectors(width)
            if x.sums != NULL:
                wide_panel(True, n_rows, depth, x, k, part, stride, start, start_stride, width,
                           y_out + j, y_stride)
            else:
                wide_panel(False, n_rows, depth, x, k, part, stride, start, start_stride, width,
                           y_out + j, y_stride)
