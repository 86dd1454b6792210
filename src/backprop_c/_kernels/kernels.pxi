# The kernels of one level and dtype: what each kernels_*.pyx includes, compiled with LANE_BYTES
# and REAL_IS_FLOAT set by setup.py.

from cpython.pycapsule cimport PyCapsule_New
from libc.string cimport memcpy, memset

from backprop_c._kernels.table cimport (
    CAPSULE, Activation, Layer, Loss, Metric, Plan, Samples, Sums, Table, Update,
)

cdef extern from "lanes.h":
    ctypedef double real
    ctypedef double lanes
    ctypedef double wide
    ctypedef unsigned long long bits
    const int LANES, TILE, TILE_INPUTS, TILE_OUTPUTS
    const int EXPONENT_SHIFT, EXPM1_TERMS, ATANH_TERMS
    const real* EXPM1_TAIL
    const real* ATANH_TAIL
    const real ROUNDER, EXPONENT_BIAS, LOG2_E, LN2_HIGH, LN2_LOW, SQRT_HALF
    const real EXP_LIMIT, TANH_LIMIT
    lanes splat(real) noexcept nogil
    lanes first_lane(real) noexcept nogil
    bits as_bits(lanes) noexcept nogil
    lanes as_lanes(bits) noexcept nogil
    lanes select_less(lanes a, lanes b, lanes x, lanes y) noexcept nogil
    lanes select_equal(lanes a, lanes b, lanes x, lanes y) noexcept nogil
    real lane_sum(lanes) noexcept nogil
    wide wide_zero() noexcept nogil
    wide wide_add(wide, lanes) noexcept nogil
    double wide_sum(wide) noexcept nogil

include "elementary.pxi"
include "activations.pxi"
include "losses.pxi"
include "metrics.pxi"
include "updates.pxi"
include "dense.pxi"
include "blocks.pxi"

cdef Table TABLE
TABLE.real_bytes = sizeof(real)
TABLE.lanes = LANES
TABLE.n_activations = sizeof(ACTIVATIONS) // sizeof(Activation)
TABLE.n_losses = sizeof(LOSSES) // sizeof(Loss)
TABLE.n_metrics = sizeof(METRICS) // sizeof(Metric)
TABLE.n_updates = sizeof(UPDATES) // sizeof(Update)
TABLE.activations = ACTIVATIONS
TABLE.losses = LOSSES
TABLE.metrics = METRICS
TABLE.updates = UPDATES
TABLE.accumulate = accumulate
TABLE.predict = predict
TABLE.all_finite = all_finite

table = PyCapsule_New(&TABLE, CAPSULE, NULL)
