"""The driver of fits, without the GIL: epochs, steps, validation, stopping, the clock.

It is blind to dtype, and looks at the clock by amounts of work, not at every batch: for the
smallest networks reading the clock costs as much as a training step.
"""

from libc.math cimport INFINITY, isfinite, sqrt
from libc.string cimport memcpy

from backprop_c._engine.order cimport shuffle, shuffle_again
from backprop_c._engine.passes cimport (
    WORK_BETWEEN_LOOKS, WORK_OF_BATCH, Phase, begin_pass, copy_sums, gather_range, means_of_pass,
    penalty, run_pass, time_is_over,
)
from backprop_c._engine.plain cimport clipping
from backprop_c._kernels.table cimport Plan
from backprop_c._system.platform cimport load_flag, monotonic_seconds


cdef enum:
    # What drawing a place in the order costs, and how many are drawn between two looks.
    WORK_OF_DRAW = 16
    DRAWS_BETWEEN_LOOKS = 16384


# -- What follows a batch's gradient -----------------------------------------------------------
#
# A plain step is one phase, in which each range is gathered and updated. What needs a number of all
# ranges before the update, as a norm does, makes it two. Penalties enter the summed gradient
# before the norm: update rules never learn of them.

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


# -- Epochs ------------------------------------------------------------------------------------

cdef void copy_state(const Fit* fit, const State* state, State* state_out) noexcept nogil:
    """state_out = state."""
    cdef const Plan* plan = fit.training.plan
    fit.training.table.copy(plan.n_parameters + fit.update.n_states * plan.stride,
                            state.vectors, state_out.vectors)
    if fit.n_carried > 0:
        memcpy(state_out.carried, state.carried, fit.n_carried * sizeof(double))
    state_out.steps = state.steps


cdef void keep_states(Fit* fit) noexcept nogil:
    """Both finished epochs' states are the start's, where nothing has been finished yet."""
    fit.finished = &fit.ends[0]
    fit.earlier = &fit.ends[1]
    copy_state(fit, &fit.live, fit.finished)
    copy_state(fit, &fit.live, fit.earlier)


cdef void go_back(Fit* fit) noexcept nogil:
    """Give up the last epoch's updates. Before the second epoch both states are the start."""
    fit.diverged = True
    fit.finished = fit.earlier


cdef void look_for_stop(Fit* fit, const double* record) noexcept nogil:
    """Keep the epoch if it is the best so far, and see whether patience is at its end."""
    cdef EarlyStop* early = &fit.early
    cdef Py_ssize_t epoch = fit.epochs_before + fit.epoch
    cdef double value = early.sign * record[early.column]
    # What is not a number is never better.
    cdef bint gain = early.best_epoch == 0 or value < early.best_value - early.min_delta
    if early.any_is_best:
        gain = gain or value <= early.best_value - early.min_delta
    if gain or (early.any_is_best and value < early.best_value):
        early.best_value = value if value == value else INFINITY
        early.best_epoch = epoch
        if early.restore_best:
            copy_state(fit, fit.finished, &fit.best)
    if gain:
        early.last_gain = epoch
    elif epoch - early.last_gain >= early.patience:
        early.reached = True


cdef void look_for_plateau(Fit* fit, const double* record) noexcept nogil:
    """Reduce the learning rate, if the value has not become better for long enough.

    As PyTorch's ReduceLROnPlateau, with a relative threshold.
    """
    cdef Plateau* plateau = &fit.plateau
    cdef double* kept = fit.live.carried + plateau.at
    cdef double best = plateau.sign * kept[BEST_VALUE]
    cdef double value = plateau.sign * record[plateau.column]
    if value < best * (1 - plateau.sign * plateau.threshold):
        kept[BEST_VALUE] = record[plateau.column]
        kept[EPOCHS_SINCE] = 0
    else:
        kept[EPOCHS_SINCE] += 1
    if kept[COOLING] > 0:
        kept[COOLING] -= 1
        kept[EPOCHS_SINCE] = 0
    if kept[EPOCHS_SINCE] > plateau.patience:
        kept[RATE_NOW] = max(kept[RATE_NOW] * plateau.factor, plateau.lowest)
        kept[COOLING] = plateau.cooldown
        kept[EPOCHS_SINCE] = 0
    fit.hyperparameters[0] = kept[RATE_NOW]


cdef bint finish_epoch(Fit* fit) noexcept nogil:
    """Record the epoch and keep its end; go back if its loss or its end is not finite.

    Whether another epoch may follow.
    """
    cdef double* record = fit.record + fit.epoch * fit.columns
    cdef double* rest
    cdef bint validated = fit.validation.n_samples > 0
    fit.begun = False
    if not isfinite(fit.training.sums.loss / fit.training.sums.weight):
        go_back(fit)
        return False
    rest = means_of_pass(&fit.training, record)
    if validated:
        means_of_pass(&fit.validation, rest)
        if fit.loss_divisor != 0:
            rest[0] /= fit.loss_divisor
        elif fit.training.plan.penalized:
            # In the ranges of the validation's plan: as `evaluate` adds them up.
            rest[0] += penalty(fit.validation.table, fit.validation.plan, fit.live.vectors)
    fit.epoch += 1
    if fit.decides and fit.plateau.column >= 0:
        look_for_plateau(fit, record)
    # What was finished is the earlier one now, whose place the new one takes.
    fit.earlier, fit.finished = fit.finished, fit.earlier
    copy_state(fit, &fit.live, fit.finished)
    if not fit.training.table.all_finite(fit.training.plan.n_parameters, fit.finished.vectors):
        fit.overflowed = True
        go_back(fit)
        return False
    if fit.end_step != NULL:
        fit.ended, fit.settled = fit.end_step.is_last, not fit.end_step.made
    if not fit.decides:
        return not fit.ended
    if fit.early.column >= 0:
        look_for_stop(fit, record)
    if fit.goal.column >= 0:
        fit.goal.reached = (
            fit.goal.sign * record[fit.goal.column] <= fit.goal.sign * fit.goal.value)
    return not (fit.early.reached or fit.goal.reached or fit.ended)


cdef void restore_best(Fit* fit) noexcept nogil:
    """The state as of the end of the best epoch takes the place of the last one's."""
    if fit.early.restore_best and fit.early.best_epoch > 0:
        copy_state(fit, &fit.best, fit.finished)


cdef void begin_epoch(Fit* fit) noexcept nogil:
    if fit.end_step != NULL and fit.end_step.knows_sums:
        copy_sums(&fit.training, &fit.end_step.sums, &fit.training.sums)
    else:
        begin_pass(&fit.training)
    if fit.validation.n_samples > 0:
        begin_pass(&fit.validation)
    if fit.training.slab.dropping:
        fit.training.slab.key = fit.bit_generator.next_uint64(fit.bit_generator.state)
    fit.begun = True
    fit.stepped = False
    fit.shuffled = 0
    fit.reported_loss = fit.reported_weight = 0


cdef bint draw_order(Fit* fit, double deadline, Py_ssize_t* work_out) noexcept nogil:
    """Go on drawing the epoch's order; whether it is complete, or else the time is over."""
    cdef Py_ssize_t stop
    while fit.order != NULL and fit.shuffled < fit.training.n_samples:
        stop = min(fit.shuffled + DRAWS_BETWEEN_LOOKS, fit.training.n_samples)
        if fit.shuffles_again:
            shuffle_again(fit.bit_generator, fit.shuffled, stop, fit.training.n_samples, fit.order)
        else:
            shuffle(fit.bit_generator, fit.shuffled, stop, fit.order)
        work_out[0] += (stop - fit.shuffled) * WORK_OF_DRAW
        fit.shuffled = stop
        if time_is_over(deadline, work_out):
            return False
    return True


cdef bint train_samples(Fit* fit, double deadline, Py_ssize_t* work_out) noexcept nogil:
    """Go on with the training samples; whether all are done, or else the time is over."""
    if not fit.online:
        return run_pass(&fit.training, deadline, work_out)
    while fit.training.row < fit.training.n_samples:
        work_out[0] += run_online(fit)
        if time_is_over(deadline, work_out):
            return False
    return True


cdef bint make_one_step(Fit* fit, double deadline, Py_ssize_t* work_out) noexcept nogil:
    """Go on with the step that follows the training pass; False if the time is over."""
    if fit.stepped:
        return True
    if not fit.end_step.make(fit.end_step, deadline, work_out):
        return False
    fit.stepped = True
    fit.live.steps += fit.end_step.made
    return True


cdef void draw_epoch(Fit* fit) noexcept nogil:
    """Begin the epoch that a run would begin, and draw its order: the run draws nothing then."""
    cdef Py_ssize_t work = 0
    if not fit.begun:
        if fit.epoch == fit.epochs or load_flag(fit.stop):
            return
        begin_epoch(fit)
    draw_order(fit, INFINITY, &work)


cdef void run_fit(Fit* fit, double seconds) noexcept nogil:
    """Go on until all epochs are done, the time is over, or there is a reason to end early.

    A run that ends early can be gone on with: `fit` holds the position.
    """
    cdef double deadline = monotonic_seconds() + seconds
    cdef Py_ssize_t work = 0
    if (fit.diverged or fit.early.reached or fit.goal.reached or fit.training.failed
            or fit.ended):
        return
    while fit.epoch < fit.epochs:
        if not fit.begun:
            if load_flag(fit.stop):
                return
            begin_epoch(fit)
        if fit.order != NULL and not draw_order(fit, deadline, &work):
            return
        if not train_samples(fit, deadline, &work):
            return
        if isfinite(fit.training.sums.loss):
            if fit.end_step != NULL and not make_one_step(fit, deadline, &work):
                return
            if fit.validation.n_samples > 0 and not run_pass(&fit.validation, deadline, &work):
                return
        if fit.asks:
            fit.waits = not fit.answered and isfinite(fit.training.sums.loss)
            fit.answered = False
            if fit.waits:
                return
        if not finish_epoch(fit):
            return
