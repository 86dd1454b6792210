"""Schedules: the learning rate of a step. One entry each in a table."""


# Where a step stands: how many steps were made before it since the schedule began, how many an
# epoch has, and how many epochs the schedule lasts.
ctypedef struct Position:
    double steps
    double steps_of_epoch
    double epochs


ctypedef struct Schedule:
    const char* name
    const char* parameters         # their names, apart by blanks
    double (*learning_rate)(const double* parameters, const Position* position) noexcept nogil


cdef enum:
    MAX_SCHEDULE_PARAMETERS = 4


cdef const Schedule* schedule_of(int code) noexcept
