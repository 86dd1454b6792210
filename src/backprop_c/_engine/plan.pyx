"""The one place where a network's sizes decide how the work on it is cut and laid out.

Everything here depends on shapes, dtype and level alone, never on the number of threads: so the
results do not, either.
"""

from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

from backprop_c._system.platform cimport CACHE_LINE, c_assert
from backprop_c._kernels.table cimport (
    BATCH, MAX_CONSTANTS, RECURRENT, RECURRENT_ROW, SINGLE, SINGLE_DROPPING, SQUARES, Layer,
    Places, Plan, Range, Table,
)


cdef enum:
    # Narrow layers alone: a block's rows of activations stay in the first-level cache, half of the
    # usual 48 KiB. In larger networks so many vectors, over which a tile of the gradient is
    # summed, as fit in the second-level cache.
    BLOCK_BYTES = 24576
    LARGE_BLOCK_VECTORS = 12
    LARGE_BLOCK_BYTES = 1048576
    # What a thread takes at a time, in multiplications of a forward pass; in a slab, at whose end
    # the driver looks at the clock, there are no more than some 5 milliseconds' (AVX-512).
    WORK_OF_PART = 100000
    WORK_OF_SLAB = 150000000
    MOST_PARTS = 16
    # Wide layers: samples in a part, and how much the rows of a slab may take.
    WIDE_PART_ROWS = 64
    SLAB_ROWS = 512
    SLAB_BYTES = 4194304
    # What a range of parameters costs: multiplications of its gradient (wide layers), parameters
    # to be summed over parts (narrow ones).
    WORK_OF_RANGE = 8000000
    PARAMETERS_OF_RANGE = 16384
    RANGE_ROWS = 6
    MOST_RANGES = 4096
    # Wide layers before narrow ones: at least so much work for each unit of the last of them, which
    # are taken to a block and back, and no more units than are transposed there at little cost.
    LEAST_WORK_OF_LAST_UNIT = 40
    MOST_LAST_UNITS = 128
    # Weight gradients with the inputs on the lanes: so many outputs at most. From 48 on a panel
    # would be packed, for which there is no room.
    MOST_UNITS_ACROSS = 40
    # Single rows of the smallest networks: one lane.
    MOST_ONE_LANE_WORK = 100
    # Sums of squares: how much a slab's Jacobian takes, and at least so many outputs' rows of it,
    # over which a tile of the sums is added up.
    JACOBIAN_BYTES = 524288
    LEAST_JACOBIAN_ROWS = 128
    # What a range of the sums' rows costs, in multiplications of a slab.
    WORK_OF_SQUARES = 1000000
    SQUARES_ROWS = 4

# How much more work whole vectors may be for wide layers, by their work: the larger they are, the
# more is won by reading rows in place, and by weights that are read once for many rows.
MOST_PADDING = ((2000, 1.1), (10000, 1.3), (250000, 2.0))


cdef Py_ssize_t rounded_up(Py_ssize_t n, Py_ssize_t unit) noexcept:
    return (n + unit - 1) // unit * unit


cdef Py_ssize_t work_of_layers(tuple layer_sizes, Py_ssize_t lanes):
    """Multiplications of a sample, with each layer rounded up to whole vectors."""
    cdef Py_ssize_t k, n_in, n_out, work = 0
    for k in range(len(layer_sizes) - 1):
        n_in, n_out = layer_sizes[k], layer_sizes[k + 1]
        work += (n_in + WORK_OF_UNIT) * rounded_up(n_out, lanes)
    return work


cdef bint wide_pays(const Table* table, tuple layer_sizes):
    """Whether layers are better off with their outputs on the lanes than with their samples.

    They are where they are large and fill whole vectors well enough.
    """
    work = work_of_layers(layer_sizes, 1)
    padded = work_of_layers(layer_sizes, table.lanes)
    return any(work >= least and padded <= most * work for least, most in MOST_PADDING)


cdef Py_ssize_t wide_layers(const Table* table, tuple layer_sizes):
    """How many layers, from the first on, are wide in a batch.

    All, none, or all but the last ones whose few outputs would leave a third of a vector empty or
    more. (docs/kernels.md has the figures of these rules and of the next one.)
    """
    cdef Py_ssize_t n_layers = len(layer_sizes) - 1
    cdef Py_ssize_t n_wide = n_layers
    while n_wide and 3 * layer_sizes[n_wide] <= 2 * table.lanes:
        n_wide -= 1
    first_ones = layer_sizes[:n_wide + 1]
    last_units = layer_sizes[n_wide]
    if (n_wide < n_layers and last_units <= MOST_LAST_UNITS
            and work_of_layers(first_ones, 1) >= LEAST_WORK_OF_LAST_UNIT * last_units
            and wide_pays(table, first_ones)):
        return n_wide
    return n_layers if wide_pays(table, layer_sizes) else 0


cdef bint one_lane_pays(tuple layer_sizes):
    """Whether a single row is better off with one lane than with its outputs on the lanes."""
    return work_of_layers(layer_sizes, 1) <= MOST_ONE_LANE_WORK


cdef int take_constants(tuple constants, double* constants_out) except -1:
    """The parameters of an activation or a loss; those that it has not are 0."""
    if len(constants) > MAX_CONSTANTS:
        raise ValueError(
            f"activations and losses have at most {MAX_CONSTANTS} parameters, not {len(constants)}")
    for k in range(MAX_CONSTANTS):
        constants_out[k] = constants[k] if k < len(constants) else 0.0
    return 0


cdef int make_plan(Plan* plan_out, const Table* table, int shape, tuple layer_sizes,
                   tuple activations, tuple loss, bint biases, tuple l1, tuple l2,
                   tuple dropout, tuple max_norm) except -1:
    """Lay out parameters and memory for a shape of work."""
    cdef Plan* plan = plan_out
    cdef Layer* layer
    cdef Py_ssize_t line = CACHE_LINE // table.real_bytes
    cdef Py_ssize_t k, offset = 0, first_input = 0
    plan.shape = shape
    # A loss of the caller's has no entry: its derivatives come in the place of targets.
    plan.loss = table.losses + <int>loss[0] if loss[0] >= 0 else table.given_delta
    take_constants(loss[1], plan.loss_constants)
    plan.n_layers = len(layer_sizes) - 1
    plan.n_wide = wide_layers(table, layer_sizes) if shape == BATCH else 0
    plan.layers = <Layer*>calloc(plan.n_layers, sizeof(Layer))
    if plan.layers == NULL:
        raise MemoryError()
    for k in range(plan.n_layers):
        layer = plan.layers + k
        layer.n_in = layer_sizes[k]
        layer.n_out = layer_sizes[k + 1]
        layer.stride = rounded_up(layer.n_out, table.lanes)
        layer.activation = table.activations + <int>activations[k][0]
        take_constants(activations[k][1], layer.constants)
        layer.l1, layer.l2, layer.max_norm = l1[k], l2[k], max_norm[k]
        layer.drop_below = <unsigned long long>(<double>dropout[k] * 4294967296.0)
        layer.drop_scale = 1 / (1 - <double>dropout[k])
        layer.first_input = first_input
        first_input += layer.n_in
        plan.drops = plan.drops or layer.drop_below > 0
        plan.penalized = plan.penalized or layer.l1 > 0 or layer.l2 > 0
        plan.stops_at_zero = plan.stops_at_zero or layer.l1 > 0
        if layer.max_norm > 0:
            plan.n_bounded = k + 1
        layer.weights = offset
        offset += layer.n_in * layer.n_out
        layer.biases = offset if biases else -1
        offset += layer.n_out if biases else 0
        plan.work += WORK_OF_UNIT * layer.n_out
        if k < plan.n_wide:
            plan.narrow_begin = offset
    plan.gathers_slabs = plan.n_wide > 0
    plan.sets_gradient = shape == SINGLE
    if shape == SINGLE and plan.drops:
        plan.shape = SINGLE_DROPPING
    plan.n_parameters = offset
    plan.work += offset
    plan.stride = plan.gradient_size = rounded_up(offset, line)
    # Gradients of parts begin on cache lines of their own, wherever the narrow layers' do.
    plan.part_stride = plan.stride - plan.narrow_begin // line * line
    if shape == BATCH:
        lay_out_block(plan)
        lay_out_slab(plan, table.lanes)
        if plan.n_wide == 0:
            cut_narrow(plan, table)
        else:
            cut_wide(plan, table)
    else:
        lay_out_single(plan, table)
    # Each thread's workspace begins on a cache line of its own.
    plan.workspace_bytes = rounded_up(plan.workspace_bytes, CACHE_LINE)
    cut_ranges(plan, table)
    return 0


cdef int make_squares_plan(Plan* plan_out, const Plan* of, const Table* table) except -1:
    """Lay out the memory for sums of squares, of a network that has a plan for batches."""
    cdef Plan* plan = plan_out
    plan[0] = of[0]
    plan.ranges = NULL
    plan.layers = <Layer*>calloc(plan.n_layers, sizeof(Layer))
    if plan.layers == NULL:
        raise MemoryError()
    memcpy(plan.layers, of.layers, plan.n_layers * sizeof(Layer))
    plan.shape = SQUARES
    plan.n_wide = plan.narrow_begin = plan.part_stride = 0
    plan.gathers_slabs = True
    plan.square_stride = rounded_up(plan.n_parameters + 1, table.lanes)
    plan.gradient_size = plan.n_parameters * plan.square_stride
    lay_out_block(plan)
    plan.roots = plan.features
    plan.features += 1
    cut_squares(plan, table)
    cut_square_rows(plan)
    return 0


cdef void free_plan(Plan* plan) noexcept:
    free(plan.layers)
    free(plan.ranges)
    free(plan.recurrence)


cdef bint reads_z(const Plan* plan, Py_ssize_t k):
    """Whether something reads a layer's pre-activations after its activation."""
    return plan.layers[k].activation.reads == c"z" or (
        k == plan.n_layers - 1 and plan.loss.delta_is_of_z)


cdef Py_ssize_t lay_out_targets(Plan* plan, Py_ssize_t feature) noexcept:
    """Features for targets, sample weights and labels; the first one behind them."""
    plan.targets = feature
    plan.sample_weights = plan.targets + plan.layers[plan.n_layers - 1].n_out
    plan.labels = plan.sample_weights + 1
    plan.sample_bits = plan.labels + 1
    return plan.sample_bits + (1 if plan.drops else 0)


cdef Py_ssize_t lay_out_layer(const Plan* plan, Py_ssize_t k, Py_ssize_t first, Py_ssize_t size,
                              Places* places_out):
    """Places from `first` on for z and a of a layer, each of some size; the one behind them."""
    cdef bint reads = plan.layers[k].activation.reads == c"z"
    places_out.z = first
    places_out.a = first + (size if reads_z(plan, k) else 0)
    places_out.kept = places_out.z if reads else places_out.a
    return places_out.a + size


cdef lay_out_block(Plan* plan):
    """Features for all that has its samples on the lanes; deltas take turns in two places."""
    cdef Layer* layer
    cdef Layer* last = plan.layers + plan.n_layers - 1
    cdef Py_ssize_t first = max(plan.n_wide - 1, 0)
    cdef Py_ssize_t k, widest = 0
    cdef Py_ssize_t feature = lay_out_targets(plan, 0 if plan.n_wide else plan.layers[0].n_in)
    for k in range(first, plan.n_layers):
        layer = plan.layers + k
        feature = lay_out_layer(plan, k, feature, layer.n_out, &layer.block)
        widest = max(widest, layer.n_out)
    for k in range(plan.n_wide, plan.n_layers):
        if plan.layers[k].drop_below:
            plan.layers[k].block.inputs = feature
            feature += plan.layers[k].n_in
    for k in range(first, plan.n_layers):
        plan.layers[k].block.delta = feature + (widest if (plan.n_layers - 1 - k) % 2 else 0)
    plan.features = feature + widest * min(2, plan.n_layers - first)
    c_assert(plan.targets < plan.sample_weights < plan.labels < plan.layers[first].block.z)
    c_assert(last.block.a + last.n_out <= last.block.delta)
    c_assert(last.block.delta + last.n_out <= plan.features)


cdef lay_out_slab(Plan* plan, Py_ssize_t lanes):
    """Numbers for each row of all that has its outputs on the lanes."""
    cdef Layer* layer
    cdef Py_ssize_t k, number = 0
    cdef Py_ssize_t last = plan.n_wide - 1
    for k in range(last):
        layer = plan.layers + k
        number = lay_out_layer(plan, k, number, layer.stride, &layer.rows)
    if last >= 0:
        # Once the last one's z have been taken to the block, their delta comes in their place.
        layer = plan.layers + last
        layer.rows.z = layer.rows.delta = number
        number += layer.stride
    plan.forward_size = number
    for k in range(plan.n_wide):
        if plan.layers[k].drop_below:
            plan.layers[k].rows.inputs = number
            number += rounded_up(plan.layers[k].n_in, lanes)
    for k in range(last):
        layer = plan.layers + k
        layer.rows.delta = number
        number += layer.stride
    plan.row_size = number


cdef Py_ssize_t most_parts(const Plan* plan) noexcept:
    """Parts in a slab: enough for some threads, not too many to stop in time."""
    return max(1, min(MOST_PARTS, WORK_OF_SLAB // (plan.part_rows * plan.work)))


cdef void cut_blocks(Plan* plan) noexcept:
    """Blocks in a part, and parts in a slab, by their work."""
    plan.part_rows = plan.block_rows * max(1, WORK_OF_PART // (plan.block_rows * plan.work))
    plan.max_parts = most_parts(plan)


cdef cut_narrow(Plan* plan, const Table* table):
    """Where there are narrow layers only: samples in a block and in a part, and the workspace."""
    cdef Py_ssize_t vector_bytes = plan.features * table.lanes * table.real_bytes
    cdef Py_ssize_t vectors = max(BLOCK_BYTES // vector_bytes,
                                  min(LARGE_BLOCK_VECTORS, LARGE_BLOCK_BYTES // vector_bytes))
    vectors = min(vectors, WORK_OF_SLAB // (table.lanes * plan.work))
    plan.block_rows = table.lanes * max(1, vectors)
    # Predictions sum nothing over lanes: they stay in the first-level cache.
    plan.predict_rows = min(plan.block_rows, table.lanes * max(1, BLOCK_BYTES // vector_bytes))
    cut_blocks(plan)
    plan.workspace_bytes = plan.features * plan.block_rows * table.real_bytes


cdef Py_ssize_t rows_of_range(const Plan* plan, const Layer* layer) noexcept:
    """How many rows of a wide layer's weights are summed in one go."""
    cdef Py_ssize_t slab = plan.part_rows * plan.max_parts
    return rounded_up(
        max(1, WORK_OF_RANGE // (layer.n_out * slab), layer.n_in // MOST_RANGES), RANGE_ROWS)


cdef bint sums_across(const Plan* plan, const Layer* layer, const Table* table) noexcept:
    """Whether a layer's weight gradient is summed with its inputs on the lanes.

    It is where that saves an eighth of the work, if one range has all rows of its weights. The
    first layer's inputs cannot be on the lanes: the samples' rows are not whole vectors.
    """
    cdef Py_ssize_t work = layer.n_in * rounded_up(layer.n_out, table.lanes)
    cdef Py_ssize_t across = layer.n_out * rounded_up(layer.n_in, table.lanes)
    return (layer.n_out <= MOST_UNITS_ACROSS and 8 * across <= 7 * work
            and rows_of_range(plan, layer) >= layer.n_in)


cdef cut_wide(Plan* plan, const Table* table):
    """Where there are wide layers: samples in a part, parts in a slab, and the workspace."""
    cdef Layer* layer
    cdef Py_ssize_t k, rows, panel, depth = 0
    for k in range(plan.n_wide):
        depth = max(depth, plan.layers[k].n_in, plan.layers[k].n_out)
    rows = min(WIDE_PART_ROWS, WORK_OF_SLAB // plan.work)
    plan.part_rows = plan.block_rows = rounded_up(max(1, rows), table.lanes)
    plan.predict_rows = plan.part_rows
    rows = min(SLAB_ROWS, SLAB_BYTES // (plan.row_size * table.real_bytes))
    plan.max_parts = max(1, min(most_parts(plan), rows // plan.part_rows))
    panel = min(table.panel_depth, max(depth, plan.part_rows * plan.max_parts)) * table.panel
    for k in range(1, plan.n_wide):
        layer = plan.layers + k
        layer.across = sums_across(plan, layer, table)
        if layer.across:
            panel = max(panel, layer.n_out * rounded_up(layer.n_in, table.lanes))
    plan.panel_at = rounded_up(plan.features * plan.block_rows * table.real_bytes, CACHE_LINE)
    plan.rows_at = plan.panel_at + rounded_up(panel * table.real_bytes, CACHE_LINE)
    plan.workspace_bytes = plan.rows_at + plan.forward_size * plan.part_rows * table.real_bytes


cdef cut_squares(Plan* plan, const Table* table):
    """For sums of squares: samples in a part, parts in a slab with its Jacobian, the workspace."""
    cdef Py_ssize_t n_out = plan.layers[plan.n_layers - 1].n_out
    cdef Py_ssize_t vector_bytes = plan.features * table.lanes * table.real_bytes
    cdef Py_ssize_t rows
    plan.row_size = (plan.n_parameters + 1) * n_out
    rows = max(JACOBIAN_BYTES // (plan.row_size * table.real_bytes), LEAST_JACOBIAN_ROWS // n_out)
    rows = min(rows, table.lanes * max(1, BLOCK_BYTES // vector_bytes))
    plan.part_rows = plan.block_rows = plan.predict_rows = rounded_up(max(1, rows), table.lanes)
    rows = JACOBIAN_BYTES // (plan.row_size * table.real_bytes)
    plan.max_parts = max(1, min(MOST_PARTS, rows // plan.part_rows))
    # Backward for each output, and the sums; roughly.
    plan.work += plan.n_parameters * n_out * (2 + plan.n_parameters // 2)
    plan.panel_at = rounded_up(vector_bytes // table.lanes * plan.block_rows, CACHE_LINE)
    plan.workspace_bytes = rounded_up(
        plan.panel_at + table.panel_depth * table.panel * table.real_bytes, CACHE_LINE)


cdef lay_out_single(Plan* plan, const Table* table):
    """A block of one vector has the outputs; behind it are the rows of all layers.

    With one lane the outputs' block is their row.
    """
    cdef Layer* layer
    cdef Py_ssize_t k, last = plan.n_layers - 1
    cdef Py_ssize_t number = lay_out_targets(plan, 0)
    layer = plan.layers + last
    number = lay_out_layer(plan, last, number, layer.n_out, &layer.block)
    layer.block.delta = number
    plan.features = number + layer.n_out
    number = plan.features * table.lanes
    for k in range(plan.n_layers):
        layer = plan.layers + k
        if k == last and table.lanes == 1:
            layer.rows = layer.block
        else:
            layer.rows.delta = lay_out_layer(plan, k, number, layer.stride, &layer.rows)
            number = layer.rows.delta + layer.stride
        if layer.drop_below:
            layer.rows.inputs = number
            number += rounded_up(layer.n_in, table.lanes)
    plan.block_rows = plan.predict_rows = plan.part_rows = plan.max_parts = 1
    plan.workspace_bytes = number * table.real_bytes


cdef int cut_ranges(Plan* plan, const Table* table) except -1:
    """Cut the parameters into what is summed and updated in one go."""
    cdef Layer* layer
    cdef Py_ssize_t k, rows, begin, step = plan.n_parameters
    cuts = []
    for k in range(plan.n_wide):
        layer = plan.layers + k
        rows = rows_of_range(plan, layer)
        for first in range(0, layer.n_in, rows):
            stop = min(first + rows, layer.n_in)
            end = layer.weights + stop * layer.n_out
            if layer.biases >= 0 and stop == layer.n_in:
                end += layer.n_out
            cuts.append((k, first, stop, layer.weights + first * layer.n_out, end))
    if plan.shape in (BATCH, RECURRENT, RECURRENT_ROW):
        step = max(PARAMETERS_OF_RANGE, rounded_up(step // MOST_RANGES, CACHE_LINE))
    for begin in range(plan.narrow_begin, plan.n_parameters, step):
        cuts.append((plan.n_wide, 0, 0, begin, min(begin + step, plan.n_parameters)))
    return set_ranges(plan, cuts)


cdef int cut_square_rows(Plan* plan) except -1:
    """Cut the rows of sums of squares, one for each parameter, into what is summed in one go."""
    cdef Py_ssize_t n_out = plan.layers[plan.n_layers - 1].n_out
    cdef Py_ssize_t slab = plan.part_rows * plan.max_parts * n_out
    cdef Py_ssize_t step = WORK_OF_SQUARES // (plan.n_parameters * slab)
    step = rounded_up(max(1, step, plan.n_parameters // MOST_RANGES), SQUARES_ROWS)
    return set_ranges(plan, [
        (0, 0, 0, begin, min(begin + step, plan.n_parameters))
        for begin in range(0, plan.n_parameters, step)])


cdef int set_ranges(Plan* plan, list cuts) except -1:
    """Ranges of a plan, from (layer, first, stop, begin, end)."""
    cdef Range* range_
    cdef Py_ssize_t k
    plan.ranges = <Range*>calloc(len(cuts), sizeof(Range))
    if plan.ranges == NULL:
        raise MemoryError()
    plan.n_ranges = len(cuts)
    for k in range(plan.n_ranges):
        range_ = plan.ranges + k
        range_.layer, range_.first, range_.stop, range_.begin, range_.end = cuts[k]
        c_assert(range_.begin == (plan.ranges[k - 1].end if k else 0))
    c_assert(plan.ranges[plan.n_ranges - 1].end == plan.n_parameters)
    return 0
