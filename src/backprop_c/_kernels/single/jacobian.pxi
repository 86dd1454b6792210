# The derivatives of a single row's outputs: forward once, and back once for each output.

cdef inline void single_backward_inputs(const Plan* plan, Py_ssize_t top, const real* parameters,
                                        real* memory, real* slopes_out) noexcept nogil:
    # delta_(l-1) = da/dz_(l-1) (delta_l @ weights_l.T) from layer `top` on, down to slopes = da/dx
    # slopes: (n_in,), memory: the workspace, with that layer's delta in it
    cdef const Layer* layer
    cdef const Layer* before
    cdef Py_ssize_t k
    for k in range(top, 0, -1):
        layer = plan.layers + k
        before = layer - 1
        row_backward_inputs(layer.n_in, layer.n_out, memory + layer.rows.delta,
                            parameters + layer.weights, memory + before.rows.delta)
        before.activation.backward(before.stride // LANES, 1, before.constants,
                                   memory + before.rows.kept, memory + before.rows.delta)
    layer = plan.layers
    row_backward_inputs(layer.n_in, layer.n_out, memory + layer.rows.delta,
                        parameters + layer.weights, slopes_out)


cdef inline void column_back(const Layer* layer, Py_ssize_t output, real slope,
                             const real* parameters, real* delta_out) noexcept nogil:
    # delta_out[i] = slope weights[i, output]: back from one output alone
    # delta_out: (n_in,)
    cdef const real* weights = parameters + layer.weights + output
    cdef Py_ssize_t i
    for i in range(layer.n_in):
        delta_out[i] = slope * weights[i * layer.n_out]


cdef inline void column_of_weights(const Layer* layer, Py_ssize_t output, real slope,
                                   const real* inputs, real* gradient_out) noexcept nogil:
    # gradient[i, output] = slope inputs[i] of the weights, slope of the bias; 0 everywhere else
    # inputs: (n_in,), gradient: (n_parameters,)
    cdef real* gradient = gradient_out + layer.weights
    cdef Py_ssize_t i
    memset(gradient, 0, layer.n_in * layer.n_out * sizeof(real))
    for i in range(layer.n_in):
        gradient[i * layer.n_out + output] = slope * inputs[i]
    if layer.biases >= 0:
        memset(gradient_out + layer.biases, 0, layer.n_out * sizeof(real))
        gradient_out[layer.biases + output] = slope


cdef inline void slopes_of_all(const Plan* plan, Py_ssize_t output, bint of_parameters,
                               const real* x, const real* parameters, real* memory,
                               real* slopes_out) noexcept nogil:
    # slopes = da[output]/dx or dparameters, where the outputs depend on each other
    # x: (n_in,), memory: the workspace, whose layers have gone forward
    cdef const Layer* last = plan.layers + plan.n_layers - 1
    cdef lanes* block = <lanes*>memory
    cdef lanes* delta = block + last.block.delta
    cdef Py_ssize_t j
    memset(delta, 0, last.n_out * sizeof(lanes))
    delta[output] = splat(1)
    last.activation.backward(last.n_out, 1, last.constants, block + last.block.kept, delta)
    if LANES > 1:
        for j in range(last.n_out):
            memory[last.rows.delta + j] = (<const real*>(delta + j))[0]
    if of_parameters:
        single_backward(plan, plan.n_layers - 1, x, NULL, parameters, memory, slopes_out)
    else:
        single_backward_inputs(plan, plan.n_layers - 1, parameters, memory, slopes_out)


cdef inline void slopes_of_one(const Plan* plan, Py_ssize_t output, real slope,
                               bint of_parameters, const real* x, const real* parameters,
                               real* memory, real* slopes_out) noexcept nogil:
    # slopes = da[output]/dx or dparameters, where `slope` = da[output]/dz[output] is all that the
    # output's activation has
    # x: (n_in,), memory: the workspace, whose layers have gone forward
    cdef Py_ssize_t top = plan.n_layers - 1
    cdef const Layer* last = plan.layers + top
    cdef const Layer* before = last - 1
    cdef const real* inputs = x
    if of_parameters:
        if top > 0:
            inputs = memory + before.rows.a
        column_of_weights(last, output, slope, inputs, slopes_out)
    if top == 0:
        if not of_parameters:
            column_back(last, output, slope, parameters, slopes_out)
        return
    column_back(last, output, slope, parameters, memory + before.rows.delta)
    before.activation.backward(before.stride // LANES, 1, before.constants,
                               memory + before.rows.kept, memory + before.rows.delta)
    if of_parameters:
        single_backward(plan, top - 1, x, NULL, parameters, memory, slopes_out)
    else:
        single_backward_inputs(plan, top - 1, parameters, memory, slopes_out)


cdef void jacobian(const Plan* plan, Py_ssize_t n_samples, const void* X, bint of_parameters,
                   const void* parameters, void* workspace, void* row,
                   void* jacobian_out) noexcept nogil:
    # jacobian[s, o] = da[o]/dx, or da[o]/dparameters if asked for, of each sample
    # X: (n_samples, n_in), row: (n_in or n_parameters,) or NULL, jacobian: (n_samples, n_out, the
    # same)
    cdef lanes* block = <lanes*>workspace
    cdef real* memory = <real*>workspace
    cdef const Layer* last = plan.layers + plan.n_layers - 1
    cdef lanes* slope = block + last.block.delta
    cdef const real* flat = <const real*>parameters
    cdef const real* x = <const real*>X
    cdef real* slopes_out = <real*>jacobian_out
    cdef real* slopes = <real*>row
    cdef Py_ssize_t n_last = plan.n_parameters if of_parameters else plan.layers[0].n_in
    cdef Py_ssize_t s, output
    cdef real* z
    for s in range(n_samples):
        z = single_forward(plan, x, NULL, flat, memory)
        if LANES > 1:
            spread(last.n_out, z, block + last.block.z)
        if outputs_are_left(last):
            last.activation.forward(last.n_out, 1, last.constants, block + last.block.z,
                                    block + last.block.a)
        if last.activation.elementwise:
            for output in range(last.n_out):
                slope[output] = splat(1)
            last.activation.backward(last.n_out, 1, last.constants, block + last.block.kept, slope)
        for output in range(last.n_out):
            if row == NULL:
                slopes = slopes_out
            if last.activation.elementwise:
                slopes_of_one(plan, output, (<const real*>(slope + output))[0], of_parameters, x,
                              flat, memory, slopes)
            else:
                slopes_of_all(plan, output, of_parameters, x, flat, memory, slopes)
            if row != NULL:
                stream(slopes_out, slopes, n_last)
            slopes_out += n_last
        x += plan.layers[0].n_in
    if row != NULL:
        end_streams()
