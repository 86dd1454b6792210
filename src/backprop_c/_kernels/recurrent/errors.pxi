# Recurrent backpropagation, after L. B. Almeida and F. J. Pineda (1987): the errors y, which are
# dloss/dz of all units, settle as the units did, in the network whose connections run backward.
# They start from what the loss says of the outputs.

cdef void direct_errors(const Equation* e, Py_ssize_t rows, void* workspace,
                        lanes* y) noexcept nogil:
    # y = the solution of y - slopes (y @ w.T) = drive, of each sample, by LAPACK; NaN where there
    # is none
    # w: (n, n), slopes, drive, y: (n, vectors)
    cdef const Recurrence* r = e.recurrence
    cdef real* matrix = <real*>(<char*>workspace + r.matrix_at)
    cdef real* right = matrix + e.n * e.n
    cdef int* pivots = <int*>(right + e.n)
    cdef const real* slopes = <const real*>e.slopes
    cdef const real* drive = <const real*>e.drive
    cdef Py_ssize_t columns = e.vectors * LANES
    cdef int n = <int>e.n
    cdef int one = 1
    cdef int failed = 0
    cdef Py_ssize_t i, j, s
    for s in range(rows):
        # As LAPACK has it: column by column.
        for j in range(e.n):
            for i in range(e.n):
                matrix[j * e.n + i] = -slopes[i * columns + s] * e.w[i * e.n + j]
            matrix[j * e.n + j] += 1
            right[j] = drive[j * columns + s]
        r.solve(&n, &one, matrix, &n, pivots, right, &n, &failed)
        for j in range(e.n):
            (<real*>y)[j * columns + s] = right[j] if failed == 0 else <real>NAN


cdef void seed_of_errors(const Plan* plan, Py_ssize_t vectors, const real* parameters,
                         lanes* block, real* gradient_out) noexcept nogil:
    # seed = slopes dloss/ds, where s are the settled units; gradient += that of the readout
    # block: the workspace, of (plan.features, vectors), with the outputs' delta in it
    cdef const Recurrence* r = plan.recurrence
    cdef const Layer* units = plan.layers + 1
    cdef const Layer* last = plan.layers + 2
    cdef Py_ssize_t n = units.n_out
    cdef lanes* slopes = block + r.slopes * vectors
    cdef lanes* seed = block + r.seed * vectors
    cdef const lanes* delta = block + last.block.delta * vectors
    cdef const lanes* s = block + units.block.a * vectors
    cdef Py_ssize_t k
    for k in range(n * vectors):
        slopes[k] = splat(1)
    units.activation.backward(n, vectors, units.constants, block + units.block.kept * vectors,
                              slopes)
    if last.n_in == 0:
        # The outputs' delta is the end of the seed.
        memset(seed, 0, (n - last.n_out) * vectors * sizeof(lanes))
        return
    dense_backward_weights(n, last.n_out, vectors, s, delta, gradient_out + last.weights)
    if last.biases >= 0:
        dense_backward_biases(last.n_out, vectors, delta, gradient_out + last.biases)
    dense_backward_inputs(n, last.n_out, vectors, delta, parameters + last.weights, seed)
    for k in range(n * vectors):
        seed[k] = slopes[k] * seed[k]


cdef void recurrent_backward(const Plan* plan, Py_ssize_t vectors, Py_ssize_t rows,
                             const real* parameters, const Weights* weights, void* workspace,
                             real* gradient_out, Settling* settling_out) noexcept nogil:
    # y = slopes (y @ w.T) + seed; gradient += x.T @ y, s.T @ y, and the sum of y over the samples;
    # y = seed of samples whose last change is not below the largest size in the seed
    # block: the workspace, of (plan.features, vectors), with the outputs' delta in it
    cdef const Recurrence* r = plan.recurrence
    cdef const Layer* units = plan.layers + 1
    cdef Py_ssize_t n = units.n_out
    cdef lanes* block = <lanes*>workspace
    cdef lanes* y = block + r.drive * vectors
    cdef lanes* values = block + r.values * vectors
    cdef const lanes* seed = block + r.seed * vectors
    cdef lanes limits[SETTLING_VECTORS]
    cdef lanes sizes[SETTLING_VECTORS]
    cdef lanes changes[SETTLING_VECTORS]
    cdef lanes grown
    cdef Equation e
    cdef Py_ssize_t v
    seed_of_errors(plan, vectors, parameters, block, gradient_out)
    e = Equation(n, vectors, weights.between, seed, block + r.slopes * vectors, units, r, NULL)
    memset(y, 0, n * vectors * sizeof(lanes))
    if r.backward.kind == DIRECT:
        direct_errors(&e, rows, workspace, y)
        # 0, or NaN where there is no solution: then the seed is taken.
        largest_changes(vectors, n, y, y, changes)
        for v in range(vectors):
            settling_out.open_[v] = select_equal(changes[v], splat(0), splat(0), splat(1))
        keep(n, vectors, settling_out.open_, seed, y)
    else:
        # y is 0 here, so that the largest change is the seed's largest size.
        largest_changes(vectors, n, y, seed, sizes)
        for v in range(vectors):
            limits[v] = sizes[v] * splat(<real>r.backward.tolerance)
        memcpy(values, seed, n * vectors * sizeof(lanes))
        settle(&e, &r.backward, limits, values, block + r.next_values * vectors,
               block + r.past * vectors, y, settling_out)
        for v in range(vectors):
            # Where errors grow, there is nothing to settle at.
            grown = select_less(settling_out.changes[v], sizes[v], splat(0), settling_out.open_[v])
            if lane_sum(grown) != 0:
                keep_vector(n, vectors, v, grown, seed, y)
    dense_backward_weights(plan.layers[0].n_in, n, vectors, block, y,
                           gradient_out + plan.layers[0].weights)
    dense_backward_weights(n, n, vectors, block + units.block.a * vectors, y,
                           gradient_out + units.weights)
    if units.biases >= 0:
        dense_backward_biases(n, vectors, y, gradient_out + units.biases)
