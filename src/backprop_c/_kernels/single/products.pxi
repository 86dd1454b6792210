# Dense layers for one sample, outputs on the lanes: weights are read once, where they are.

cdef inline void row_tile(const int columns, Py_ssize_t n_in, Py_ssize_t n_out, const real* x,
                          const real* w, const real* biases, real* z_out) noexcept nogil:
    # z[c] = biases[c] + sum_i x[i] w[i, c]
    # x: (n_in,), w: (n_in, columns), n_out apart, biases: (columns,) or NULL, z: (columns,)
    cdef lanes total[TILE_COLUMNS]
    cdef lanes value
    cdef Py_ssize_t i
    cdef int c
    for c in range(columns):
        total[c] = load(biases + c * LANES) if biases != NULL else splat(0)
    for i in range(n_in):
        value = splat(x[i])
        for c in range(columns):
            total[c] = total[c] + value * load(w + c * LANES)
        w += n_out
    for c in range(columns):
        store(z_out + c * LANES, total[c], LANES)


cdef void row_forward(Py_ssize_t n_in, Py_ssize_t n_out, const real* x, const real* w,
                      const real* biases, real* z_out) noexcept nogil:
    # z = x @ w + biases
    # x: (n_in,), w: (n_in, n_out), biases: (n_out,) or NULL, z: (n_out,), in whole vectors
    cdef Py_ssize_t j = 0
    while j < n_out:
        if n_out - j > PANEL - LANES:
            row_tile(TILE_COLUMNS, n_in, n_out, x, w + j, biases + j if biases != NULL else NULL,
                     z_out + j)
            j += PANEL
        elif TILE_COLUMNS > 2 and n_out - j > LANES:
            row_tile(2, n_in, n_out, x, w + j, biases + j if biases != NULL else NULL, z_out + j)
            j += 2 * LANES
        else:
            row_tile(1, n_in, n_out, x, w + j, biases + j if biases != NULL else NULL, z_out + j)
            j += LANES


cdef inline void row_backward_inputs(Py_ssize_t n_in, Py_ssize_t n_out, const real* delta,
                                     const real* w, real* delta_out) noexcept nogil:
    # dloss/dx[i] = sum_j delta[j] w[i, j]
    # delta: (n_out,), w: (n_in, n_out), delta_out: (n_in,)
    cdef lanes total
    cdef real rest
    cdef Py_ssize_t i, j
    for i in range(n_in):
        total = splat(0)
        for j from 0 <= j < n_out - LANES + 1 by LANES:
            total = total + load(w + j) * load(delta + j)
        rest = lane_sum(total)
        for j in range(n_out // LANES * LANES, n_out):
            rest += w[j] * delta[j]
        delta_out[i] = rest
        w += n_out


cdef void row_backward_weights(Py_ssize_t n_in, Py_ssize_t n_out, const real* x, const real* delta,
                               real* gradient_out) noexcept nogil:
    # gradient[i, j] = x[i] delta[j]
    # x: (n_in,), delta: (n_out,), in whole vectors, gradient: (n_in, n_out)
    cdef Py_ssize_t whole = (n_out + LANES - 1) // LANES * LANES
    cdef Py_ssize_t i, j, left
    cdef Py_ssize_t n_whole = n_in
    cdef lanes value
    if LANES > 1:
        # What whole vectors write past their row, the next rows write anew; the last rows have
        # none after them.
        n_whole = max(0, (n_in + 1) * n_out - whole) // n_out
    for i in range(n_whole):
        value = splat(x[i])
        for j from 0 <= j < whole by LANES:
            store(gradient_out + j, value * load(delta + j), LANES)
        gradient_out += n_out
    if LANES == 1:
        return
    left = (n_in - n_whole) * n_out
    for i in range(n_whole, n_in):
        value = splat(x[i])
        for j from 0 <= j < n_out by LANES:
            store(gradient_out + j, value * load(delta + j), min(n_out - j, left - j))
        gradient_out += n_out
        left -= n_out


cdef void row_backward_biases(Py_ssize_t n_out, const real* delta,
                              real* gradient_out) noexcept nogil:
    # gradient[j] = delta[j]
    # delta, gradient: (n_out,)
    cdef Py_ssize_t j
    for j from 0 <= j < n_out by LANES:
        store(gradient_out + j, load(delta + j), n_out - j)
