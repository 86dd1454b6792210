# Anderson's acceleration: of the last steps, the combination is taken whose changes cancel best.
# All of it is lane by lane, so a sample's bits depend on no other sample. After D. G. Anderson,
# Iterative procedures for nonlinear integral equations (1965), in the form of H. F. Walker and
# P. Ni, Anderson acceleration for fixed-point iterations (2011).

cdef inline void gram_solution(Py_ssize_t used, lanes gram[][MAX_MEMORY],
                               lanes* right) noexcept nogil:
    # right = the solution x of (gram + ridge) x = right, by Cholesky's factorization
    # gram: (used, used), of which the lower triangle is read and written, right: (used,)
    cdef lanes sum_, pivot, floor, root
    cdef Py_ssize_t i, j, k
    for j in range(used):
        # The ridge: columns that are nearly the same have no digits for their difference.
        floor = gram[j][j] * splat(<real>(64 * ULP_OF_1)) + splat(SMALLEST)
        pivot = gram[j][j] + floor
        for k in range(j):
            pivot = pivot - gram[j][k] * gram[j][k]
        root = square_root(at_least(pivot, floor))
        gram[j][j] = root
        for i in range(j + 1, used):
            sum_ = gram[i][j]
            for k in range(j):
                sum_ = sum_ - gram[i][k] * gram[j][k]
            gram[i][j] = sum_ / root
        sum_ = right[j]
        for k in range(j):
            sum_ = sum_ - gram[j][k] * right[k]
        right[j] = sum_ / root
    for j in range(used - 1, -1, -1):
        sum_ = right[j]
        for k in range(j + 1, used):
            sum_ = sum_ - gram[k][j] * right[k]
        right[j] = sum_ / gram[j][j]


cdef void forget(Py_ssize_t n, Py_ssize_t vectors, Py_ssize_t v, Py_ssize_t memory, lanes stuck,
                 const lanes* found, const lanes* x, lanes* past) noexcept nogil:
    # last_x = x, last_f = found - x, all dx and df = 0 where `stuck` is 1, of one vector: the next
    # step is a plain one
    # found, x: (n, vectors); past: as of accelerated_step
    cdef bits mask = bits_where_equal(stuck, splat(1))
    cdef Py_ssize_t size = n * vectors
    cdef Py_ssize_t k, slot
    for k from v <= k < size by vectors:
        past[k] = select_bits(mask, x[k], past[k])
        past[size + k] = select_bits(mask, found[k] - x[k], past[size + k])
        for slot in range(2, 2 + 2 * memory):
            past[slot * size + k] = select_bits(mask, splat(0), past[slot * size + k])


cdef void accelerated_step(Py_ssize_t n, Py_ssize_t vectors, Py_ssize_t v, Py_ssize_t iteration,
                           Py_ssize_t memory, lanes damping, const lanes* found, lanes* x,
                           lanes* past) noexcept nogil:
    # f = found - x; x += damping f - sum_k g_k (dx_k + damping df_k), where g makes |f - sum_k g_k
    # df_k| smallest; of one vector of samples
    # found, x: (n, vectors); past: (2 + 2 memory, n, vectors): the last x and f, then dx and df
    cdef lanes gram[MAX_MEMORY][MAX_MEMORY]
    cdef lanes right[MAX_MEMORY]
    cdef Py_ssize_t size = n * vectors
    cdef Py_ssize_t used = min(iteration, memory)
    cdef Py_ssize_t slot, i, j, k
    cdef lanes* last_x = past
    cdef lanes* last_f = past + size
    cdef lanes* dx = past + 2 * size
    cdef lanes* df = dx + memory * size
    cdef lanes f, moved
    if used > 0:
        slot = (iteration - 1) % memory
        for j in range(n):
            k = j * vectors + v
            dx[slot * size + k] = x[k] - last_x[k]
            df[slot * size + k] = (found[k] - x[k]) - last_f[k]
        for i in range(used):
            right[i] = splat(0)
            for j in range(i + 1):
                gram[i][j] = splat(0)
        for k from v <= k < size by vectors:
            f = found[k] - x[k]
            for i in range(used):
                right[i] = right[i] + df[i * size + k] * f
                for j in range(i + 1):
                    gram[i][j] = gram[i][j] + df[i * size + k] * df[j * size + k]
        gram_solution(used, gram, right)
    for k from v <= k < size by vectors:
        f = found[k] - x[k]
        last_x[k] = x[k]
        last_f[k] = f
        moved = x[k] + damping * f
        for i in range(used):
            moved = moved - right[i] * (dx[i * size + k] + damping * df[i * size + k])
        x[k] = moved
