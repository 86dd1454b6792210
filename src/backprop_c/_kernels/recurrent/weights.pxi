# The weights of units that feed each other, as they count: those of missing connections are 0, and
# symmetric ones are the mean of the weights and their transpose. So the loss is a function of all
# parameters, and its gradient is exact, whatever is written to them.

cdef struct Weights:
    # (n_in, n_units) and (n_units, n_units)
    const real* from_inputs
    const real* between


cdef bint count_as_they_are(const Recurrence* recurrence) noexcept nogil:
    # whether all weights are what the parameters say
    # recurrence: (1,)
    return (recurrence.connections == NULL and recurrence.input_connections == NULL
            and not recurrence.symmetric)


cdef inline void connected(Py_ssize_t n, const unsigned char* connections, const real* w,
                           real* w_out) noexcept nogil:
    # w_out = w where there is a connection, else 0
    # connections: (n,) or NULL, w, w_out: (n,)
    cdef Py_ssize_t k
    for k in range(n):
        w_out[k] = w[k] if connections == NULL or connections[k] else 0


cdef void symmetrized(Py_ssize_t n, const real* w, real* w_out) noexcept nogil:
    # w_out = (w + w.T) / 2
    # w, w_out: (n, n), which may be the same
    cdef real mean
    cdef Py_ssize_t i, j
    for i in range(n):
        w_out[i * n + i] = w[i * n + i]
        for j in range(i):
            # Halves first: their sum is finite where the weights are.
            mean = w[i * n + j] * <real>0.5 + w[j * n + i] * <real>0.5
            w_out[i * n + j] = mean
            w_out[j * n + i] = mean


cdef Weights weights_that_count(const Plan* plan, const real* parameters,
                                void* workspace) noexcept nogil:
    # the weights in the parameters, or what of them counts, in the workspace
    # parameters: (n_parameters,)
    cdef const Recurrence* recurrence = plan.recurrence
    cdef Py_ssize_t n_in = plan.layers[0].n_in
    cdef Py_ssize_t n = plan.layers[0].n_out
    cdef const real* from_inputs = parameters + plan.layers[0].weights
    cdef const real* between = parameters + plan.layers[1].weights
    cdef real* copied = <real*>(<char*>workspace + recurrence.weights_at)
    if count_as_they_are(recurrence):
        return Weights(from_inputs, between)
    connected(n_in * n, recurrence.input_connections, from_inputs, copied)
    connected(n * n, recurrence.connections, between, copied + n_in * n)
    if recurrence.symmetric:
        symmetrized(n, copied + n_in * n, copied + n_in * n)
    return Weights(copied, copied + n_in * n)


cdef void gradient_that_counts(const Plan* plan, real* gradient_out) noexcept nogil:
    # the derivatives by the parameters, from those by the weights that count
    # gradient: (n_parameters,)
    cdef const Recurrence* recurrence = plan.recurrence
    cdef Py_ssize_t n_in = plan.layers[0].n_in
    cdef Py_ssize_t n = plan.layers[0].n_out
    cdef real* from_inputs = gradient_out + plan.layers[0].weights
    cdef real* between = gradient_out + plan.layers[1].weights
    if count_as_they_are(recurrence):
        return
    connected(n_in * n, recurrence.input_connections, from_inputs, from_inputs)
    if recurrence.symmetric:
        symmetrized(n, between, between)
    connected(n * n, recurrence.connections, between, between)
