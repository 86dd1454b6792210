"""Schedules: the learning rate of a step, from the schedule's parameters and the step's position.

One entry each in SCHEDULES; the classes that users hold are in schedules.py, and name the sources.
"""

from libc.math cimport M_PI, cos, floor, fmod, pow


cdef inline double epoch_of(const Position* position) noexcept nogil:
    """The epoch that a step belongs to, from 0."""
    return floor(position.steps / position.steps_of_epoch)


cdef inline double wave(double share) noexcept nogil:
    """Half a wave of the cosine, from 1 where the share is 0 to 0 where it is 1."""
    return 0.5 * (1 + cos(M_PI * share))


cdef inline double warmup_share(double warmup, const Position* position) noexcept nogil:
    """min(1, (steps + 1) / w) in the first w = warmup * steps_of_epoch steps, then 1."""
    cdef double steps = warmup * position.steps_of_epoch
    return min(1.0, (position.steps + 1) / steps) if position.steps < steps else 1.0


cdef double constant(const double* parameters, const Position* position) noexcept nogil:
    """initial, times warmup_share."""
    return parameters[0] * warmup_share(parameters[1], position)


cdef double step(const double* parameters, const Position* position) noexcept nogil:
    """initial factor**floor(epoch / every)."""
    return parameters[0] * pow(parameters[2], floor(epoch_of(position) / parameters[1]))


cdef double exponential(const double* parameters, const Position* position) noexcept nogil:
    """initial factor**epoch."""
    return parameters[0] * pow(parameters[1], epoch_of(position))


cdef double inverse_scaling(const double* parameters, const Position* position) noexcept nogil:
    """initial / (1 + samples)**power, of all samples in the epochs before this one."""
    return parameters[0] / pow(1 + epoch_of(position) * position.samples_of_epoch, parameters[1])


cdef double polynomial(const double* parameters, const Position* position) noexcept nogil:
    """final + (initial - final) (1 - min(1, steps / n))**power, n = epochs * steps_of_epoch."""
    cdef double left = 1 - min(1.0, position.steps / (position.epochs * position.steps_of_epoch))
    return parameters[2] + (parameters[0] - parameters[2]) * pow(left, parameters[1])


cdef double cosine(const double* parameters, const Position* position) noexcept nogil:
    """initial warmup_share in the first w steps, then
    final + (initial - final) wave((steps - w) / (n - w)), n = epochs * steps_of_epoch.
    """
    cdef double warmup = parameters[1] * position.steps_of_epoch
    cdef double last = position.epochs * position.steps_of_epoch
    if position.steps < warmup:
        return parameters[0] * warmup_share(parameters[1], position)
    if position.steps >= last:
        return parameters[2]
    return parameters[2] + (parameters[0] - parameters[2]) * wave(
        (position.steps - warmup) / (last - warmup))


cdef double cosine_restarts(const double* parameters, const Position* position) noexcept nogil:
    """initial warmup_share in the first w steps, then final + (initial - final) wave(t / period)

    with t epochs since the last restart; each period is `growth` times as long as the one before.
    """
    cdef double period = parameters[1]
    cdef double growth = parameters[2]
    cdef double warmup = parameters[4] * position.steps_of_epoch
    cdef double passed = (position.steps - warmup) / position.steps_of_epoch
    if position.steps < warmup:
        return parameters[0] * warmup_share(parameters[4], position)
    if growth == 1:
        passed = fmod(passed, period)
    while passed >= period:
        passed -= period
        period *= growth
    return parameters[3] + (parameters[0] - parameters[3]) * wave(passed / period)


cdef double one_cycle(const double* parameters, const Position* position) noexcept nogil:
    """From largest / start up to largest in the first rise n - 1 steps, and down to
    largest / (start end) in the n - 1st, both by half a wave; n = epochs * steps_of_epoch.
    """
    cdef double largest = parameters[0]
    cdef double first = largest / parameters[2]
    cdef double final = first / parameters[3]
    cdef double last = position.epochs * position.steps_of_epoch - 1
    cdef double top = parameters[1] * (last + 1) - 1
    if position.steps < top:
        return largest + (first - largest) * wave(position.steps / top)
    if position.steps >= last:
        return final
    return final + (largest - final) * wave((position.steps - top) / (last - top))


cdef Schedule[8] SCHEDULES
SCHEDULES[0] = Schedule(b"constant", b"initial warmup", False, constant)
SCHEDULES[1] = Schedule(b"step", b"initial every factor", False, step)
SCHEDULES[2] = Schedule(b"exponential", b"initial factor", False, exponential)
SCHEDULES[3] = Schedule(b"inverse_scaling", b"initial power", False, inverse_scaling)
SCHEDULES[4] = Schedule(b"polynomial", b"initial power final", True, polynomial)
SCHEDULES[5] = Schedule(b"cosine", b"initial warmup final", True, cosine)
SCHEDULES[6] = Schedule(
    b"cosine_restarts", b"initial period growth final warmup", False, cosine_restarts)
SCHEDULES[7] = Schedule(b"one_cycle", b"largest rise start end", True, one_cycle)


cdef const Schedule* schedule_of(int code) noexcept:
    """An entry of the table."""
    return SCHEDULES + code


def schedule_table():
    """What the table says of each schedule: name -> names of its parameters, in their order."""
    return {
        SCHEDULES[k].name.decode(): tuple(SCHEDULES[k].parameters.decode().split())
        for k in range(<int>(sizeof(SCHEDULES) // sizeof(Schedule)))
    }
