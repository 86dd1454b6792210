# How units settle: their values are computed from each other again and again, until those of a
# sample change no more. These are kept: so its bits depend on no other sample.

cdef struct Equation:
    # x = value(drive + x @ w); with slopes, that of the errors: x = slopes (x @ w.T) + drive
    # w: (n, n); drive, slopes, z: (n, vectors)
    Py_ssize_t n
    Py_ssize_t vectors
    const real* w
    const lanes* drive
    const lanes* slopes
    const Layer* layer
    const Recurrence* recurrence
    lanes* z


cdef struct Settling:
    # Of each sample whether it has not settled, 1 or 0; how many iterations it took; and the
    # largest change of the last one.
    lanes[SETTLING_VECTORS] open_
    lanes[SETTLING_VECTORS] iterations
    lanes[SETTLING_VECTORS] changes


# A copy of product_from for each direction and number of vectors: so what is NULL, the stride of 1
# and most addresses are constants.

cdef void product_forward(Py_ssize_t n_sum, Py_ssize_t n_rows, Py_ssize_t vectors, const lanes* x,
                          const real* w, Py_ssize_t n, const lanes* start,
                          lanes* z_out) noexcept nogil:
    # z[j, v] = start[j, v] + sum_k x[k, v] w[k, j]
    # x: (n_sum, vectors), start, z: (n_rows, vectors), w: (n_sum, n_rows), n apart
    if vectors == 1:
        product_from(SETTLING_TILE, n_sum, n_rows, 1, x, w, n, 1, NULL, start, NULL, z_out)
    else:
        product_from(SETTLING_TILE, n_sum, n_rows, SETTLING_VECTORS, x, w, n, 1, NULL, start, NULL,
                     z_out)


cdef void product_back(Py_ssize_t n_sum, Py_ssize_t n_rows, Py_ssize_t vectors, const lanes* x,
                       const real* w, Py_ssize_t n, const lanes* start, const lanes* scale,
                       lanes* y_out) noexcept nogil:
    # y[j, v] = start[j, v] + scale[j, v] sum_k x[k, v] w[j, k]
    # x: (n_sum, vectors), start, scale, y: (n_rows, vectors), w: (n_rows, n_sum), n apart
    if vectors == 1:
        product_from(SETTLING_TILE, n_sum, n_rows, 1, x, w, 1, n, NULL, start, scale, y_out)
    else:
        product_from(SETTLING_TILE, n_sum, n_rows, SETTLING_VECTORS, x, w, 1, n, NULL, start, scale,
                     y_out)


cdef void product_of_rows(const Equation* e, Py_ssize_t low, Py_ssize_t high, Py_ssize_t j,
                          Py_ssize_t n_rows, const lanes* x, lanes* out) noexcept nogil:
    # rows j..j+n_rows-1 of recurrent_product, whose sums go over low..high-1
    # x, out: (n, vectors), w: (n, n)
    cdef Py_ssize_t first = j * e.vectors
    if e.slopes != NULL:
        product_back(high - low, n_rows, e.vectors, x + low * e.vectors, e.w + j * e.n + low, e.n,
                     e.drive + first, e.slopes + first, out + first)
    else:
        product_forward(high - low, n_rows, e.vectors, x + low * e.vectors, e.w + low * e.n + j,
                        e.n, e.drive + first, out + first)


cdef void recurrent_product(const Equation* e, const lanes* x, lanes* out) noexcept nogil:
    # out = drive + x @ w; of the errors drive + slopes (x @ w.T). Sums leave out what is not
    # connected.
    # x, out: (n, vectors), w: (n, n)
    cdef const Recurrence* r = e.recurrence
    cdef const Py_ssize_t* first = r.first_target if e.slopes != NULL else r.first_source
    cdef const Py_ssize_t* stop = r.stop_target if e.slopes != NULL else r.stop_source
    cdef Py_ssize_t j = 0
    cdef Py_ssize_t k, left, low, high
    if first == NULL:
        product_of_rows(e, 0, e.n, 0, e.n, x, out)
        return
    while j < e.n:
        left = min(<Py_ssize_t>SETTLING_TILE, e.n - j)
        low, high = e.n, 0
        for k in range(j, j + left):
            low, high = min(low, first[k]), max(high, stop[k])
        product_of_rows(e, min(low, high), high, j, left, x, out)
        j += left


cdef inline void right_side(const Equation* e, const lanes* x, lanes* x_out) noexcept nogil:
    # x_out = the equation's right side
    # x, x_out: (n, vectors)
    cdef lanes* z = x_out
    if e.slopes != NULL:
        recurrent_product(e, x, x_out)
        return
    if e.z != NULL:
        z = e.z
    recurrent_product(e, x, z)
    e.layer.activation.forward(e.n, e.vectors, e.layer.constants, z, x_out)


cdef inline void largest_changes_of(const int width, Py_ssize_t n, const lanes* x,
                                    const lanes* found, lanes* changes_out) noexcept nogil:
    # changes[v] = max_j |found[j, v] - x[j, v]|; even and odd j apart, so that they need not wait
    # x, found: (n, width), changes: (width,)
    cdef lanes even[SETTLING_VECTORS]
    cdef lanes odd[SETTLING_VECTORS]
    cdef Py_ssize_t j = 0
    cdef int v
    for v in range(width):
        even[v] = odd[v] = splat(0)
    while j + 2 <= n:
        for v in range(width):
            even[v] = larger_size(even[v], absolute(found[v] - x[v]))
            odd[v] = larger_size(odd[v], absolute(found[width + v] - x[width + v]))
        x += 2 * width
        found += 2 * width
        j += 2
    for v in range(width):
        if j < n:
            odd[v] = larger_size(odd[v], absolute(found[v] - x[v]))
        changes_out[v] = larger_size(even[v], odd[v])


cdef inline void largest_changes(Py_ssize_t vectors, Py_ssize_t n, const lanes* x,
                                 const lanes* found, lanes* changes_out) noexcept nogil:
    # as largest_changes_of, for as many vectors as a block has
    # x, found: (n, vectors), changes: (vectors,)
    if vectors == 1:
        largest_changes_of(1, n, x, found, changes_out)
    else:
        largest_changes_of(SETTLING_VECTORS, n, x, found, changes_out)


cdef inline bint some_settle(Py_ssize_t vectors, const lanes* changes,
                             const lanes* limits) noexcept nogil:
    # whether the change of some sample is not above its limit
    # changes, limits: (vectors,)
    cdef unsigned int found = 0
    cdef Py_ssize_t v
    for v in range(vectors):
        found |= lanes_up_to(changes[v], limits[v])
    return found != 0


cdef void note(Py_ssize_t vectors, const lanes* chosen, Py_ssize_t iterations,
               const lanes* changes, Settling* settling) noexcept nogil:
    # writes down the iterations and the last change of the samples where chosen is 1
    # chosen, changes: (vectors,)
    cdef lanes count = splat(<real>iterations)
    cdef Py_ssize_t v
    for v in range(vectors):
        settling.iterations[v] = select_equal(chosen[v], splat(1), count, settling.iterations[v])
        settling.changes[v] = select_equal(chosen[v], splat(1), changes[v], settling.changes[v])


cdef bint close(Py_ssize_t vectors, const lanes* changes, lanes* limits, lanes* settled_out,
                Settling* settling) noexcept nogil:
    # settled: 1 where the change is not above the limit, else 0; there the limit becomes -1, so
    # that the sample is not found again. Returns whether any sample is still open.
    # changes, limits, settled: (vectors,)
    cdef lanes n_open = splat(0)
    cdef Py_ssize_t v
    for v in range(vectors):
        settled_out[v] = select_up_to(changes[v], limits[v], splat(1), splat(0))
        limits[v] = select_equal(settled_out[v], splat(1), splat(-1), limits[v])
        settling.open_[v] = settling.open_[v] - settled_out[v]
        n_open = n_open + settling.open_[v]
    return lane_sum(n_open) != 0


cdef void keep_vector(Py_ssize_t n, Py_ssize_t vectors, Py_ssize_t v, lanes chosen,
                      const lanes* values, lanes* x_out) noexcept nogil:
    # x = values of the samples that are chosen by a 1, of one vector
    # values, x: (n, vectors)
    cdef bits mask = bits_where_equal(chosen, splat(1))
    cdef Py_ssize_t k
    for k from v <= k < n * vectors by vectors:
        x_out[k] = select_bits(mask, values[k], x_out[k])


cdef void keep(Py_ssize_t n, Py_ssize_t vectors, const lanes* chosen, const lanes* values,
               lanes* x_out) noexcept nogil:
    # as keep_vector, of all vectors
    # chosen: (vectors,), values, x: (n, vectors)
    cdef Py_ssize_t v
    for v in range(vectors):
        keep_vector(n, vectors, v, chosen[v], values, x_out)


cdef void relax(Py_ssize_t n, double damping, const lanes* found, lanes* values) noexcept nogil:
    # values += damping (found - values)
    # found, values: (n,)
    cdef lanes share = splat(<real>damping)
    cdef Py_ssize_t k
    for k in range(n):
        values[k] = values[k] + share * (found[k] - values[k])


cdef void accelerate(const Equation* e, const Solver* solver, Py_ssize_t iteration,
                     const lanes* changes, const lanes* found, lanes* values, lanes* past,
                     lanes* best, lanes* since) noexcept nogil:
    # values = Anderson's step from them; the past is forgotten where the smallest change so far,
    # the best, is older than the memory
    # changes, best, since: (vectors,), found, values: (n, vectors), past: as of accelerated_step
    cdef lanes zero = splat(0)
    cdef lanes patience = splat(<real>solver.memory)
    cdef lanes stuck
    cdef Py_ssize_t v
    for v in range(e.vectors):
        if iteration == 0:
            best[v] = changes[v]
            since[v] = zero
        since[v] = select_less(changes[v], best[v], zero, since[v] + splat(1))
        best[v] = at_most(best[v], changes[v])
        stuck = select_less(patience, since[v], splat(1), zero)
        if lane_sum(stuck) != 0:
            forget(e.n, e.vectors, v, solver.memory, stuck, found, values, past)
            since[v] = select_equal(stuck, zero, since[v], zero)
            best[v] = select_equal(stuck, zero, best[v], changes[v])
        accelerated_step(e.n, e.vectors, v, iteration, solver.memory,
                         splat(<real>solver.damping), found, values, past)


cdef void settle(const Equation* e, const Solver* solver, lanes* limits, lanes* values,
                 lanes* found, lanes* past, lanes* x_out, Settling* settling_out) noexcept nogil:
    # x = the fixed point, which is looked for from `values` on. A sample's is taken in the first
    # iteration whose change is not above its limit, or in the last one; its limit is -1 then. Of
    # units what that iteration found is taken: these are values of the activation, from which
    # slopes are told. Errors are those that the iteration would not have changed. Samples that have
    # settled go on with the others for nothing: that costs less than to leave them out.
    # limits: (vectors,), values, found, x: (n, vectors), past: as of accelerated_step
    cdef lanes changes[SETTLING_VECTORS]
    cdef lanes settled[SETTLING_VECTORS]
    cdef lanes best[SETTLING_VECTORS]
    cdef lanes since[SETTLING_VECTORS]
    cdef Py_ssize_t v, iteration
    cdef bint others
    for v in range(e.vectors):
        settling_out.open_[v] = splat(1)
    for iteration in range(solver.max_iterations):
        right_side(e, values, found)
        largest_changes(e.vectors, e.n, values, found, changes)
        if some_settle(e.vectors, changes, limits):
            others = close(e.vectors, changes, limits, settled, settling_out)
            keep(e.n, e.vectors, settled, found if e.slopes == NULL else values, x_out)
            note(e.vectors, settled, iteration + 1, changes, settling_out)
            if not others:
                return
        if iteration + 1 == solver.max_iterations:
            break
        if solver.kind == ANDERSON:
            accelerate(e, solver, iteration, changes, found, values, past, best, since)
        elif solver.damping == 1:
            values, found = found, values
        else:
            relax(e.n * e.vectors, solver.damping, found, values)
    keep(e.n, e.vectors, settling_out.open_, found, x_out)
    note(e.vectors, settling_out.open_, solver.max_iterations, changes, settling_out)
