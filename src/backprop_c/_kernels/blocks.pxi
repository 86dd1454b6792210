# Blocks of samples: from the user's rows to feature-major lanes, forward and backward through
# all layers while the block is in the first-level cache, and on to the next.

cdef inline Py_ssize_t block_rows(const Plan* plan) noexcept nogil:
    # samples in a block
    return plan.block_vectors * LANES


cdef inline Py_ssize_t row_of(const Samples* samples, Py_ssize_t s) noexcept nogil:
    # the row of X and y that is sample s of the epoch
    return samples.order[s] if samples.order != NULL else s


cdef inline void pack_row(Py_ssize_t n_features, const real* row, lanes* block_out) noexcept nogil:
    # block[f] = row[f] in all lanes: a vector load would wait for stores of single numbers
    # row: (n_features,), block: (n_features, 1)
    cdef Py_ssize_t f
    for f in range(n_features):
        block_out[f] = splat(row[f])


cdef void pack_rows(Py_ssize_t n_features, Py_ssize_t vectors, Py_ssize_t rows,
                    const real* rows_in, const Py_ssize_t* order, real* block_out) noexcept nogil:
    # block[f, s] = rows_in[order[s], f]; the lanes past the last sample repeat the first one,
    # so that they are as finite as a real sample
    # rows_in: (n_samples, n_features), order: (rows,) or NULL, block: (n_features, vectors)
    cdef Py_ssize_t columns = vectors * LANES
    cdef Py_ssize_t s, f, sample
    cdef const real* row
    for s in range(columns):
        sample = s if s < rows else 0
        row = rows_in + (order[sample] if order != NULL else sample) * n_features
        for f in range(n_features):
            block_out[f * columns + s] = row[f]


cdef Py_ssize_t class_of(Py_ssize_t n_out, Py_ssize_t stride, const real* targets) noexcept nogil:
    # the first largest target; of one target, whether it is above 1/2
    # targets: (n_out,), stride apart
    cdef Py_ssize_t j, best = 0
    if n_out == 1:
        return targets[0] > <real>0.5
    for j in range(1, n_out):
        if targets[j * stride] > targets[best * stride]:
            best = j
    return best


cdef void pack_targets(const Plan* plan, const Samples* samples, Py_ssize_t start,
                       Py_ssize_t vectors, Py_ssize_t rows, bint labels_wanted,
                       lanes* block_out) noexcept nogil:
    # targets[j, s] = y[row, j], or 1 where j is the label; sample_weights[s] = 0 past the last
    # block: the workspace, of (plan.features, vectors)
    cdef Py_ssize_t columns = vectors * LANES
    cdef Py_ssize_t n_out = plan.layers[plan.n_layers - 1].n_out
    cdef real* targets = <real*>(block_out + plan.targets * vectors)
    cdef real* sample_weights = <real*>(block_out + plan.sample_weights * vectors)
    cdef real* labels = <real*>(block_out + plan.labels * vectors)
    cdef Py_ssize_t s, label
    cdef real weight = 1
    if samples.y != NULL:
        pack_rows(n_out, vectors, rows,
                  <const real*>samples.y + (0 if samples.order != NULL else start * n_out),
                  samples.order + start if samples.order != NULL else NULL, targets)
    else:
        memset(targets, 0, n_out * vectors * sizeof(lanes))
    memset(sample_weights, 0, vectors * sizeof(lanes))
    for s in range(rows):
        if samples.sample_weights != NULL:
            weight = (<const real*>samples.sample_weights)[row_of(samples, start + s)]
        sample_weights[s] = weight
        if samples.y == NULL:
            label = samples.labels[row_of(samples, start + s)]
            targets[label * columns + s] = 1
            labels[s] = <real>label
        elif labels_wanted:
            labels[s] = <real>class_of(n_out, columns, targets + s)


cdef void pack_one(const Plan* plan, const Samples* samples, Py_ssize_t s,
                   bint labels_wanted, lanes* block_out) noexcept nogil:
    # as pack_rows and pack_targets, for a single sample
    # block: the workspace, of (plan.features, 1)
    cdef Py_ssize_t row = row_of(samples, s)
    cdef Py_ssize_t n_in = plan.layers[0].n_in
    cdef Py_ssize_t n_out = plan.layers[plan.n_layers - 1].n_out
    cdef const real* y
    cdef lanes* targets = block_out + plan.targets
    cdef Py_ssize_t label
    pack_row(n_in, <const real*>samples.X + row * n_in, block_out + plan.x)
    if samples.y != NULL:
        y = <const real*>samples.y + row * n_out
        pack_row(n_out, y, targets)
        if labels_wanted:
            block_out[plan.labels] = splat(<real>class_of(n_out, 1, y))
    else:
        label = samples.labels[row]
        memset(targets, 0, n_out * sizeof(lanes))
        targets[label] = splat(1)
        block_out[plan.labels] = splat(<real>label)
    block_out[plan.sample_weights] = first_lane(
        (<const real*>samples.sample_weights)[row] if samples.sample_weights != NULL else 1)


cdef void pack(const Plan* plan, const Samples* samples, Py_ssize_t start, Py_ssize_t vectors,
               Py_ssize_t rows, bint labels_wanted, lanes* block_out) noexcept nogil:
    # inputs, targets, labels and weights of samples start..start+rows-1
    # block: the workspace, of (plan.features, vectors)
    cdef Py_ssize_t n_in = plan.layers[0].n_in
    cdef const real* X = <const real*>samples.X
    cdef const Py_ssize_t* order = NULL
    if rows == 1:
        pack_one(plan, samples, start, labels_wanted, block_out)
        return
    if samples.order != NULL:
        order = samples.order + start
    else:
        X += start * n_in
    pack_rows(n_in, vectors, rows, X, order, <real*>(block_out + plan.x * vectors))
    pack_targets(plan, samples, start, vectors, rows, labels_wanted, block_out)


cdef void forward(const Plan* plan, Py_ssize_t vectors, const real* parameters,
                  lanes* block) noexcept nogil:
    # a_l = activation_l(a_(l-1) @ weights_l + biases_l), a_0 = x
    # block: the workspace, of (plan.features, vectors)
    cdef const lanes* x = block + plan.x * vectors
    cdef lanes* z
    cdef lanes* a
    cdef const Layer* layer
    cdef Py_ssize_t k
    for k in range(plan.n_layers):
        layer = plan.layers + k
        z = block + layer.z * vectors
        a = block + layer.a * vectors
        dense_forward(layer.n_in, layer.n_out, vectors, x, parameters + layer.weights,
                      parameters + layer.biases if layer.biases >= 0 else NULL, z)
        ACTIVATIONS[layer.activation].forward(layer.n_out, vectors, z, a)
        x = a


cdef void backward(const Plan* plan, Py_ssize_t vectors, Py_ssize_t samples,
                   const real* parameters, lanes* block, real* gradient_out) noexcept nogil:
    # gradient_l += a_(l-1).T @ delta_l, delta_(l-1) = da/dz_(l-1) (delta_l @ weights_l.T)
    # block: the workspace, of (plan.features, vectors), with the loss's delta in it
    cdef lanes* delta = block + plan.delta * vectors
    cdef lanes* delta_next = block + plan.delta_next * vectors
    cdef const lanes* x
    cdef const lanes* kept
    cdef const Layer* layer
    cdef const Activation* activation
    cdef Py_ssize_t k
    for k in range(plan.n_layers - 1, -1, -1):
        layer = plan.layers + k
        activation = ACTIVATIONS + layer.activation
        if k < plan.n_layers - 1 or not LOSSES[plan.loss].delta_is_of_z:
            kept = block + (layer.z if activation.reads == c"z" else layer.a) * vectors
            activation.backward(layer.n_out, vectors, kept, delta)
        x = block + (plan.layers[k - 1].a if k > 0 else plan.x) * vectors
        dense_backward_weights(layer.n_in, layer.n_out, vectors, samples, x, delta,
                               gradient_out + layer.weights)
        if layer.biases >= 0:
            dense_backward_biases(layer.n_out, vectors, samples, delta,
                                  gradient_out + layer.biases)
        if k > 0:
            dense_backward_inputs(layer.n_in, layer.n_out, vectors, delta,
                                  parameters + layer.weights, delta_next)
            delta, delta_next = delta_next, delta


cdef inline bint labels_wanted(unsigned int metrics) noexcept nogil:
    # whether a metric that is asked for reads the labels
    cdef int m
    for m in range(<int>(sizeof(METRICS) // sizeof(Metric))):
        if metrics >> m & 1 and METRICS[m].reads_labels:
            return True
    return False


cdef void accumulate(const Plan* plan, const Samples* samples, Py_ssize_t start, Py_ssize_t stop,
                     bint packed, unsigned int metrics, const void* parameters, void* workspace,
                     void* gradient_out, Sums* sums_out) noexcept nogil:
    # sums += loss, weight and metrics of the samples; gradient += their summed gradient
    # gradient: (n_parameters,) or NULL; metrics: bit m asks for METRICS[m]
    cdef lanes* block = <lanes*>workspace
    cdef const Layer* last = plan.layers + plan.n_layers - 1
    cdef const lanes* sample_weights
    cdef const lanes* targets
    cdef const lanes* a
    cdef Py_ssize_t rows, vectors, v
    cdef double weight
    cdef wide total
    cdef int m
    while start < stop:
        rows = min(block_rows(plan), stop - start)
        vectors = (rows + LANES - 1) // LANES
        targets = block + plan.targets * vectors
        sample_weights = block + plan.sample_weights * vectors
        a = block + last.a * vectors
        if not packed:
            pack(plan, samples, start, vectors, rows, labels_wanted(metrics), block)
        forward(plan, vectors, <const real*>parameters, block)
        sums_out.loss += LOSSES[plan.loss].value_and_delta(
            last.n_out, vectors, block + last.z * vectors, a, targets, sample_weights,
            block + plan.delta * vectors)
        weight = rows
        if samples.sample_weights != NULL:
            total = wide_zero()
            for v in range(vectors):
                total = wide_add(total, sample_weights[v])
            weight = wide_sum(total)
        sums_out.weight += weight
        sums_out.batch_weight += weight
        for m in range(<int>(sizeof(METRICS) // sizeof(Metric))):
            if metrics >> m & 1:
                sums_out.metrics[m] += METRICS[m].value(
                    last.n_out, vectors, a, targets, block + plan.labels * vectors,
                    sample_weights)
        if gradient_out != NULL:
            backward(plan, vectors, rows, <const real*>parameters, block, <real*>gradient_out)
        start += rows


cdef void predict(const Plan* plan, Py_ssize_t n_samples, const void* X, const void* parameters,
                  void* workspace, void* a_out) noexcept nogil:
    # a_out = the outputs of X
    # X: (n_samples, n_in), a_out: (n_samples, n_out)
    cdef lanes* block = <lanes*>workspace
    cdef const Layer* last = plan.layers + plan.n_layers - 1
    cdef const real* x
    cdef const real* a
    cdef real* row
    cdef Py_ssize_t rows, vectors, s, j
    cdef Py_ssize_t start = 0
    while start < n_samples:
        rows = min(block_rows(plan), n_samples - start)
        vectors = (rows + LANES - 1) // LANES
        x = <const real*>X + start * plan.layers[0].n_in
        if rows == 1:
            pack_row(plan.layers[0].n_in, x, block + plan.x)
        else:
            pack_rows(plan.layers[0].n_in, vectors, rows, x, NULL,
                      <real*>(block + plan.x * vectors))
        forward(plan, vectors, <const real*>parameters, block)
        a = <const real*>(block + last.a * vectors)
        row = <real*>a_out + start * last.n_out
        for s in range(rows):
            for j in range(last.n_out):
                row[j] = a[j * vectors * LANES + s]
            row += last.n_out
        start += rows


cdef bint all_finite(Py_ssize_t n, const void* x) noexcept nogil:
    # whether every x - x is 0
    # x: (n,)
    cdef const real* number = <const real*>x
    cdef lanes total = splat(0)
    cdef real rest = 0
    cdef Py_ssize_t k = 0
    while k + LANES <= n:
        total = total + ((<const lanes*>(number + k))[0] - (<const lanes*>(number + k))[0])
        k += LANES
    for k in range(k, n):
        rest += number[k] - number[k]
    return lane_sum(total) + rest == 0
