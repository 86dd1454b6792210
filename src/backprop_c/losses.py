"""Losses: what their parameters are. The arithmetic is in the kernels.

The loss of a sample is summed over the outputs. What a network reports and minimizes is the mean
over samples. Below, `a` are a sample's outputs, `z` their pre-activations, and `t` its targets.
"""

from collections.abc import Callable
from typing import Any

from ._frozen import Entry, Frozen
from ._validation.scalars import as_positive


class Loss(Entry):
    """What all losses share: a name, and parameters in the order of their formula."""


class SquaredError(Loss):
    """Half the squared distance: ``1/2 * sum of (a - t)**2``, for any outputs and targets.

    References
    ----------
    D. E. Rumelhart, G. E. Hinton and R. J. Williams, Learning representations by
    back-propagating errors, Nature 323 (1986).

    Examples
    --------
    >>> from backprop_c import Network, losses
    >>> net = Network((1, 1), "identity", losses.SquaredError(), biases=False)
    >>> net.weights[0][:] = 1
    >>> net.evaluate([[2.0]], [5.0])
    {'loss': 4.5}
    """

    name = "squared_error"


class BinaryCrossEntropy(Loss):
    """Yes or no for each output: ``-sum of t * log(a) + (1 - t) * log(1 - a)``.

    It goes with sigmoid outputs, and with targets from 0 to 1. It is computed from z, so that it
    keeps its digits where a rounds to 0 or 1.

    References
    ----------
    C. M. Bishop, Neural networks for pattern recognition (1995), chapter 6.

    Examples
    --------
    >>> from backprop_c import Network, losses
    >>> net = Network((1, 1), "sigmoid", losses.BinaryCrossEntropy(), biases=False)
    >>> net.weights[0][:] = 0
    >>> round(net.evaluate([[2.0]], [1.0])["loss"], 4)
    0.6931
    """

    name = "binary_cross_entropy"


class CrossEntropy(Loss):
    """One class of several: ``-sum of t * log(a)``.

    It goes with softmax outputs, and with targets that are class indices, or shares from 0 to 1
    that sum to 1. It is computed from z, so that it keeps its digits where a rounds to 0 or 1.

    References
    ----------
    C. M. Bishop, Neural networks for pattern recognition (1995), chapter 6.

    Examples
    --------
    >>> from backprop_c import Network, losses
    >>> net = Network((1, 4), "softmax", losses.CrossEntropy(), biases=False)
    >>> net.weights[0][:] = 0
    >>> round(net.evaluate([[2.0]], [3])["loss"], 4)
    1.3863
    """

    name = "cross_entropy"


class Huber(Loss):
    """Squared near the target, linear far from it, so that outliers pull with a bounded force.

    The sum over outputs of ``1/2 * (a - t)**2`` where ``abs(a - t) <= delta``, else of
    ``delta * (abs(a - t) - delta / 2)``. For any outputs and targets.

    Parameters
    ----------
    delta : float, default 1
        From which distance on the loss is linear; positive and finite.

    Raises
    ------
    TypeError, ValueError
        If delta is no number, or out of its range.

    References
    ----------
    P. J. Huber, Robust estimation of a location parameter, Annals of Mathematical Statistics 35
    (1964).

    Examples
    --------
    >>> from backprop_c import Network, losses
    >>> net = Network((1, 1), "identity", losses.Huber(delta=2.0), biases=False)
    >>> net.weights[0][:] = 1
    >>> net.evaluate([[2.0]], [5.0])
    {'loss': 4.0}
    >>> net.loss
    Huber(delta=2.0)
    """

    name = "huber"
    delta: float = 1.0

    def __post_init__(self) -> None:
        self._accept("delta", as_positive(self.delta, "delta"))


class Poisson(Loss):
    """Counts: ``sum of a - t * log(a)``, Poisson's negative log-likelihood but for a constant.

    It goes with exponential outputs, which are the expected counts, and with targets of at least
    0. It is computed from ``z = log(a)``. The constant, ``log(t!)``, does not depend on the
    network.

    References
    ----------
    P. McCullagh and J. A. Nelder, Generalized linear models (1989).

    Examples
    --------
    >>> from backprop_c import Network, losses
    >>> net = Network((1, 1), "exponential", losses.Poisson(), biases=False)
    >>> net.weights[0][:] = 0
    >>> net.evaluate([[2.0]], [5.0])
    {'loss': 1.0}
    """

    name = "poisson"


class FunctionLoss(Frozen):
    """A loss of the caller's: what `Network` makes of a function that it is given as a loss.

    Parameters
    ----------
    function : callable
    """

    function: Callable[..., Any]
    name = ""

    def constants(self) -> tuple[float, ...]:
        """None: the kernels do not know of it."""
        return ()

    def has_defaults(self) -> bool:
        """No: a function has no name that would say all."""
        return False
