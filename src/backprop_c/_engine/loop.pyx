"""The nogil driver: epochs, shuffling, mini-batches, stopping, the clock. Blind to dtype.

It looks at the clock by amounts of work, not at every batch: for the smallest networks reading
the clock costs as much as a training step.
"""

from libc.math cimport isfinite
from libc.string cimport memset

from backprop_c._engine.crew cimport run_phase
from backprop_c._system.platform cimport load_flag, monotonic_seconds
from backprop_c._kernels.table cimport MAX_METRICS, SINGLE


cdef enum:
    # Multiplications between two looks at the clock: 10 to 200 microseconds, by level.
    WORK_BETWEEN_LOOKS = 400000
    # What a batch costs beside its samples, in multiplications.
    WORK_OF_BATCH = 100
    # What drawing a place in the order costs, and how many are drawn between two looks.
    WORK_OF_DRAW = 16
    DRAWS_BETWEEN_LOOKS = 16384
    # Parts of a prediction between two looks of several threads.
    PARTS_OF_PHASE = 16


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


cdef Py_ssize_t slab_size(const Plan* plan) noexcept nogil:
    """Samples between two barriers."""
    return plan.part_rows * plan.max_parts


cdef void do_part(Job* job, Py_ssize_t number, char* workspace) noexcept nogil:
    """Forward and backward over a part of the slab, into sums (and a gradient) of its own."""
    cdef const Plan* plan = job.plan
    cdef Part part = job.slab
    cdef char* gradient = job.gradient
    part.start += number * plan.part_rows
    part.stop = min(part.start + plan.part_rows, part.stop)
    if gradient != NULL:
        gradient += number * plan.part_stride * job.table.real_bytes
    memset(job.part_sums + number, 0, sizeof(Sums))
    job.work.run_part(plan, &job.samples, &part, job.live.numbers, workspace, job.slab_rows,
                      gradient, job.part_sums + number)


cdef inline void do_range(Job* job, Py_ssize_t number, char* workspace) noexcept nogil:
    """The gradient of a range of parameters, and their update."""
    cdef const Plan* plan = job.plan
    if job.gathering:
        job.work.gather(plan, &job.samples, &job.slab, plan.ranges + number, job.n_gradients,
                        job.slab_rows, workspace, job.gradient)
    if job.updating:
        job.update.update(plan.ranges[number].begin, plan.ranges[number].end, plan.stride,
                          job.scalars, job.gradient, job.live.numbers)


cdef void do_task(void* job_, Py_ssize_t number, Py_ssize_t thread) noexcept nogil:
    """A task of the phase at work."""
    cdef Job* job = <Job*>job_
    cdef char* workspace = job.workspaces + thread * job.plan.workspace_bytes
    if job.ranging:
        do_range(job, number, workspace)
    else:
        do_part(job, number, workspace)


cdef inline void do_phase(Job* job, bint ranging, Py_ssize_t n_tasks) noexcept nogil:
    """All tasks of a phase."""
    cdef Py_ssize_t number
    if n_tasks == 1 and ranging:
        do_range(job, 0, job.workspaces)
        return
    job.ranging = ranging
    if job.phases != NULL:
        run_phase(job.phases, n_tasks)
        return
    for number in range(n_tasks):
        do_task(job, number, 0)


cdef void add_sums(Job* job, const Sums* part) noexcept nogil:
    cdef int m
    job.sums.loss += part.loss
    job.sums.weight += part.weight
    job.sums.batch_weight += part.weight
    for m in range(MAX_METRICS):
        job.sums.metrics[m] += part.metrics[m]


cdef Py_ssize_t run_slab(Job* job) noexcept nogil:
    """The batch's next slab, and after its last one the update; what it cost, roughly."""
    cdef const Plan* plan = job.plan
    cdef Py_ssize_t batch = min(job.batch_size, job.n_samples - job.row)
    cdef Py_ssize_t size = min(slab_size(plan), batch - job.offset)
    cdef Py_ssize_t n_parts = 1
    cdef Py_ssize_t p
    cdef bint last = job.offset + size == batch
    if job.offset == 0:
        job.sums.batch_weight = 0
    job.slab.fresh = job.offset == 0
    job.slab.last = last
    job.slab.slab_start = job.slab.start = job.row + job.offset
    job.slab.stop = job.slab.start + size
    if size <= plan.part_rows:
        job.work.run_part(plan, &job.samples, &job.slab, job.live.numbers, job.workspaces,
                          job.slab_rows, job.gradient, &job.sums)
    else:
        n_parts = (size + plan.part_rows - 1) // plan.part_rows
        do_phase(job, False, n_parts)
        for p in range(n_parts):
            add_sums(job, job.part_sums + p)
    if job.gradient != NULL:
        if job.slab.fresh:
            job.n_gradients = n_parts
        job.gathering = plan.n_wide > 0 or (last and job.n_gradients > 1)
        job.updating = last and job.update != NULL and job.sums.batch_weight != 0
        if job.updating:
            job.live.steps += 1
            job.update.prepare(job.hyperparameters, 1 / job.sums.batch_weight, job.live.steps,
                               job.scalars)
        if job.gathering or job.updating:
            do_phase(job, True, plan.n_ranges)
    job.offset += size
    if last:
        job.row += batch
        job.offset = 0
    return WORK_OF_BATCH + size * plan.work


cdef Py_ssize_t run_online(Job* job) noexcept nogil:
    """Some batches of one sample: of the smallest networks' time bookkeeping is no small part."""
    cdef const Plan* plan = job.plan
    cdef const Update* update = job.update
    cdef char* numbers = job.live.numbers
    cdef Py_ssize_t work_of_step = WORK_OF_BATCH + plan.work
    cdef Py_ssize_t steps = min(1 + WORK_BETWEEN_LOOKS // work_of_step, job.n_samples - job.row)
    cdef double weight
    cdef Py_ssize_t s
    for s in range(job.row, job.row + steps):
        job.slab.start = s
        job.sums.batch_weight = 0
        job.work.run_part(plan, &job.samples, &job.slab, numbers, job.workspaces, NULL,
                          job.gradient, &job.sums)
        weight = job.sums.batch_weight
        if update != NULL and weight != 0:
            job.live.steps += 1
            update.prepare(job.hyperparameters, 1 / weight, job.live.steps, job.scalars)
            update.update(0, plan.n_parameters, plan.stride, job.scalars, job.gradient, numbers)
    job.row += steps
    return steps * work_of_step


cdef void go_back(Job* job) noexcept nogil:
    """Give up the last epoch's updates. Before the second epoch both states are the start."""
    job.diverged = True
    job.earlier, job.finished = job.finished, job.earlier


cdef void finish_epoch(Job* job) noexcept nogil:
    """Record the epoch and keep its end; go back if its loss or its end is not finite."""
    cdef double* record = job.record + job.epoch * job.columns
    cdef double loss = job.sums.loss / job.sums.weight
    cdef int m
    job.row = 0
    job.begun = False
    if job.update != NULL and not isfinite(loss):
        go_back(job)
        return
    record[0] = loss
    if job.columns > 1:
        for m in range(MAX_METRICS):
            if job.slab.metrics >> m & 1:
                record += 1
                record[0] = job.sums.metrics[m] / job.sums.weight
    job.epoch += 1
    if job.update != NULL:
        job.earlier, job.finished = job.finished, job.earlier
        job.table.copy(job.plan.n_parameters + job.update.n_states * job.plan.stride,
                       job.live.numbers, job.finished.numbers)
        job.finished.steps = job.live.steps
        if not job.table.all_finite(job.plan.n_parameters, job.finished.numbers):
            job.overflowed = True
            go_back(job)


cdef void run(Job* job, double seconds) noexcept nogil:
    """Go on until all epochs are done, the time is over, a stop was asked for or numbers overflow.

    A run that ends early can be gone on with: `job` holds the position.
    """
    cdef bint one_block = (
        job.batch_size >= job.n_samples and job.n_samples <= job.plan.block_rows)
    cdef double deadline = monotonic_seconds() + seconds
    cdef Py_ssize_t work = 0
    cdef Py_ssize_t stop
    while job.epoch < job.epochs and not job.diverged:
        if not job.begun:
            if load_flag(job.stop):
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
            work += run_online(job) if job.plan.shape == SINGLE else run_slab(job)
            job.slab.packed = one_block
            if work > WORK_BETWEEN_LOOKS:
                work = 0
                if monotonic_seconds() > deadline:
                    return
        finish_epoch(job)


cdef void predict_task(void* prediction_, Py_ssize_t number, Py_ssize_t thread) noexcept nogil:
    """Predict the next but `number` part."""
    cdef Prediction* prediction = <Prediction*>prediction_
    cdef Py_ssize_t start = prediction.done + number * prediction.part_rows
    cdef Py_ssize_t rows = min(prediction.part_rows, prediction.n_samples - start)
    prediction.work.predict(
        prediction.plan, rows, prediction.X + start * prediction.row_in, prediction.parameters,
        prediction.workspaces + thread * prediction.plan.workspace_bytes,
        prediction.a_out + start * prediction.row_out)


cdef void predict_run(Prediction* prediction, double seconds) noexcept nogil:
    """Predict until all rows are done or the time is over."""
    cdef double deadline = monotonic_seconds() + seconds
    cdef Py_ssize_t left
    while prediction.done < prediction.n_samples:
        left = prediction.n_samples - prediction.done
        left = (left + prediction.part_rows - 1) // prediction.part_rows
        if prediction.phases != NULL:
            left = min(left, PARTS_OF_PHASE)
            run_phase(prediction.phases, left)
        else:
            left = 1
            predict_task(prediction, 0, 0)
        prediction.done = min(prediction.done + left * prediction.part_rows, prediction.n_samples)
        if monotonic_seconds() > deadline:
            break
