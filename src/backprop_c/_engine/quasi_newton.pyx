"""L-BFGS: steps by what the last gradients say of the second derivatives.

The same steps as those of L-BFGS-B without bounds, but for rounding, as long as all losses are
finite: R. H. Byrd, P. Lu, J. Nocedal and C. Zhu, A limited memory algorithm for bound constrained
optimization (1995). Vectors are of float64, whatever the network's dtype is: near a minimum steps
are small beside the parameters.
"""

from cpython.pyport cimport PY_SSIZE_T_MAX
from libc.math cimport fabs, isfinite, sqrt
from libc.string cimport memcpy

from backprop_c._engine.end_step cimport EndStep
from backprop_c._engine.line_search cimport begin_search, comes_back, goes_on
from backprop_c._engine.memory cimport Memory, room_for
from backprop_c._engine.passes cimport begin_pass, bytes_of_sums_of, copy_sums, run_pass
from backprop_c._engine.tables cimport table_of
from backprop_c._kernels.table cimport Sums, Table


# Whatever the network's dtype is.
cdef const Table* DOUBLES = table_of("float64")


# -- Vectors -----------------------------------------------------------------------------------

cdef double largest_size(Py_ssize_t n, const double* a) noexcept nogil:
    """The largest |a|."""
    cdef double largest = 0
    cdef Py_ssize_t k
    for k in range(n):
        largest = max(largest, fabs(a[k]))
    return largest


cdef void take_gradient(const Pass* p, double* gradient_out) noexcept nogil:
    """The gradient of the mean loss, in float64."""
    p.table.as_doubles(p.plan.n_parameters, 1 / p.sums.weight, p.gradient, gradient_out)


# -- What is remembered ------------------------------------------------------------------------

cdef inline Py_ssize_t place_of(const QuasiNewton* newton, Py_ssize_t k) noexcept nogil:
    """Where the last step but k is remembered."""
    return (newton.next_place - 1 - k + newton.n_remembered) % newton.n_remembered


cdef void find_direction(QuasiNewton* newton) noexcept nogil:
    """direction = -H gradient, H being the inverse second derivatives as far as they are known.

    By two loops over what is remembered: J. Nocedal, Updating quasi-Newton matrices with limited
    storage (1980).
    """
    cdef Py_ssize_t n = newton.training.plan.n_parameters
    cdef double* direction = newton.direction
    cdef Py_ssize_t k, place
    cdef double share
    memcpy(direction, newton.gradient, n * sizeof(double))
    for k in range(newton.kept):
        place = place_of(newton, k)
        share = DOUBLES.dot(n, newton.steps + place * n, direction) / newton.products[place]
        newton.shares[place] = share
        DOUBLES.add_times(n, -share, newton.changes + place * n, direction)
    for k in range(n):
        direction[k] *= -newton.scale
    for k in range(newton.kept - 1, -1, -1):
        place = place_of(newton, k)
        share = DOUBLES.dot(n, newton.changes + place * n, direction) / newton.products[place]
        DOUBLES.add_times(n, -newton.shares[place] - share, newton.steps + place * n, direction)


cdef void remember(QuasiNewton* newton, double slope) noexcept nogil:
    """Remember the step and what it changed, unless the loss is not curved upwards along it."""
    cdef Py_ssize_t n = newton.training.plan.n_parameters
    cdef double length = newton.search.length
    cdef double product = (slope - newton.search.start.slope) * length
    cdef double* step = newton.steps + newton.next_place * n
    cdef double* change = newton.changes + newton.next_place * n
    cdef Py_ssize_t k
    if product <= DOUBLES.epsilon * -newton.search.start.slope * length:
        return
    for k in range(n):
        step[k] = length * newton.direction[k]
        change[k] = newton.new_gradient[k] - newton.gradient[k]
    newton.products[newton.next_place] = product
    newton.scale = product / DOUBLES.dot(n, change, change)
    newton.next_place = (newton.next_place + 1) % newton.n_remembered
    newton.kept = min(newton.kept + 1, newton.n_remembered)


cdef void forget(QuasiNewton* newton) noexcept nogil:
    newton.kept = newton.next_place = 0
    newton.scale = 1


# -- A step ------------------------------------------------------------------------------------

cdef void try_length(QuasiNewton* newton) noexcept nogil:
    """Begin the pass at the point to which the search's length leads."""
    newton.tries += 1
    newton.training.table.along(
        newton.training.plan.n_parameters, newton.position, newton.search.length,
        newton.direction, newton.point)
    newton.training.parameters = newton.point
    begin_pass(newton.training)
    newton.trying = True


cdef void search_along(QuasiNewton* newton) noexcept nogil:
    """Begin a search; where not even the first length is one, no step leads any further."""
    cdef Py_ssize_t n = newton.training.plan.n_parameters
    cdef double length = 1
    cdef double slope
    find_direction(newton)
    slope = DOUBLES.dot(n, newton.gradient, newton.direction)
    if not slope < 0 and newton.kept > 0:
        forget(newton)
        find_direction(newton)
        slope = DOUBLES.dot(n, newton.gradient, newton.direction)
    if not slope < 0:
        newton.ending = NO_LENGTH
        return
    if newton.evaluations == 1:
        # Nothing is known of lengths before the first step: so the point is 1 away.
        length = 1 / sqrt(DOUBLES.dot(n, newton.direction, newton.direction))
    begin_search(&newton.search, newton.loss, slope, length)
    newton.tries = 0
    try_length(newton)


cdef void begin_step(QuasiNewton* newton) noexcept nogil:
    """Begin a search where the epoch's pass was, unless the gradient is as good as 0."""
    cdef Pass* training = newton.training
    cdef Py_ssize_t n = training.plan.n_parameters
    if not newton.end.knows_sums:
        newton.loss = training.sums.loss / training.sums.weight
        take_gradient(training, newton.gradient)
        training.table.as_doubles(n, 1, newton.parameters, newton.position)
        newton.evaluations = 1
        forget(newton)
        if not training.table.all_finite(n, training.gradient):
            # A step along it would lead to parameters that are not finite: the fit has diverged.
            memcpy(newton.parameters, training.gradient, n * training.table.real_bytes)
            newton.ending = NO_LENGTH
    newton.end.knows_sums = False
    copy_sums(training, &training.sums, &newton.end.sums)
    if newton.ending == NO_ENDING:
        if largest_size(n, newton.gradient) <= newton.hyperparameters[TOLERANCE]:
            newton.ending = TOLERANCE_REACHED
        else:
            search_along(newton)


cdef void give_up_search(QuasiNewton* newton) noexcept nogil:
    """No length is good: try the steepest descent in the place of what is remembered."""
    newton.trying = False
    if newton.kept == 0:
        newton.ending = NO_LENGTH
    else:
        forget(newton)
        search_along(newton)


cdef void accept(QuasiNewton* newton, double loss, double slope) noexcept nogil:
    """The step has been made: its end is where the next epoch begins."""
    cdef Pass* training = newton.training
    cdef Py_ssize_t n = training.plan.n_parameters
    cdef double needed = newton.least_gain * max(1.0, max(fabs(newton.loss), fabs(loss)))
    cdef Sums sums = training.sums
    DOUBLES.add_times(n, newton.search.length, newton.direction, newton.position)
    memcpy(newton.parameters, newton.point, n * training.table.real_bytes)
    training.parameters = newton.parameters
    if newton.evaluations > newton.hyperparameters[MOST_EVALUATIONS] > 0:
        newton.ending = EVALUATIONS_USED_UP
    elif newton.loss - loss <= needed:
        newton.ending = TOLERANCE_REACHED
    else:
        remember(newton, slope)
    newton.loss = loss
    newton.gradient, newton.new_gradient = newton.new_gradient, newton.gradient
    # The epoch is recorded with what it began with.
    training.sums, newton.end.sums = newton.end.sums, sums
    newton.trying = False
    newton.end.knows_sums = True


cdef void take_trial(QuasiNewton* newton) noexcept nogil:
    """Make the step, try another length, or give the search up."""
    cdef Pass* training = newton.training
    cdef Py_ssize_t n = training.plan.n_parameters
    cdef double loss = training.sums.loss / training.sums.weight
    cdef double slope
    cdef bint more
    newton.evaluations += 1
    take_gradient(training, newton.new_gradient)
    slope = DOUBLES.dot(n, newton.new_gradient, newton.direction)
    if isfinite(loss) and isfinite(slope):
        more = goes_on(&newton.search, loss, slope)
        if not more:
            accept(newton, loss, slope)
            return
    else:
        more = comes_back(&newton.search)
    if not more or newton.tries >= newton.hyperparameters[MOST_TRIES]:
        give_up_search(newton)
    else:
        try_length(newton)


cdef bint make_step(EndStep* end, double deadline, Py_ssize_t* work_out) noexcept nogil:
    """Go on until a step has been made, or there is none; False if the time is over."""
    cdef QuasiNewton* newton = <QuasiNewton*>end
    cdef Pass* training = newton.training
    if not newton.trying:
        begin_step(newton)
    while newton.trying:
        if not run_pass(training, deadline, work_out):
            return False
        work_out[0] += <Py_ssize_t>work_beside_pass(newton, newton.kept)
        take_trial(newton)
    end.made = end.knows_sums
    end.is_last = not end.made or newton.ending == EVALUATIONS_USED_UP
    if not end.made:
        # The epoch is what it was before the search.
        copy_sums(training, &end.sums, &training.sums)
        training.parameters = newton.parameters
    return True


# -- What it needs -----------------------------------------------------------------------------

cdef void set_quasi_newton(QuasiNewton* newton, Pass* training,
                           const double* hyperparameters) noexcept:
    """Say what to do: steps by the gradients of the pass over the training samples."""
    newton.end.make = make_step
    newton.training = training
    newton.hyperparameters = hyperparameters
    # Or else the loss does not change any more but for rounding.
    newton.least_gain = max(hyperparameters[LOSS_TOLERANCE], 10 * training.table.epsilon)
    # Of more than that the size would overflow; there is no memory for it, in any case.
    newton.n_remembered = <Py_ssize_t>min(
        hyperparameters[MEMORY],
        <double>(PY_SSIZE_T_MAX // (64 * training.plan.n_parameters) + 1))


cdef double work_beside_pass(const QuasiNewton* newton, Py_ssize_t n_steps) noexcept nogil:
    """The multiplications of a direction and of a point on it, where so many are remembered."""
    return <double>newton.training.plan.n_parameters * (4.0 * n_steps + 8)


cdef size_t bytes_of_vectors(const QuasiNewton* newton, Py_ssize_t n_vectors) noexcept:
    return n_vectors * newton.training.plan.n_parameters * sizeof(double)


cdef size_t room_for_quasi_newton(const QuasiNewton* newton) noexcept:
    """The memory that steps need, for `lay_out_quasi_newton`."""
    return (
        4 * room_for(bytes_of_vectors(newton, 1))
        + 2 * room_for(bytes_of_vectors(newton, newton.n_remembered))
        + 2 * room_for(newton.n_remembered * sizeof(double))
        + room_for(newton.training.plan.stride * newton.training.table.real_bytes)
        + room_for(bytes_of_sums_of(newton.training))
    )


cdef void lay_out_quasi_newton(QuasiNewton* newton, Memory memory) noexcept:
    """Give steps what they work with."""
    newton.position = <double*>memory.cut(bytes_of_vectors(newton, 1))
    newton.gradient = <double*>memory.cut(bytes_of_vectors(newton, 1))
    newton.direction = <double*>memory.cut(bytes_of_vectors(newton, 1))
    newton.new_gradient = <double*>memory.cut(bytes_of_vectors(newton, 1))
    newton.steps = <double*>memory.cut(bytes_of_vectors(newton, newton.n_remembered))
    newton.changes = <double*>memory.cut(bytes_of_vectors(newton, newton.n_remembered))
    newton.products = <double*>memory.cut(newton.n_remembered * sizeof(double))
    newton.shares = <double*>memory.cut(newton.n_remembered * sizeof(double))
    newton.point = memory.cut(newton.training.plan.stride * newton.training.table.real_bytes)
    newton.end.sums.metrics = <double*>memory.cut(bytes_of_sums_of(newton.training))
