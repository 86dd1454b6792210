"""The driver of fits, without the GIL: epochs, validation, stopping, the clock.

It is blind to dtype, and looks at the clock by amounts of work, not at every batch: for the
smallest networks reading the clock costs as much as a training step.
"""

from libc.math cimport INFINITY, isfinite
from libc.string cimport memcpy

from backprop_c._engine.fit cimport (
    BEST_VALUE, COOLING, EPOCHS_SINCE, RATE_NOW, EarlyStop, Plateau, State,
)
from backprop_c._engine.order cimport shuffle, shuffle_again
from backprop_c._engine.passes cimport (
    begin_pass, copy_sums, means_of_pass, penalty, run_pass, time_is_over,
)
from backprop_c._engine.phases cimport run_online
from backprop_c._kernels.table cimport Plan
from backprop_c._system.platform cimport load_flag, monotonic_seconds


cdef enum:
    # What drawing a place in the order costs, and how many are drawn between two looks.
    WORK_OF_DRAW = 16
    DRAWS_BETWEEN_LOOKS = 16384


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
