# Wide layers, with units on the lanes: a part of a slab goes forward and backward through them,
# row-major, and leaves its activations and deltas in the slab. The weight gradient sums over the
# slab's rows afterwards, cut by rows of weights: so any number of threads gives the same bits, and
# needs one gradient.

cdef inline real* slab_row(void* slab_rows, Py_ssize_t capacity, Py_ssize_t place, Py_ssize_t row,
                           Py_ssize_t stride) noexcept nogil:
    # where a layer's numbers of a row are
    # slab_rows: (capacity, row_size), layer by layer
    return <real*>slab_rows + place * capacity + row * stride


cdef Factor inputs_of(const Plan* plan, const Samples* samples, Py_ssize_t start) noexcept nogil:
    # X[order[start + r], k]
    # X: (n_samples, n_in), where it is
    cdef Py_ssize_t n_in = plan.layers[0].n_in
    if samples.order != NULL:
        return Factor(<const real*>samples.X, n_in, 1, samples.order + start, NULL)
    return Factor(<const real*>samples.X + start * n_in, n_in, 1, NULL, NULL)


cdef void drop_rows(const Layer* layer, const Samples* samples, const Part* part, Py_ssize_t start,
                    Py_ssize_t rows, const Factor* x, Py_ssize_t stride,
                    real* x_out) noexcept nogil:
    # x_out[r] = x[r], some of its numbers dropped
    # x: (rows, n_in), x_out: (rows, n_in), stride apart, in whole vectors
    cdef Py_ssize_t r, row
    for r in range(rows):
        row = x.rows[r] if x.rows != NULL else r
        drop_row(layer, bits_of_sample(part.key, row_of(samples, start + r)),
                 x.base + row * x.row_stride, x_out + r * stride)


cdef inline Py_ssize_t stride_of_inputs(const Layer* layer) noexcept nogil:
    # numbers between rows of a layer's inputs, in whole vectors
    # layer: (1,)
    return (layer.n_in + LANES - 1) // LANES * LANES


cdef Factor dropped_rows(const Plan* plan, Py_ssize_t k, const Samples* samples, const Part* part,
                         Py_ssize_t start, Py_ssize_t rows, const Factor* x, void* slab_rows,
                         Py_ssize_t first) noexcept nogil:
    # what layer k reads in place of x: a copy with some dropped
    # x: (rows, n_in), slab_rows: (rows, row_size) from row `first` on
    cdef const Layer* layer = plan.layers + k
    cdef Py_ssize_t stride = stride_of_inputs(layer)
    cdef real* inputs = slab_row(slab_rows, part.capacity, layer.rows.inputs, first, stride)
    drop_rows(layer, samples, part, start, rows, x, stride, inputs)
    return Factor(inputs, stride, 1, NULL, NULL)


cdef void wide_forward(const Plan* plan, const Samples* samples, const Part* part,
                       Py_ssize_t start, Py_ssize_t rows, const real* parameters, void* workspace,
                       void* slab_rows, Py_ssize_t first) noexcept nogil:
    # a_l = activation_l(a_(l-1) @ weights_l + biases_l); the last one's z is left for the caller
    # slab_rows: (rows, row_size) from row `first` on
    cdef Py_ssize_t capacity = part.capacity
    cdef Factor x = inputs_of(plan, samples, start)
    cdef const Layer* layer
    cdef real* z
    cdef real* a
    cdef Py_ssize_t k
    for k in range(plan.n_wide):
        layer = plan.layers + k
        z = slab_row(slab_rows, capacity, layer.rows.z, first, layer.stride)
        if part.dropping and layer.drop_below:
            x = dropped_rows(plan, k, samples, part, start, rows, &x, slab_rows, first)
        wide_product(rows, layer.n_out, layer.n_in, &x, parameters + layer.weights, layer.n_out,
                     False, parameters + layer.biases if layer.biases >= 0 else NULL, False, True,
                     <char*>workspace + plan.panel_at, z, layer.stride)
        if k < plan.n_wide - 1:
            a = slab_row(slab_rows, capacity, layer.rows.a, first, layer.stride)
            layer.activation.forward(rows, layer.stride // LANES, layer.constants, z, a)
            x = Factor(a, layer.stride, 1, NULL, NULL)


cdef void wide_backward(const Plan* plan, const Samples* samples, const Part* part,
                        Py_ssize_t start, Py_ssize_t rows, const real* parameters,
                        void* workspace, void* slab_rows, Py_ssize_t first) noexcept nogil:
    # delta_(l-1) = da/dz_(l-1) (delta_l @ weights_l.T)
    # slab_rows: (rows, row_size) from row `first` on, with the last one's delta in it
    cdef const Layer* layer
    cdef const Layer* before
    cdef Py_ssize_t capacity = part.capacity
    cdef Factor factor
    cdef real* delta
    cdef Py_ssize_t k
    for k in range(plan.n_wide - 1, 0, -1):
        layer = plan.layers + k
        before = layer - 1
        factor = Factor(slab_row(slab_rows, capacity, layer.rows.delta, first, layer.stride),
                        layer.stride, 1, NULL, NULL)
        delta = slab_row(slab_rows, capacity, before.rows.delta, first, before.stride)
        wide_product(rows, layer.n_in, layer.n_out, &factor, parameters + layer.weights,
                     layer.n_out, True, NULL, False, True, <char*>workspace + plan.panel_at, delta,
                     before.stride)
        if part.dropping and layer.drop_below:
            factor = Factor(delta, before.stride, 1, NULL, NULL)
            drop_rows(layer, samples, part, start, rows, &factor, before.stride, delta)
        before.activation.backward(
            rows, before.stride // LANES, before.constants,
            slab_row(slab_rows, capacity, before.rows.kept, first, before.stride), delta)


cdef void wide_backward_biases(Py_ssize_t n_out, Py_ssize_t rows, const real* delta,
                               Py_ssize_t stride, bint add, real* gradient_out) noexcept nogil:
    # gradient[j] (+)= sum_s delta[s, j], by four sums that need not wait for each other
    # delta: (rows, n_out), in whole vectors, gradient: (n_out,)
    cdef lanes total[4]
    cdef Py_ssize_t s, j
    cdef int k
    for j from 0 <= j < n_out by LANES:
        for k in range(4):
            total[k] = splat(0)
        if add:
            total[0] = load(gradient_out + j)
        for s in range(0, rows - 3, 4):
            for k in range(4):
                total[k] = total[k] + load(delta + (s + k) * stride + j)
        for s in range(rows // 4 * 4, rows):
            total[0] = total[0] + load(delta + s * stride + j)
        store(gradient_out + j, (total[0] + total[1]) + (total[2] + total[3]), n_out - j)


cdef void wide_backward_across(const Layer* layer, Py_ssize_t rows, const real* a,
                               Py_ssize_t a_stride, const real* delta, bint add, real* across,
                               real* gradient_out) noexcept nogil:
    # gradient[i, j] (+)= across[j, i] = sum_s delta[s, j] a[s, i]: the same sums in the same order
    # a: (rows, n_in), delta: (rows, n_out), across: (n_out, n_in), all in whole vectors
    cdef Factor x = Factor(delta, 1, layer.stride, NULL, NULL)
    cdef Py_ssize_t stride = whole_vectors(layer.n_in)
    if add:
        transpose(layer.n_in, layer.n_out, gradient_out, layer.n_out, NULL, across, stride)
    wide_product(layer.n_out, layer.n_in, rows, &x, a, a_stride, False, NULL, add, True, NULL,
                 across, stride)
    transpose(layer.n_out, layer.n_in, across, stride, NULL, gradient_out, layer.n_out)


cdef void wide_gather(const Plan* plan, const Samples* samples, const Part* slab,
                      const Range* range_, void* slab_rows, void* workspace,
                      real* gradient_out) noexcept nogil:
    # gradient[i, j] (+)= sum_s a[s, i] delta[s, j], of rows i of a layer's weights, and of its
    # biases sum_s delta[s, j], over the slab's samples s
    # gradient: (n_parameters,)
    cdef const Layer* layer = plan.layers + range_.layer
    cdef Py_ssize_t capacity = slab.capacity
    cdef Py_ssize_t rows = slab.stop - slab.start
    cdef const real* delta = slab_row(slab_rows, capacity, layer.rows.delta, 0,
                                      layer.stride)
    cdef const Layer* before
    cdef real* gradient = gradient_out + layer.weights + range_.first * layer.n_out
    cdef void* panel = <char*>workspace + plan.panel_at
    cdef Factor x
    if slab.dropping and layer.drop_below:
        x = Factor(slab_row(slab_rows, capacity, layer.rows.inputs, 0, stride_of_inputs(layer))
                   + range_.first, 1, stride_of_inputs(layer), NULL, NULL)
    elif range_.layer == 0:
        x = inputs_of(plan, samples, slab.start)
        x = Factor(x.base + range_.first, 1, x.row_stride, NULL, x.rows)
    else:
        before = layer - 1
        x = Factor(slab_row(slab_rows, capacity, before.rows.a, 0, before.stride)
                   + range_.first, 1, before.stride, NULL, NULL)
    if layer.across:
        wide_backward_across(layer, rows, x.base, x.sum_stride, delta, not slab.fresh,
                             <real*>panel, gradient)
    else:
        wide_product(range_.stop - range_.first, layer.n_out, rows, &x, delta, layer.stride, False,
                     NULL, not slab.fresh, False, panel, gradient, layer.n_out)
    if layer.biases >= 0 and range_.stop == layer.n_in:
        wide_backward_biases(layer.n_out, rows, delta, layer.stride, not slab.fresh,
                             gradient_out + layer.biases)
