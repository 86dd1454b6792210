"""The loss, the metrics and the gradient over samples: one pass, which changes nothing."""

cimport numpy as cnp
from cpython.exc cimport PyErr_CheckSignals
from libc.math cimport INFINITY
from libc.string cimport memcpy, memset

import numpy as np

from backprop_c._engine.engine cimport Engine
from backprop_c._engine.measures cimport MetricSet
from backprop_c._engine.memory cimport Memory, put_back, take_memory
from backprop_c._engine.own_loss cimport LossCaller
from backprop_c._engine.passes cimport (
    WORK_OF_SHORT_RUN, Pass, Phase, begin_pass, gather_range, lay_out_pass, means_of_pass,
    penalty, room_for_pass, run_pass, set_pass,
)
from backprop_c._engine.samples cimport SampleSet
from backprop_c._kernels.table cimport Plan, Table
from backprop_c._system.platform cimport SECONDS_OF_RUN, monotonic_seconds

cnp.import_array()


def evaluate(Engine engine not None, MetricSet metrics not None, bint gradient_wanted,
             LossCaller own_loss=None):
    """Go through samples once.

    Parameters
    ----------
    engine : Engine
        The network.
    metrics : MetricSet
        Samples of that network, and what is measured.
    gradient_wanted : bool
    own_loss : LossCaller or None
        The loss of a network that has one of its own.

    Returns
    -------
    values : ndarray of shape (1 + number of metrics,)
        The loss, penalties included, and the metrics.
    gradient : ndarray of shape (n_parameters,) or None
        The derivative of the loss.
    """
    cdef Pass p
    cdef const Table* table = engine.table
    cdef const Plan* plan = &engine.plan
    cdef const char* parameters = NULL
    cdef SampleSet samples = metrics.samples_of(engine)
    cdef double penalty_value = 0
    cdef Py_ssize_t work = 0
    cdef cnp.ndarray values
    cdef Memory memory
    memset(&p, 0, sizeof(Pass))
    if samples.n_samples == 1:
        table, plan = engine.single_table, &engine.single
    set_pass(&p, table, plan, &samples.samples, samples.n_samples, samples.n_samples,
             metrics.asked())
    memory = take_memory(room_for_pass(&p, 1, gradient_wanted))
    lay_out_pass(&p, memory, 1, gradient_wanted)
    if own_loss is not None:
        own_loss.attach(&p, samples)
    p.owner = &p
    p.n_phases = 1
    p.phases[0] = Phase(NULL, gather_range, plan.n_ranges)
    begin_pass(&p)
    gradient = None
    try:
        parameters = engine.begin_reading()
        if own_loss is not None or metrics.functions:
            # Python code runs meanwhile, which may train or write: it reads a copy.
            parameters = engine.go_on_reading(parameters)
        while True:
            p.parameters = parameters
            if p.n_samples * plan.work <= WORK_OF_SHORT_RUN:
                run_pass(&p, INFINITY, &work)
            else:
                with nogil:
                    run_pass(&p, monotonic_seconds() + SECONDS_OF_RUN, &work)
            if own_loss is not None:
                own_loss.raise_error()
            if p.row == p.n_samples:
                break
            parameters = engine.go_on_reading(parameters)
            PyErr_CheckSignals()
        if plan.penalized:
            penalty_value = penalty(table, plan, parameters)
            if gradient_wanted:
                # It joins the sum over all samples, which is not divided yet.
                table.penalize(plan, 0, plan.n_parameters, p.sums.weight, parameters, p.gradient)
        metrics.call_functions(&p)
        if gradient_wanted:
            gradient = np.empty(plan.n_parameters, dtype=engine.dtype)
            memcpy(cnp.PyArray_DATA(<cnp.ndarray>gradient), p.gradient,
                   plan.n_parameters * table.real_bytes)
        values = np.empty(1 + metrics.measures.n_measures)
        means_of_pass(&p, <double*>cnp.PyArray_DATA(values))
    finally:
        if parameters != NULL:
            engine.end_reading(parameters)
        put_back(memory)
    if gradient_wanted:
        with np.errstate(all="ignore"):
            gradient /= p.sums.weight
    values[0] += penalty_value
    return values, gradient
