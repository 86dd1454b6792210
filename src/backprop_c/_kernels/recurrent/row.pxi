# One sample, with its units on the lanes: one-row predictions.

cdef enum:
    # Sums that are added up apart, so that additions need not wait for each other.
    APART = 4


cdef inline void row_onto(const int columns, Py_ssize_t n, const real* x, const real* w,
                          const real* drive, real* z_out) noexcept nogil:
    # z[c] = drive[c] + sum_i x[i] w[i, c]
    # x: (n,), w: (n, columns), n apart, drive, z: (columns,), in whole vectors
    cdef lanes total[APART][TILE_COLUMNS]
    cdef lanes value
    cdef Py_ssize_t i = 0
    cdef int c, p
    for c in range(columns):
        total[0][c] = load(drive + c * LANES)
        for p in range(1, APART):
            total[p][c] = splat(0)
    while i + APART <= n:
        for p in range(APART):
            value = splat(x[i + p])
            for c in range(columns):
                total[p][c] = total[p][c] + value * load(w + p * n + c * LANES)
        w += APART * n
        i += APART
    for i in range(i, n):
        value = splat(x[i])
        for c in range(columns):
            total[0][c] = total[0][c] + value * load(w + c * LANES)
        w += n
    for c in range(columns):
        store(z_out + c * LANES,
              (total[0][c] + total[1][c]) + (total[2][c] + total[3][c]), LANES)


cdef inline void recurrent_row(Py_ssize_t n, const real* x, const real* w, const real* drive,
                               real* z_out) noexcept nogil:
    # z = drive + x @ w
    # x, drive, z: (n,), in whole vectors, w: (n, n)
    cdef Py_ssize_t j = 0
    while j < n:
        if TILE_COLUMNS >= 2 and n - j > LANES:
            row_onto(2, n, x, w + j, drive + j, z_out + j)
            j += 2 * LANES
        else:
            row_onto(1, n, x, w + j, drive + j, z_out + j)
            j += LANES


cdef inline bint row_has_settled(Py_ssize_t n, lanes limit, const real* x,
                                 const real* found) noexcept nogil:
    # whether max_j |found[j] - x[j]| <= limit
    # x, found: (n,), in whole vectors
    cdef lanes largest = splat(0)
    cdef lanes size
    cdef Py_ssize_t j
    for j from 0 <= j < n by LANES:
        size = absolute(load(found + j) - load(x + j))
        if n - j < LANES:
            # Past the last unit there is anything.
            size = select_below(lane_numbers(), splat_bits(n - j), size, splat(0))
        largest = larger_size(largest, size)
    return lanes_up_to(largest, limit) == ALL_LANES


cdef void recurrent_row_predict(const Plan* plan, Py_ssize_t n_samples, const void* X,
                                const void* parameters, void* workspace,
                                void* a_out) noexcept nogil:
    # a_out = the outputs of X, row by row
    # X: (n_samples, n_in), a_out: (n_samples, n_out)
    cdef const Recurrence* r = plan.recurrence
    cdef const Layer* units = plan.layers + 1
    cdef const Layer* last = plan.layers + 2
    cdef const real* flat = <const real*>parameters
    cdef Weights weights
    cdef Py_ssize_t n = units.n_out
    cdef Py_ssize_t s, j, iteration
    cdef lanes damping = splat(<real>r.forward.damping)
    cdef lanes limit = splat(<real>r.forward.tolerance)
    cdef real* drive
    cdef real* values
    cdef real* found
    cdef real* outputs
    if r.forward.kind != RELAXATION:
        recurrent_predict(plan, n_samples, X, parameters, workspace, a_out)
        return
    weights = weights_that_count(plan, flat, workspace)
    for s in range(n_samples):
        drive = <real*>workspace + units.rows.z
        values = <real*>workspace + units.rows.a
        found = <real*>workspace + units.rows.delta
        row_forward(plan.layers[0].n_in, n, <const real*>X + s * plan.layers[0].n_in,
                    weights.from_inputs, flat + units.biases if units.biases >= 0 else NULL, drive)
        memset(values, 0, units.stride * sizeof(real))
        for iteration in range(r.forward.max_iterations):
            recurrent_row(n, values, weights.between, drive, found)
            units.activation.forward(units.stride // LANES, 1, units.constants, found, found)
            if (row_has_settled(n, limit, values, found)
                    or iteration + 1 == r.forward.max_iterations):
                break
            if r.forward.damping == 1:
                values, found = found, values
            else:
                for j from 0 <= j < n by LANES:
                    store(values + j,
                          load(values + j) + damping * (load(found + j) - load(values + j)), LANES)
        if last.n_in == 0:
            memcpy(<real*>a_out + s * last.n_out, found + n - last.n_out,
                   last.n_out * sizeof(real))
            continue
        outputs = <real*>workspace + last.rows.z
        row_forward(n, last.n_out, found, flat + last.weights,
                    flat + last.biases if last.biases >= 0 else NULL, outputs)
        row_outputs(last, True, outputs, <real*>workspace, <real*>a_out + s * last.n_out)
