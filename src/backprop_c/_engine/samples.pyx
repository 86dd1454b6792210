"""Samples as the kernels read them: arrays that have been looked at once more, and their memory."""

cimport numpy as cnp
from libc.math cimport fabs, isfinite

from backprop_c._kernels.table cimport Table

cnp.import_array()


# How far the targets of a sample's classes may be from 1 in sum: float32 rounds each of them.
SUM_TOLERANCE = 1e-5
cdef double TOLERANCE = SUM_TOLERANCE

ctypedef fused real:
    float
    double


cdef bint is_plain(array, int type_number, Py_ssize_t n_rows, Py_ssize_t n_columns):
    """Whether the kernels can read an array as it stands; one of one dimension has no columns."""
    cdef cnp.ndarray given
    cdef int ndim = 2 if n_columns else 1
    if not isinstance(array, cnp.ndarray):
        return False
    given = <cnp.ndarray>array
    return (
        cnp.PyArray_TYPE(given) == type_number
        and cnp.PyArray_ISCARRAY_RO(given)
        and cnp.PyArray_NDIM(given) == ndim
        and cnp.PyArray_DIM(given, 0) == n_rows
        and (ndim == 1 or cnp.PyArray_DIM(given, 1) == n_columns)
    )


cdef bint are_labels(array, Py_ssize_t n_rows, Py_ssize_t n_out):
    """Whether an array holds class indices that the kernels can use as such."""
    cdef const long long* labels
    cdef Py_ssize_t k
    if not is_plain(array, cnp.NPY_INT64, n_rows, 0):
        return False
    labels = <const long long*>cnp.PyArray_DATA(<cnp.ndarray>array)
    for k in range(n_rows):
        if not 0 <= labels[k] < n_out:
            return False
    return True


cdef bint loss_takes(const Loss* loss, Py_ssize_t n_rows, Py_ssize_t n_out,
                     const real* y) noexcept nogil:
    cdef double total
    cdef Py_ssize_t s, j
    for s in range(n_rows):
        total = 0
        for j in range(n_out):
            if not loss.lowest <= y[s * n_out + j] <= loss.highest or (
                    loss.above_lowest and y[s * n_out + j] == loss.lowest):
                return False
            total += y[s * n_out + j]
        if not isfinite(total) or (loss.sums_to_one and fabs(total - 1) > TOLERANCE):
            return False
    return True


cdef bint are_targets(const Loss* loss, Py_ssize_t n_rows, Py_ssize_t n_out, int type_number,
                      const void* y) noexcept nogil:
    """Whether numbers of this type are finite, and such as the loss is defined for."""
    if type_number == cnp.NPY_FLOAT32:
        return loss_takes(loss, n_rows, n_out, <const float*>y)
    return loss_takes(loss, n_rows, n_out, <const double*>y)


cdef bint overlap(cnp.ndarray a, cnp.ndarray b):
    """Whether two C-contiguous arrays share memory."""
    cdef const char* first = cnp.PyArray_BYTES(a)
    cdef const char* second = cnp.PyArray_BYTES(b)
    return first < second + cnp.PyArray_NBYTES(b) and second < first + cnp.PyArray_NBYTES(a)


def as_they_stand(SharedParameters shared not None, X, y):
    """A set of samples that need no conversion and have numbers for targets; None for others.

    It is the short way: what it does not take may be right all the same, and whoever converts it
    says what is wrong.
    """
    cdef Py_ssize_t n_samples, n_out
    cdef const Table* table = shared.table
    cdef const Loss* loss
    cdef cnp.ndarray x, targets
    cdef bint taken
    shared.require_set_up()
    if type(X) is not cnp.ndarray or type(y) is not cnp.ndarray:
        return None
    x = <cnp.ndarray>X
    loss = shared.plan.loss
    n_out = shared.plan.layers[shared.plan.n_layers - 1].n_out
    if cnp.PyArray_NDIM(x) != 2 or cnp.PyArray_DIM(x, 0) == 0 or loss == table.given_delta:
        return None
    n_samples = cnp.PyArray_DIM(x, 0)
    if n_out == 1 and (<cnp.ndarray>y).ndim == 1:
        y = y[:, None]
    targets = <cnp.ndarray>y
    if not (is_plain(x, shared.type_number, n_samples, shared.plan.layers[0].n_in)
            and is_plain(targets, shared.type_number, n_samples, n_out)):
        return None
    if overlap(x, shared.parameters) or overlap(targets, shared.parameters):
        return None
    with nogil:
        taken = (
            table.all_finite(cnp.PyArray_SIZE(x), cnp.PyArray_DATA(x))
            and are_targets(loss, n_samples, n_out, shared.type_number,
                            cnp.PyArray_DATA(targets)))
    return SampleSet(shared, x, targets, None) if taken else None


cdef class SampleSet:
    """Validated samples, targets and weights of one network.

    Parameters
    ----------
    shared : SharedParameters
        The network, for its dtype and its numbers of inputs and outputs.
    X, y : ndarray
        C-contiguous, finite, of the network's dtype; y is (n_samples, n_out), or (n_samples,)
        int64 class indices.
    sample_weight : ndarray of shape (n_samples,) or None
        Of the network's dtype.

    Raises
    ------
    TypeError
        If an array is not what the kernels can read.
    """

    def __init__(self, SharedParameters shared not None, X, y, sample_weight):
        cdef Py_ssize_t n_out, n_samples
        shared.require_set_up()
        n_samples = len(X)
        n_out = shared.plan.layers[shared.plan.n_layers - 1].n_out
        if not (
            is_plain(X, shared.type_number, n_samples, shared.plan.layers[0].n_in)
            and (is_plain(y, shared.type_number, n_samples, n_out)
                 or are_labels(y, n_samples, n_out))
            and (sample_weight is None
                 or is_plain(sample_weight, shared.type_number, n_samples, 0))
        ):
            raise TypeError("samples must be arrays that have been validated")
        self.shared = shared
        self.X, self.y, self.sample_weight = X, y, sample_weight
        self.n_samples = n_samples
        self.samples.X = cnp.PyArray_DATA(<cnp.ndarray>X)
        if cnp.PyArray_NDIM(<cnp.ndarray>y) == 2:
            self.samples.y = cnp.PyArray_DATA(<cnp.ndarray>y)
        else:
            self.samples.labels = <const long long*>cnp.PyArray_DATA(<cnp.ndarray>y)
        if sample_weight is not None:
            self.samples.sample_weights = cnp.PyArray_DATA(<cnp.ndarray>sample_weight)

    cdef require_of(self, SharedParameters shared):
        """Raise unless these samples were looked at for this network."""
        if self.shared is not shared:
            raise TypeError("these samples are of another network")
