"""Levenberg-Marquardt: damped steps of least squares, tried until one leads to a smaller loss.

A step solves (J'J + shift I) step = J'e, of the Jacobian J and the errors e of all samples; the
pass over the samples has summed J'J and J'e. The shift is the damping times the samples' weight:
so the damping is in units of the reported loss's curvature.
"""

from libc.math cimport isfinite
from libc.string cimport memcpy

from backprop_c._engine.end_step cimport EndStep
from backprop_c._engine.memory cimport Memory, room_for
from backprop_c._engine.passes cimport (
    begin_pass, lay_out_pass, penalty, room_for_pass, run_pass, set_pass, share, time_is_over,
)
from backprop_c._kernels.table cimport Plan


cdef enum:
    # Rows of the factor that are finished before they are taken from those behind, and rows that
    # a thread takes them from at a time.
    ROWS_AT_ONCE = 32
    ROWS_OF_TASK = 24


# -- The factorization -------------------------------------------------------------------------

cdef inline Py_ssize_t rows_finished(const LeastSquares* squares) noexcept nogil:
    """Where the rows that are being finished end."""
    return min(squares.first + ROWS_AT_ONCE, squares.training.plan.n_parameters)


cdef void take_from_rows(void* squares_, Py_ssize_t number, Py_ssize_t thread) noexcept nogil:
    """Take the rows that are finished from some of those behind."""
    cdef LeastSquares* squares = <LeastSquares*>squares_
    cdef const Plan* plan = squares.training.plan
    cdef Py_ssize_t stop = rows_finished(squares)
    cdef Py_ssize_t begin = stop + number * ROWS_OF_TASK
    squares.training.table.solution.take_rows(
        plan, squares.first, stop, begin, min(begin + ROWS_OF_TASK, plan.n_parameters),
        squares.negative,
        squares.training.workspaces + thread * plan.workspace_bytes + plan.panel_at,
        squares.factor)


cdef bint finish_rows(LeastSquares* squares, Py_ssize_t* work_out) noexcept nogil:
    """Finish the next rows of the factor; whether that can be done."""
    cdef const Plan* plan = squares.training.plan
    cdef Py_ssize_t n = plan.n_parameters
    cdef Py_ssize_t stop = rows_finished(squares)
    if not squares.training.table.solution.factor_rows(plan, squares.first, stop, squares.factor,
                                                       squares.negative):
        return False
    if stop < n:
        share(squares.training.board, take_from_rows, squares,
              (n - stop + ROWS_OF_TASK - 1) // ROWS_OF_TASK)
    work_out[0] += (stop - squares.first) * (n - squares.first) * (n - squares.first) // 2
    squares.first = stop
    return True


# -- The damping -------------------------------------------------------------------------------

cdef bint raise_damping(LeastSquares* squares) noexcept nogil:
    """After a step that did not lead to less; whether another one may be tried."""
    cdef double* carried = squares.carried
    if squares.hyperparameters[GAIN_RATIO]:
        carried[DAMPING] *= carried[GROWTH]
        carried[GROWTH] *= 2
    else:
        carried[DAMPING] *= squares.hyperparameters[INCREASE]
    if carried[DAMPING] <= squares.hyperparameters[LARGEST_DAMPING]:
        return True
    # A fit that goes on from here begins with what the first one began with.
    carried[DAMPING] = squares.hyperparameters[FIRST_DAMPING]
    carried[GROWTH] = 2
    squares.settled = True
    return False


cdef void lower_damping(LeastSquares* squares, double gain) noexcept nogil:
    """After a step that led to less: `gain` times as much less as it should.

    By Nielsen's rule the damping falls to a third at most, and rises where the gain is below 1/2.
    """
    cdef double* carried = squares.carried
    cdef double past_half = 2 * gain - 1
    if squares.hyperparameters[GAIN_RATIO]:
        carried[DAMPING] *= max(1 / 3.0, 1 - past_half * past_half * past_half)
        carried[GROWTH] = 2
    else:
        carried[DAMPING] *= squares.hyperparameters[DECREASE]
    # So small it damps nothing, and finds back in a few trials.
    carried[DAMPING] = max(carried[DAMPING], 1e-20)


# -- A step ------------------------------------------------------------------------------------

cdef void begin_step(LeastSquares* squares) noexcept nogil:
    """Penalties join the sums and the loss; where the gradient is 0 there is no step."""
    cdef Pass* training = squares.training
    cdef double weight = training.sums.weight
    cdef double penalties = 0
    if training.plan.penalized:
        penalties = penalty(training.table, training.plan, squares.parameters)
        training.sums.loss += weight * penalties
        training.table.solution.add_curvature(training.plan, weight, squares.parameters,
                                              training.gradient)
    squares.loss = training.sums.loss / weight
    squares.settled = (training.table.solution.steepest(training.plan, training.gradient) / weight
                       <= squares.hyperparameters[TOLERANCE])
    squares.stage = TO_DAMP


cdef void damp_squares(LeastSquares* squares) noexcept nogil:
    """Begin a factorization with the damping as it is now."""
    cdef Pass* training = squares.training
    training.table.solution.damp(training.plan, squares.carried[DAMPING] * training.sums.weight,
                                 training.gradient, squares.factor)
    squares.first = 0
    squares.stage = TO_FACTOR


cdef void take_trial_point(LeastSquares* squares) noexcept nogil:
    """Solve for the step, and begin the pass at the point that it leads to."""
    cdef Pass* training = squares.training
    cdef double weight = training.sums.weight
    squares.predicted = training.table.solution.damped_step(
        training.plan, squares.carried[DAMPING] * weight, training.gradient, squares.factor,
        squares.parameters, squares.step, squares.point) / weight
    begin_pass(&squares.trial)
    squares.stage = TO_TRY


cdef bint accept_or_damp(LeastSquares* squares) noexcept nogil:
    """Go to the trial point if its loss is less, or else damp more; whether the step is over."""
    cdef const Pass* trial = &squares.trial
    cdef double loss = trial.sums.loss / trial.sums.weight
    cdef double gain
    if trial.plan.penalized:
        loss += penalty(trial.table, trial.plan, squares.point)
    gain = (squares.loss - loss) / squares.predicted
    if isfinite(loss) and loss < squares.loss and squares.predicted > 0:
        memcpy(squares.parameters, squares.point,
               trial.plan.n_parameters * trial.table.real_bytes)
        lower_damping(squares, gain)
        return True
    squares.stage = TO_DAMP
    return not raise_damping(squares)


cdef bint make_damped_step(EndStep* end, double deadline, Py_ssize_t* work_out) noexcept nogil:
    """Go on until a step has been made, or none leads to less; False if the time is over."""
    cdef LeastSquares* squares = <LeastSquares*>end
    cdef const Plan* plan = squares.training.plan
    if squares.stage == TO_BEGIN:
        begin_step(squares)
    while not squares.settled:
        if squares.stage == TO_DAMP:
            damp_squares(squares)
        while squares.stage == TO_FACTOR:
            if not finish_rows(squares, work_out):
                squares.stage = TO_DAMP
                raise_damping(squares)
            elif squares.first == plan.n_parameters:
                take_trial_point(squares)
            if time_is_over(deadline, work_out):
                return False
        if squares.stage == TO_TRY:
            if not run_pass(&squares.trial, deadline, work_out):
                return False
            if accept_or_damp(squares):
                break
    squares.stage = TO_BEGIN
    end.made = not squares.settled
    end.is_last = squares.settled
    return True


# -- What it needs -----------------------------------------------------------------------------

cdef void set_least_squares(LeastSquares* squares, Pass* training,
                            const double* hyperparameters) noexcept:
    """Say what to do: steps from what the pass over the training samples sums up."""
    squares.end.make = make_damped_step
    squares.end.penalizes = True
    squares.training = training
    squares.hyperparameters = hyperparameters
    set_pass(&squares.trial, training.table, training.plan, &training.samples, training.n_samples,
             training.batch_size, NULL)


cdef size_t bytes_of_rows(const LeastSquares* squares, Py_ssize_t n_rows) noexcept:
    """Rows as those of the sums of squares."""
    return n_rows * squares.training.plan.square_stride * squares.training.table.real_bytes


cdef size_t room_for_least_squares(const LeastSquares* squares, Py_ssize_t n_threads) noexcept:
    """The memory that steps need, for `lay_out_least_squares`."""
    return (
        room_for_pass(&squares.trial, n_threads, False)
        + room_for(bytes_of_rows(squares, squares.training.plan.n_parameters))
        + room_for(bytes_of_rows(squares, ROWS_AT_ONCE)) + 2 * room_for(bytes_of_rows(squares, 1))
    )


cdef void lay_out_least_squares(LeastSquares* squares, Memory memory,
                                Py_ssize_t n_threads) noexcept:
    """Give steps what they work with."""
    lay_out_pass(&squares.trial, memory, n_threads, False)
    squares.factor = memory.cut(bytes_of_rows(squares, squares.training.plan.n_parameters))
    squares.negative = memory.cut(bytes_of_rows(squares, ROWS_AT_ONCE))
    squares.step = memory.cut(bytes_of_rows(squares, 1))
    squares.point = memory.cut(bytes_of_rows(squares, 1))
    squares.trial.parameters = squares.point
