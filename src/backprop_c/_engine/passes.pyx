"""A pass: samples go through a network once, batch by batch, and a batch slab by slab.

A slab is cut into parts, which go forward and backward, each into sums and a gradient of its own.
What follows when a batch's parts are done is the owner's to say: a fit updates its parameters.
Sums are taken in the order of the parts: so any number of threads gives the same bits.
"""

from libc.string cimport memset

from backprop_c._engine.crew cimport run_phase
from backprop_c._engine.memory cimport Memory, room_for
from backprop_c._kernels.table cimport Measure


cdef Py_ssize_t slab_size(const Plan* plan) noexcept nogil:
    """Samples between two barriers."""
    return plan.part_rows * plan.max_parts


cdef Py_ssize_t parts_of_batch(const Plan* plan, Py_ssize_t batch_size) noexcept nogil:
    """Parts in a batch's largest slab."""
    return (min(batch_size, slab_size(plan)) + plan.part_rows - 1) // plan.part_rows


cdef void share(Board* board, Task task, void* job, Py_ssize_t n_tasks) noexcept nogil:
    """Have tasks done, by all threads if there are several."""
    cdef Py_ssize_t number
    if board != NULL and n_tasks > 1:
        run_phase(board, task, job, n_tasks)
        return
    for number in range(n_tasks):
        task(job, number, 0)


cdef inline void clear_sums(const Pass* p, Sums* sums_out) noexcept nogil:
    sums_out.loss = sums_out.weight = sums_out.batch_weight = 0
    if p.measures != NULL:
        memset(sums_out.metrics, 0, p.measures.n_sums * sizeof(double))


cdef void run_part(void* pass_, Py_ssize_t number, Py_ssize_t thread) noexcept nogil:
    """Forward and backward over a part of the slab, into sums (and a gradient) of its own."""
    cdef Pass* p = <Pass*>pass_
    cdef const Plan* plan = p.plan
    cdef Part part = p.slab
    cdef char* gradient = p.gradient
    part.start += number * plan.part_rows
    part.stop = min(part.start + plan.part_rows, part.stop)
    if gradient != NULL:
        gradient += number * plan.part_stride * p.table.real_bytes
    clear_sums(p, p.part_sums + number)
    p.routines.run_part(plan, &p.samples, &part, p.parameters,
                        p.workspaces + thread * plan.workspace_bytes, p.slab_rows, gradient,
                        p.part_sums + number)


cdef void gather_range(void* pass_, Py_ssize_t number, Py_ssize_t thread) noexcept nogil:
    """The gradient of a range of parameters, if its terms lie apart."""
    cdef Pass* p = <Pass*>pass_
    if p.gathering:
        p.routines.gather(p.plan, &p.samples, &p.slab, p.plan.ranges + number, p.n_gradients,
                          p.slab_rows, p.workspaces + thread * p.plan.workspace_bytes, p.gradient)


cdef inline double larger_or_nan(double a, double b) noexcept nogil:
    """The larger one, and NaN where there is one."""
    return b if not b <= a and a == a else a


cdef void add_sums(const Pass* p, const Sums* part, Sums* sums_out) noexcept nogil:
    """sums += those of a part."""
    cdef Py_ssize_t k
    sums_out.loss += part.loss
    sums_out.weight += part.weight
    sums_out.batch_weight += part.weight
    if p.measures != NULL:
        for k in range(p.measures.n_sums):
            if k == p.measures.largest_at:
                sums_out.metrics[k] = larger_or_nan(sums_out.metrics[k], part.metrics[k])
            else:
                sums_out.metrics[k] += part.metrics[k]


cdef Py_ssize_t run_slab(Pass* p) noexcept nogil:
    """The batch's next slab, and after its last one what follows; what it cost, roughly."""
    cdef const Plan* plan = p.plan
    cdef Py_ssize_t batch = min(p.batch_size, p.n_samples - p.row)
    cdef Py_ssize_t size = min(slab_size(plan), batch - p.offset)
    cdef Py_ssize_t n_parts = 1
    cdef Py_ssize_t k
    cdef bint last = p.offset + size == batch
    if p.offset == 0:
        p.sums.batch_weight = 0
        if p.before_batch != NULL and p.before_batch(p.context, p, p.row, batch):
            p.failed = True
            return 0
    p.slab.fresh = p.offset == 0
    p.slab.last = last
    p.slab.slab_start = p.slab.start = p.row + p.offset
    p.slab.stop = p.slab.start + size
    if size <= plan.part_rows:
        p.routines.run_part(plan, &p.samples, &p.slab, p.parameters, p.workspaces, p.slab_rows,
                            p.gradient, &p.sums)
    else:
        n_parts = (size + plan.part_rows - 1) // plan.part_rows
        share(p.board, run_part, p, n_parts)
        for k in range(n_parts):
            add_sums(p, p.part_sums + k, &p.sums)
    if p.gradient != NULL:
        if p.slab.fresh:
            p.n_gradients = n_parts
        p.gathering = plan.gathers_slabs or (last and p.n_gradients > 1)
        if not last:
            if p.gathering:
                share(p.board, gather_range, p, plan.n_ranges)
        elif p.sums.batch_weight != 0:
            for k in range(p.n_phases):
                if p.phases[k].begin != NULL:
                    p.phases[k].begin(p.owner)
                if p.phases[k].n_tasks == 1:
                    p.phases[k].task(p.owner, 0, 0)
                else:
                    share(p.board, p.phases[k].task, p.owner, p.phases[k].n_tasks)
    p.offset += size
    if last:
        p.row += batch
        p.offset = 0
    return WORK_OF_BATCH + size * plan.work


cdef bint run_pass(Pass* p, double deadline, Py_ssize_t* work_out) noexcept nogil:
    """Go on with a pass; whether all samples are done, or else the time is over."""
    # Then the workspace keeps the very samples from epoch to epoch, with their targets.
    cdef bint one_block = (p.batch_size >= p.n_samples and p.n_samples <= p.plan.block_rows
                           and p.before_batch == NULL)
    while p.row < p.n_samples:
        work_out[0] += run_slab(p)
        if p.failed:
            return False
        p.slab.packed = one_block
        if time_is_over(deadline, work_out):
            return False
    return True


cdef double penalty(const Table* table, const Plan* plan, const char* parameters) noexcept nogil:
    """The penalties on a network's weights, which are part of its loss."""
    cdef double total = 0
    cdef Py_ssize_t k
    for k in range(plan.n_ranges):
        total += table.penalize(plan, plan.ranges[k].begin, plan.ranges[k].end, 0, parameters, NULL)
    return total


cdef double* metrics_of_pass(const Pass* p, double* metrics_out) noexcept nogil:
    """The metrics over a whole pass; the place behind them."""
    cdef const Measure* measure
    cdef int k
    for k in range(p.measures.n_measures):
        measure = p.measures.measures + k
        if measure.code < 0:
            metrics_out[k] = measure.known[0]
        else:
            metrics_out[k] = p.table.metrics[measure.code].value(
                p.measures.n_outputs, p.sums.weight, measure.known,
                p.sums.metrics + measure.sums_at)
    return metrics_out + p.measures.n_measures


# -- What a pass needs -------------------------------------------------------------------------

cdef void set_pass(Pass* p, const Table* table, const Plan* plan, const Samples* samples,
                   Py_ssize_t n_samples, Py_ssize_t batch_size,
                   const Measures* measures) noexcept:
    """Say what to do: these samples, in batches, with these metrics."""
    p.table = table
    p.plan = plan
    p.routines = table.routines + plan.shape
    p.samples = samples[0]
    p.n_samples = n_samples
    p.batch_size = min(batch_size, n_samples)
    # A slab has room for what such a batch needs.
    p.slab.capacity = parts_of_batch(plan, p.batch_size) * plan.part_rows
    p.measures = p.slab.measures = measures


cdef size_t bytes_of_slab(const Pass* p) noexcept:
    return p.plan.row_size * p.slab.capacity * p.table.real_bytes


cdef size_t bytes_of_sums(const Pass* p) noexcept:
    return parts_of_batch(p.plan, p.batch_size) * sizeof(Sums)


cdef size_t bytes_of_metric_sums(const Pass* p) noexcept:
    """Of the pass, and behind them of each part."""
    if p.measures == NULL:
        return 0
    return (1 + parts_of_batch(p.plan, p.batch_size)) * p.measures.n_sums * sizeof(double)


cdef size_t bytes_of_gradient(const Pass* p) noexcept:
    cdef Py_ssize_t n_parts = parts_of_batch(p.plan, p.batch_size)
    return (p.plan.gradient_size + (n_parts - 1) * p.plan.part_stride) * p.table.real_bytes


cdef size_t room_for_pass(const Pass* p, Py_ssize_t n_threads, bint gradient_wanted) noexcept:
    """The memory that a pass needs, for `lay_out_pass`."""
    return (
        room_for(n_threads * p.plan.workspace_bytes)
        + room_for(bytes_of_slab(p))
        + room_for(bytes_of_sums(p))
        + room_for(bytes_of_metric_sums(p))
        + (room_for(bytes_of_gradient(p)) if gradient_wanted else 0)
    )


cdef void lay_out_pass(Pass* p, Memory memory, Py_ssize_t n_threads,
                       bint gradient_wanted) noexcept:
    """Give a pass what it works with."""
    cdef Py_ssize_t k
    p.workspaces = memory.cut(n_threads * p.plan.workspace_bytes)
    p.slab_rows = memory.cut(bytes_of_slab(p))
    p.part_sums = <Sums*>memory.cut(bytes_of_sums(p))
    p.sums.metrics = <double*>memory.cut(bytes_of_metric_sums(p))
    for k in range(parts_of_batch(p.plan, p.batch_size) if p.measures != NULL else 0):
        p.part_sums[k].metrics = p.sums.metrics + (1 + k) * p.measures.n_sums
    p.gradient = memory.cut(bytes_of_gradient(p)) if gradient_wanted else NULL
