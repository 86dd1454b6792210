# Metrics: the weighted sum over a block's samples of a value each; the mean is taken once, at
# the end. One entry each in METRICS.

cdef double mse(Py_ssize_t width, Py_ssize_t vectors, const void* a, const void* targets,
                const void* labels, const void* sample_weights) noexcept nogil:
    # 1/width sum_j (a_j - t_j)**2
    # a, targets: (width, vectors); sample_weights: (vectors,)
    cdef const lanes* x = <const lanes*>a
    cdef const lanes* t = <const lanes*>targets
    cdef lanes difference, squares
    cdef accumulator total = empty_sum()
    cdef Py_ssize_t j, v
    for v in range(vectors):
        squares = splat(0)
        for j in range(width):
            difference = x[j * vectors + v] - t[j * vectors + v]
            squares = squares + difference * difference
        total = accumulate(total, weighted(squares, (<const lanes*>sample_weights)[v]))
    return accumulated(total) / width


cdef double accuracy(Py_ssize_t width, Py_ssize_t vectors, const void* a, const void* targets,
                     const void* labels, const void* sample_weights) noexcept nogil:
    # 1 where the first largest output is the label's, else 0
    # a: (width, vectors); labels, sample_weights: (vectors,)
    cdef const lanes* x = <const lanes*>a
    cdef lanes largest, chosen
    cdef accumulator total = empty_sum()
    cdef Py_ssize_t j, v
    for v in range(vectors):
        largest = x[v]
        chosen = splat(0)
        for j in range(1, width):
            chosen = select_less(largest, x[j * vectors + v], splat(j), chosen)
            largest = select_less(largest, x[j * vectors + v], x[j * vectors + v], largest)
        total = accumulate(total, select_equal(chosen, (<const lanes*>labels)[v],
                                               (<const lanes*>sample_weights)[v], splat(0)))
    return accumulated(total)


cdef inline double same_sides(Py_ssize_t width, Py_ssize_t vectors, const void* a,
                              const void* targets, const void* sample_weights,
                              const real threshold) noexcept nogil:
    # 1 where every output is on its target's side of the threshold, else 0
    # a, targets: (width, vectors); sample_weights: (vectors,)
    cdef lanes weight, output, target
    cdef lanes limit = splat(threshold)
    cdef accumulator total = empty_sum()
    cdef Py_ssize_t j, v
    for v in range(vectors):
        weight = (<const lanes*>sample_weights)[v]
        for j in range(width):
            output = (<const lanes*>a)[j * vectors + v]
            target = (<const lanes*>targets)[j * vectors + v]
            output = select_less(limit, output, splat(1), splat(0))
            target = select_less(limit, target, splat(1), splat(0))
            weight = select_equal(output, target, weight, splat(0))
        total = accumulate(total, weight)
    return accumulated(total)


cdef double accuracy_by_half(Py_ssize_t width, Py_ssize_t vectors, const void* a,
                             const void* targets, const void* labels,
                             const void* sample_weights) noexcept nogil:
    # 1 where every output is on its target's side of 1/2, else 0
    # a, targets: (width, vectors); sample_weights: (vectors,)
    return same_sides(width, vectors, a, targets, sample_weights, <real>0.5)


cdef double accuracy_by_sign(Py_ssize_t width, Py_ssize_t vectors, const void* a,
                             const void* targets, const void* labels,
                             const void* sample_weights) noexcept nogil:
    # 1 where every output is on its target's side of 0, else 0
    # a, targets: (width, vectors); sample_weights: (vectors,)
    return same_sides(width, vectors, a, targets, sample_weights, 0)


cdef Metric[4] METRICS
METRICS[0] = Metric(b"mse", c"-", mse)
METRICS[1] = Metric(b"accuracy", c"l", accuracy)
METRICS[2] = Metric(b"accuracy", c"h", accuracy_by_half)
METRICS[3] = Metric(b"accuracy", c"s", accuracy_by_sign)
