"""A loss of the caller's: a Python function, which is called once a batch.

The batch goes forward, the function says the loss of each sample and its derivative by each output,
and the ordinary pass goes through the batch with these derivatives where targets would be. So there
are two forward passes. The first one has the targets, and so it takes the metrics.
"""

cimport numpy as cnp
from libc.string cimport memset

import numpy as np

from backprop_c._kernels.table cimport (
    Layer, Part, Plan, Samples, Sums,
)

cnp.import_array()


cdef as_array(char* data, Py_ssize_t n_rows, Py_ssize_t n_columns, dtype):
    """A view of memory that is not Python's, for as long as it is there."""
    cdef cnp.npy_intp[2] shape = [n_rows, n_columns]
    return cnp.PyArray_SimpleNewFromData(2, shape, dtype.num, data)


cdef int call_own_loss(void* context, void* pass_, Py_ssize_t start,
                       Py_ssize_t size) noexcept nogil:
    """What a pass calls before a batch: BeforeBatch."""
    with gil:
        return (<LossCaller>context).before_batch(<Pass*>pass_, start, size)


cdef class LossCaller:
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
        p.slab.measures = NULL
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
        cdef cnp.ndarray order
        rows = slice(start, start + size)
        if p.samples.order != NULL:
            order = np.empty(size, dtype=np.intp)
            for k in range(size):
                (<Py_ssize_t*>cnp.PyArray_DATA(order))[k] = p.samples.order[start + k]
            rows = order
        outputs = self.outputs(p, start, size)
        # A view of the caller's array, which the function must not write to.
        y_true = self.y[rows]
        y_true.flags.writeable = False
        values, derivatives = self.checked(
            self.function(y_true, outputs), (size, self.derivatives.shape[1]))
        # What is not finite is found, and told, where the pass ends.
        with np.errstate(all="ignore"):
            if self.samples.sample_weight is not None:
                weights = self.samples.sample_weight[rows]
                values = np.where(weights != 0, values * weights, 0)
            p.sums.loss += values.sum()
            self.derivatives[rows] = derivatives

    cdef outputs(self, Pass* p, Py_ssize_t start, Py_ssize_t size):
        """The batch's outputs, as the pass will have them: with dropout, where the pass has it.

        The metrics, which are of the targets, join the sums.
        """
        cdef const Plan* plan = p.plan
        cdef const Layer* last = plan.layers + plan.n_layers - 1
        cdef Py_ssize_t lanes = p.table.lanes
        cdef Samples samples = self.samples.samples
        cdef Part part = p.slab
        cdef Sums sums
        cdef Py_ssize_t rows, vectors
        memset(&sums, 0, sizeof(Sums))
        sums.metrics = p.sums.metrics
        outputs = np.empty((size, last.n_out), dtype=self.derivatives.dtype)
        samples.order = p.samples.order
        part.measures = p.measures
        part.stop = start
        while part.stop < start + size:
            # Block by block: what comes out stands in the workspace then, feature-major.
            part.slab_start = part.start = part.stop
            part.stop = min(part.start + plan.block_rows, start + size)
            p.routines.run_part(plan, &samples, &part, p.parameters, p.workspaces, p.slab_rows,
                                NULL, &sums)
            rows = part.stop - part.start
            vectors = (rows + lanes - 1) // lanes
            block = as_array(p.workspaces + last.block.a * vectors * lanes * p.table.real_bytes,
                             last.n_out, vectors * lanes, outputs.dtype)
            outputs[part.start - start:part.stop - start] = block[:, :rows].T
        return outputs

    def checked(self, result, shape):
        """Values (n,) in float64 and derivatives (n, n_out) of what the function returned."""
        what = ("a loss must return real numbers: its values, of shape (n,), and derivatives by "
                "y_pred, (n, n_out)")
        try:
            values, derivatives = map(np.asarray, result)
        except (TypeError, ValueError):
            raise TypeError(
                f"{what}, but {self.function!r} returned {type(result).__name__}") from None
        if not (values.dtype.kind in "buif" and derivatives.dtype.kind in "buif"):
            raise TypeError(f"{what}, but {self.function!r} returned arrays of dtypes "
                            f"{values.dtype} and {derivatives.dtype}")
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
