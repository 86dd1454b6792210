# A step of damped least squares: (squares + shift I) step = gradient, by the upper triangle of
# Cholesky's factorization. Rows are whole vectors, of which what is left of the diagonal is never
# used. The gradient is the last column: so the factorization solves the first half by itself.

cdef enum:
    # Rows of the factor that are taken from others at a time.
    FINISHED = 4


cdef inline Py_ssize_t whole_before(Py_ssize_t n) noexcept nogil:
    # n, rounded down to whole vectors
    # n: (1,)
    return n // LANES * LANES


cdef void add_curvature(const Plan* plan, double weight, const void* parameters,
                        void* squares_out) noexcept nogil:
    # squares += weight l2 on the diagonal, and weight l2 w in the gradient's column, of weights w
    # squares: (n_parameters + 1, plan.square_stride)
    cdef const real* p = <const real*>parameters
    cdef real* row = <real*>squares_out
    cdef Py_ssize_t stride = plan.square_stride
    cdef const Layer* layer
    cdef Py_ssize_t n, k
    cdef double strength
    for n in range(plan.n_layers):
        layer = plan.layers + n
        if layer.l2 == 0:
            continue
        strength = weight * layer.l2
        for k in range(layer.weights, layer.weights + layer.n_in * layer.n_out):
            row[k * stride + k] += <real>strength
            row[k * stride + plan.n_parameters] += <real>(strength * p[k])


cdef double steepest(const Plan* plan, const void* squares) noexcept nogil:
    # max |gradient|, infinite where one is not a number
    # squares: (n_parameters + 1, plan.square_stride)
    cdef const real* column = <const real*>squares + plan.n_parameters
    cdef double largest = 0
    cdef double size
    cdef Py_ssize_t i
    for i in range(plan.n_parameters):
        size = fabs(column[i * plan.square_stride])
        if not size <= largest:
            largest = size if size == size else INFINITY
    return largest


cdef void damp(const Plan* plan, double shift, const void* squares,
               void* factor_out) noexcept nogil:
    # factor = squares + shift I, from the diagonal on
    # squares, factor: (n_parameters + 1, plan.square_stride)
    cdef const real* row = <const real*>squares
    cdef real* damped = <real*>factor_out
    cdef Py_ssize_t stride = plan.square_stride
    cdef Py_ssize_t i, first
    for i in range(plan.n_parameters):
        first = whole_before(i)
        memcpy(damped + first, row + first, (stride - first) * sizeof(real))
        damped[i] += <real>shift
        row += stride
        damped += stride


cdef inline void take_finished(Py_ssize_t n_rows, const real* rows, Py_ssize_t stride,
                               Py_ssize_t i, real* row_out) noexcept nogil:
    # row[j] -= sum_k rows[k, i] rows[k, j], from j = i on
    # rows: (n_rows, stride), n_rows at most FINISHED; row: (stride,), row i of the factor
    cdef lanes factors[FINISHED]
    cdef lanes rest
    cdef Py_ssize_t k, j
    for k in range(n_rows):
        factors[k] = splat(rows[k * stride + i])
    for j from whole_before(i) <= j < stride by LANES:
        rest = load(row_out + j)
        for k in range(n_rows):
            rest = rest - factors[k] * load(rows + k * stride + j)
        store(row_out + j, rest, LANES)


cdef inline bint scale_row(Py_ssize_t k, Py_ssize_t stride, real* row_out) noexcept nogil:
    # row[k:] /= sqrt(row[k]); whether that is positive and finite
    # row: (stride,), row k of the factor
    cdef lanes factors
    cdef Py_ssize_t j
    if not (row_out[k] > 0 and row_out[k] < INFINITY):
        return False
    factors = splat(<real>1 / <real>sqrt(row_out[k]))
    for j from whole_before(k) <= j < stride by LANES:
        store(row_out + j, load(row_out + j) * factors, LANES)
    return True


cdef bint factor_rows(const Plan* plan, Py_ssize_t first, Py_ssize_t stop, void* factor_out,
                      void* negative_out) noexcept nogil:
    # factor[k, k:] /= sqrt(factor[k, k]), factor[i, i:] -= factor[k, i] factor[k, i:], of rows k
    # and i > k in first..stop-1, from which the rows before have been taken; whether all pivots
    # are positive. negative = -factor of these rows, for take_rows
    # factor: (n_parameters + 1, plan.square_stride), negative: (stop - first, plan.square_stride)
    cdef Py_ssize_t stride = plan.square_stride
    cdef real* row = <real*>factor_out + first * stride
    cdef real* negative = <real*>negative_out
    cdef real* group
    cdef Py_ssize_t k, begin, i, j
    for begin from first <= begin < stop by FINISHED:
        group = row
        for k in range(begin, min(begin + FINISHED, stop)):
            for i in range(k - begin):
                take_finished(1, group + i * stride, stride, k, row)
            if not scale_row(k, stride, row):
                return False
            if stop < plan.n_parameters:
                for j from whole_before(stop) <= j < stride by LANES:
                    store(negative + j, -load(row + j), LANES)
                negative += stride
            row += stride
        # Rows that are finished are taken from those behind together: each is read once for all.
        for i in range(begin + FINISHED, stop):
            take_finished(FINISHED, group, stride, i, row + (i - begin - FINISHED) * stride)
    return True


cdef void take_rows(const Plan* plan, Py_ssize_t first, Py_ssize_t stop, Py_ssize_t begin,
                    Py_ssize_t end, const void* negative, void* panel,
                    void* factor_out) noexcept nogil:
    # factor[i, i:] -= sum_k factor[k, i] factor[k, i:], of rows k in first..stop-1 and i in
    # begin..end-1
    # negative: (stop - first, plan.square_stride), panel: (PANEL_DEPTH, PANEL), factor:
    # (n_parameters + 1, plan.square_stride)
    cdef Py_ssize_t stride = plan.square_stride
    cdef real* factor = <real*>factor_out
    cdef Py_ssize_t left = whole_before(begin)
    cdef Factor x = Factor(<const real*>negative + begin, 1, stride, NULL, NULL)
    wide_product(end - begin, stride - left, stop - first, &x, factor + first * stride + left,
                 stride, False, NULL, True, True, panel, factor + begin * stride + left, stride)


cdef double damped_step(const Plan* plan, double shift, const void* squares, const void* factor,
                        const void* parameters, void* step_out, void* trial_out) noexcept nogil:
    # trial = parameters - step, where factor step = its last column; returns how much less the sum
    # of squares and penalties should be: 1/2 step (gradient + shift step)
    # squares, factor: (n_parameters + 1, plan.square_stride), step: (plan.square_stride,), trial:
    # (n_parameters,)
    cdef Py_ssize_t n = plan.n_parameters
    cdef Py_ssize_t stride = plan.square_stride
    cdef const real* row = <const real*>factor + n * stride
    cdef const real* gradient = <const real*>squares + n
    cdef const real* p = <const real*>parameters
    cdef real* step = <real*>step_out
    cdef real* trial = <real*>trial_out
    cdef double predicted = 0
    cdef lanes total
    cdef Py_ssize_t i, j
    memset(step, 0, stride * sizeof(real))
    step[n] = -1
    for i in range(n - 1, -1, -1):
        row -= stride
        total = splat(0)
        # What is not known yet is 0.
        for j from whole_before(i) <= j < stride by LANES:
            total = total + load(row + j) * load(step + j)
        step[i] = -lane_sum(total) / row[i]
    for i in range(n):
        trial[i] = p[i] - step[i]
        predicted += step[i] * (gradient[i * stride] + shift * step[i])
    return predicted / 2
