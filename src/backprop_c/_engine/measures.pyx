"""What is measured over samples: metrics of the kernels' table, and functions of the caller's.

The kernels sum up while samples go through the network. A function is called when a pass is over,
with the targets and the outputs of all its samples.
"""

cimport numpy as cnp
from cpython.exc cimport PyErr_CheckSignals

import numpy as np

from backprop_c._engine.memory cimport room_for
from backprop_c._engine.parameters cimport SharedParameters
from backprop_c._engine.predictions cimport Prediction, run_prediction, set_prediction
from backprop_c._kernels.table cimport Table
from backprop_c._system.platform cimport SECONDS_OF_RUN

cnp.import_array()


cdef enum:
    # The code of a function of the caller's.
    NO_CODE = -1


cdef class MetricSet:
    """Samples, and the metrics that are wanted of them.

    Parameters
    ----------
    samples : SampleSet
    metrics : sequence of tuples (int, sequence of float, sequence of float, callable or None)
        Of each metric its code, its parameters, what it knows of the targets, and None; of a
        function -1, two empty tuples, and the function.
    """

    def __init__(self, SampleSet samples not None, metrics=()):
        cdef const Table* table
        cdef Measure* measure
        cdef double* numbers
        cdef Py_ssize_t n_numbers = 0
        if self.samples is not None:
            raise RuntimeError("a set of metrics is constructed once")
        if samples.shared is None:
            raise TypeError("these samples have not been looked at")
        metrics = tuple(metrics)
        table = samples.shared.table
        self.samples = samples
        self.measures.n_outputs = (
            samples.shared.plan.layers[samples.shared.plan.n_layers - 1].n_out)
        self.functions = ()
        self.measures.iterations_at = self.measures.settled_at = self.measures.largest_at = -1
        self.measures.n_measures = len(metrics)
        if not metrics:
            return
        for _, constants, known, _ in metrics:
            n_numbers += len(constants) + len(known) + 1
        self.memory = Memory()
        self.memory.reserve(
            room_for(len(metrics) * sizeof(Measure)) + room_for(n_numbers * sizeof(double)))
        self.places = <Measure*>self.memory.cut(len(metrics) * sizeof(Measure))
        numbers = <double*>self.memory.cut(n_numbers * sizeof(double))
        self.measures.measures = self.places
        for place, (code, constants, known, function) in enumerate(metrics):
            if not NO_CODE <= code < table.n_metrics:
                raise ValueError(f"there is no metric with the code {code}")
            measure = self.places + <Py_ssize_t>place
            measure.code = code
            measure.constants = numbers
            measure.known = numbers + <Py_ssize_t>len(constants)
            for number in (*constants, *known):
                numbers[0] = number
                numbers += 1
            if code == NO_CODE:
                # Room for its value.
                numbers += 1
                self.functions += ((place, function),)
                continue
            measure.sums_at = self.measures.n_sums
            self.measures.n_sums += table.metrics[measure.code].n_sums * max(
                self.measures.n_outputs, 2)
            if table.metrics[measure.code].classes == c"l":
                self.measures.labels_wanted = True
        self.place_settling(table)

    cdef place_settling(self, const Table* table):
        """Note where a pass adds how its samples settle."""
        cdef const Measure* measure
        cdef Py_ssize_t place
        found = {}
        for place in range(self.measures.n_measures):
            measure = self.places + place
            if measure.code != NO_CODE and table.metrics[measure.code].of_pass:
                found[table.metrics[measure.code].name.decode()] = measure.sums_at
        if found:
            self.measures.iterations_at = found["iterations"]
            self.measures.settled_at = found["settled"]
            self.measures.largest_at = found["largest_change"]

    cdef SampleSet samples_of(self, SharedParameters shared):
        """The samples, if they were looked at for this network."""
        if self.samples is None:
            raise TypeError("a set of metrics has samples")
        self.samples.require_of(shared)
        return self.samples

    cdef const Measures* asked(self) noexcept:
        """What the kernels are asked for; NULL for nothing."""
        return &self.measures if self.measures.n_measures else NULL

    cdef call_functions(self, Pass* p):
        """Have the functions' values: of the outputs as the pass's parameters make them now."""
        if not self.functions:
            return
        y_true, y_pred = self.samples.y, outputs_of(p, self.samples)
        # The workspace had the samples, for the next epoch to find them there.
        p.slab.packed = False
        if y_pred.shape[1] == 1:
            y_pred = y_pred[:, 0]
            y_true = y_true.reshape(-1)
        # Most functions refuse what is not finite, and a fit warns of it.
        finite = np.isfinite(y_pred).all()
        # A view of the caller's array, which a function must not write to.
        y_true = y_true.view()
        y_true.flags.writeable = False
        for place, function in self.functions:
            value = np.nan
            if finite:
                value = as_value(
                    function, function(y_true, y_pred.copy()), self.samples.sample_weight,
                    self.samples.n_samples)
            (<double*>self.places[<Py_ssize_t>place].known)[0] = value


cdef outputs_of(const Pass* p, SampleSet samples):
    """The outputs of all samples of a pass, (n_samples, n_out), by its threads."""
    cdef Prediction prediction
    cdef Py_ssize_t n_in = p.plan.layers[0].n_in
    cdef Py_ssize_t n_out = p.plan.layers[p.plan.n_layers - 1].n_out
    cdef cnp.ndarray outputs = np.empty((samples.n_samples, n_out), dtype=samples.X.dtype)
    set_prediction(&prediction, p.table, p.plan, p.n_samples, n_in, n_out,
                   <const char*>samples.samples.X, <char*>cnp.PyArray_DATA(outputs))
    prediction.parameters = p.parameters
    prediction.workspaces = p.workspaces
    prediction.board = p.board
    while prediction.done < prediction.n_samples:
        with nogil:
            run_prediction(&prediction, SECONDS_OF_RUN)
        PyErr_CheckSignals()
    return outputs


def as_value(function, value, weights, n_samples):
    """What a function returned as a float: of a value for each sample the mean by weights."""
    expected = f"a metric must return a number, or one for each sample, but {function!r} returned"
    try:
        values = np.asarray(value)
    except ValueError:
        raise TypeError(f"{expected} {value!r}") from None
    if values.dtype.kind not in "buif":
        raise TypeError(f"{expected} {value!r}")
    values = values.astype(np.float64)
    if values.ndim == 0:
        return float(values)
    if values.shape != (n_samples,):
        raise ValueError(f"{expected} an array of shape {values.shape}")
    if weights is None:
        return float(values.mean())
    # What has no weight does not count, whatever its value.
    counted = weights != 0
    return float(np.average(values[counted], weights=weights[counted]))
