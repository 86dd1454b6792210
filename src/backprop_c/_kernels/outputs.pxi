# What is done with outputs, in every shape of work: the block holds them feature-major, with
# targets, labels and weights of its samples.

cdef inline Py_ssize_t row_of(const Samples* samples, Py_ssize_t s) noexcept nogil:
    # the row of X and y that is sample s of the epoch
    return samples.order[s] if samples.order != NULL else s


cdef Py_ssize_t class_of(Py_ssize_t n_out, Py_ssize_t stride, const real* targets) noexcept nogil:
    # the first largest target
    # targets: (n_out,), stride apart
    cdef Py_ssize_t j, best = 0
    for j in range(1, n_out):
        if targets[j * stride] > targets[best * stride]:
            best = j
    return best


cdef void pack_targets(const Plan* plan, const Samples* samples, Py_ssize_t start,
                       Py_ssize_t vectors, Py_ssize_t rows, const Measures* measures,
                       lanes* block_out) noexcept nogil:
    # targets[j, s] = y[row, j], or 1 where j is the label; sample_weights[s] = 0 past the last
    # block: the workspace, of (plan.features, vectors)
    cdef Py_ssize_t columns = vectors * LANES
    cdef Py_ssize_t n_out = plan.layers[plan.n_layers - 1].n_out
    cdef real* targets = <real*>(block_out + plan.targets * vectors)
    cdef real* sample_weights = <real*>(block_out + plan.sample_weights * vectors)
    cdef real* labels = <real*>(block_out + plan.labels * vectors)
    cdef bint wanted = measures != NULL and measures.labels_wanted
    cdef Py_ssize_t s, label
    cdef real weight = 1
    if samples.y != NULL:
        pack_rows(n_out, vectors, rows,
                  <const real*>samples.y + (0 if samples.order != NULL else start * n_out), n_out,
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
        elif wanted:
            labels[s] = <real>class_of(n_out, columns, targets + s)


cdef inline void loss_and_delta(const Plan* plan, Py_ssize_t vectors, double weight,
                                const Measures* measures, const lanes* targets,
                                bint gradient_wanted, lanes* block, Sums* sums_out) noexcept nogil:
    # sums += loss, weight and metrics of the samples; delta = dloss/dz of the outputs
    # targets: (n_out, vectors), block: the workspace, of (plan.features, vectors)
    cdef const Layer* last = plan.layers + plan.n_layers - 1
    cdef const Loss* loss = plan.loss
    cdef const lanes* a = block + last.block.a * vectors
    cdef const lanes* labels = block + plan.labels * vectors
    cdef const lanes* sample_weights = block + plan.sample_weights * vectors
    cdef lanes* delta = block + last.block.delta * vectors
    cdef const Measure* measure
    cdef int m
    sums_out.loss += loss.value_and_delta(last.n_out, vectors, plan.loss_constants,
                                          block + last.block.z * vectors, a, targets,
                                          sample_weights, delta)
    sums_out.weight += weight
    sums_out.batch_weight += weight
    if measures != NULL:
        for m in range(measures.n_measures):
            measure = measures.measures + m
            if measure.code >= 0:
                METRICS[measure.code].add(last.n_out, vectors, measure.constants, a, targets,
                                          labels, sample_weights,
                                          sums_out.metrics + measure.sums_at)
    if gradient_wanted and not loss.delta_is_of_z:
        last.activation.backward(last.n_out, vectors, last.constants,
                                 block + last.block.kept * vectors, delta)


cdef void block_loss_and_delta(const Plan* plan, const Samples* samples, Py_ssize_t vectors,
                               Py_ssize_t rows, const Measures* measures,
                               bint gradient_wanted, lanes* block, Sums* sums_out) noexcept nogil:
    # as loss_and_delta, for the outputs in a block
    # block: the workspace, of (plan.features, vectors)
    cdef const lanes* sample_weights = block + plan.sample_weights * vectors
    cdef double weight = rows
    cdef accumulator total
    cdef Py_ssize_t v
    if samples.sample_weights != NULL:
        total = empty_sum()
        for v in range(vectors):
            total = accumulate(total, sample_weights[v])
        weight = accumulated(total)
    loss_and_delta(plan, vectors, weight, measures, block + plan.targets * vectors,
                   gradient_wanted, block, sums_out)
