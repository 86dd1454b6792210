# The derivatives of a single row's outputs: forward once, and back once for each output.

cdef inline void single_backward_inputs(const Plan* plan, const real* parameters, real* memory,
                                        real* slopes_out) noexcept nogil:
    # delta_(l-1) = da/dz_(l-1) (delta_l @ weights_l.T), down to slopes = dloss/dx
    # slopes: (n_in,), memory: the workspace, with the outputs' delta in it
    cdef const Layer* layer
    cdef const Layer* before
    cdef Py_ssize_t k
    for k in range(plan.n_layers - 1, 0, -1):
        layer = plan.layers + k
        before = layer - 1
        row_backward_inputs(layer.n_in, layer.n_out, memory + layer.rows.delta,
                            parameters + layer.weights, memory + before.rows.delta)
        before.activation.backward(before.stride // LANES, 1, before.constants,
                                   memory + before.rows.kept, memory + before.rows.delta)
    layer = plan.layers
    row_backward_inputs(layer.n_in, layer.n_out, memory + layer.rows.delta,
                        parameters + layer.weights, slopes_out)


cdef void jacobian(const Plan* plan, Py_ssize_t n_samples, const void* X, bint of_parameters,
                   const void* parameters, void* workspace, void* jacobian_out) noexcept nogil:
    # jacobian[s, o] = da[o]/dx, or da[o]/dparameters if asked for, of each sample
    # X: (n_samples, n_in), jacobian: (n_samples, n_out, n_in or n_parameters)
    cdef lanes* block = <lanes*>workspace
    cdef real* memory = <real*>workspace
    cdef const Layer* last = plan.layers + plan.n_layers - 1
    cdef lanes* delta = block + last.block.delta
    cdef const real* flat = <const real*>parameters
    cdef const real* x = <const real*>X
    cdef real* slopes = <real*>jacobian_out
    cdef real* z
    cdef Py_ssize_t s, output, j
    for s in range(n_samples):
        z = single_forward(plan, x, NULL, flat, memory)
        if LANES > 1:
            spread(last.n_out, z, block + last.block.z)
        if outputs_are_left(last):
            last.activation.forward(last.n_out, 1, last.constants, block + last.block.z,
                                    block + last.block.a)
        for output in range(last.n_out):
            memset(delta, 0, last.n_out * sizeof(lanes))
            delta[output] = splat(1)
            last.activation.backward(last.n_out, 1, last.constants, block + last.block.kept, delta)
            if LANES > 1:
                for j in range(last.n_out):
                    memory[last.rows.delta + j] = (<const real*>(delta + j))[0]
            if of_parameters:
                single_backward(plan, x, NULL, flat, memory, slopes)
                slopes += plan.n_parameters
            else:
                single_backward_inputs(plan, flat, memory, slopes)
                slopes += plan.layers[0].n_in
        x += plan.layers[0].n_in
