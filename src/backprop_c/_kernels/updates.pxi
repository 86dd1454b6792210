# Update rules: one pass over the flat parameter vector. `scale` divides the summed gradient by
# the batch's weight. One entry each in UPDATES; hyperparameters come in the order in which the
# optimizer's class lists them.

cdef void sgd_update(Py_ssize_t n, const double* hyperparameters, double scale, long long steps,
                     const void* gradient, void* parameters_out,
                     void* states_out) noexcept nogil:
    # parameters -= learning_rate * gradient
    # gradient, parameters: (n,)
    cdef real rate = <real>(hyperparameters[0] * scale)
    cdef const real* g = <const real*>gradient
    cdef real* p = <real*>parameters_out
    cdef Py_ssize_t k = 0
    # Not for a few parameters: a vector load would wait for the gradient's stores, one by one.
    while n > 2 * LANES and k + LANES <= n:
        (<lanes*>(p + k))[0] = (<lanes*>(p + k))[0] - splat(rate) * (<const lanes*>(g + k))[0]
        k += LANES
    for k in range(k, n):
        p[k] = p[k] - rate * g[k]


cdef Update[1] UPDATES
UPDATES[0] = Update(b"sgd", 0, sgd_update)
