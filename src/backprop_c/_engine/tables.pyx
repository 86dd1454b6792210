"""What Python reads from the kernels' tables: names and codes stand there and nowhere else."""

cimport numpy as cnp
from cpython.pycapsule cimport PyCapsule_GetPointer

from typing import NamedTuple

import numpy as np

from backprop_c import _kernels
from backprop_c._engine.plan cimport take_constants
from backprop_c._kernels.table cimport (
    CAPSULE, MAX_CARRIED, MAX_CONSTANTS, MAX_STATES, Activation, Loss, Metric, Table, Update,
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
    above_lowest: bool
    sums_to_one: bool


class MetricEntry(NamedTuple):
    """A metric: see `Metric` in table.pxd."""

    name: str
    parameters: tuple
    classes: str
    known: str
    of_one_output: bool
    of_shares: bool
    larger_is_better: bool
    of_pass: bool


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
            bool(entry.above_lowest), bool(entry.sums_to_one))
        assert len(words(entry.parameters)) <= MAX_CONSTANTS
    return entries


def metric_table():
    """The table's metrics, in their order: a list of MetricEntry."""
    cdef const Table* table = table_of("float64")
    cdef const Metric* entry
    cdef int k
    entries = []
    for k in range(table.n_metrics):
        entry = table.metrics + k
        entries.append(MetricEntry(
            entry.name.decode(), words(entry.parameters), chr(entry.classes), chr(entry.known),
            bool(entry.of_one_output), bool(entry.of_shares), bool(entry.larger_is_better),
            bool(entry.of_pass)))
    return entries


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
