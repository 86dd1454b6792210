"""The learning rate range test: which learning rates a network can be trained with."""

import copy
from typing import TYPE_CHECKING, Any

from ._frozen import ByIdentity
from ._rates import rising_rates
from ._trainable import Trainable
from ._validation.scalars import as_batch_size, as_count, as_positive
from .optimizers import Optimizer, as_optimizer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray


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
    net: Trainable,
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
    net : Network or RecurrentNetwork
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
    if not isinstance(net, Trainable):
        raise TypeError(f"net must be a Network or a RecurrentNetwork, but is {net!r}")
    lowest, highest = as_positive(lowest, "lowest"), as_positive(highest, "highest")
    if lowest >= highest:
        raise ValueError(f"lowest must be below highest, but they are {lowest} and {highest}")
    steps = as_count(steps, "steps", 2)
    chosen = net.optimizer if optimizer is None else as_optimizer(optimizer)
    if chosen.full_batch:
        raise ValueError(
            f"optimizer {chosen!r} finds its steps by itself: there is no learning rate to find. "
            "Give an optimizer that has one, such as optimizer=Adam()"
        )
    twin = copy.copy(net)
    samples = twin._as_sample_set(X, y, sample_weight)
    batch_size = as_batch_size(batch_size, samples.n_samples)
    return RangeTest(*rising_rates(twin, samples, batch_size, chosen, lowest, highest, steps))
