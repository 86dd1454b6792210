# Metrics: sums over a block's samples, each times its weight, and what the sums of all samples come
# to. One entry each in METRICS.

cdef void add_squares(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                      const void* a, const void* targets, const void* labels,
                      const void* sample_weights, double* sums_out) noexcept nogil:
    # sums[j] += sum_s w_s (a_js - t_js)**2
    # a, targets: (width, vectors); sample_weights: (vectors,); sums: (width,)
    cdef const lanes* x = <const lanes*>a
    cdef const lanes* t = <const lanes*>targets
    cdef lanes difference
    cdef accumulator total
    cdef Py_ssize_t j, v
    for j in range(width):
        total = empty_sum()
        for v in range(vectors):
            difference = x[j * vectors + v] - t[j * vectors + v]
            total = accumulate(total, weighted(difference * difference,
                                               (<const lanes*>sample_weights)[v]))
        sums_out[j] += accumulated(total)


cdef void add_sizes(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                    const void* a, const void* targets, const void* labels,
                    const void* sample_weights, double* sums_out) noexcept nogil:
    # sums[j] += sum_s w_s |a_js - t_js|
    # a, targets: (width, vectors); sample_weights: (vectors,); sums: (width,)
    cdef const lanes* x = <const lanes*>a
    cdef const lanes* t = <const lanes*>targets
    cdef accumulator total
    cdef Py_ssize_t j, v
    for j in range(width):
        total = empty_sum()
        for v in range(vectors):
            total = accumulate(total, weighted(absolute(x[j * vectors + v] - t[j * vectors + v]),
                                               (<const lanes*>sample_weights)[v]))
        sums_out[j] += accumulated(total)


cdef inline lanes largest_output(Py_ssize_t width, Py_ssize_t vectors,
                                 const lanes* a) noexcept nogil:
    # the first j of the largest a_j
    # a: (width, vectors), from the vector on that is asked for
    cdef lanes largest = a[0]
    cdef lanes chosen = splat(0)
    cdef Py_ssize_t j
    for j in range(1, width):
        chosen = select_less(largest, a[j * vectors], splat(j), chosen)
        largest = at_least(largest, a[j * vectors])
    return chosen


cdef inline lanes is_above(lanes x, const real threshold) noexcept nogil:
    # 1 where x > threshold, else 0
    return select_less(splat(threshold), x, splat(1), splat(0))


cdef void add_right(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                    const void* a, const void* targets, const void* labels,
                    const void* sample_weights, double* sums_out) noexcept nogil:
    # sums[0] += the weights where the first largest output is the label's
    # a: (width, vectors); labels, sample_weights: (vectors,)
    cdef accumulator total = empty_sum()
    cdef Py_ssize_t v
    for v in range(vectors):
        total = accumulate(total, select_equal(
            largest_output(width, vectors, <const lanes*>a + v), (<const lanes*>labels)[v],
            (<const lanes*>sample_weights)[v], splat(0)))
    sums_out[0] += accumulated(total)


cdef inline void add_right_sides(Py_ssize_t width, Py_ssize_t vectors, const real threshold,
                                 const void* a, const void* targets, const void* sample_weights,
                                 double* sums_out) noexcept nogil:
    # sums[0] += the weights where every output is on its target's side of the threshold
    # a, targets: (width, vectors); sample_weights: (vectors,)
    cdef lanes weight
    cdef accumulator total = empty_sum()
    cdef Py_ssize_t j, v
    for v in range(vectors):
        weight = (<const lanes*>sample_weights)[v]
        for j in range(width):
            weight = select_equal(is_above((<const lanes*>a)[j * vectors + v], threshold),
                                  is_above((<const lanes*>targets)[j * vectors + v], threshold),
                                  weight, splat(0))
        total = accumulate(total, weight)
    sums_out[0] += accumulated(total)


cdef void add_right_by_half(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                            const void* a, const void* targets, const void* labels,
                            const void* sample_weights, double* sums_out) noexcept nogil:
    # as add_right_sides, of 1/2
    # a, targets: (width, vectors); sample_weights: (vectors,)
    add_right_sides(width, vectors, <real>0.5, a, targets, sample_weights, sums_out)


cdef void add_right_by_sign(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                            const void* a, const void* targets, const void* labels,
                            const void* sample_weights, double* sums_out) noexcept nogil:
    # as add_right_sides, of 0
    # a, targets: (width, vectors); sample_weights: (vectors,)
    add_right_sides(width, vectors, 0, a, targets, sample_weights, sums_out)


cdef void add_near_right(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                         const void* a, const void* targets, const void* labels,
                         const void* sample_weights, double* sums_out) noexcept nogil:
    # sums[0] += the weights where fewer than k outputs come before the label's: those that are
    # larger, and of equal ones those behind it, as scikit-learn has it
    # a: (width, vectors); labels, sample_weights: (vectors,); constants: k
    cdef lanes k = splat(<real>constants[0])
    cdef lanes label, own, output, before
    cdef accumulator total = empty_sum()
    cdef Py_ssize_t j, v
    for v in range(vectors):
        label = (<const lanes*>labels)[v]
        own = splat(0)
        before = splat(0)
        for j in range(width):
            own = select_equal(splat(j), label, (<const lanes*>a)[j * vectors + v], own)
        for j in range(width):
            output = (<const lanes*>a)[j * vectors + v]
            before = before + select_less(own, output, splat(1), select_equal(
                own, output, select_less(label, splat(j), splat(1), splat(0)), splat(0)))
        # A class whose own output is not a number is not among them.
        before = select_equal(own, own, before, k)
        total = accumulate(total, select_less(before, k, (<const lanes*>sample_weights)[v],
                                              splat(0)))
    sums_out[0] += accumulated(total)


cdef inline lanes surprise(lanes share) noexcept nogil:
    # -log p = log (1 / p), of p = share, held between epsilon and 1 - epsilon
    return logarithm(splat(1) / clipped(share, ULP_OF_1, 1 - ULP_OF_1))


cdef void add_surprise(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                       const void* a, const void* targets, const void* labels,
                       const void* sample_weights, double* sums_out) noexcept nogil:
    # sums[0] += sum_s w_s sum_j t_js (-log a_js); of one output, that of its two classes
    # a, targets: (width, vectors); sample_weights: (vectors,)
    cdef lanes value, target, output
    cdef accumulator total = empty_sum()
    cdef Py_ssize_t j, v
    for v in range(vectors):
        value = splat(0)
        for j in range(width):
            output = (<const lanes*>a)[j * vectors + v]
            target = (<const lanes*>targets)[j * vectors + v]
            value = value + weighted(surprise(output), target)
            if width == 1:
                value = value + weighted(surprise(splat(1) - output), splat(1) - target)
        total = accumulate(total, weighted(value, (<const lanes*>sample_weights)[v]))
    sums_out[0] += accumulated(total)


# Sums of classes: the weights of samples that are of a class and said to be, and behind them of all
# that are said to be. `n_classes` of each: at one output its two classes, at several by side of a
# threshold a class for each, which a sample may have or not.

cdef inline Py_ssize_t count_of_classes(Py_ssize_t width) noexcept nogil:
    # n_classes = max(width, 2)
    return max(width, 2)


cdef inline void add_class(Py_ssize_t n_classes, lanes said, lanes actual, lanes weight,
                           double* sums_out) noexcept nogil:
    # sums[said] += weight, if it is the actual class; sums[n_classes + said] += weight
    # sums: (2, n_classes)
    cdef int k, chosen
    for k in range(LANES):
        # Places behind the last sample have no weight, and no label.
        if lane(weight, k) != 0:
            chosen = <int>lane(said, k)
            sums_out[n_classes + chosen] += lane(weight, k)
            if lane(said, k) == lane(actual, k):
                sums_out[chosen] += lane(weight, k)


cdef void add_classes(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                      const void* a, const void* targets, const void* labels,
                      const void* sample_weights, double* sums_out) noexcept nogil:
    # sums of classes: what is said is the first largest output
    # a: (width, vectors); labels, sample_weights: (vectors,); sums: (2, width)
    cdef Py_ssize_t v
    for v in range(vectors):
        add_class(width, largest_output(width, vectors, <const lanes*>a + v),
                  (<const lanes*>labels)[v], (<const lanes*>sample_weights)[v], sums_out)


cdef inline void add_sides(Py_ssize_t width, Py_ssize_t vectors, const real threshold,
                           const void* a, const void* targets, const void* sample_weights,
                           double* sums_out) noexcept nogil:
    # sums of classes, by the outputs' sides of a threshold
    # a, targets: (width, vectors); sample_weights: (vectors,); sums: (2, count_of_classes)
    cdef const lanes* output = <const lanes*>a
    cdef const lanes* target = <const lanes*>targets
    cdef const lanes* weight = <const lanes*>sample_weights
    cdef lanes said
    cdef accumulator hits, all_said
    cdef Py_ssize_t j, v
    if width == 1:
        for v in range(vectors):
            add_class(2, is_above(output[v], threshold), is_above(target[v], threshold),
                      weight[v], sums_out)
        return
    for j in range(width):
        hits = empty_sum()
        all_said = empty_sum()
        for v in range(vectors):
            said = is_above(output[j * vectors + v], threshold) * weight[v]
            hits = accumulate(hits, said * is_above(target[j * vectors + v], threshold))
            all_said = accumulate(all_said, said)
        sums_out[j] += accumulated(hits)
        sums_out[width + j] += accumulated(all_said)


cdef void add_halves(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                     const void* a, const void* targets, const void* labels,
                     const void* sample_weights, double* sums_out) noexcept nogil:
    # as add_sides, of 1/2
    # a, targets: (width, vectors); sample_weights: (vectors,); sums: (2, count_of_classes)
    add_sides(width, vectors, <real>0.5, a, targets, sample_weights, sums_out)


cdef void add_signs(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                    const void* a, const void* targets, const void* labels,
                    const void* sample_weights, double* sums_out) noexcept nogil:
    # as add_sides, of 0
    # a, targets: (width, vectors); sample_weights: (vectors,); sums: (2, count_of_classes)
    add_sides(width, vectors, 0, a, targets, sample_weights, sums_out)


# What sums come to. `weight` is that of all samples; `known` is what the targets alone say.

cdef double mean_of_samples(Py_ssize_t width, double weight, const double* known,
                            const double* sums) noexcept nogil:
    # sums_0 / weight
    # sums: (1,)
    return sums[0] / weight


cdef double mean_of_outputs(Py_ssize_t width, double weight, const double* known,
                            const double* sums) noexcept nogil:
    # 1/width sum_j sums_j / weight
    # sums: (width,)
    cdef double total = 0
    cdef Py_ssize_t j
    for j in range(width):
        total += sums[j]
    return total / width / weight


cdef double mean_of_roots(Py_ssize_t width, double weight, const double* known,
                          const double* sums) noexcept nogil:
    # 1/width sum_j sqrt(sums_j / weight)
    # sums: (width,)
    cdef double total = 0
    cdef Py_ssize_t j
    for j in range(width):
        total += sqrt(sums[j] / weight)
    return total / width


cdef double share_explained(Py_ssize_t width, double weight, const double* known,
                            const double* sums) noexcept nogil:
    # 1/width sum_j (1 - sums_j / known_j): of a target that is always the same 1 where it is met,
    # else 0
    # sums, known: (width,)
    cdef double total = 0
    cdef Py_ssize_t j
    for j in range(width):
        if known[j] != 0:
            total += 1 - sums[j] / known[j]
        elif sums[j] == 0:
            total += 1
    return total / width


cdef double mean_recall(Py_ssize_t width, double weight, const double* known,
                        const double* sums) noexcept nogil:
    # the mean of sums_c / known_c, over the classes that there are
    # sums: (2, n_classes), known: (n_classes,)
    cdef double total = 0
    cdef Py_ssize_t c, n_found = 0
    for c in range(count_of_classes(width)):
        if known[c] > 0:
            total += sums[c] / known[c]
            n_found += 1
    return total / n_found


cdef inline double sum_of_f1(Py_ssize_t n_classes, const double* known, const double* sums,
                             Py_ssize_t* found_out) noexcept nogil:
    # sum_c 2 sums_c / (known_c + said_c); found = how many classes are there or said to be
    # sums: (2, n_classes), known: (n_classes,)
    cdef double total = 0
    cdef Py_ssize_t c
    found_out[0] = 0
    for c in range(n_classes):
        if known[c] + sums[n_classes + c] > 0:
            total += 2 * sums[c] / (known[c] + sums[n_classes + c])
            found_out[0] += 1
    return total


cdef double mean_f1(Py_ssize_t width, double weight, const double* known,
                    const double* sums) noexcept nogil:
    # sum_of_f1 / found
    # sums: (2, n_classes), known: (n_classes,)
    cdef Py_ssize_t found
    cdef double total = sum_of_f1(count_of_classes(width), known, sums, &found)
    return total / found


cdef double mean_f1_of_sides(Py_ssize_t width, double weight, const double* known,
                             const double* sums) noexcept nogil:
    # as mean_f1; at several outputs sum_of_f1 / width: what is not found counts as 0
    # sums: (2, n_classes), known: (n_classes,)
    cdef Py_ssize_t found
    cdef double total = sum_of_f1(count_of_classes(width), known, sums, &found)
    return total / (found if width == 1 else width)


cdef void add_nothing(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                      const void* a, const void* targets, const void* labels,
                      const void* sample_weights, double* sums_out) noexcept nogil:
    # sums stay: the pass adds them itself
    # sums: (2,)
    pass


cdef double mean_of_counted(Py_ssize_t width, double weight, const double* known,
                            const double* sums) noexcept nogil:
    # sums[0] / sums[1]
    # sums: (2,)
    return sums[0] / sums[1]


cdef double largest_of_all(Py_ssize_t width, double weight, const double* known,
                           const double* sums) noexcept nogil:
    # sums[0], which is no sum
    # sums: (2,)
    return sums[0]


cdef Metric[19] METRICS
METRICS[0] = Metric(b"mse", b"", c"-", c"-", False, False, False, False, 1, add_squares,
                    mean_of_outputs)
METRICS[1] = Metric(b"rmse", b"", c"-", c"-", False, False, False, False, 1, add_squares,
                    mean_of_roots)
METRICS[2] = Metric(b"mae", b"", c"-", c"-", False, False, False, False, 1, add_sizes,
                    mean_of_outputs)
METRICS[3] = Metric(b"r2", b"", c"-", c"v", False, False, True, False, 1, add_squares,
                    share_explained)
METRICS[4] = Metric(b"accuracy", b"", c"l", c"-", False, False, True, False, 1, add_right,
                    mean_of_samples)
METRICS[5] = Metric(b"accuracy", b"", c"h", c"-", False, False, True, False, 1, add_right_by_half,
                    mean_of_samples)
METRICS[6] = Metric(b"accuracy", b"", c"s", c"-", False, False, True, False, 1, add_right_by_sign,
                    mean_of_samples)
METRICS[7] = Metric(b"balanced_accuracy", b"", c"l", c"c", False, False, True, False, 2,
                    add_classes,
                    mean_recall)
METRICS[8] = Metric(b"balanced_accuracy", b"", c"h", c"c", True, False, True, False, 2, add_halves,
                    mean_recall)
METRICS[9] = Metric(b"balanced_accuracy", b"", c"s", c"c", True, False, True, False, 2, add_signs,
                    mean_recall)
METRICS[10] = Metric(b"top_k_accuracy", b"k", c"l", c"-", False, False, True, False, 1,
                     add_near_right,
                     mean_of_samples)
METRICS[11] = Metric(b"log_loss", b"", c"l", c"-", False, True, False, False, 1, add_surprise,
                     mean_of_samples)
METRICS[12] = Metric(b"log_loss", b"", c"h", c"-", True, True, False, False, 1, add_surprise,
                     mean_of_samples)
METRICS[13] = Metric(b"f1", b"", c"l", c"c", False, False, True, False, 2, add_classes, mean_f1)
METRICS[14] = Metric(b"f1", b"", c"h", c"c", False, False, True, False, 2, add_halves,
                     mean_f1_of_sides)
METRICS[15] = Metric(b"f1", b"", c"s", c"c", False, False, True, False, 2, add_signs,
                     mean_f1_of_sides)
# How a network settles: recurrent_part adds the sums.
METRICS[16] = Metric(b"iterations", b"", c"-", c"-", False, False, False, True, 1, add_nothing,
                     mean_of_counted)
METRICS[17] = Metric(b"settled", b"", c"-", c"-", False, False, True, True, 1, add_nothing,
                     mean_of_counted)
METRICS[18] = Metric(b"largest_change", b"", c"-", c"-", False, False, False, True, 1, add_nothing,
                     largest_of_all)
