"""Losses: what their parameters are. The arithmetic is in the kernels.

The loss of a sample is summed over the outputs. What a network reports and minimizes is the mean
over samples. Below, `a` are a sample's outputs, `z` their pre-activations, and `t` its targets.
"""

import math
from collections.abc import Callable
from typing import Any

from ._frozen import Entry, Frozen
from ._validation.scalars import as_bound, as_positive, as_share


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


class AbsoluteError(Loss):
    """The distance: ``sum of abs(a - t)``, for any outputs and targets. It fits the median.

    Its derivative by an output is the sign of ``a - t``, and 0 where the two are equal.

    References
    ----------
    P. Bloomfield and W. L. Steiger, Least absolute deviations (1983).

    Examples
    --------
    >>> from backprop_c import Network, losses
    >>> net = Network((1, 1), "identity", losses.AbsoluteError(), biases=False)
    >>> net.weights[0][:] = 1
    >>> net.evaluate([[2.0]], [5.0])
    {'loss': 3.0}
    """

    name = "absolute_error"


class _Smoothed(Loss):
    """What both cross-entropies share."""

    label_smoothing: float = 0.0
    largest_loss: float = math.inf

    def __post_init__(self) -> None:
        self._accept("label_smoothing", as_share(self.label_smoothing, "label_smoothing"))
        self._accept("largest_loss", as_bound(self.largest_loss, "largest_loss"))


class BinaryCrossEntropy(_Smoothed):
    """Yes or no for each output: ``-sum of t * log(a) + (1 - t) * log(1 - a)``.

    It goes with sigmoid outputs, and with targets from 0 to 1. With several outputs, a sample may
    have any number of labels (multilabel classification). It is computed from z, so that it keeps
    its digits where a rounds to 0 or 1.

    Parameters
    ----------
    label_smoothing : float, default 0
        Which share s of each target is replaced by 1/2: ``(1 - s) * t + s / 2``; at least 0 and
        below 1.
    largest_loss : float, default infinity
        What the loss of an output counts at most in what is reported; positive. scikit-learn's
        losses have such a bound. The gradient does not know of it.

    Raises
    ------
    TypeError, ValueError
        If a parameter is no number, or out of its range.

    References
    ----------
    C. M. Bishop, Neural networks for pattern recognition (1995), chapter 6. Smoothing after C.
    Szegedy et al., Rethinking the inception architecture for computer vision (2016).

    Examples
    --------
    >>> from backprop_c import Network, losses
    >>> net = Network((1, 1), "sigmoid", losses.BinaryCrossEntropy(), biases=False)
    >>> net.weights[0][:] = 0
    >>> round(net.evaluate([[2.0]], [1.0])["loss"], 4)
    0.6931
    """

    name = "binary_cross_entropy"


class CrossEntropy(_Smoothed):
    """One class of several: ``-sum of t * log(a)``.

    It goes with softmax outputs, and with targets that are class indices, or shares from 0 to 1
    that sum to 1. It is computed from z, so that it keeps its digits where a rounds to 0 or 1.

    Parameters
    ----------
    label_smoothing : float, default 0
        Which share s of each target is spread over all classes: of n, ``(1 - s) * t + s / n``; at
        least 0 and below 1.
    largest_loss : float, default infinity
        What the loss of a sample counts at most in what is reported; positive. scikit-learn's
        losses have such a bound. The gradient does not know of it.

    Raises
    ------
    TypeError, ValueError
        If a parameter is no number, or out of its range.

    References
    ----------
    C. M. Bishop, Neural networks for pattern recognition (1995), chapter 6. Smoothing after C.
    Szegedy et al., Rethinking the inception architecture for computer vision (2016).

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


class LogCosh(Loss):
    """The logarithm of the hyperbolic cosine: ``sum of log(cosh(a - t))``.

    Squared near the target and linear far from it, like `Huber`, but smooth everywhere. For any
    outputs and targets.

    References
    ----------
    P. J. Green, Bayesian reconstructions from emission tomography data using a modified EM
    algorithm (1990).

    Examples
    --------
    >>> from backprop_c import Network, losses
    >>> net = Network((1, 1), "identity", losses.LogCosh(), biases=False)
    >>> net.weights[0][:] = 1
    >>> round(net.evaluate([[2.0]], [5.0])["loss"], 4)
    2.3093
    """

    name = "log_cosh"


class Quantile(Loss):
    """Fits a quantile of the targets: ``sum of max(q * (t - a), (q - 1) * (t - a))``.

    With ``q = 0.9`` the outputs come to lie above nine in ten targets. For any outputs and targets.

    Parameters
    ----------
    quantile : float, default 0.5
        q, above 0 and below 1. The default fits the median.

    Raises
    ------
    TypeError, ValueError
        If the quantile is no number, or out of its range.

    References
    ----------
    R. Koenker and G. Bassett, Regression quantiles, Econometrica 46 (1978).

    Examples
    --------
    >>> from backprop_c import Network, losses
    >>> net = Network((1, 1), "identity", losses.Quantile(quantile=0.75), biases=False)
    >>> net.weights[0][:] = 1
    >>> net.evaluate([[2.0]], [4.0]), net.evaluate([[2.0]], [0.0])
    ({'loss': 1.5}, {'loss': 0.5})
    """

    name = "quantile"
    quantile: float = 0.5

    def __post_init__(self) -> None:
        self._accept("quantile", as_share(self.quantile, "quantile"))
        if self.quantile == 0:
            raise ValueError("quantile must be above 0, but is 0.0")


class Gamma(Loss):
    """Amounts above 0: ``sum of log(a) + t / a``, the gamma distribution's likelihood.

    It is the negative logarithm of that, but for a constant, where the spread is in proportion to
    the expected amount. It goes with exponential outputs, which are the expected amounts, and with
    targets above 0. It is computed from ``z = log(a)``.

    References
    ----------
    P. McCullagh and J. A. Nelder, Generalized linear models (1989).

    Examples
    --------
    >>> from backprop_c import Network, losses
    >>> net = Network((1, 1), "exponential", losses.Gamma(), biases=False)
    >>> net.weights[0][:] = 0
    >>> net.evaluate([[2.0]], [5.0])
    {'loss': 5.0}
    """

    name = "gamma"


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
