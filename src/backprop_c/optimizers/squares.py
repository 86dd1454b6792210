"""Optimizers that divide the gradient by the root of what its squares come to."""

from .base import LearningRate, _Gradual


class RMSprop(_Gradual):
    """Steps along the gradient, divided by the root of the mean of its squares.

    ``parameters -= learning_rate * gradient / (sqrt(squares) + epsilon)`` with
    ``squares = beta_2 * squares + (1 - beta_2) * gradient**2`` from 0.

    Parameters
    ----------
    learning_rate : float, Schedule or callable, default 0.01
        Step size; positive and finite, a schedule of it, or a function of the
        epoch.
    beta_2 : float, default 0.99
        What lasts of the mean squared gradient from step to step; at least 0 and below 1. PyTorch
        calls it alpha.
    epsilon : float, default 1e-8
        Keeps the quotient finite; positive.
    momentum : float, default 0
        The share of the velocity that lasts from step to step; from 0 to 1. The velocity is one of
        the quotients.
    centred : bool, default False
        Divide by the root of the variance: of the mean square less the squared mean.
    weight_decay : float, default 0
        Decoupled decay, as for `Adam`.
    clip_norm, clip_value : float, optional
        Bounds on the gradient, as for `SGD`.

    Raises
    ------
    TypeError, ValueError
        If a hyperparameter is of the wrong kind, or out of its range.

    References
    ----------
    T. Tieleman and G. Hinton, Lecture 6.5: rmsprop, Neural networks for machine learning (2012).
    Centred as in A. Graves, Generating sequences with recurrent neural networks (2013).

    Examples
    --------
    >>> from backprop_c import RMSprop
    >>> RMSprop(momentum=0.9)
    RMSprop(learning_rate=0.01, momentum=0.9)
    """

    beta_2: float = 0.99
    epsilon: float = 1e-8
    momentum: float = 0.0
    centred: bool = False
    weight_decay: float = 0.0

    @property
    def rule(self) -> str:
        """The name of its update rule: what is not asked for has no state."""
        name = "centred_rmsprop" if self.centred else "rmsprop"
        return f"{name}_momentum" if self.momentum else name


class Adagrad(_Gradual):
    """Steps along the gradient, divided by the root of the sum of all its squares so far.

    So parameters whose gradients are rarely other than 0 make larger steps.

    Parameters
    ----------
    learning_rate : float, Schedule or callable, default 0.01
        Step size; positive and finite, a schedule of it, or a function of the
        epoch.
    epsilon : float, default 1e-10
        Keeps the quotient finite; positive.
    weight_decay : float, default 0
        Decoupled decay, as for `Adam`.
    clip_norm, clip_value : float, optional
        Bounds on the gradient, as for `SGD`.

    Raises
    ------
    TypeError, ValueError
        If a hyperparameter is of the wrong kind, or out of its range.

    References
    ----------
    J. Duchi, E. Hazan and Y. Singer, Adaptive subgradient methods for online learning and
    stochastic optimization (2011).

    Examples
    --------
    >>> from backprop_c import Adagrad
    >>> Adagrad(learning_rate=0.1)
    Adagrad(learning_rate=0.1)
    """

    epsilon: float = 1e-10
    weight_decay: float = 0.0

    @property
    def rule(self) -> str:
        """The name of its update rule in the kernels' table."""
        return "adagrad"


class Adadelta(_Gradual):
    """Steps whose size follows from the steps before: it needs no learning rate to be found.

    ``step = sqrt(steps + epsilon) / sqrt(squares + epsilon) * gradient``, where `squares` and
    `steps` are running means of squared gradients and of squared steps, from 0;
    ``parameters -= learning_rate * step``.

    Parameters
    ----------
    learning_rate : float, Schedule or callable, default 1
        What each step is multiplied by; positive and finite, a schedule of it, or a function of the
        epoch.
    beta_2 : float, default 0.9
        What lasts of both means from step to step; at least 0 and below 1. PyTorch calls it rho.
    epsilon : float, default 1e-6
        The root of it is the scale of the first steps; positive.
    weight_decay : float, default 0
        Decoupled decay, as for `Adam`.
    clip_norm, clip_value : float, optional
        Bounds on the gradient, as for `SGD`.

    Raises
    ------
    TypeError, ValueError
        If a hyperparameter is of the wrong kind, or out of its range.

    References
    ----------
    M. D. Zeiler, ADADELTA: an adaptive learning rate method (2012).

    Examples
    --------
    >>> from backprop_c import Adadelta
    >>> Adadelta(beta_2=0.95)
    Adadelta(learning_rate=1.0, beta_2=0.95)
    """

    learning_rate: LearningRate = 1.0
    beta_2: float = 0.9
    epsilon: float = 1e-6
    weight_decay: float = 0.0

    @property
    def rule(self) -> str:
        """The name of its update rule in the kernels' table."""
        return "adadelta"
