"""What a fit leaves behind: the values of its epochs, and the optimizer's state.

Both are made before the training and filled in place. So a network can hold them from the
beginning, and neither a lack of memory nor Ctrl-C comes between a training and its outcome.
"""

cimport numpy as cnp

import numpy as np

cnp.import_array()


cdef enum:
    # Epochs for which memory is taken at a time.
    EPOCHS_AT_A_TIME = 262144


# How many updates an optimizer may have made when a fit begins. It leaves room for as many again:
# the count never overflows.
MOST_STEPS = 2**62


cdef class Record:
    """The values of a fit's epochs, in the order in which they end.

    Parameters
    ----------
    n_columns : int
        Values of an epoch: the loss, and each metric.
    """

    def __init__(self, Py_ssize_t n_columns):
        self.n_columns = n_columns
        self.full = []
        self.merged = np.empty((0, n_columns))

    cdef double* room(self, Py_ssize_t epochs, Py_ssize_t* room_out) except NULL:
        """Where the next epochs go, and how many of at most `epochs` there is room for."""
        if self.current is None or self.used == cnp.PyArray_DIM(self.current, 0):
            grown = np.empty((max(1, min(epochs, EPOCHS_AT_A_TIME)), self.n_columns))
            if self.current is not None:
                self.full.append(self.current)
            self.current = grown
            self.used = 0
        room_out[0] = min(epochs, cnp.PyArray_DIM(self.current, 0) - self.used)
        return <double*>cnp.PyArray_DATA(self.current) + self.used * self.n_columns

    cdef void add(self, Py_ssize_t epochs) noexcept:
        """So many epochs have been written to the room."""
        self.used += epochs
        self.epochs += epochs

    def last(self):
        """The loss of the last epoch; None before the first."""
        if not self.epochs:
            return None
        # The array at work may be a new one, with nothing in it yet.
        return float((self.current if self.used else self.full[-1])[self.used - 1, 0])

    def values(self):
        """The loss and the metrics of each epoch so far, of shape (epochs, n_columns)."""
        if len(self.merged) != self.epochs:
            self.merged = np.concatenate([*self.full, self.current[:self.used]])
        return self.merged


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

    Raises
    ------
    ValueError
        If the number of steps cannot be one.
    """

    def __init__(self, str rule not None, steps, cnp.ndarray vectors not None):
        if not 0 <= steps <= MOST_STEPS:
            raise ValueError(
                f"an optimizer's state has between 0 and 2**62 steps, but this one has {steps}")
        self.rule = rule
        self.steps = steps
        self.vectors = vectors

    def copy(self):
        """The same, in memory of its own."""
        return OptimizerState(self.rule, self.steps, self.vectors.copy())

    def __reduce__(self):
        return OptimizerState, (self.rule, self.steps, self.vectors.copy())
