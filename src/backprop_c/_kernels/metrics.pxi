# Metrics: the weighted sum over a block's samples of a value each; the mean is taken once, at
# the end. One entry each in METRICS.

cdef double mse(Py_ssize_t width, Py_ssize_t vectors, const void* a, const void* targets,
                const void* labels, const void* sample_weights) noexcept nogil:
    # 1/width sum_j (a_j - t_j)**2
    # a, targets: (width, vectors); sample_weights: (vectors,)
    cdef const lanes* x = <const lanes*>a
    cdef const lanes* t = <const lanes*>targets
    cdef lanes difference, squares
    cdef wide total = wide_zero()
    cdef Py_ssize_t j, v
    for v in range(vectors):
        squares = splat(0)
        for j in range(width):
            difference = x[j * vectors + v] - t[j * vectors + v]
            squares = squares + difference * difference
        total = wide_add(total, weighted(squares, (<const lanes*>sample_weights)[v]))
    return wide_sum(total) / width


cdef double accuracy(Py_ssize_t width, Py_ssize_t vectors, const void* a, const void* targets,
                     const void* labels, const void* sample_weights) noexcept nogil:
    # 1 where the first largest output is the label's (one output: where a > 1/2 is), else 0
    # a: (width, vectors); labels, sample_weights: (vectors,)
    cdef const lanes* x = <const lanes*>a
    cdef lanes largest, chosen
    cdef wide total = wide_zero()
    cdef Py_ssize_t j, v
    for v in range(vectors):
        if width == 1:
            chosen = select_less(splat(0.5), x[v], splat(1), splat(0))
        else:
            largest = x[v]
            chosen = splat(0)
            for j in range(1, width):
                chosen = select_less(largest, x[j * vectors + v], splat(j), chosen)
                largest = select_less(largest, x[j * vectors + v], x[j * vectors + v], largest)
        total = wide_add(total, select_equal(chosen, (<const lanes*>labels)[v],
                                             (<const lanes*>sample_weights)[v], splat(0)))
    return wide_sum(total)


cdef Metric[2] METRICS
METRICS[0] = Metric(b"mse", False, mse)
METRICS[1] = Metric(b"accuracy", True, accuracy)
