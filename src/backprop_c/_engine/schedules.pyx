"""Schedules: the learning rate of a step, from the schedule's parameters and the step's position.

One entry each in SCHEDULES; the classes that users hold are in schedules.py.
"""

from libc.math cimport M_PI, cos


cdef double cosine(const double* parameters, const Position* position) noexcept nogil:
    """initial min(1, (steps + 1) / w) in the first w = warmup * steps_of_epoch steps, then
    initial (1 + cos(pi (steps - w) / (n - w))) / 2, n = epochs * steps_of_epoch.

    I. Loshchilov and F. Hutter, SGDR: stochastic gradient descent with warm restarts (2017).
    """
    cdef double initial = parameters[0]
    cdef double warmup = parameters[1] * position.steps_of_epoch
    cdef double last = position.epochs * position.steps_of_epoch
    if position.steps < warmup:
        return initial * min(1.0, (position.steps + 1) / warmup)
    if position.steps >= last:
        return 0
    return initial * 0.5 * (1 + cos(M_PI * (position.steps - warmup) / (last - warmup)))


cdef Schedule[1] SCHEDULES
SCHEDULES[0] = Schedule(b"cosine", b"initial warmup", cosine)


cdef const Schedule* schedule_of(int code) noexcept:
    """An entry of the table."""
    return SCHEDULES + code


def schedule_table():
    """What the table says of each schedule: name -> names of its parameters, in their order."""
    return {
        SCHEDULES[k].name.decode(): tuple(SCHEDULES[k].parameters.decode().split())
        for k in range(<int>(sizeof(SCHEDULES) // sizeof(Schedule)))
    }
