"""A loss of the caller's: a Python function, which is called once a batch.

The batch's outputs are predicted, the function says the loss of each sample and its derivative by
each output, and the ordinary pass goes through the batch with these derivatives where targets
would be. So there are two forward passes; and a third one where metrics are asked for, since they
need the targets.
"""

cimport numpy as cnp
from libc.string cimport memset

import numpy as np

from backprop_c._kernels.table cimport MAX_METRICS, Part, Samples, Sums

cnp.import_array()


cdef int call_own_loss(void* context, void* pass_, Py_ssize_t start,
                       Py_ssize_t size) noexcept nogil:
    """What a pass calls before a batch: BeforeBatch."""
    with gil:
        return (<OwnLoss>context).before_batch(<Pass*>pass_, start, size)


cdef class OwnLoss:
    """A function ``loss(y_true, y_pred)`` that returns values (n,) and derivatives (n, n_out).

    Parameters
    ----------
    function : callable
    """

    def __init__(self, function):
        self.function = function

    cdef attach(self, Pass* p, SampleSet samples):
        """Have a pass call the function: its targets become the function's derivatives."""
        self.samples = samples
        n_out = p.plan.layers[p.plan.n_layers - 1].n_out
        self.y = samples.y
        if samples.y.ndim == 1:
            self.y = np.eye(n_out, dtype=samples.X.dtype)[samples.y]
        self.derivatives = np.zeros((samples.n_samples, n_out), dtype=samples.X.dtype)
        p.samples.y = cnp.PyArray_DATA(<cnp.ndarray>self.derivatives)
        p.samples.labels = NULL
        p.slab.metrics = 0
        p.before_batch = call_own_loss
        p.context = <void*>self

    cdef int before_batch(self, Pass* p, Py_ssize_t start, Py_ssize_t size) noexcept:
        """Whether the function failed; its exception is kept."""
        try:
            self.call(p, start, size)
        except BaseException as error:
            self.error = error
            return 1
        return 0

    cdef call(self, Pass* p, Py_ssize_t start, Py_ssize_t size):
        cdef cnp.ndarray X, outputs, order
        rows = slice(start, start + size)
        if p.samples.order != NULL:
            order = np.empty(size, dtype=np.intp)
            for k in range(size):
                (<Py_ssize_t*>cnp.PyArray_DATA(order))[k] = p.samples.order[start + k]
            rows = order
        X = np.ascontiguousarray(self.samples.X[rows])
        outputs = np.empty((size, self.derivatives.shape[1]), dtype=X.dtype)
        p.work.predict(p.plan, size, cnp.PyArray_DATA(X), p.parameters, p.workspaces,
                       cnp.PyArray_DATA(outputs))
        # A view of the caller's array, which the function must not write to.
        y_true = self.y[rows]
        y_true.flags.writeable = False
        values, derivatives = self.checked(
            self.function(y_true, outputs), (size, self.derivatives.shape[1]))
        if self.samples.sample_weight is not None:
            values = values * self.samples.sample_weight[rows]
        p.sums.loss += values.sum()
        self.derivatives[rows] = derivatives
        if p.metrics:
            self.add_metrics(p, start, size)

    cdef add_metrics(self, Pass* p, Py_ssize_t start, Py_ssize_t size):
        """The metrics of the batch, which are of the targets, join the sums."""
        cdef Samples samples = self.samples.samples
        cdef Part part = p.slab
        cdef Sums sums
        cdef int m
        samples.order = p.samples.order
        part.metrics = p.metrics
        part.stop = start
        while part.stop < start + size:
            part.slab_start = part.start = part.stop
            part.stop = min(part.start + p.plan.part_rows, start + size)
            memset(&sums, 0, sizeof(Sums))
            p.work.run_part(p.plan, &samples, &part, p.parameters, p.workspaces, p.slab_rows,
                            NULL, &sums)
            for m in range(MAX_METRICS):
                p.sums.metrics[m] += sums.metrics[m]

    def checked(self, result, shape):
        """Values (n,) in float64 and derivatives (n, n_out) of what the function returned."""
        what = ("a loss must return real numbers: its values, of shape (n,), and derivatives by "
                "y_pred, (n, n_out)")
        try:
            values, derivatives = map(np.asarray, result)
            real = values.dtype.kind in "buif" and derivatives.dtype.kind in "buif"
        except (TypeError, ValueError):
            real = False
        if not real:
            raise TypeError(f"{what}, but {self.function!r} returned {type(result).__name__}")
        if values.shape != shape[:1] or derivatives.shape != shape:
            raise ValueError(
                f"{what}, here {shape[:1]} and {shape}, but {self.function!r} returned "
                f"shapes {values.shape} and {derivatives.shape}")
        return values.astype(np.float64), derivatives

    cdef raise_error(self):
        """Raise what the function raised, if it did."""
        error, self.error = self.error, None
        if error is not None:
            raise error
