"""What a fit leaves behind: the values of its epochs, and the optimizer's state.

Both are made before the training and filled in place. So a network can hold them from the
beginning, and neither a lack of memory nor Ctrl-C comes between a training and its outcome.
"""

cimport numpy as cnp

import numpy as np

from backprop_c._system.sharing cimport add_shared, load_shared, store_shared

cnp.import_array()


cdef enum:
    # Epochs for which memory is taken at a time.
    EPOCHS_AT_A_TIME = 262144


# How many updates an optimizer may have made when a fit begins. It leaves room for as many again:
# the count never overflows.
MOST_STEPS = 2**62


cdef class Record:
    """The values of a fit's epochs, in the order in which they end.

    A fit adds to it while other threads may look, also without a GIL: they see as many epochs as
    the counter says, which goes up when the values are written.

    Parameters
    ----------
    n_columns : int
        Values of an epoch: the loss, and each metric.
    """

    def __init__(self, Py_ssize_t n_columns):
        self.n_columns = n_columns
        self.arrays = []

    cdef double* room(self, Py_ssize_t epochs, Py_ssize_t* room_out) except NULL:
        """Where the next epochs go, and how many of at most `epochs` there is room for."""
        cdef Py_ssize_t used = <Py_ssize_t>load_shared(&self.recorded) - self.before_last
        cdef cnp.npy_intp shape[2]
        if not self.arrays or used == len(self.arrays[-1]):
            shape[0], shape[1] = max(1, min(epochs, EPOCHS_AT_A_TIME)), self.n_columns
            self.arrays.append(cnp.PyArray_SimpleNew(2, shape, cnp.NPY_FLOAT64))
            self.before_last += used
            used = 0
        last = <cnp.ndarray>self.arrays[-1]
        room_out[0] = min(epochs, cnp.PyArray_DIM(last, 0) - used)
        return <double*>cnp.PyArray_DATA(last) + used * self.n_columns

    cdef void add(self, Py_ssize_t epochs, Py_ssize_t best_epoch) noexcept:
        """So many epochs have been written to the room; which one is the best by now, or 0."""
        add_shared(&self.recorded, epochs)
        store_shared(&self.best, best_epoch)

    @property
    def epochs(self):
        """How many epochs are recorded."""
        return load_shared(&self.recorded)

    @property
    def best_epoch(self):
        """The epoch, from 1, that early stopping holds for the best; None without it."""
        return load_shared(&self.best) or None

    def last_values(self):
        """The values of the last epoch; None before the first."""
        cdef Py_ssize_t left = <Py_ssize_t>load_shared(&self.recorded)
        for array in list(self.arrays):
            if 0 < left <= len(array):
                return array[left - 1].tolist()
            left -= len(array)
        return None

    def last(self):
        """The loss of the last epoch; None before the first."""
        values = self.last_values()
        return None if values is None else values[0]

    def values(self):
        """The loss and the metrics of each epoch so far, of shape (epochs, n_columns)."""
        cdef Py_ssize_t left = <Py_ssize_t>load_shared(&self.recorded)
        parts = []
        for array in list(self.arrays):
            parts.append(array[:left])
            left -= len(parts[-1])
        if len(parts) == 1:
            return parts[0]
        return np.concatenate([np.empty((0, self.n_columns)), *parts])


cdef class OptimizerState:
    """What an update rule keeps from step to step.

    Parameters
    ----------
    rule : str
        The rule's name in the kernels' table.
    steps : int
        Updates made.
    vectors : ndarray of shape (n_states * n_parameters,)
        The rule's state vectors, one after the other, in the network's dtype. Taken as it is.
    carried : ndarray of shape (n_carried,), optional
        The scalars that the rule carries from step to step, float64. Taken as it is; none by
        default, which is what most rules have.

    Raises
    ------
    ValueError
        If the number of steps cannot be one.
    """

    def __init__(self, str rule not None, steps, cnp.ndarray vectors not None,
                 cnp.ndarray carried=None):
        if not 0 <= steps <= MOST_STEPS:
            raise ValueError(
                f"an optimizer's state has between 0 and 2**62 steps, but this one has {steps}")
        self.rule = rule
        self.steps = steps
        self.vectors = vectors
        self.carried = np.zeros(0) if carried is None else carried

    def copy(self):
        """The same, in memory of its own."""
        return OptimizerState(self.rule, self.steps, self.vectors.copy(), self.carried.copy())

    def __reduce__(self):
        return OptimizerState, (
            self.rule, self.steps, self.vectors.copy(), self.carried.copy())
