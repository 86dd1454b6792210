"""Between an optimizer's state and hyperparameters as Python holds them and those of a fit."""

cimport numpy as cnp
from libc.string cimport memcpy, memset

import numpy as np

from backprop_c._engine.samples cimport is_plain
from backprop_c._engine.fit cimport KEPT_BY_PLATEAU, Plateau
from backprop_c._engine.schedules cimport MAX_SCHEDULE_PARAMETERS, Position, schedule_of
from backprop_c._kernels.table cimport MAX_CARRIED, MAX_HYPERPARAMETERS, MAX_STATES, Plan

cnp.import_array()


cdef OptimizerState first_state(const Update* update, const double* hyperparameters,
                                Py_ssize_t n_parameters, int type_number,
                                tuple of_schedule=()):
    """What a rule and a schedule begin with, before the first step."""
    cdef double states[MAX_STATES]
    cdef double carried[MAX_CARRIED]
    cdef cnp.npy_intp n_numbers = update.n_states * n_parameters
    cdef cnp.npy_intp n_carried = update.n_carried + len(of_schedule)
    cdef cnp.ndarray vectors = cnp.PyArray_SimpleNew(1, &n_numbers, type_number)
    cdef cnp.ndarray kept = cnp.PyArray_SimpleNew(1, &n_carried, cnp.NPY_FLOAT64)
    cdef int k
    memset(states, 0, sizeof(states))
    memset(carried, 0, sizeof(carried))
    if update.begin != NULL:
        update.begin(hyperparameters, states, carried)
    for k in range(update.n_states):
        fill(vectors, k * n_parameters, n_parameters, states[k])
    for k in range(update.n_carried):
        (<double*>cnp.PyArray_DATA(kept))[k] = carried[k]
    for place, value in enumerate(of_schedule, update.n_carried):
        (<double*>cnp.PyArray_DATA(kept))[<Py_ssize_t>place] = value
    return OptimizerState(update.name.decode(), 0, vectors, kept)


# To assign to a slice takes NumPy as long as the shortest fits.
cdef void fill(cnp.ndarray array_out, Py_ssize_t first, Py_ssize_t n, double value) noexcept:
    """array[first:first + n] = value, of float32 or float64."""
    cdef void* numbers = cnp.PyArray_DATA(array_out)
    cdef Py_ssize_t k
    if cnp.PyArray_TYPE(array_out) == cnp.NPY_FLOAT32:
        for k in range(first, first + n):
            (<float*>numbers)[k] = <float>value
    else:
        for k in range(first, first + n):
            (<double*>numbers)[k] = value


cdef OptimizerState with_schedule(OptimizerState state, const Update* update, tuple of_schedule):
    """The state, with what a schedule begins with in place of what another one has left."""
    cdef Py_ssize_t n_carried = update.n_carried + len(of_schedule)
    cdef Py_ssize_t n_kept = state.carried.size - update.n_carried
    if state.carried.size == n_carried or n_kept not in (0, KEPT_BY_PLATEAU):
        return state
    carried = np.concatenate([state.carried[:update.n_carried], np.array(of_schedule, float)])
    return OptimizerState(state.rule, state.steps, state.vectors, carried)


cdef bint belongs_to(OptimizerState state, const Update* update, Py_ssize_t n_parameters,
                     int type_number, int n_carried):
    """Whether a state has the arrays that the rule keeps for this number of parameters."""
    return (is_plain(state.vectors, type_number, n_parameters * update.n_states, 0)
            and is_plain(state.carried, cnp.NPY_FLOAT64, n_carried, 0))


cdef require_writable_state(OptimizerState state):
    """Raise if a step could not write the state."""
    if not (cnp.PyArray_ISWRITEABLE(state.vectors) and cnp.PyArray_ISWRITEABLE(state.carried)):
        raise ValueError("the optimizer's state is read-only: its arrays must be writable")


cdef check_state(OptimizerState state, const Fit* fit, int type_number):
    """Raise unless an optimizer's state is of this network and update rule, and can be written."""
    if not belongs_to(state, fit.update, fit.training.plan.n_parameters, type_number,
                      fit.n_carried):
        raise ValueError("the optimizer's state is not of this network and update rule")
    require_writable_state(state)


cdef void take_state(Fit* fit, OptimizerState state) noexcept:
    """live = an optimizer's state that has been looked at."""
    cdef const Plan* plan = fit.training.plan
    cdef size_t stride = plan.stride * fit.training.table.real_bytes
    cdef size_t n_bytes = plan.n_parameters * fit.training.table.real_bytes
    cdef Py_ssize_t k
    for k in range(fit.update.n_states):
        memcpy(fit.live.vectors + (k + 1) * stride,
               cnp.PyArray_BYTES(state.vectors) + k * n_bytes, n_bytes)
    memcpy(fit.live.carried, cnp.PyArray_DATA(state.carried), fit.n_carried * sizeof(double))
    fit.live.steps = state.steps


cdef void give_state(const Fit* fit, const State* given, OptimizerState state_out) noexcept:
    """An optimizer's state = a state of the fit."""
    cdef const Plan* plan = fit.training.plan
    cdef size_t stride = plan.stride * fit.training.table.real_bytes
    cdef size_t n_bytes = plan.n_parameters * fit.training.table.real_bytes
    cdef Py_ssize_t k
    state_out.steps = given.steps
    memcpy(cnp.PyArray_DATA(state_out.carried), given.carried, fit.n_carried * sizeof(double))
    for k in range(fit.update.n_states):
        memcpy(cnp.PyArray_BYTES(state_out.vectors) + k * n_bytes,
               given.vectors + (k + 1) * stride, n_bytes)


cdef set_hyperparameters(Fit* fit, tuple hyperparameters):
    """The hyperparameters, in the order of the update rule."""
    if len(hyperparameters) > MAX_HYPERPARAMETERS:
        raise ValueError(
            f"an optimizer has at most {MAX_HYPERPARAMETERS} hyperparameters, "
            f"but this one has {len(hyperparameters)}")
    for k, value in enumerate(hyperparameters):
        fit.hyperparameters[k] = value


cdef refuse_endless(str caller):
    """Raise what is to be said of a schedule without a length that single steps are to follow."""
    raise ValueError(
        f"{caller} needs a schedule with a number of epochs, of which each step is one: a step is "
        "part of no fit that could have a length. Give the schedule its epochs, or the optimizer "
        "one learning rate")


cdef refuse_watching(str caller):
    """Raise what is to be said of a schedule that watches epochs where there are none."""
    raise ValueError(
        f"{caller} cannot follow ReduceOnPlateau, which watches the values of epochs: give another "
        "learning rate")


cdef set_schedule(Fit* fit, tuple schedule, epochs):
    """A schedule (code, parameters, length), for steps that begin at the live state.

    One that needs a length and is given none ends with this fit, of so many epochs, and begins with
    it; another goes on where its steps were. `epochs` is None for single steps, each of which
    counts as an epoch.
    """
    cdef Py_ssize_t n_samples = fit.training.n_samples
    cdef Py_ssize_t batch_size = fit.training.batch_size
    code, parameters, length = schedule
    if len(parameters) > MAX_SCHEDULE_PARAMETERS:
        raise ValueError(f"a schedule has at most {MAX_SCHEDULE_PARAMETERS} parameters")
    fit.schedule = schedule_of(code)
    of_fit = fit.schedule.has_length and length is None
    if of_fit and epochs is None:
        refuse_endless("train_step")
    for k, value in enumerate(parameters):
        fit.schedule_parameters[k] = value
    fit.schedule_begin = fit.live.steps if of_fit else 0
    fit.position.epochs = epochs if of_fit else length or 0
    fit.position.steps_of_epoch = (n_samples + batch_size - 1) // batch_size
    fit.position.samples_of_epoch = n_samples


cdef set_plateau(Fit* fit, tuple plateau):
    """What is watched, of (column, sign, factor, patience, threshold, cooldown, lowest, kept)."""
    cdef Plateau* watched = &fit.plateau
    (watched.column, watched.sign, watched.factor, watched.patience, watched.threshold,
     watched.cooldown, watched.lowest, kept) = plateau
    watched.at = fit.update.n_carried
    fit.n_carried = fit.update.n_carried + <int>len(kept)


cdef OptimizerState as_state(object state, object optimizer, const Update* update,
                             cnp.ndarray parameters):
    """An optimizer's state that goes with the rule and the parameters, and can be written."""
    cdef OptimizerState kept
    cdef Py_ssize_t n = cnp.PyArray_SIZE(parameters)
    if not isinstance(state, OptimizerState):
        raise TypeError(
            f"state must be what update returned, or None, but is of type {type(state).__name__}")
    kept = <OptimizerState>state
    if kept.rule != optimizer.rule:
        raise ValueError(
            f"state is of the update rule {kept.rule!r}, but {optimizer!r} has the rule "
            f"{optimizer.rule!r}: pass None, to begin anew")
    if not belongs_to(kept, update, n, cnp.PyArray_TYPE(parameters), update.n_carried):
        raise ValueError(
            f"state is of other parameters: {update.n_states} vectors for {n} parameters of "
            f"{parameters.dtype} are needed, but it has {kept.vectors.size} numbers of "
            f"{kept.vectors.dtype}")
    require_writable_state(kept)
    return kept


cdef double scheduled_rate(tuple schedule, long long steps) except *:
    """The learning rate after this number of steps; each step counts as an epoch."""
    cdef double values[MAX_SCHEDULE_PARAMETERS]
    cdef Position position
    cdef int k
    code, parameters, length = schedule
    if schedule_of(code).has_length and length is None:
        refuse_endless("update")
    for k in range(len(parameters)):
        values[k] = parameters[k]
    position.steps = <double>steps
    position.steps_of_epoch = position.samples_of_epoch = 1
    position.epochs = length or 0
    return schedule_of(code).learning_rate(values, &position)
