# The kernels of one level and dtype: what each module in builds/ includes, compiled with
# LANE_BYTES, REAL_IS_FLOAT and SINGLE_ROWS_ALONE set by setup.py.

from cpython.pycapsule cimport PyCapsule_New
from libc.math cimport INFINITY, NAN, fabs, sqrt
from libc.string cimport memcpy, memset

from backprop_c._kernels.table cimport (
    ANDERSON, BATCH, CAPSULE, DIRECT, MAX_MEMORY, MAX_SCALARS, MAX_STATES, N_SHAPES, RECURRENT,
    RECURRENT_ROW, RELAXATION, SETTLING_VECTORS, SINGLE, SINGLE_DROPPING, SQUARES, Activation,
    Layer, Loss, Measure, Measures, Metric, Part, Plan, Range, Recurrence, Routines, Samples,
    Solution, Solver, Sums, Table, Update,
)

cdef extern from "lanes.h":
    ctypedef double real
    ctypedef double lanes
    ctypedef double accumulator
    ctypedef unsigned long long bits
    ctypedef unsigned long long whole
    const bint SINGLE_ROWS_ALONE
    const int LANES, TILE, SETTLING_TILE, TILE_INPUTS, TILE_OUTPUTS, TILE_ROWS, TILE_COLUMNS, QUAD
    const int PANEL, PANEL_DEPTH, PACKED_ROWS, PACKED_STRIDE
    const int EXPONENT_SHIFT, HALF_BITS, EXPM1_TERMS, ATANH_TERMS, NORMAL_TERMS, TANH_TERMS
    const real* EXPM1_TAIL
    const real* ATANH_TAIL
    const real* NORMAL_TAIL
    const real* TANH_TAIL
    const real ROUNDER, EXPONENT_BIAS, LOG2_E, LN2_HIGH, LN2_LOW, SQRT_HALF
    const real EXP_LIMIT, TANH_LIMIT, NORMAL_LIMIT, NORMAL_CENTRE, NORMAL_SLOPE, NORMAL_PEAK
    const real SMALLEST, LARGE, ULP_OF_1, LN2, ASINH_OF_1, SELU_SCALE, SELU_BOUND
    const real GELU_LINEAR, GELU_CUBIC, GELU_TANH_LIMIT
    lanes splat(real) noexcept nogil
    lanes first_lane(real) noexcept nogil
    bits as_bits(lanes) noexcept nogil
    lanes as_lanes(bits) noexcept nogil
    lanes absolute(lanes) noexcept nogil
    lanes minus_absolute(lanes) noexcept nogil
    lanes with_sign_of(lanes z, lanes x) noexcept nogil
    lanes larger_size(lanes a, lanes b) noexcept nogil
    lanes at_least(lanes x, lanes lowest) noexcept nogil
    lanes at_most(lanes x, lanes highest) noexcept nogil
    lanes select_less(lanes a, lanes b, lanes x, lanes y) noexcept nogil
    lanes select_up_to(lanes a, lanes b, lanes x, lanes y) noexcept nogil
    unsigned int lanes_up_to(lanes a, lanes b) noexcept nogil
    const unsigned int ALL_LANES
    lanes select_below(bits a, bits b, lanes x, lanes y) noexcept nogil
    lanes select_bits(bits mask, lanes x, lanes y) noexcept nogil
    bits bits_where_equal(lanes a, lanes b) noexcept nogil
    bits splat_bits(Py_ssize_t) noexcept nogil
    bits lane_numbers() noexcept nogil
    lanes load_first(const real* memory, Py_ssize_t n) noexcept nogil
    const bits MIX_1, MIX_2, GOLDEN, LOW_32
    lanes select_equal(lanes a, lanes b, lanes x, lanes y) noexcept nogil
    real lane_sum(lanes) noexcept nogil
    void add_lane_sums(real* memory, const lanes* x) noexcept nogil
    lanes weighted(lanes value, lanes weight) noexcept nogil
    lanes square_root(lanes) noexcept nogil
    double power(double base, long long exponent) noexcept nogil
    lanes load(const real* memory) noexcept nogil
    real lane(lanes, int k) noexcept nogil
    void store(real* memory, lanes x, Py_ssize_t n) noexcept nogil
    void stream(real* memory, const real* x, Py_ssize_t n) noexcept nogil
    void end_streams() noexcept nogil
    void transpose_quad(const real* const* rows, real* out, Py_ssize_t out_stride) noexcept nogil
    accumulator empty_sum() noexcept nogil
    accumulator accumulate(accumulator, lanes) noexcept nogil
    accumulator accumulate_square(accumulator, lanes) noexcept nogil
    lanes factors_to_limit(accumulator squares, double limit) noexcept nogil
    double accumulated(accumulator) noexcept nogil

include "lanes/elementary.pxi"
include "formulas/loops.pxi"
include "formulas/activations/outputs.pxi"
include "formulas/activations/bounded.pxi"
include "formulas/activations/rectifiers.pxi"
include "formulas/activations/gated.pxi"
include "formulas/activations/table.pxi"
include "formulas/losses.pxi"
include "formulas/metrics.pxi"
include "formulas/updates/scalars.pxi"
include "formulas/updates/damping.pxi"
include "formulas/updates/gradient.pxi"
include "formulas/updates/moments.pxi"
include "formulas/updates/squares.pxi"
include "formulas/updates/table.pxi"
include "formulas/penalties.pxi"
include "lanes/arrays.pxi"
include "lanes/transpose.pxi"
include "lanes/random.pxi"
include "wide/products.pxi"
include "single/products.pxi"
include "narrow/products.pxi"
include "outputs.pxi"
include "plain.pxi"
include "narrow/layers.pxi"
include "wide/layers.pxi"
include "batch.pxi"
include "narrow/jacobian.pxi"
include "single/layers.pxi"
include "single/jacobian.pxi"
include "squares/jacobian.pxi"
include "squares/solution.pxi"
include "recurrent/weights.pxi"
include "recurrent/anderson.pxi"
include "recurrent/settling.pxi"
include "recurrent/errors.pxi"
include "recurrent/network.pxi"
include "recurrent/row.pxi"

cdef Routines[N_SHAPES] ROUTINES
ROUTINES[SINGLE] = Routines(single_part, NULL, single_predict)
ROUTINES[SINGLE_DROPPING] = Routines(single_dropping_part, NULL, single_predict)

cdef Table TABLE
TABLE.real_bytes = sizeof(real)
TABLE.lanes = LANES
TABLE.epsilon = ULP_OF_1
TABLE.panel = PANEL
TABLE.panel_depth = PANEL_DEPTH
TABLE.n_activations = sizeof(ACTIVATIONS) // sizeof(Activation)
TABLE.n_losses = sizeof(LOSSES) // sizeof(Loss)
TABLE.n_metrics = sizeof(METRICS) // sizeof(Metric)
TABLE.n_updates = sizeof(UPDATES) // sizeof(Update)
TABLE.activations = ACTIVATIONS
TABLE.losses = LOSSES
TABLE.given_delta = &GIVEN_DELTA
TABLE.metrics = METRICS
TABLE.updates = UPDATES
TABLE.routines = ROUTINES
TABLE.jacobian = jacobian
TABLE.penalize = penalize
TABLE.stop_at_zero = stop_at_zero
TABLE.sum_of_squares = sum_of_squares
TABLE.clip = clip
TABLE.constrain = constrain
TABLE.all_finite = all_finite
TABLE.copy = copy
TABLE.as_doubles = as_doubles
TABLE.along = along
TABLE.dot = dot
TABLE.add_times = add_times

# What a build for single rows has no use for, and so leaves out.
if not SINGLE_ROWS_ALONE:
    ROUTINES[BATCH] = Routines(batch_part, batch_gather, batch_predict)
    ROUTINES[SQUARES] = Routines(squares_part, squares_gather, batch_predict)
    ROUTINES[RECURRENT] = Routines(recurrent_part, batch_gather, recurrent_predict)
    ROUTINES[RECURRENT_ROW] = Routines(recurrent_part, batch_gather, recurrent_row_predict)
    TABLE.batch_jacobian = batch_jacobian
    TABLE.settled_units = settled_units
    TABLE.solution = Solution(add_curvature, steepest, damp, factor_rows, take_rows, damped_step)
    TABLE.plain.product_bytes = product_bytes
    TABLE.plain.product = plain_product
    TABLE.plain.column_sums = column_sums
    TABLE.plain.forward_bytes = forward_bytes
    TABLE.plain.forward = plain_forward
    TABLE.plain.slopes = plain_slopes
    TABLE.plain.outputs = plain_outputs
    TABLE.plain.update = plain_update

table = PyCapsule_New(&TABLE, CAPSULE, NULL)
