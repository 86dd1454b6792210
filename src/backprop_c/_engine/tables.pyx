"""What Python reads from the kernels' tables: names and codes stand there and nowhere else."""

cimport numpy as cnp
from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.string cimport memset

from typing import NamedTuple

import numpy as np

from backprop_c import _kernels
from backprop_c._engine.plan cimport free_plan, make_plan, take_constants
from backprop_c._system.platform cimport allocate, release
from backprop_c._kernels.table cimport (
    BATCH, CAPSULE, MAX_CARRIED, MAX_CONSTANTS, MAX_METRICS, MAX_STATES, Activation, Loss, Plan,
    Table, Update,
)

cnp.import_array()


cdef const Table* table_of(str dtype_name, bint single=False) except NULL:
    """The kernels for a dtype, or for single rows of narrow layers; their module stays loaded."""
    build = _kernels.single if single else _kernels.level
    return <const Table*>PyCapsule_GetPointer(_kernels.table(dtype_name, build), CAPSULE)


class ActivationEntry(NamedTuple):
    """An activation: see `Activation` in table.pxd."""

    parameters: tuple
    reads: str
    elementwise: bool
    outputs_only: bool
    lowest: float
    highest: float


class LossEntry(NamedTuple):
    """A loss: see `Loss` in table.pxd."""

    parameters: tuple
    outputs: str
    lowest: float
    highest: float
    sums_to_one: bool


class UpdateEntry(NamedTuple):
    """An update rule: see `Update` in table.pxd."""

    hyperparameters: tuple
    n_states: int
    n_carried: int


cdef tuple words(const char* text):
    """The names in a text that has them apart by blanks."""
    return tuple(text.decode().split())


def activation_table():
    """The table's activations, in their order: name -> ActivationEntry."""
    cdef const Table* table = table_of("float64")
    cdef const Activation* entry
    cdef int k
    entries = {}
    for k in range(table.n_activations):
        entry = table.activations + k
        entries[entry.name.decode()] = ActivationEntry(
            words(entry.parameters), chr(entry.reads), bool(entry.elementwise),
            bool(entry.outputs_only), entry.lowest, entry.highest)
        assert len(words(entry.parameters)) <= MAX_CONSTANTS
    return entries


def loss_table():
    """The table's losses, in their order: name -> LossEntry."""
    cdef const Table* table = table_of("float64")
    cdef const Loss* entry
    cdef int k
    entries = {}
    for k in range(table.n_losses):
        entry = table.losses + k
        entries[entry.name.decode()] = LossEntry(
            words(entry.parameters), entry.outputs.decode(), entry.lowest, entry.highest,
            bool(entry.sums_to_one))
        assert len(words(entry.parameters)) <= MAX_CONSTANTS
    return entries


def metric_table():
    """The table's metrics, in their order: (name, how targets tell classes)."""
    cdef const Table* table = table_of("float64")
    assert table.n_metrics <= MAX_METRICS
    return [
        (table.metrics[k].name.decode(), chr(table.metrics[k].classes))
        for k in range(table.n_metrics)
    ]


def update_table():
    """The table's update rules, in their order: name -> UpdateEntry."""
    cdef const Table* table = table_of("float64")
    cdef const Update* entry
    cdef int k
    entries = {}
    for k in range(table.n_updates):
        entry = table.updates + k
        entries[entry.name.decode()] = UpdateEntry(
            words(entry.hyperparameters), entry.n_states, entry.n_carried)
        assert entry.n_states <= MAX_STATES and entry.n_carried <= MAX_CARRIED
    return entries


def activation_slopes(int activation, tuple constants, cnp.ndarray z):
    """da/dz for pre-activations of float32 or float64, one by one, as the kernels compute it."""
    cdef double values[MAX_CONSTANTS]
    cdef const Table* table = table_of(z.dtype.name)
    cdef cnp.ndarray slopes = np.empty_like(z)
    take_constants(constants, values)
    table.plain.slopes(table.activations + activation, values, cnp.PyArray_SIZE(z),
                       cnp.PyArray_DATA(z), cnp.PyArray_DATA(slopes))
    return slopes


cdef class BareKernels:
    """Kernels of penalties and bounds by themselves: for their tests.

    Arrays are of the dtype, and may be read past their ends by a cache line.
    """

    cdef const Table* table
    cdef Plan plan

    def __cinit__(self, str dtype_name, tuple layer_sizes, bint biases, tuple l2, tuple max_norm):
        memset(&self.plan, 0, sizeof(Plan))
        self.table = table_of(dtype_name)
        make_plan(&self.plan, self.table, BATCH, layer_sizes,
                  ((0, ()),) * (len(layer_sizes) - 1), (0, ()), biases, l2, (0.0,) * len(l2),
                  max_norm)

    def __dealloc__(self):
        free_plan(&self.plan)

    def penalize(self, begin, end, double weight, cnp.ndarray parameters, cnp.ndarray gradient):
        return self.table.penalize(
            &self.plan, begin, end, weight, cnp.PyArray_DATA(parameters),
            NULL if gradient is None else cnp.PyArray_DATA(gradient))

    def sum_of_squares(self, cnp.ndarray x):
        return self.table.sum_of_squares(cnp.PyArray_SIZE(x), cnp.PyArray_DATA(x))

    def constrain(self, layer, cnp.ndarray parameters):
        self.table.constrain(&self.plan, layer, cnp.PyArray_DATA(parameters))

    def given_delta(self, cnp.ndarray targets, cnp.ndarray weights, cnp.ndarray delta):
        """The value for targets of (width, lanes); the delta is left in `delta`."""
        cdef double constants[MAX_CONSTANTS]
        memset(constants, 0, sizeof(constants))
        return self.table.given_delta.value_and_delta(
            cnp.PyArray_DIM(targets, 0), cnp.PyArray_DIM(targets, 1) // self.table.lanes, constants,
            NULL, NULL, cnp.PyArray_DATA(targets), cnp.PyArray_DATA(weights),
            cnp.PyArray_DATA(delta))


cdef int product_into(const Table* table, Py_ssize_t n_rows, Py_ssize_t n_columns,
                      Py_ssize_t n_sum, const void* a, Py_ssize_t a_row_stride,
                      Py_ssize_t a_sum_stride, const void* b, bint transposed,
                      const void* biases, void* out) noexcept nogil:
    """out = a @ b + biases, or a @ b.T + biases if `transposed`."""
    cdef void* memory
    if n_sum == 0:
        memset(out, 0, n_rows * n_columns * table.real_bytes)
        return 0
    memory = allocate(table.plain.product_bytes(n_rows, n_columns, n_sum))
    if memory == NULL:
        return -1
    table.plain.product(n_rows, n_columns, n_sum, a, a_row_stride, a_sum_stride, b, transposed,
                        biases, memory, out)
    release(memory)
    return 0


def dense_product(
    str kind, cnp.ndarray a not None, cnp.ndarray b not None, cnp.ndarray out not None
):
    """One product of a dense layer as the wide kernels compute it: what benchmarks time.

    "forward": ``out = a @ b`` with a = X, b = weights; "backward_inputs": ``out = a @ b.T`` with
    a = delta, b = weights; "backward_weights": ``out = a.T @ b`` with a = X, b = delta.
    """
    cdef const Table* table
    cdef bint from_weights = kind == "backward_weights"
    cdef bint transposed = kind == "backward_inputs"
    cdef Py_ssize_t n_rows, n_sum, n_columns
    cdef int type_number = cnp.PyArray_TYPE(a)
    cdef int failed
    for array in (a, b, out):
        if (type_number not in (cnp.NPY_FLOAT32, cnp.NPY_FLOAT64)
                or cnp.PyArray_TYPE(array) != type_number
                or cnp.PyArray_NDIM(array) != 2 or not cnp.PyArray_ISCARRAY(array)):
            raise ValueError("a, b and out must be matrices of one dtype, C-contiguous")
    n_rows = a.shape[1 if from_weights else 0]
    n_sum = a.shape[0 if from_weights else 1]
    n_columns = b.shape[0 if transposed else 1]
    if not ((from_weights or transposed or kind == "forward")
            and b.shape[1 if transposed else 0] == n_sum
            and out.shape[0] == n_rows and out.shape[1] == n_columns):
        raise ValueError(f"{kind!r} does not go with these shapes")
    table = table_of("float32" if type_number == cnp.NPY_FLOAT32 else "float64")
    with nogil:
        failed = product_into(
            table, n_rows, n_columns, n_sum, cnp.PyArray_DATA(a), 1 if from_weights else n_sum,
            n_rows if from_weights else 1, cnp.PyArray_DATA(b), transposed, NULL,
            cnp.PyArray_DATA(out))
    if failed:
        raise MemoryError()
