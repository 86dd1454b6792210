"""Levenberg-Marquardt: damped steps of least squares. Plain C, so that it can stop and go on."""

from backprop_c._engine.end_step cimport EndStep
from backprop_c._engine.memory cimport Memory
from backprop_c._engine.passes cimport Pass
from backprop_c._kernels.table cimport Plan


# What lives from step to step, among the optimizer's carried scalars.
cdef enum:
    DAMPING = 0
    GROWTH = 1                     # what the damping is multiplied by when the next step fails


# The optimizer's hyperparameters, in their order.
cdef enum:
    FIRST_DAMPING = 0
    GAIN_RATIO = 1
    INCREASE = 2
    DECREASE = 3
    LARGEST_DAMPING = 4
    TOLERANCE = 5


cdef enum Stage:
    TO_BEGIN = 0                   # the sums of squares are there
    TO_DAMP = 1
    TO_FACTOR = 2
    TO_TRY = 3                     # a trial point's loss is being computed


ctypedef struct LeastSquares:
    EndStep end
    # What to do.
    Pass* training                 # in the place of whose gradient are the sums of squares
    Pass trial                     # the loss alone, at the trial point
    char* parameters               # where the step begins, and then where it has led to
    double* carried
    const double* hyperparameters
    # What it works with.
    char* factor
    char* negative                 # some rows of it, for those behind
    char* step
    char* point                    # the trial point's parameters
    # Where it stands.
    Stage stage
    Py_ssize_t first               # the factor's rows before this one are finished
    double loss                    # where the step begins
    double predicted               # how much less it should be
    bint settled                   # no step leads to less


cdef void set_least_squares(LeastSquares* squares, Pass* training,
                            const double* hyperparameters) noexcept
cdef size_t room_for_least_squares(const LeastSquares* squares, Py_ssize_t n_threads) noexcept
cdef void lay_out_least_squares(LeastSquares* squares, Memory memory, Py_ssize_t n_threads) noexcept
