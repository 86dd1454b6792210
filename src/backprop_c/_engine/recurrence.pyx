"""Plans of networks whose units feed each other, and what their units settle at."""

cimport numpy as cnp
from cpython.exc cimport PyErr_CheckSignals
from cpython.pycapsule cimport PyCapsule_GetName, PyCapsule_GetPointer
from libc.stdlib cimport calloc
from libc.string cimport memcpy

import numpy as np

from backprop_c._engine.engine cimport Engine
from backprop_c._engine.parameters cimport SharedParameters
from backprop_c._engine.plan cimport (
    WORK_OF_UNIT, cut_blocks, cut_ranges, lay_out_layer, lay_out_targets, rounded_up,
    take_constants,
)
from backprop_c._engine.tables cimport table_of
from backprop_c._kernels.table cimport (
    ANDERSON, DIRECT, MAX_MEMORY, RECURRENT, RECURRENT_ROW, RELAXATION, Layer, LinearSolver, Plan,
    SETTLING_VECTORS, Recurrence, Solver, Table,
)
from backprop_c._system.platform cimport CACHE_LINE, c_assert

cnp.import_array()


cdef enum:
    # How many iterations a sample takes is not known before: so many, or a tenth of the most.
    USUAL_ITERATIONS = 20
    # What is done between two looks for signals, in multiplications.
    WORK_OF_RUN = 50000000

cdef dict KINDS = {"relaxation": RELAXATION, "anderson": ANDERSON, "direct": DIRECT}
MOST_MEMORY = MAX_MEMORY


cdef Solver as_solver(terms) except *:
    """A solver from its kind, tolerance, largest number of iterations, damping and memory."""
    cdef Solver solver
    kind, solver.tolerance, solver.max_iterations, solver.damping, solver.memory = terms
    solver.kind = KINDS[kind]
    c_assert(0 <= solver.memory <= MAX_MEMORY)
    return solver


cdef Py_ssize_t bytes_of_recurrence(Py_ssize_t n_in, Py_ssize_t n) noexcept:
    """With its two masks and its four borders behind it."""
    return sizeof(Recurrence) + 4 * n * sizeof(Py_ssize_t) + (n_in + n) * n


cdef take_connections(Recurrence* r, Py_ssize_t n_in, Py_ssize_t n, input_connections,
                      connections):
    """Copy the masks behind the recurrence, and say between which units each one's sources lie."""
    cdef Py_ssize_t* borders = <Py_ssize_t*>(r + 1)
    cdef unsigned char* masks = <unsigned char*>(borders + 4 * n)
    cdef Py_ssize_t j
    if input_connections is not None:
        memcpy(masks, cnp.PyArray_DATA(<cnp.ndarray>input_connections), n_in * n)
        r.input_connections = masks
    if connections is None:
        return
    masks += n_in * n
    memcpy(masks, cnp.PyArray_DATA(<cnp.ndarray>connections), n * n)
    r.connections = masks
    for place, matrix in enumerate((connections.T, connections)):
        for j in range(n):
            found = np.flatnonzero(matrix[j])
            first, stop = (found[0], found[-1] + 1) if len(found) else (0, 0)
            borders[2 * <Py_ssize_t>place * n + j] = first
            borders[(2 * <Py_ssize_t>place + 1) * n + j] = stop
    r.first_source, r.stop_source = borders, borders + n
    r.first_target, r.stop_target = borders + 2 * n, borders + 3 * n


cdef lay_out_block(Plan* plan, bint readout):
    """Features of a block: the inputs, what the loss reads, and what the units settle with."""
    cdef Recurrence* r = plan.recurrence
    cdef Layer* units = plan.layers + 1
    cdef Layer* last = plan.layers + 2
    cdef Py_ssize_t n = units.n_out
    cdef Py_ssize_t before_outputs = n - last.n_out
    cdef Py_ssize_t memory = 0
    cdef Py_ssize_t feature = lay_out_targets(plan, plan.layers[0].n_in)
    cdef bint reads_z = units.activation.reads == c"z" or (
        not readout and plan.loss.delta_is_of_z)
    units.block.a = units.block.z = feature
    feature += n
    if reads_z:
        units.block.z = feature
        feature += n
    units.block.kept = units.block.z if units.activation.reads == c"z" else units.block.a
    r.drive, r.values, r.next_values = feature, feature + n, feature + 2 * n
    r.slopes, r.seed = feature + 3 * n, feature + 4 * n
    feature += 5 * n
    r.past = feature
    for solver in (r.forward, r.backward):
        if solver.kind == ANDERSON:
            memory = max(memory, 2 + 2 * solver.memory)
    feature += memory * n
    if readout:
        last.block.delta = lay_out_layer(plan, 2, feature, last.n_out, &last.block)
        feature = last.block.delta + last.n_out
    else:
        last.block.z, last.block.a = units.block.z + before_outputs, units.block.a + before_outputs
        last.block.kept = units.block.kept + before_outputs
        last.block.delta = r.seed + before_outputs
    plan.features = feature


cdef lay_out_rest(Plan* plan, const Table* table):
    """Behind the block: rows of a single sample, weights that count, and linear equations."""
    cdef Recurrence* r = plan.recurrence
    cdef Layer* units = plan.layers + 1
    cdef Layer* last = plan.layers + 2
    cdef Py_ssize_t n = units.n_out
    cdef Py_ssize_t number = plan.features * plan.block_rows
    units.rows.z, units.rows.a, units.rows.delta = (
        number, number + units.stride, number + 2 * units.stride)
    number += 3 * units.stride
    last.rows.z, last.rows.a = number, number + last.stride
    number += 2 * last.stride
    r.weights_at = rounded_up(number * table.real_bytes, CACHE_LINE)
    plan.workspace_bytes = r.weights_at + (plan.layers[0].n_in + n) * n * table.real_bytes
    r.matrix_at = rounded_up(plan.workspace_bytes + CACHE_LINE, CACHE_LINE)
    plan.workspace_bytes = r.matrix_at
    if r.backward.kind == DIRECT:
        plan.workspace_bytes += n * (n + 1) * table.real_bytes + n * sizeof(int)
    plan.workspace_bytes = rounded_up(plan.workspace_bytes, CACHE_LINE)


cdef int make_recurrent_plan(Plan* plan_out, const Table* table, int shape, tuple sizes,
                             tuple activations, tuple loss, bint readout, bint biases, tuple l1,
                             tuple l2) except -1:
    """Lay out parameters and memory; the recurrence has its solvers and masks already."""
    cdef Plan* plan = plan_out
    cdef Layer* layer
    cdef Py_ssize_t line = CACHE_LINE // table.real_bytes
    cdef Py_ssize_t k, n_in, n, n_out, iterations, offset = 0
    n_in, n, n_out = sizes
    plan.shape = shape
    plan.loss = table.losses + <int>loss[0] if loss[0] >= 0 else table.given_delta
    take_constants(loss[1], plan.loss_constants)
    plan.n_layers = 3
    plan.layers = <Layer*>calloc(plan.n_layers, sizeof(Layer))
    if plan.layers == NULL:
        raise MemoryError()
    for k in range(plan.n_layers):
        layer = plan.layers + k
        layer.n_in = (n_in, n, n if readout else 0)[k]
        layer.n_out = n_out if k == 2 else n
        layer.stride = rounded_up(layer.n_out, table.lanes)
        layer.activation = table.activations + <int>activations[k == 2][0]
        take_constants(activations[k == 2][1], layer.constants)
        if k < 2 or readout:
            layer.l1, layer.l2 = l1[k], l2[k]
        layer.drop_scale = 1
        layer.weights = offset
        offset += layer.n_in * layer.n_out
        layer.biases = offset if biases and (k == 1 or k == 2 and readout) else -1
        offset += layer.n_out if layer.biases >= 0 else 0
        plan.penalized = plan.penalized or layer.l1 > 0 or layer.l2 > 0
        plan.stops_at_zero = plan.stops_at_zero or layer.l1 > 0
    plan.n_parameters = offset
    iterations = max(USUAL_ITERATIONS, plan.recurrence.forward.max_iterations // 10)
    plan.work = offset + n * (n + WORK_OF_UNIT) * iterations
    plan.stride = plan.gradient_size = plan.part_stride = rounded_up(offset, line)
    # What a tile of the products takes: a block settles as its slowest sample does.
    plan.block_rows = plan.predict_rows = SETTLING_VECTORS * table.lanes
    lay_out_block(plan, readout)
    lay_out_rest(plan, table)
    cut_blocks(plan)
    return cut_ranges(plan, table)


def set_up_recurrent(SharedParameters shared not None, tuple sizes, tuple activations, tuple loss,
                     bint readout, bint biases, dtype, tuple l1, tuple l2, tuple forward,
                     tuple backward, bint symmetric, input_connections, connections,
                     linear_solver=None):
    """Give a network its parameters and the plans of work with them.

    Parameters
    ----------
    shared : SharedParameters
        A network that has no parameters yet.
    sizes : tuple (int, int, int)
        Inputs, units and outputs.
    activations : tuple of (int, tuple of float)
        Of the units and of the outputs: the place in the kernels' table, and the parameters.
    loss : (int, tuple of float)
        Likewise.
    readout : bool
        Whether the outputs have weights of their own; else they are the last units.
    biases : bool
    dtype : numpy.dtype
        float32 or float64.
    l1, l2 : tuple of float
        The penalties on the weights of the inputs, between the units, and of the readout.
    forward, backward : tuple (str, float, int, float, int)
        How units and errors settle: a name of `KINDS`, the tolerance, the largest number of
        iterations, the damping and Anderson's memory.
    symmetric : bool
    input_connections, connections : ndarray of bool or None
        (n_inputs, n_units) and (n_units, n_units), C-contiguous.
    linear_solver : capsule or None
        LAPACK's gesv for the dtype, where the backward run is "direct".

    Everything here has been validated by the caller.
    """
    cdef const Table* table = table_of(dtype.name)
    cdef Plan* plan
    cdef Recurrence* r
    cdef Py_ssize_t n_in, n, n_out
    if shared.plan.layers != NULL:
        raise RuntimeError("a network is constructed once; make a new one")
    n_in, n, n_out = sizes
    shared.dtype = dtype
    shared.type_number = dtype.num
    shared.layer_sizes = sizes
    shared.shares_dropped = ()
    n_biases = (n + n_out * readout) * biases
    shared.allocate_parameters((n_in + n + n_out * readout) * n + n_biases)
    for shape in (RECURRENT, RECURRENT_ROW):
        plan = &shared.plan if shape == RECURRENT else &shared.single
        r = plan.recurrence = <Recurrence*>calloc(1, bytes_of_recurrence(n_in, n))
        if r == NULL:
            raise MemoryError()
        r.forward, r.backward = as_solver(forward), as_solver(backward)
        r.symmetric = symmetric
        take_connections(r, n_in, n, input_connections, connections)
        if linear_solver is not None:
            r.solve = <LinearSolver>PyCapsule_GetPointer(
                linear_solver, PyCapsule_GetName(linear_solver))
        make_recurrent_plan(plan, table, shape, sizes, activations, loss, readout, biases, l1, l2)
    shared.lay_out_parameters()
    shared.workspace_bytes = max(shared.plan.workspace_bytes, shared.single.workspace_bytes)
    shared.single_table = shared.table = table


def settled_units(Engine engine not None, cnp.ndarray X not None):
    """What the units settle at, for samples that have been validated.

    Parameters
    ----------
    engine : Engine
        A network that has been set up here.
    X : ndarray of shape (n_samples, n_inputs)

    Returns
    -------
    units : ndarray of shape (n_samples, n_units)
    iterations : ndarray of int64, of shape (n_samples,)
    changes : ndarray of float64, of shape (n_samples,)
        The largest change of the last iteration.
    """
    cdef Py_ssize_t first, rows, n_samples = len(X)
    cdef const Plan* plan = &engine.plan
    cdef Py_ssize_t n_in = plan.layers[0].n_in
    cdef Py_ssize_t n = plan.layers[0].n_out
    cdef Py_ssize_t real_bytes = engine.table.real_bytes
    cdef Py_ssize_t at_once = rounded_up(max(1, WORK_OF_RUN // plan.work), plan.block_rows)
    cdef cnp.ndarray units = np.empty((n_samples, n), engine.dtype)
    cdef cnp.ndarray iterations = np.empty(n_samples)
    cdef cnp.ndarray changes = np.empty(n_samples)
    cdef const char* x
    cdef char* units_out = cnp.PyArray_BYTES(units)
    cdef double* iterations_out = <double*>cnp.PyArray_DATA(iterations)
    cdef double* changes_out = <double*>cnp.PyArray_DATA(changes)
    cdef const char* parameters = NULL
    cdef char* workspace
    cdef bint own
    if plan.recurrence == NULL or X.ndim != 2 or not engine.fits(X):
        raise TypeError("samples must be arrays that have been validated")
    x = cnp.PyArray_BYTES(X)
    workspace = engine.take_workspace(&own)
    try:
        parameters = engine.begin_reading()
        for first in range(0, n_samples, at_once):
            rows = min(at_once, n_samples - first)
            with nogil:
                engine.table.settled_units(
                    plan, rows, x + first * n_in * real_bytes, parameters, workspace,
                    units_out + first * n * real_bytes, iterations_out + first,
                    changes_out + first)
            if first + rows < n_samples:
                parameters = engine.go_on_reading(parameters)
                PyErr_CheckSignals()
    finally:
        if parameters != NULL:
            engine.end_reading(parameters)
        engine.give_workspace(workspace, own)
    return units, iterations.astype(np.int64), changes


def predict(Engine self not None, X, out=None, *, n_threads=1, return_info=False):
    """The network's outputs for samples.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_inputs) or (n_inputs,)
        Samples, or one sample. Converted to the network's dtype.
    out : ndarray of shape (n_samples, n_outputs) or (n_outputs,), optional
        Where to put the outputs, as for `Network.predict`.
    n_threads : int or None, default 1
        As for `Network.predict`.
    return_info : bool, default False
        Whether to say how the units settled, too.

    Returns
    -------
    outputs : ndarray of shape (n_samples, n_outputs) or (n_outputs,)
    info : dict, if asked for
        As of `settle`, at the cost of settling once more.

    Raises
    ------
    TypeError, ValueError
        As for `Network.predict`.

    Examples
    --------
    >>> from backprop_c import RecurrentNetwork
    >>> net = RecurrentNetwork(1, 1, 1, activation="identity", biases=False)
    >>> net.parameters[:] = [1.0, 0.5]
    >>> net.predict([1.0]).round(4)
    array([2.])
    """
    if return_info is False:
        return self.predicted(X, out, n_threads)
    # Where it is no flag, this says so before anything is written to `out`.
    found = self.settle(X, return_info=return_info)
    outputs = self.predicted(X, out, n_threads)
    return (outputs, found[1]) if return_info else outputs
