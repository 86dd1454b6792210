"""Schedules: the learning rate of a step. One entry each in a table."""


# Where a step stands: how many steps were made before it since the schedule began, how many steps
# and samples an epoch has, and how many epochs the schedule lasts, if it has a length.
ctypedef struct Position:
    double steps
    double steps_of_epoch
    double samples_of_epoch
    double epochs


ctypedef struct Schedule:
    const char* name
    const char* parameters         # their names, apart by blanks
    bint has_length                # it reads position.epochs
    double (*learning_rate)(const double* parameters, const Position* position) noexcept nogil


cdef enum:
    MAX_SCHEDULE_PARAMETERS = 6


cdef const Schedule* schedule_of(int code) noexcept
