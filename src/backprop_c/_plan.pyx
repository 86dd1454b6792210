"""The one place where a network's sizes decide how the work on it is cut and laid out.

Everything here depends on shapes, dtype and level alone, never on the number of threads: so the
results do not, either.
"""

from libc.stdlib cimport calloc, free

from backprop_c._kernels.table cimport NARROW, WIDE, Layer, Plan, Range, Table


cdef extern from "assert.h":
    void c_assert "assert"(bint) noexcept nogil

cdef enum:
    CACHE_LINE = 64
    # NARROW: a block's rows of activations stay in the first-level cache, half of the usual 48 KiB.
    # In larger networks so many vectors, over which a tile of the gradient is summed, as fit in
    # the second-level cache.
    BLOCK_BYTES = 24576
    LARGE_BLOCK_VECTORS = 12
    LARGE_BLOCK_BYTES = 1048576
    # What a thread takes at a time, in multiplications of a forward pass; in a slab, at whose end
    # the driver looks at the clock, there are no more than some 5 milliseconds' (AVX-512).
    WORK_OF_PART = 100000
    WORK_OF_SLAB = 150000000
    MOST_PARTS = 16
    # WIDE: samples in a part, and how much the rows of a slab may take.
    WIDE_PART_ROWS = 64
    SLAB_ROWS = 512
    SLAB_BYTES = 4194304
    # What a range of parameters costs: multiplications of its gradient (WIDE), parameters to be
    # summed over parts (NARROW).
    WORK_OF_RANGE = 8000000
    PARAMETERS_OF_RANGE = 16384
    RANGE_ROWS = 6
    MOST_RANGES = 4096
    # Single rows of the smallest networks: one lane.
    MOST_ONE_LANE_WORK = 100

# How much more work whole vectors may be for wide networks, by their work: the larger they are, the
# more is won by reading rows in place, and by weights that are read once for many rows.
MOST_PADDING = ((2000, 1.1), (10000, 1.3), (250000, 2.0))


cdef Py_ssize_t work_per_sample(const Plan* plan) noexcept nogil:
    """Roughly the multiplications of one sample's forward pass."""
    cdef Py_ssize_t work = plan.n_parameters
    cdef Py_ssize_t k
    for k in range(plan.n_layers):
        work += WORK_OF_UNIT * plan.layers[k].n_out
    return work


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
    """Whether batches have their outputs on the lanes, rather than their samples.

    They do in large networks whose layers fill whole vectors well enough. (docs/kernels.md has
    the figures of this and of the next rule.)
    """
    work = work_of_layers(layer_sizes, 1)
    padded = work_of_layers(layer_sizes, table.lanes)
    return any(work >= least and padded <= most * work for least, most in MOST_PADDING)


cdef bint one_lane_pays(tuple layer_sizes):
    """Whether a single row is better off with one lane than with its outputs on the lanes."""
    return work_of_layers(layer_sizes, 1) <= MOST_ONE_LANE_WORK


cdef int make_plan(Plan* plan_out, const Table* table, int shape, tuple layer_sizes,
                   tuple activations, int loss, bint biases) except -1:
    """Lay out parameters and memory for a shape of work."""
    cdef Plan* plan = plan_out
    cdef Layer* layer
    cdef Py_ssize_t k, offset = 0
    plan.shape = shape
    plan.loss = loss
    plan.n_layers = len(layer_sizes) - 1
    plan.layers = <Layer*>calloc(plan.n_layers, sizeof(Layer))
    if plan.layers == NULL:
        raise MemoryError()
    for k in range(plan.n_layers):
        layer = plan.layers + k
        layer.n_in = layer_sizes[k]
        layer.n_out = layer_sizes[k + 1]
        layer.stride = rounded_up(layer.n_out, table.lanes)
        layer.activation = activations[k]
        layer.weights = offset
        offset += layer.n_in * layer.n_out
        layer.biases = offset if biases else -1
        offset += layer.n_out if biases else 0
    plan.n_parameters = offset
    plan.stride = rounded_up(offset, CACHE_LINE // table.real_bytes)
    if shape == NARROW:
        lay_out_narrow(plan, table)
    elif shape == WIDE:
        lay_out_wide(plan, table)
    else:
        lay_out_single(plan, table)
    # Each thread's workspace begins on a cache line of its own.
    plan.workspace_bytes = rounded_up(plan.workspace_bytes, CACHE_LINE)
    cut_ranges(plan, table)
    return 0


cdef void free_plan(Plan* plan) noexcept:
    free(plan.layers)
    free(plan.ranges)


cdef bint reads_z(const Plan* plan, const Table* table, Py_ssize_t k):
    """Whether something reads a layer's pre-activations after its activation."""
    return table.activations[plan.layers[k].activation].reads == c"z" or (
        k == plan.n_layers - 1 and table.losses[plan.loss].delta_is_of_z)


cdef Py_ssize_t lay_out_targets(Plan* plan, Py_ssize_t feature) noexcept:
    """Features for targets, sample weights and labels; the first one behind them."""
    plan.targets = feature
    plan.sample_weights = plan.targets + plan.layers[plan.n_layers - 1].n_out
    plan.labels = plan.sample_weights + 1
    return plan.labels + 1


cdef Py_ssize_t lay_out_outputs(Plan* plan, const Table* table, Py_ssize_t feature):
    """Features for the outputs' z, a and delta; the first one behind them."""
    cdef Py_ssize_t n_out = plan.layers[plan.n_layers - 1].n_out
    plan.z = feature
    plan.a = plan.z + (n_out if reads_z(plan, table, plan.n_layers - 1) else 0)
    plan.delta = plan.a + n_out
    return plan.delta + n_out


cdef Py_ssize_t most_parts(const Plan* plan) noexcept:
    """Parts in a slab: enough for some threads, not too many to stop in time."""
    return max(1, min(MOST_PARTS, WORK_OF_SLAB // (plan.part_rows * work_per_sample(plan))))


cdef lay_out_narrow(Plan* plan, const Table* table):
    """A block has everything, feature-major; deltas of layers take turns in two places."""
    cdef Layer* layer
    cdef Layer* last = plan.layers + plan.n_layers - 1
    cdef Py_ssize_t k, vectors, widest = 0
    cdef Py_ssize_t feature = lay_out_targets(plan, plan.layers[0].n_in)
    cdef Py_ssize_t vector_bytes
    for k in range(plan.n_layers):
        layer = plan.layers + k
        widest = max(widest, layer.n_out)
        layer.z = feature
        layer.a = layer.z + (layer.n_out if reads_z(plan, table, k) else 0)
        feature = layer.a + layer.n_out
    for k in range(plan.n_layers):
        plan.layers[k].delta = feature + (widest if (plan.n_layers - k) % 2 else 0)
    plan.x = 0
    plan.z, plan.a, plan.delta = last.z, last.a, last.delta
    plan.features = feature + 2 * widest
    vector_bytes = plan.features * table.lanes * table.real_bytes
    vectors = max(BLOCK_BYTES // vector_bytes,
                  min(LARGE_BLOCK_VECTORS, LARGE_BLOCK_BYTES // vector_bytes))
    vectors = min(vectors, WORK_OF_SLAB // (table.lanes * work_per_sample(plan)))
    plan.block_rows = table.lanes * max(1, vectors)
    # Predictions sum nothing over lanes: they stay in the first-level cache.
    plan.predict_rows = min(plan.block_rows, table.lanes * max(1, BLOCK_BYTES // vector_bytes))
    plan.part_rows = plan.block_rows * max(
        1, WORK_OF_PART // (plan.block_rows * work_per_sample(plan)))
    plan.max_parts = most_parts(plan)
    plan.workspace_bytes = plan.features * plan.block_rows * table.real_bytes
    c_assert(plan.targets < plan.sample_weights < plan.labels < plan.layers[0].z)
    c_assert(last.a + last.n_out <= plan.delta and plan.delta + last.n_out <= plan.features)


cdef lay_out_wide(Plan* plan, const Table* table):
    """A block has the outputs, feature-major; a slab the rows of all layers, row-major."""
    cdef Layer* layer
    cdef Py_ssize_t last = plan.n_layers - 1
    cdef Py_ssize_t k, forward_numbers, rows, depth = 0
    cdef Py_ssize_t number = 0
    for k in range(plan.n_layers):
        layer = plan.layers + k
        depth = max(depth, layer.n_in, layer.n_out)
        layer.z = number
        layer.a = layer.z + (layer.stride if k < last and reads_z(plan, table, k) else 0)
        number = layer.a + layer.stride
    forward_numbers = number
    for k in range(last):
        plan.layers[k].delta = number
        number += plan.layers[k].stride
    # Once the outputs' z have been taken to the block, their delta comes in its place.
    plan.layers[last].delta = plan.layers[last].z
    plan.row_numbers = number
    plan.features = lay_out_outputs(plan, table, lay_out_targets(plan, 0))
    rows = min(WIDE_PART_ROWS, WORK_OF_SLAB // work_per_sample(plan))
    plan.part_rows = plan.block_rows = rounded_up(max(1, rows), table.lanes)
    plan.predict_rows = plan.part_rows
    rows = min(SLAB_ROWS, SLAB_BYTES // (number * table.real_bytes))
    plan.max_parts = max(1, min(most_parts(plan), rows // plan.part_rows))
    depth = min(table.panel_depth, max(depth, plan.part_rows * plan.max_parts))
    plan.panel_at = rounded_up(plan.features * plan.block_rows * table.real_bytes, CACHE_LINE)
    plan.rows_at = plan.panel_at + rounded_up(depth * table.panel * table.real_bytes, CACHE_LINE)
    plan.workspace_bytes = plan.rows_at + forward_numbers * plan.part_rows * table.real_bytes
    c_assert(plan.block_rows % table.lanes == 0)


cdef lay_out_single(Plan* plan, const Table* table):
    """A block of one vector has the outputs; behind it are the rows of all layers.

    With one lane the outputs' block is their row.
    """
    cdef Layer* layer
    cdef Py_ssize_t k, last = plan.n_layers - 1
    cdef Py_ssize_t number
    plan.features = lay_out_outputs(plan, table, lay_out_targets(plan, 0))
    number = plan.features * table.lanes
    for k in range(plan.n_layers):
        layer = plan.layers + k
        if k == last and table.lanes == 1:
            layer.z, layer.a, layer.delta = plan.z, plan.a, plan.delta
            continue
        layer.z = number
        layer.a = layer.z + (layer.stride if reads_z(plan, table, k) else 0)
        layer.delta = layer.a + layer.stride
        number = layer.delta + layer.stride
    plan.block_rows = plan.predict_rows = plan.part_rows = plan.max_parts = 1
    plan.workspace_bytes = number * table.real_bytes


cdef int cut_ranges(Plan* plan, const Table* table) except -1:
    """Cut the parameters into what is summed and updated in one go."""
    cdef Layer* layer
    cdef Range* range_
    cdef Py_ssize_t k, rows, step, begin, slab = plan.part_rows * plan.max_parts
    cuts = []
    if plan.shape == WIDE:
        for k in range(plan.n_layers):
            layer = plan.layers + k
            rows = max(1, WORK_OF_RANGE // (layer.n_out * slab), layer.n_in // MOST_RANGES)
            rows = rounded_up(rows, RANGE_ROWS)
            for first in range(0, layer.n_in, rows):
                stop = min(first + rows, layer.n_in)
                end = layer.weights + stop * layer.n_out
                if layer.biases >= 0 and stop == layer.n_in:
                    end += layer.n_out
                cuts.append((k, first, stop, layer.weights + first * layer.n_out, end))
    else:
        step = plan.n_parameters
        if plan.shape == NARROW:
            step = max(PARAMETERS_OF_RANGE, rounded_up(step // MOST_RANGES, CACHE_LINE))
        for begin in range(0, plan.n_parameters, step):
            cuts.append((0, 0, 0, begin, min(begin + step, plan.n_parameters)))
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
