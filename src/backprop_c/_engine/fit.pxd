"""A fit: what a training changes, and where it stands. Plain C, so that it can stop and go on."""

from backprop_c._engine.end_step cimport EndStep
from backprop_c._engine.order cimport bitgen_t
from backprop_c._engine.passes cimport Pass
from backprop_c._engine.schedules cimport MAX_SCHEDULE_PARAMETERS, Position, Schedule
from backprop_c._kernels.table cimport (
    MAX_CARRIED, MAX_HYPERPARAMETERS, MAX_SCALARS, Plan, Table, Update,
)


# All that training changes: the parameters, then the optimizer's state vectors; its scalars that
# live from step to step; and the number of updates made.
ctypedef struct State:
    char* vectors
    double carried[MAX_CARRIED]
    long long steps


# When to end early: the column of the record that is watched, how much less it must be to be
# better (`sign` is -1 where more is better), and how many epochs to wait for that.
ctypedef struct EarlyStop:
    Py_ssize_t column              # -1: never
    double sign
    double min_delta
    Py_ssize_t patience
    bint restore_best
    bint any_is_best               # the best is so by any amount; min_delta is for patience alone
    double best_value
    Py_ssize_t best_epoch          # from 1, in this fit; 0 before the first
    Py_ssize_t last_gain           # the last epoch that was better by more than min_delta
    bint reached                   # patience is at its end


# When the learning rate is reduced: the column of the record that is watched, and how; `sign` as
# above. What lives from epoch to epoch is among the carried scalars, from number `at` on: the
# learning rate, the best value, epochs since then, epochs of cooling down that are left.
ctypedef struct Plateau:
    Py_ssize_t column              # -1: never
    double sign
    double factor
    double patience
    double threshold
    double cooldown
    double lowest
    int at


cdef enum:
    RATE_NOW = 0
    BEST_VALUE = 1
    EPOCHS_SINCE = 2
    COOLING = 3
    KEPT_BY_PLATEAU = 4


# When to end because a value is good enough: `sign` as above.
ctypedef struct Goal:
    Py_ssize_t column              # -1: never
    double sign
    double value
    bint reached


ctypedef struct Fit:
    # What to do.
    Pass training
    Pass validation                # without samples where nothing is validated
    const Update* update
    double hyperparameters[MAX_HYPERPARAMETERS]
    const Schedule* schedule       # NULL: the learning rate stays
    double schedule_parameters[MAX_SCHEDULE_PARAMETERS]
    Position position
    int n_carried                  # scalars in a state that are used: the rule's and a schedule's
    long long schedule_begin       # the count of updates at which the schedule's first step is made
    double clip_norm               # 0: none
    double clip_value              # 0: none
    bint shuffles_again            # each order is the last one's, shuffled as RandomState does
    bint penalties_by_batch        # a batch's penalties are divided by its weight
    double loss_divisor             # a batch has its rows in the reported loss, divided by this
    bint online                    # plain steps of one sample each
    EndStep* end_step              # an epoch's one step, at its end; NULL: each batch makes one
    bitgen_t* bit_generator        # for the order and for dropout; NULL: nothing is drawn
    Py_ssize_t* order              # (n_samples,); NULL: rows are taken as they stand
    Py_ssize_t epochs
    const int* stop                # set from elsewhere: end with this epoch
    bint asks                      # metrics are functions of the caller's: an epoch waits for them
    bint decides                   # one of these three looks at each epoch
    EarlyStop early
    Goal goal
    Plateau plateau
    # What it works with. `ends` has the states at the ends of the last two finished epochs, which
    # take turns: `finished` points to the last one, `earlier` to the one before. `best` is as of
    # the best epoch, where that is kept.
    State live
    State ends[2]
    State* finished
    State* earlier
    State best
    double* range_penalties        # one for each range of parameters
    double* range_squares
    char* before                   # weights before an update, where some stop at 0; else NULL
    double scalars[MAX_SCALARS]    # what an update reads
    # Where it stands.
    Py_ssize_t epoch               # epochs finished in this run
    Py_ssize_t epochs_before       # epochs finished before this run
    bint begun                     # the epoch has begun
    bint stepped                   # the step that follows its training pass has been made
    bint waits                     # its passes are over, and metrics are asked of the caller
    bint answered                  # they are there
    double reported_loss           # of the epoch's batches so far, and their rows,
    double reported_weight         # where a batch counts by its rows
    Py_ssize_t shuffled            # places of its order that are drawn
    Py_ssize_t columns
    double* record                 # (epochs, columns): loss and metrics, and those of validation
    bint diverged                  # the loss or the parameters were not finite
    bint ended                     # the epoch that no step follows is finished
    bint settled                   # and made none: none leads to a smaller loss
    bint overflowed                # the loss was finite, the parameters were not


cdef inline size_t bytes_of_weights(const Plan* plan, const Table* table) noexcept:
    """What `before` takes: as much as the parameters, where some stop at 0."""
    return plan.stride * table.real_bytes if plan.stops_at_zero else 0
