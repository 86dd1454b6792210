"""The learning rate range test: which learning rates a network can be trained with."""

import copy
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ._frozen import ByIdentity
from ._validation.scalars import as_batch_size, as_count, as_positive
from .exceptions import DivergenceWarning, TargetRangeWarning
from .network import Network
from .optimizers import Optimizer, as_optimizer

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

# What lasts of the mean loss from step to step.
SMOOTHING = 0.9
# The test ends when the mean loss is so many times its smallest value.
TOO_LARGE = 4.0
# How many times smaller the suggestion is than the learning rate with the smallest mean loss.
MARGIN = 10.0


class RangeTest(ByIdentity):
    """Losses by learning rate.

    Attributes
    ----------
    rates : ndarray of shape (n,)
        The learning rates of the steps that were made, in a geometric series.
    losses : ndarray of shape (n,)
        The loss of each step's batch, before the step.
    smoothed : ndarray of shape (n,)
        The running mean of the losses.
    suggestion : float
        A tenth of the learning rate at which `smoothed` is smallest.
    """

    rates: "NDArray[np.float64]"
    losses: "NDArray[np.float64]"
    smoothed: "NDArray[np.float64]"
    suggestion: float

    def __repr__(self) -> str:
        return f"<RangeTest of {len(self.rates)} learning rates; suggestion {self.suggestion:.2g}>"

    def plot(self, axis: Any = None) -> Any:
        """Draw the losses over the learning rates, and the suggestion.

        Parameters
        ----------
        axis : matplotlib Axes, optional
            A new figure is made otherwise.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        ImportError
            If matplotlib is not installed; it comes with the extra "plot".
        """
        from .plotting import plot_range_test

        return plot_range_test(self, axis)


def find_learning_rate(
    net: Network,
    X: "ArrayLike",
    y: "ArrayLike",
    sample_weight: "ArrayLike | None" = None,
    *,
    optimizer: Optimizer | str | None = None,
    batch_size: int | str | None = "auto",
    lowest: float = 1e-6,
    highest: float = 10.0,
    steps: int = 200,
) -> RangeTest:
    """Train a copy of a network with rising learning rates, and see what becomes of the loss.

    Each step is made with a batch of its own and with a learning rate that is larger than the last
    one by a factor. The test ends early when the loss has become much larger than it was. The
    network is left as it is, to the bit.

    Parameters
    ----------
    net : Network
    X, y, sample_weight : array-like
        As for `Network.fit`.
    optimizer : Optimizer or str, optional
        What makes the steps; its learning rate does not matter. By default ``net.optimizer``.
    batch_size : int, "auto" or None, default "auto"
        As for `Network.fit`.
    lowest, highest : float, default 1e-6 and 10
        The range of the learning rates; positive, and one below the other.
    steps : int, default 200
        How many learning rates; at least 2.

    Returns
    -------
    RangeTest
        Learning rates, losses, a suggestion, and ``plot()``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or value.

    References
    ----------
    L. N. Smith, Cyclical learning rates for training neural networks (2017), section 3.3. The
    suggestion as in the library fastai.

    Examples
    --------
    >>> import numpy as np
    >>> from backprop_c import Network, find_learning_rate
    >>> X = np.linspace(-1, 1, 64)[:, np.newaxis]
    >>> net = Network((1, 8, 1), random_state=0)
    >>> found = find_learning_rate(net, X, np.sin(3 * X))
    >>> 0.001 < found.suggestion < 0.1
    True
    """
    if not isinstance(net, Network):
        raise TypeError(f"net must be a Network, but is {net!r}")
    lowest, highest = as_positive(lowest, "lowest"), as_positive(highest, "highest")
    if lowest >= highest:
        raise ValueError(f"lowest must be below highest, but they are {lowest} and {highest}")
    steps = as_count(steps, "steps", 2)
    chosen = net.optimizer if optimizer is None else as_optimizer(optimizer)
    if chosen.full_batch:
        raise ValueError(
            f"optimizer {chosen!r} finds its steps by itself: there is no learning rate to find"
        )
    twin = copy.copy(net)
    samples = twin._as_sample_set(X, y, sample_weight)
    batches = _batches(samples, as_batch_size(batch_size, samples.n_samples), twin)
    rates = np.geomspace(lowest, highest, steps)
    losses, smoothed, mean = [], [], 0.0
    for k, rate in enumerate(rates, 1):
        loss = _step(twin, samples, next(batches), replace(chosen, learning_rate=float(rate)))
        if loss is None:
            break
        mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
        losses.append(loss)
        smoothed.append(mean / (1 - SMOOTHING**k))
        if smoothed[-1] > TOO_LARGE * abs(min(smoothed)):
            break
    if not losses:
        raise ValueError(f"the loss is not finite, even before a step of {lowest}")
    suggestion = float(rates[int(np.argmin(smoothed))]) / MARGIN
    found = (np.array(losses), np.array(smoothed), suggestion)
    return RangeTest(rates[: len(losses)], *found)


def _batches(samples, batch_size, net):
    """Rows of one batch after the other, in a new order each time that all have been taken.

    Batches without weight make no step, and are left out.
    """
    weights = samples.sample_weight
    while True:
        order = net._generator.permutation(samples.n_samples)
        for start in range(0, samples.n_samples, batch_size):
            rows = order[start : start + batch_size]
            if weights is None or weights[rows].any():
                yield rows


def _step(net, samples, rows, optimizer):
    """The loss of a batch, before a step; None where it is not finite."""
    weights = samples.sample_weight
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DivergenceWarning)
        warnings.simplefilter("ignore", TargetRangeWarning)
        history = net.fit(
            samples.X[rows],
            samples.y[rows],
            None if weights is None else weights[rows],
            epochs=1,
            batch_size=None,
            optimizer=optimizer,
            reset_optimizer=net._optimizer_state is None,
        )
    return float(history["loss"][0]) if history.epochs else None
