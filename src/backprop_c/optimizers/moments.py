"""Optimizers that divide a mean of the gradient by a measure of the gradient's size."""

from dataclasses import field

from .base import LearningRate, _Gradual


class _Moments(_Gradual):
    """What rules share that divide a mean of the gradient by a measure of its size."""

    learning_rate: LearningRate = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0


class Adam(_Moments):
    """Adaptive moment estimation: steps scaled by running means of gradient and squared gradient.

    ``parameters -= learning_rate * m_hat / (sqrt(v_hat) + epsilon)``, with both means corrected
    for their start at zero.

    Parameters
    ----------
    learning_rate : float, Schedule or callable, default 0.001
        Step size; positive and finite, a schedule of it, or a function of the
        epoch.
    beta_1, beta_2 : float, default 0.9 and 0.999
        What lasts of the mean gradient and of the mean squared gradient from step to step; at
        least 0 and below 1.
    epsilon : float, default 1e-8
        Keeps the quotient finite; positive.
    weight_decay : float, default 0
        Decoupled decay (AdamW): each step shrinks all parameters, biases too, by ``learning_rate *
        weight_decay`` times their value. The reported loss does not know of it.
    amsgrad : bool, default False
        Divide by the root of the largest mean squared gradient so far, in place of the last one's.
    epsilon_hat : bool, default False
        Add epsilon to the root before its mean is corrected, as scikit-learn and Keras do, and the
        paper in its second form: ``sqrt(v) + epsilon`` in place of ``sqrt(v_hat) + epsilon``. By
        name only.
    clip_norm, clip_value : float, optional
        Bounds on the gradient, as for `SGD`.

    Raises
    ------
    TypeError, ValueError
        If a hyperparameter is of the wrong kind, or out of its range.

    References
    ----------
    D. P. Kingma and J. Ba, Adam: a method for stochastic optimization (2015), with epsilon where
    PyTorch has it. I. Loshchilov and F. Hutter, Decoupled weight decay regularization (2019).
    AMSGrad: S. J. Reddi, S. Kale and S. Kumar, On the convergence of Adam and beyond (2018).

    Examples
    --------
    >>> from backprop_c import Adam
    >>> Adam(learning_rate=0.01)
    Adam(learning_rate=0.01)
    """

    amsgrad: bool = False
    epsilon_hat: bool = field(default=False, kw_only=True)

    @property
    def rule(self) -> str:
        """The name of its update rule: AMSGrad keeps one state more."""
        return "amsgrad" if self.amsgrad else "adam"


class AdamW(Adam):
    """`Adam` with a weight decay that is not 0 by default.

    Parameters
    ----------
    learning_rate, beta_1, beta_2, epsilon, amsgrad, epsilon_hat, clip_norm, clip_value : optional
        As for `Adam`.
    weight_decay : float, default 0.01
        Decoupled decay, as for `Adam`.

    References
    ----------
    I. Loshchilov and F. Hutter, Decoupled weight decay regularization (2019).

    Examples
    --------
    >>> from backprop_c import AdamW
    >>> AdamW(weight_decay=0.1)
    AdamW(learning_rate=0.001, weight_decay=0.1)
    """

    weight_decay: float = 0.01


class Nadam(_Moments):
    """Adam with Nesterov's momentum: the step looks ahead by one update of the mean gradient.

    Momenta rise from half of ``beta_1`` towards it: in step t the momentum is
    ``mu = beta_1 * (1 - 0.96**(t * momentum_decay) / 2)``. The mean gradient goes into the step
    with the next step's momentum, the gradient itself with ``1 - mu``; both are corrected for their
    start by the product of all momenta.

    Parameters
    ----------
    learning_rate : float, Schedule or callable, default 0.002
        Step size; positive and finite, a schedule of it, or a function of the
        epoch.
    beta_1, beta_2 : float, default 0.9 and 0.999
        What lasts of the mean gradient and of the mean squared gradient from step to step; at
        least 0 and below 1.
    epsilon : float, default 1e-8
        Keeps the quotient finite; positive.
    weight_decay : float, default 0
        Decoupled decay: each step shrinks all parameters, biases too, by ``learning_rate *
        weight_decay`` times their value. The reported loss does not know of it.
    momentum_decay : float, default 0.004
        How fast the momenta rise; at least 0 and finite.
    clip_norm, clip_value : float, optional
        Bounds on the gradient, as for `SGD`.

    Raises
    ------
    TypeError, ValueError
        If a hyperparameter is of the wrong kind, or out of its range.

    References
    ----------
    T. Dozat, Incorporating Nesterov momentum into Adam (2016), with momenta and epsilon as PyTorch
    has them.

    Examples
    --------
    >>> from backprop_c import Nadam
    >>> Nadam(learning_rate=0.01)
    Nadam(learning_rate=0.01)
    """

    learning_rate: LearningRate = 0.002
    momentum_decay: float = 0.004

    @property
    def rule(self) -> str:
        """The name of its update rule in the kernels' table."""
        return "nadam"


class Adamax(_Moments):
    """Adam with the largest gradient in place of the root of the mean square.

    ``parameters -= learning_rate * m_hat / u``, with ``u = max(beta_2 * u, abs(gradient) +
    epsilon)`` from 0.

    Parameters
    ----------
    learning_rate : float, Schedule or callable, default 0.002
        Step size; positive and finite, a schedule of it, or a function of the
        epoch.
    beta_1, beta_2 : float, default 0.9 and 0.999
        What lasts of the mean gradient, and of the largest one, from step to step; at least 0 and
        below 1.
    epsilon : float, default 1e-8
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
    D. P. Kingma and J. Ba, Adam: a method for stochastic optimization (2015), section 7, with
    epsilon where PyTorch has it.

    Examples
    --------
    >>> from backprop_c import Adamax
    >>> Adamax(learning_rate=0.01)
    Adamax(learning_rate=0.01)
    """

    learning_rate: LearningRate = 0.002

    @property
    def rule(self) -> str:
        """The name of its update rule in the kernels' table."""
        return "adamax"
