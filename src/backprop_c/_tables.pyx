"""What Python reads from the kernels' tables: names and codes stand there and nowhere else."""

cimport numpy as cnp
from cpython.pycapsule cimport PyCapsule_GetPointer

import numpy as np

from backprop_c import _kernels
from backprop_c._kernels.table cimport CAPSULE, MAX_METRICS, Activation, Table

cnp.import_array()


cdef const Table* table_of(str dtype_name) except NULL:
    """The kernels for a dtype; their module stays loaded, and so does the table."""
    return <const Table*>PyCapsule_GetPointer(_kernels.table(dtype_name), CAPSULE)


def activation_table():
    """What the kernels' table says of each activation: name -> (reads, outputs_only)."""
    cdef const Table* table = table_of("float64")
    return {
        table.activations[k].name.decode():
            (chr(table.activations[k].reads), bool(table.activations[k].outputs_only))
        for k in range(table.n_activations)
    }


def loss_table():
    """What the table says of each loss: name -> (output activation it needs or "", targets)."""
    cdef const Table* table = table_of("float64")
    return {
        table.losses[k].name.decode():
            (table.losses[k].outputs.decode(), chr(table.losses[k].targets))
        for k in range(table.n_losses)
    }


def metric_table():
    """The table's metrics: a tuple of names."""
    cdef const Table* table = table_of("float64")
    assert table.n_metrics <= MAX_METRICS
    return tuple([table.metrics[k].name.decode() for k in range(table.n_metrics)])


def update_table():
    """What the table says of each update rule: name -> number of state vectors."""
    cdef const Table* table = table_of("float64")
    return {
        table.updates[k].name.decode(): table.updates[k].n_states
        for k in range(table.n_updates)
    }


def activation_slopes(int activation, cnp.ndarray z):
    """da/dz for pre-activations of float32 or float64, one by one, as the kernels compute it."""
    cdef const Table* table = table_of(z.dtype.name)
    cdef const Activation* entry = table.activations + activation
    cdef cnp.ndarray before, after, slope
    slopes = np.empty_like(z)
    for k in range(len(z)):
        before = np.full(table.lanes, z[k])
        after = np.empty_like(before)
        slope = np.ones_like(before)
        entry.forward(1, 1, cnp.PyArray_DATA(before), cnp.PyArray_DATA(after))
        entry.backward(1, 1, cnp.PyArray_DATA(before if entry.reads == c"z" else after),
                       cnp.PyArray_DATA(slope))
        slopes[k] = slope[0]
    return slopes
