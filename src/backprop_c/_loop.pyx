"""The nogil driver: epochs, shuffling, mini-batches, stopping, the clock. Blind to dtype.

It looks at the clock by amounts of work, not at every batch: for the smallest networks reading
the clock costs as much as a training step.
"""

from libc.math cimport isfinite
from libc.string cimport memcpy, memset

from backprop_c._kernels.platform cimport load_flag, monotonic_seconds
from backprop_c._kernels.table cimport MAX_METRICS


cdef enum:
    # Multiplications between two looks at the clock: 10 to 200 microseconds, by level.
    WORK_BETWEEN_LOOKS = 400000
    # What a batch costs beside its samples, and a unit beside its weights, in multiplications.
    WORK_OF_BATCH = 100
    WORK_OF_UNIT = 8
    # What drawing a place in the order costs, and how many are drawn between two looks.
    WORK_OF_DRAW = 16
    DRAWS_BETWEEN_LOOKS = 16384


cdef Py_ssize_t work_per_sample(const Plan* plan) noexcept nogil:
    """Roughly the multiplications of one sample's forward pass."""
    cdef Py_ssize_t work = plan.n_parameters
    cdef Py_ssize_t k
    for k in range(plan.n_layers):
        work += WORK_OF_UNIT * plan.layers[k].n_out
    return work


cdef Py_ssize_t slab_samples(const Table* table, const Plan* plan) noexcept nogil:
    """Samples to hand over at a time: whole blocks, so that slabs do not change the sums."""
    cdef Py_ssize_t block = plan.block_vectors * table.lanes
    return block * max(1, WORK_BETWEEN_LOOKS // (block * work_per_sample(plan)))


cdef Py_ssize_t below(bitgen_t* bit_generator, Py_ssize_t bound) noexcept nogil:
    """A uniform integer in 0..bound-1.

    Below 2**32 by D. Lemire's method, Fast random integer generation in an interval (2019):
    the high half of a product, drawn again where the low half would be unfair.
    """
    cdef unsigned long long product, mask, value
    cdef unsigned int range_ = <unsigned int>bound
    cdef unsigned int threshold
    if (<unsigned long long>bound) >> 32 == 0:
        product = <unsigned long long>bit_generator.next_uint32(bit_generator.state) * range_
        if <unsigned int>product < range_:
            threshold = <unsigned int>(0 - range_) % range_
            while <unsigned int>product < threshold:
                product = <unsigned long long>bit_generator.next_uint32(
                    bit_generator.state) * range_
        return <Py_ssize_t>(product >> 32)
    mask = 1
    while mask < <unsigned long long>bound:
        mask = mask << 1 | 1
    value = bit_generator.next_uint64(bit_generator.state) & mask
    while value >= <unsigned long long>bound:
        value = bit_generator.next_uint64(bit_generator.state) & mask
    return <Py_ssize_t>value


cdef void shuffle(bitgen_t* bit_generator, Py_ssize_t start, Py_ssize_t stop,
                  Py_ssize_t* order_out) noexcept nogil:
    """Go on with a fresh permutation of 0, 1, ... from place `start` to place `stop`.

    R. Durstenfeld's shuffle (1964), inside out: it fills the array as it goes.
    """
    cdef Py_ssize_t k, other
    for k in range(start, stop):
        other = below(bit_generator, k + 1) if k else 0
        order_out[k] = order_out[other]
        order_out[other] = k


cdef void finish_batch(Job* job, Py_ssize_t batch) noexcept nogil:
    """Update the parameters by the batch's mean gradient."""
    cdef char* states
    if job.update != NULL and job.sums.batch_weight != 0:
        job.live.steps += 1
        states = job.live.numbers + job.plan.n_parameters * job.table.real_bytes
        job.update.update(job.plan.n_parameters, job.hyperparameters, 1 / job.sums.batch_weight,
                          job.live.steps, job.gradient, job.live.numbers, states)
    job.row += batch
    job.offset = 0


cdef void finish_epoch(Job* job) noexcept nogil:
    """Record the epoch and keep its end; or, if its loss is not finite, go back."""
    cdef double* record = job.record + job.epoch * (1 + count_metrics(job.metrics))
    cdef double loss = job.sums.loss / job.sums.weight
    cdef int m
    job.row = 0
    job.begun = False
    if job.update != NULL and not isfinite(loss):
        # Before the second epoch `earlier` and `finished` are both the start.
        job.diverged = True
        job.earlier, job.finished = job.finished, job.earlier
        return
    record[0] = loss
    record += 1
    for m in range(MAX_METRICS):
        if job.metrics >> m & 1:
            record[0] = job.sums.metrics[m] / job.sums.weight
            record += 1
    job.epoch += 1
    if job.update != NULL:
        job.earlier, job.finished = job.finished, job.earlier
        memcpy(job.finished.numbers, job.live.numbers, job.state_bytes)
        job.finished.steps = job.live.steps


cdef int count_metrics(unsigned int metrics) noexcept nogil:
    cdef int count = 0
    while metrics:
        count += metrics & 1
        metrics >>= 1
    return count


cdef void run(Job* job, double seconds) noexcept nogil:
    """Go on until all epochs are done, the time is over, a stop was asked for or the loss is lost.

    A run that ends early can be gone on with: `job` holds the position.
    """
    cdef Py_ssize_t work_of_sample = work_per_sample(job.plan)
    cdef Py_ssize_t slab = slab_samples(job.table, job.plan)
    cdef size_t gradient_bytes = job.plan.n_parameters * job.table.real_bytes
    cdef bint one_block = (
        job.batch_size >= job.n_samples
        and job.n_samples <= job.plan.block_vectors * job.table.lanes
    )
    cdef double deadline = monotonic_seconds() + seconds
    cdef Py_ssize_t work = 0
    cdef Py_ssize_t batch, stop
    while job.epoch < job.epochs and not job.diverged:
        if not job.begun:
            if load_flag(&job.stop):
                return
            memset(&job.sums, 0, sizeof(Sums))
            job.begun = True
            job.shuffled = 0
        while job.bit_generator != NULL and job.shuffled < job.n_samples:
            stop = min(job.shuffled + DRAWS_BETWEEN_LOOKS, job.n_samples)
            shuffle(job.bit_generator, job.shuffled, stop, job.order)
            work += (stop - job.shuffled) * WORK_OF_DRAW
            job.shuffled = stop
            if work > WORK_BETWEEN_LOOKS:
                work = 0
                if monotonic_seconds() > deadline:
                    return
        while job.row < job.n_samples:
            batch = min(job.batch_size, job.n_samples - job.row)
            if job.offset == 0:
                job.sums.batch_weight = 0
                if job.gradient != NULL:
                    memset(job.gradient, 0, gradient_bytes)
            while job.offset < batch:
                stop = min(job.offset + slab, batch)
                job.table.accumulate(job.plan, &job.samples, job.row + job.offset, job.row + stop,
                                     job.packed, job.metrics, job.live.numbers, job.workspace,
                                     job.gradient, &job.sums)
                job.packed = one_block
                work += WORK_OF_BATCH + (stop - job.offset) * work_of_sample
                job.offset = stop
                if work > WORK_BETWEEN_LOOKS:
                    work = 0
                    if monotonic_seconds() > deadline:
                        return
            finish_batch(job, batch)
        finish_epoch(job)


cdef Py_ssize_t predict_run(const Table* table, const Plan* plan, Py_ssize_t start,
                            Py_ssize_t n_samples, const char* X, const char* parameters,
                            char* workspace, char* a_out, double seconds) noexcept nogil:
    """Predict samples from `start` on until all are done or the time is over; where it got to."""
    cdef double deadline = monotonic_seconds() + seconds
    cdef Py_ssize_t slab = slab_samples(table, plan)
    cdef Py_ssize_t row_in = plan.layers[0].n_in * table.real_bytes
    cdef Py_ssize_t row_out = plan.layers[plan.n_layers - 1].n_out * table.real_bytes
    cdef Py_ssize_t rows
    while start < n_samples:
        rows = min(slab, n_samples - start)
        table.predict(plan, rows, X + start * row_in, parameters, workspace,
                      a_out + start * row_out)
        start += rows
        if monotonic_seconds() > deadline:
            break
    return start
