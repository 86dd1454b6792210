"""L-BFGS: steps by what the last gradients say of the second derivatives.

Plain C, so that it can stop and go on.
"""

from backprop_c._engine.end_step cimport EndStep
from backprop_c._engine.line_search cimport Search
from backprop_c._engine.memory cimport Memory
from backprop_c._engine.passes cimport Pass


# The optimizer's hyperparameters, in their order.
cdef enum:
    MEMORY = 0
    TOLERANCE = 1
    MOST_TRIES = 2
    LOSS_TOLERANCE = 3
    MOST_EVALUATIONS = 4


# Why no further step is made.
cdef enum Ending:
    NO_ENDING = 0
    TOLERANCE_REACHED = 1
    NO_LENGTH = 2                  # no step, however long, leads to a smaller loss
    EVALUATIONS_USED_UP = 3


ctypedef struct QuasiNewton:
    EndStep end                    # in the midst of a step its sums are of where the step began
    # What to do.
    Pass* training                 # with the gradient, which is penalized
    char* parameters               # where the step begins, and then where it has led to
    const double* hyperparameters
    Py_ssize_t n_remembered        # steps at most
    double least_gain              # a step that makes the loss less by no more is the last one
    # What it works with, in float64; (n_parameters,) each.
    double* position
    double* gradient
    double* direction
    double* new_gradient
    double* steps                  # (n_remembered, n_parameters): the last ones,
    double* changes                # and those of the gradient
    double* products               # (n_remembered,): of a step and a change
    double* shares                 # (n_remembered,)
    char* point                    # a trial point's parameters, as the pass takes them
    # Where it stands.
    bint trying                    # a trial point's pass is under way
    double loss                    # where the step begins
    double scale                   # of the inverse second derivatives, before what is remembered
    Py_ssize_t kept                # steps that are remembered,
    Py_ssize_t next_place          # and where the next one goes
    Search search
    Py_ssize_t tries               # of this search
    double evaluations             # of the fit, to be compared with a hyperparameter
    Ending ending


cdef void set_quasi_newton(QuasiNewton* newton, Pass* training,
                           const double* hyperparameters) noexcept
cdef size_t room_for_quasi_newton(const QuasiNewton* newton) noexcept
cdef void lay_out_quasi_newton(QuasiNewton* newton, Memory memory) noexcept
cdef double work_beside_pass(const QuasiNewton* newton, Py_ssize_t n_steps) noexcept nogil
