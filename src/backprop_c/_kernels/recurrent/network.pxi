# A network whose units feed each other, many samples at a time: a block of them, feature-major, is
# let settle, and its errors after that, while all of it is in the first-level cache.

cdef void recurrent_forward(const Plan* plan, Py_ssize_t vectors, const real* parameters,
                            const Weights* weights, lanes* block,
                            Settling* settling_out) noexcept nogil:
    # s = value(x @ u + b + s @ w), settled from s = 0 on; a = the last of s, or
    # value(s @ readout + c)
    # block: the workspace, of (plan.features, vectors), with the inputs in it
    cdef const Recurrence* r = plan.recurrence
    cdef const Layer* units = plan.layers + 1
    cdef const Layer* last = plan.layers + 2
    cdef Py_ssize_t n = units.n_out
    cdef lanes* drive = block + r.drive * vectors
    cdef lanes* s = block + units.block.a * vectors
    cdef lanes* z = NULL
    cdef lanes limits[SETTLING_VECTORS]
    cdef Equation e
    cdef Py_ssize_t v
    if units.block.z != units.block.a:
        z = block + units.block.z * vectors
    for v in range(vectors):
        limits[v] = splat(<real>r.forward.tolerance)
    dense_forward(plan.layers[0].n_in, n, vectors, block, weights.from_inputs,
                  parameters + units.biases if units.biases >= 0 else NULL, drive)
    memset(block + r.values * vectors, 0, n * vectors * sizeof(lanes))
    e = Equation(n, vectors, weights.between, drive, NULL, units, r, z)
    settle(&e, &r.forward, limits, block + r.values * vectors, block + r.next_values * vectors,
           block + r.past * vectors, s, settling_out)
    if z != NULL:
        # z of the values that are kept: what is there is an iteration older, or another sample's.
        recurrent_product(&e, s, z)
    if last.n_in > 0:
        dense_forward(n, last.n_out, vectors, s, parameters + last.weights,
                      parameters + last.biases if last.biases >= 0 else NULL,
                      block + last.block.z * vectors)
        last.activation.forward(last.n_out, vectors, last.constants,
                                block + last.block.z * vectors, block + last.block.a * vectors)


cdef void add_settling(const Measures* measures, Py_ssize_t vectors, const lanes* sample_weights,
                       const Settling* forward, const Settling* backward,
                       Sums* sums_out) noexcept nogil:
    # sums += iterations and settled samples, beside the number of samples; and the largest change.
    # Samples without weight do not count.
    # sample_weights: (vectors,)
    cdef double* iterations = sums_out.metrics + measures.iterations_at
    cdef double* settled = sums_out.metrics + measures.settled_at
    cdef double* largest = sums_out.metrics + measures.largest_at
    cdef lanes zero = splat(0)
    cdef lanes counted, closed
    cdef lanes n_counted = zero
    cdef lanes n_closed = zero
    cdef lanes n_iterations = zero
    cdef lanes change = zero
    cdef Py_ssize_t v
    cdef int k
    for v in range(vectors):
        counted = select_equal(sample_weights[v], zero, zero, splat(1))
        closed = select_equal(forward.open_[v], zero, counted, zero)
        if backward != NULL:
            closed = select_equal(backward.open_[v], zero, closed, zero)
        n_counted = n_counted + counted
        n_closed = n_closed + closed
        n_iterations = n_iterations + counted * forward.iterations[v]
        change = larger_size(change, select_equal(counted, zero, zero, forward.changes[v]))
    iterations[0] += lane_sum(n_iterations)
    iterations[1] += lane_sum(n_counted)
    settled[0] += lane_sum(n_closed)
    settled[1] += lane_sum(n_counted)
    for k in range(LANES):
        # NaN is larger than all else, and stays.
        if largest[0] == largest[0] and not lane(change, k) <= largest[0]:
            largest[0] = lane(change, k)


cdef void recurrent_part(const Plan* plan, const Samples* samples, const Part* part,
                         const void* parameters, void* workspace, void* slab_rows,
                         void* gradient_out, Sums* sums_out) noexcept nogil:
    # sums += loss, weight and metrics of the samples; gradient += theirs
    # gradient: (n_parameters,), or NULL if deltas are not wanted, either
    cdef lanes* block = <lanes*>workspace
    cdef const real* flat = <const real*>parameters
    cdef real* gradient = <real*>gradient_out
    cdef const Measures* measures = part.measures
    cdef bint fresh = gradient != NULL and part.fresh
    cdef Weights weights = weights_that_count(plan, flat, workspace)
    cdef Settling forward, backward
    cdef Py_ssize_t start = part.start
    cdef Py_ssize_t rows, vectors
    cdef Factor inputs
    if fresh:
        memset(gradient, 0, plan.n_parameters * sizeof(real))
    while start < part.stop:
        rows = min(plan.block_rows, part.stop - start)
        vectors = vectors_of(rows)
        if not part.packed:
            inputs = inputs_of(plan, samples, start)
            pack_rows(plan.layers[0].n_in, vectors, rows, inputs.base, inputs.row_stride,
                      inputs.rows, <real*>block)
            pack_targets(plan, samples, start, vectors, rows, measures, block)
        recurrent_forward(plan, vectors, flat, &weights, block, &forward)
        block_loss_and_delta(plan, samples, vectors, rows, measures, gradient != NULL, block,
                             sums_out)
        if gradient != NULL:
            recurrent_backward(plan, vectors, rows, flat, &weights, workspace, gradient, &backward)
        if measures != NULL and measures.iterations_at >= 0:
            add_settling(measures, vectors, block + plan.sample_weights * vectors, &forward,
                         &backward if gradient != NULL else NULL, sums_out)
        start += rows
    if gradient != NULL:
        gradient_that_counts(plan, gradient)


cdef inline void settle_rows(const Plan* plan, Py_ssize_t rows, const real* X,
                             const real* parameters, const Weights* weights, lanes* block,
                             Settling* settling_out) noexcept nogil:
    # the block of some rows of X, settled
    # X: (rows, n_in), block: the workspace, of (plan.features, vectors)
    cdef Py_ssize_t vectors = vectors_of(rows)
    pack_rows(plan.layers[0].n_in, vectors, rows, X, plan.layers[0].n_in, NULL, <real*>block)
    recurrent_forward(plan, vectors, parameters, weights, block, settling_out)


cdef void recurrent_predict(const Plan* plan, Py_ssize_t n_samples, const void* X,
                            const void* parameters, void* workspace, void* a_out) noexcept nogil:
    # a_out = the outputs of X
    # X: (n_samples, n_in), a_out: (n_samples, n_out)
    cdef const Layer* last = plan.layers + 2
    cdef lanes* block = <lanes*>workspace
    cdef const real* flat = <const real*>parameters
    cdef Weights weights = weights_that_count(plan, flat, workspace)
    cdef Settling settling
    cdef Py_ssize_t start = 0
    cdef Py_ssize_t rows, vectors
    while start < n_samples:
        rows = min(plan.block_rows, n_samples - start)
        vectors = vectors_of(rows)
        settle_rows(plan, rows, <const real*>X + start * plan.layers[0].n_in, flat, &weights,
                    block, &settling)
        transpose(last.n_out, rows, <const real*>(block + last.block.a * vectors),
                  vectors * LANES, NULL, <real*>a_out + start * last.n_out, last.n_out)
        start += rows


cdef void settled_units(const Plan* plan, Py_ssize_t n_samples, const void* X,
                        const void* parameters, void* workspace, void* units_out,
                        double* iterations_out, double* changes_out) noexcept nogil:
    # the settled units of X; of each sample its iterations and the largest change of the last one
    # X: (n_samples, n_in), units: (n_samples, n_units), iterations, changes: (n_samples,)
    cdef const Layer* units = plan.layers + 1
    cdef lanes* block = <lanes*>workspace
    cdef const real* flat = <const real*>parameters
    cdef Weights weights = weights_that_count(plan, flat, workspace)
    cdef Settling settling
    cdef Py_ssize_t start = 0
    cdef Py_ssize_t rows, vectors, s
    while start < n_samples:
        rows = min(plan.block_rows, n_samples - start)
        vectors = vectors_of(rows)
        settle_rows(plan, rows, <const real*>X + start * plan.layers[0].n_in, flat, &weights,
                    block, &settling)
        transpose(units.n_out, rows, <const real*>(block + units.block.a * vectors),
                  vectors * LANES, NULL, <real*>units_out + start * units.n_out, units.n_out)
        for s in range(rows):
            iterations_out[start + s] = lane(settling.iterations[s // LANES], s % LANES)
            changes_out[start + s] = lane(settling.changes[s // LANES], s % LANES)
        start += rows
