"""What follows a batch's gradient, and with it a step: penalties, clipping, update, bounded norms.

A plain step is one phase, in which each range is gathered and updated. What needs a number of all
ranges before the update, as a norm does, makes it two. Penalties enter the summed gradient
before the norm: update rules never learn of them.
"""

from libc.math cimport sqrt
from libc.string cimport memcpy

from backprop_c._engine.passes cimport (
    WORK_BETWEEN_LOOKS, WORK_OF_BATCH, Pass, Phase, gather_range,
)
from backprop_c._engine.plain cimport clipping
from backprop_c._kernels.table cimport Plan, Update


cdef inline void count_step(Fit* fit, double scale) noexcept nogil:
    """Count the step, and prepare what the update reads for `scale` times the gradient."""
    fit.live.steps += 1
    fit.update.prepare(fit.hyperparameters, scale, fit.live.steps, fit.live.carried, fit.scalars)


cdef void prepare_step(void* fit_) noexcept nogil:
    """Before a plain update."""
    cdef Fit* fit = <Fit*>fit_
    count_step(fit, 1 / fit.training.sums.batch_weight)


cdef void take_learning_rate(Fit* fit) noexcept nogil:
    """The schedule's learning rate for the step that comes."""
    fit.position.steps = <double>(fit.live.steps - fit.schedule_begin)
    fit.hyperparameters[0] = fit.schedule.learning_rate(fit.schedule_parameters, &fit.position)


cdef void prepare_scheduled_step(void* fit_) noexcept nogil:
    """As prepare_step, at the schedule's learning rate."""
    take_learning_rate(<Fit*>fit_)
    prepare_step(fit_)


cdef void update_range(void* fit_, Py_ssize_t number, Py_ssize_t thread) noexcept nogil:
    """Update a range of parameters."""
    cdef Fit* fit = <Fit*>fit_
    cdef const Plan* plan = fit.training.plan
    fit.update.update(plan.ranges[number].begin, plan.ranges[number].end, plan.stride,
                      fit.scalars, fit.training.gradient, fit.live.vectors)


cdef void update_range_stopping(void* fit_, Py_ssize_t number, Py_ssize_t thread) noexcept nogil:
    """Update a range of parameters; weights with an l1 penalty do not go through 0."""
    cdef Fit* fit = <Fit*>fit_
    cdef const Plan* plan = fit.training.plan
    cdef Py_ssize_t begin = plan.ranges[number].begin
    cdef Py_ssize_t end = plan.ranges[number].end
    cdef Py_ssize_t real_bytes = fit.training.table.real_bytes
    memcpy(fit.before + begin * real_bytes, fit.live.vectors + begin * real_bytes,
           (end - begin) * real_bytes)
    update_range(fit_, number, thread)
    fit.training.table.stop_at_zero(plan, begin, end, fit.before, fit.training.gradient,
                                    fit.live.vectors)


cdef void step_range(void* fit_, Py_ssize_t number, Py_ssize_t thread) noexcept nogil:
    """Gather the gradient of a range, and update it."""
    cdef Fit* fit = <Fit*>fit_
    gather_range(&fit.training, number, thread)
    update_range(fit_, number, thread)


cdef inline double weight_of_penalties(const Fit* fit) noexcept nogil:
    """What penalties count in the summed gradient and loss of a batch."""
    return 1 if fit.penalties_by_batch else fit.training.sums.batch_weight


cdef void penalize_range(Fit* fit, Py_ssize_t number) noexcept nogil:
    """Add the penalties' gradient to that of a range, and note their value."""
    cdef const Plan* plan = fit.training.plan
    fit.range_penalties[number] = fit.training.table.penalize(
        plan, plan.ranges[number].begin, plan.ranges[number].end, weight_of_penalties(fit),
        fit.training.parameters, fit.training.gradient)


cdef void gather_penalized_range(void* fit_, Py_ssize_t number, Py_ssize_t thread) noexcept nogil:
    """Gather the gradient of a range, and penalize it."""
    cdef Fit* fit = <Fit*>fit_
    gather_range(&fit.training, number, thread)
    if fit.training.plan.penalized:
        penalize_range(fit, number)


cdef void clip_range(Fit* fit, Py_ssize_t number) noexcept nogil:
    """Hold each entry of the mean gradient of a range to clip_value; what is held is the sum."""
    cdef const Plan* plan = fit.training.plan
    cdef Py_ssize_t begin = plan.ranges[number].begin
    fit.training.table.clip(plan.ranges[number].end - begin,
                            fit.clip_value * fit.training.sums.batch_weight,
                            fit.training.gradient + begin * fit.training.table.real_bytes)


cdef void changed_step_range(void* fit_, Py_ssize_t number, Py_ssize_t thread) noexcept nogil:
    """Gather the gradient of a range, change it by penalties and clip_value, and update it."""
    cdef Fit* fit = <Fit*>fit_
    gather_penalized_range(fit_, number, thread)
    if fit.clip_value > 0:
        clip_range(fit, number)
    if fit.training.plan.stops_at_zero:
        update_range_stopping(fit_, number, thread)
    else:
        update_range(fit_, number, thread)


cdef void measure_range(void* fit_, Py_ssize_t number, Py_ssize_t thread) noexcept nogil:
    """Gather the gradient of a range, penalize it, and note its sum of squares."""
    cdef Fit* fit = <Fit*>fit_
    cdef const Plan* plan = fit.training.plan
    cdef Py_ssize_t begin = plan.ranges[number].begin
    gather_penalized_range(fit_, number, thread)
    fit.range_squares[number] = fit.training.table.sum_of_squares(
        plan.ranges[number].end - begin,
        fit.training.gradient + begin * fit.training.table.real_bytes)


cdef double penalties_of_batch(const Fit* fit) noexcept nogil:
    """The penalties of a batch, added up in the order of the ranges."""
    cdef double total = 0
    cdef Py_ssize_t number
    for number in range(fit.training.plan.n_ranges):
        total += fit.range_penalties[number]
    return total


cdef void add_penalties(void* fit_) noexcept nogil:
    """The penalties of a batch, in the order of the ranges, join its loss."""
    cdef Fit* fit = <Fit*>fit_
    fit.training.sums.loss += weight_of_penalties(fit) * penalties_of_batch(fit)


cdef void count_rows(void* fit_) noexcept nogil:
    """A batch counts by its rows in the reported loss, whatever their weights are."""
    cdef Fit* fit = <Fit*>fit_
    cdef Pass* p = &fit.training
    cdef double rows = min(p.batch_size, p.n_samples - p.row)
    cdef double loss = (p.sums.loss - fit.reported_loss) / fit.loss_divisor
    if p.plan.penalized:
        loss += weight_of_penalties(fit) * penalties_of_batch(fit)
    fit.reported_loss += rows * (loss / p.sums.batch_weight)
    fit.reported_weight += rows
    p.sums.loss, p.sums.weight = fit.reported_loss, fit.reported_weight


cdef void prepare_clipped_step(void* fit_) noexcept nogil:
    """As prepare_step, with a mean gradient whose norm is at most clip_norm."""
    cdef Fit* fit = <Fit*>fit_
    cdef double scale = 1 / fit.training.sums.batch_weight
    cdef double squares = 0
    cdef Py_ssize_t number
    for number in range(fit.training.plan.n_ranges):
        squares += fit.range_squares[number]
    scale *= clipping(sqrt(squares) * scale, fit.clip_norm)
    if fit.loss_divisor != 0:
        count_rows(fit_)
    elif fit.training.plan.penalized:
        add_penalties(fit_)
    if fit.schedule != NULL:
        take_learning_rate(fit)
    count_step(fit, scale)


cdef void constrain_weights(void* fit_, Py_ssize_t number, Py_ssize_t thread) noexcept nogil:
    """Hold the norms of some units' incoming weights to their bound."""
    cdef Fit* fit = <Fit*>fit_
    fit.training.table.constrain(fit.training.plan, number, fit.live.vectors)


cdef void choose_phases(Fit* fit) noexcept nogil:
    """What follows each batch's gradient, chosen once; and whether steps are plain ones."""
    cdef Pass* training = &fit.training
    cdef const Plan* plan = training.plan
    cdef Py_ssize_t n_ranges = plan.n_ranges
    training.owner = fit
    training.n_phases = 1
    if fit.end_step != NULL and fit.end_step.penalizes:
        training.owner = training
        training.phases[0] = Phase(NULL, gather_range, n_ranges)
        return
    if fit.end_step != NULL:
        training.phases[0] = Phase(NULL, gather_penalized_range, n_ranges)
        if plan.penalized:
            training.phases[1] = Phase(add_penalties, NULL, 0)
            training.n_phases = 2
        return
    if fit.clip_norm > 0:
        training.phases[0] = Phase(NULL, measure_range, n_ranges)
        training.phases[1] = Phase(prepare_clipped_step, update_range, n_ranges)
        if plan.stops_at_zero:
            training.phases[1].task = update_range_stopping
        training.n_phases = 2
    else:
        training.phases[0] = Phase(prepare_step, step_range, n_ranges)
        if fit.schedule != NULL:
            training.phases[0].begin = prepare_scheduled_step
        if plan.penalized or fit.clip_value > 0:
            training.phases[0].task = changed_step_range
        if fit.loss_divisor != 0:
            training.phases[1] = Phase(count_rows, NULL, 0)
            training.n_phases = 2
        elif plan.penalized:
            training.phases[1] = Phase(add_penalties, NULL, 0)
            training.n_phases = 2
    if plan.n_bounded > 0:
        training.phases[training.n_phases] = Phase(NULL, constrain_weights, plan.n_bounded)
        training.n_phases += 1
    fit.online = (plan.sets_gradient and training.n_phases == 1
                  and training.phases[0].begin == prepare_step
                  and training.phases[0].task == step_range and training.before_batch == NULL)


cdef Py_ssize_t run_online(Fit* fit) noexcept nogil:
    """Some plain steps of one sample: of the smallest networks' time bookkeeping is no small part.

    They do what run_slab and the phases do, and lead to the same bits.
    """
    cdef Pass* p = &fit.training
    cdef const Plan* plan = p.plan
    cdef const Update* update = fit.update
    cdef char* vectors = fit.live.vectors
    cdef Py_ssize_t work_of_step = WORK_OF_BATCH + plan.work
    cdef Py_ssize_t steps = min(1 + WORK_BETWEEN_LOOKS // work_of_step, p.n_samples - p.row)
    cdef double weight
    cdef Py_ssize_t s
    p.slab.fresh = p.slab.last = True
    for s in range(p.row, p.row + steps):
        p.slab.start = s  # all that single rows look at
        p.sums.batch_weight = 0
        p.routines.run_part(plan, &p.samples, &p.slab, vectors, p.workspaces, NULL, p.gradient,
                            &p.sums)
        weight = p.sums.batch_weight
        if weight != 0:
            # As count_step, with what the loop holds in registers.
            fit.live.steps += 1
            update.prepare(fit.hyperparameters, 1 / weight, fit.live.steps, fit.live.carried,
                           fit.scalars)
            update.update(0, plan.n_parameters, plan.stride, fit.scalars, p.gradient, vectors)
    p.row += steps
    return steps * work_of_step
