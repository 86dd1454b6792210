# One sample at a time, outputs on the lanes: online training and one-row predictions. The
# outputs are spread over a block of one vector of samples for the loss; with one lane they are
# such a block as they stand.

cdef inline void spread(Py_ssize_t n, const real* row, lanes* block_out) noexcept nogil:
    # block[f] = row[f] in all lanes
    # row: (n,), block: (n, 1)
    cdef Py_ssize_t f
    for f in range(n):
        block_out[f] = splat(row[f])


cdef inline real* single_forward(const Plan* plan, const real* x, const unsigned int* sample,
                                 const real* parameters, real* memory) noexcept nogil:
    # a_l = activation_l(a_(l-1) @ weights_l + biases_l); returns z of the outputs, in a row, with
    # one lane and elementwise outputs also their a
    # x: (n_in,), sample: (1,), its random bits, or NULL without dropout, memory: the workspace
    cdef const Layer* layer = plan.layers
    cdef const Layer* last = layer + plan.n_layers - 1
    cdef const Activation* activation
    cdef const real* biases
    while True:
        activation = layer.activation
        if sample != NULL and layer.drop_below:
            drop_row(layer, sample[0], x, memory + layer.rows.inputs)
            x = memory + layer.rows.inputs
        if LANES == 1 and activation.row_forward != NULL:
            activation.row_forward(layer, x, parameters, memory)
        else:
            biases = parameters + layer.biases if layer.biases >= 0 else NULL
            row_forward(layer.n_in, layer.n_out, x, parameters + layer.weights, biases,
                        memory + layer.rows.z)
            if layer != last:
                activation.forward(layer.stride // LANES, 1, layer.constants,
                                   memory + layer.rows.z, memory + layer.rows.a)
        if layer == last:
            return memory + layer.rows.z
        x = memory + layer.rows.a
        layer += 1


cdef inline bint outputs_are_left(const Layer* last) noexcept nogil:
    # whether single_forward leaves the outputs' activation to its caller
    # last: (1,)
    return LANES > 1 or not last.activation.elementwise


cdef inline void single_backward(const Plan* plan, Py_ssize_t top, const real* x,
                                 const unsigned int* sample, const real* parameters, real* memory,
                                 real* gradient_out) noexcept nogil:
    # gradient_l = a_(l-1).T @ delta_l, delta_(l-1) = da/dz_(l-1) (delta_l @ weights_l.T), from
    # layer `top` on down
    # x: (n_in,), sample: (1,) or NULL, memory: the workspace, with that layer's delta in it
    cdef const Layer* layer
    cdef const Layer* before
    cdef const real* inputs
    cdef Py_ssize_t k
    for k in range(top, -1, -1):
        layer = plan.layers + k
        if layer.biases >= 0:
            row_backward_biases(layer.n_out, memory + layer.rows.delta, gradient_out + layer.biases)
        inputs = x
        if k > 0:
            before = layer - 1
            if LANES == 1 and sample == NULL:
                before.activation.row_backward(layer, before, parameters, memory, gradient_out)
                continue
            inputs = memory + before.rows.a
            row_backward_inputs(layer.n_in, layer.n_out, memory + layer.rows.delta,
                                parameters + layer.weights, memory + before.rows.delta)
            if sample != NULL and layer.drop_below:
                drop_row(layer, sample[0], memory + before.rows.delta, memory + before.rows.delta)
            before.activation.backward(before.stride // LANES, 1, before.constants,
                                       memory + before.rows.kept, memory + before.rows.delta)
        if sample != NULL and layer.drop_below:
            inputs = memory + layer.rows.inputs
        row_backward_weights(layer.n_in, layer.n_out, inputs, memory + layer.rows.delta,
                             gradient_out + layer.weights)


cdef inline void single_through(const Plan* plan, const Part* part, const real* x,
                                const unsigned int* sample, const lanes* targets, double weight,
                                const real* parameters, real* memory, real* gradient_out,
                                Sums* sums_out) noexcept nogil:
    # forward to the loss, and back; `sample` is NULL without dropout, which the compiler knows
    # x: (n_in,), targets: (n_out, 1), memory: the workspace, gradient: (n_parameters,) or NULL
    cdef lanes* block = <lanes*>memory
    cdef const Layer* last = plan.layers + plan.n_layers - 1
    cdef const lanes* delta = block + last.block.delta
    cdef Py_ssize_t j
    cdef real* z = single_forward(plan, x, sample, parameters, memory)
    if LANES > 1:
        spread(last.n_out, z, block + last.block.z)
    if outputs_are_left(last):
        last.activation.forward(last.n_out, 1, last.constants, block + last.block.z,
                                block + last.block.a)
    loss_and_delta(plan, 1, weight, part.measures, targets, gradient_out != NULL, block, sums_out)
    if gradient_out != NULL:
        if LANES > 1:
            for j in range(last.n_out):
                memory[last.rows.delta + j] = (<const real*>(delta + j))[0]
        single_backward(plan, plan.n_layers - 1, x, sample, parameters, memory, gradient_out)


cdef inline void single_sample(const Plan* plan, const Samples* samples, const Part* part,
                               Py_ssize_t row, const unsigned int* sample, const real* parameters,
                               void* workspace, real* gradient_out,
                               Sums* sums_out) noexcept nogil:
    # sums += loss, weight and metrics of a row of X and y; gradient = its gradient
    # gradient: (n_parameters,) or NULL, sample: (1,) or NULL
    cdef lanes* block = <lanes*>workspace
    cdef const Layer* last = plan.layers + plan.n_layers - 1
    cdef const real* x = <const real*>samples.X + row * plan.layers[0].n_in
    cdef const real* y
    cdef const lanes* targets = block + plan.targets
    cdef real weight = 1
    if samples.sample_weights != NULL:
        weight = (<const real*>samples.sample_weights)[row]
    if samples.y == NULL:
        memset(block + plan.targets, 0, last.n_out * sizeof(lanes))
        block[plan.targets + samples.labels[row]] = splat(1)
        block[plan.labels] = splat(<real>samples.labels[row])
    else:
        y = <const real*>samples.y + row * last.n_out
        if LANES == 1:
            targets = <const lanes*>y
        else:
            spread(last.n_out, y, block + plan.targets)
        if part.measures != NULL and part.measures.labels_wanted:
            block[plan.labels] = splat(<real>class_of(last.n_out, 1, y))
    block[plan.sample_weights] = first_lane(weight)
    single_through(plan, part, x, sample, targets, weight, parameters, <real*>workspace,
                   gradient_out, sums_out)


cdef void single_part(const Plan* plan, const Samples* samples, const Part* part,
                      const void* parameters, void* workspace, void* slab_rows, void* gradient_out,
                      Sums* sums_out) noexcept nogil:
    # sums += loss, weight and metrics of the sample; gradient = its gradient
    # gradient: (n_parameters,) or NULL
    single_sample(plan, samples, part, row_of(samples, part.start), NULL, <const real*>parameters,
                  workspace, <real*>gradient_out, sums_out)


cdef void single_dropping_part(const Plan* plan, const Samples* samples, const Part* part,
                               const void* parameters, void* workspace, void* slab_rows,
                               void* gradient_out, Sums* sums_out) noexcept nogil:
    # as single_part, in a network with dropout
    # gradient: (n_parameters,) or NULL
    cdef Py_ssize_t row = row_of(samples, part.start)
    cdef unsigned int sample = bits_of_sample(part.key, row)
    single_sample(plan, samples, part, row, &sample if part.dropping else NULL,
                  <const real*>parameters, workspace, <real*>gradient_out, sums_out)


cdef inline void row_outputs(const Layer* last, bint left, const real* z, real* memory,
                             real* a_out) noexcept nogil:
    # a_out = activation(z), computed here if it is left to do, else copied from where it is
    # z, a: (n_out,), memory: the workspace
    cdef const Activation* activation = last.activation
    cdef lanes* block = <lanes*>memory
    cdef Py_ssize_t j
    if LANES > 1 and not activation.elementwise:
        spread(last.n_out, z, block + last.block.z)
        activation.forward(last.n_out, 1, last.constants, block + last.block.z,
                           block + last.block.a)
        for j in range(last.n_out):
            a_out[j] = (<const real*>(block + last.block.a + j))[0]
        return
    if left:
        activation.forward(last.stride // LANES, 1, last.constants, z, memory + last.rows.a)
    for j in range(last.n_out):
        a_out[j] = memory[last.rows.a + j]


cdef void single_predict(const Plan* plan, Py_ssize_t n_samples, const void* X,
                         const void* parameters, void* workspace, void* a_out) noexcept nogil:
    # a_out = the outputs of X
    # X: (n_samples, n_in), a_out: (n_samples, n_out)
    cdef real* memory = <real*>workspace
    cdef const Layer* last = plan.layers + plan.n_layers - 1
    cdef const real* x = <const real*>X
    cdef real* a = <real*>a_out
    cdef real* z
    cdef Py_ssize_t s
    for s in range(n_samples):
        z = single_forward(plan, x, NULL, <const real*>parameters, memory)
        row_outputs(last, outputs_are_left(last), z, memory, a)
        x += plan.layers[0].n_in
        a += last.n_out
