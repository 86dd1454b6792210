"""Optimizers: what an update rule's hyperparameters are. The arithmetic is in the kernels."""

import warnings
from abc import ABC, abstractmethod
from dataclasses import field

from ._frozen import Frozen
from ._validation.scalars import as_flag, as_in_range, as_positive
from .schedules import Schedule


class Optimizer(Frozen, ABC):
    """What all optimizers share, and a base to name them by in type hints.

    Parameters
    ----------
    learning_rate : float or Schedule, default 0.01
        Step size; positive and finite.
    clip_norm : float, optional
        The largest norm of the gradient; positive and finite. See `SGD`.

    Examples
    --------
    >>> from backprop_c import SGD, Optimizer
    >>> isinstance(SGD(), Optimizer)
    True
    """

    learning_rate: float | Schedule = 0.01
    clip_norm: float | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if not isinstance(self.learning_rate, Schedule):
            self._accept("learning_rate", as_positive(self.learning_rate, "learning_rate"))
        if self.clip_norm is not None:
            self._accept("clip_norm", as_positive(self.clip_norm, "clip_norm"))

    def _is_shown(self, one):
        # Whoever reads of an optimizer wants to know the learning rate first.
        return one.name == "learning_rate" or super()._is_shown(one)

    @property
    @abstractmethod
    def rule(self) -> str:
        """The name of its update rule in the kernels' table."""

    def hyperparameters(self) -> tuple[float, ...]:
        """The hyperparameters as floats, in the order that the update rule reads them.

        In the place of a schedule stands the learning rate that it begins with. `clip_norm` is not
        among them: the gradient that a rule sees has been clipped.
        """
        values = {one.name: getattr(self, one.name) for one in self._fields}
        del values["clip_norm"]
        if isinstance(self.learning_rate, Schedule):
            values["learning_rate"] = self.learning_rate.initial
        return tuple(map(float, values.values()))


def as_optimizer(value):
    """The optimizer, or TypeError for anything else."""
    if not isinstance(value, Optimizer):
        raise TypeError(f"optimizer must be an optimizer such as SGD(), but is {value!r}")
    return value


def state_to_go_on_from(state, optimizer):
    """A copy of a fit's optimizer state, or None with a warning if it is of another rule."""
    if state is None or state.rule == optimizer.rule:
        return state and state.copy()
    warnings.warn(
        f"reset_optimizer=False cannot go on: {optimizer!r} begins anew, since the state that is "
        f"kept belongs to another update rule, {state.rule!r}",
        RuntimeWarning,
        stacklevel=4,  # the caller of fit
    )
    return None


class SGD(Optimizer):
    """Gradient descent: ``parameters -= learning_rate * gradient``, with momentum if asked for.

    Stochastic with mini-batches, plain with the full batch. The gradient is that of the batch's
    mean loss. With momentum, ``velocity = momentum * velocity + gradient`` takes the gradient's
    place; with Nesterov's, ``gradient + momentum * velocity`` does.

    Parameters
    ----------
    learning_rate : float or Schedule, default 0.01
        Step size; positive and finite. A schedule such as ``schedules.Cosine(0.1)`` changes it
        from step to step.
    momentum : float, default 0
        The share of the velocity that lasts from step to step; at least 0 and below 1.
    nesterov : bool, default False
        Look ahead by one step of the velocity; needs momentum.
    weight_decay : float, default 0
        Each step shrinks all parameters, biases too, by ``learning_rate * weight_decay`` times
        their value, apart from the gradient: the reported loss does not know of it.
    clip_norm : float, optional
        The largest Euclidean norm of the gradient over all parameters; positive and finite. The
        gradient of the batch's mean loss, penalties included, is multiplied by
        ``min(1, clip_norm / norm)``. None leaves it as it is. By name only.

    Raises
    ------
    TypeError, ValueError
        If a hyperparameter is of the wrong kind, or out of its range.

    References
    ----------
    H. Robbins and S. Monro, A stochastic approximation method, Annals of Mathematical
    Statistics 22 (1951). Momentum as in I. Sutskever et al., On the importance of initialization
    and momentum in deep learning (2013), and PyTorch.

    Examples
    --------
    >>> from backprop_c import SGD
    >>> SGD(learning_rate=0.1, momentum=0.9)
    SGD(learning_rate=0.1, momentum=0.9)
    """

    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._accept("momentum", as_in_range(self.momentum, "momentum", 0, 1))
        self._accept("nesterov", as_flag(self.nesterov, "nesterov"))
        self._accept("weight_decay", as_in_range(self.weight_decay, "weight_decay", 0))
        if self.nesterov and self.momentum == 0:
            raise ValueError("nesterov needs a momentum above 0, but momentum is 0.0")

    @property
    def rule(self) -> str:
        """The name of its update rule: without momentum there is no state to keep."""
        return "momentum" if self.momentum else "sgd"


class _Moments(Optimizer):
    """What rules share that divide a mean of the gradient by the root of its mean square."""

    learning_rate: float | Schedule = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("beta_1", "beta_2"):
            self._accept(name, as_in_range(getattr(self, name), name, 0, 1))
        self._accept("epsilon", as_positive(self.epsilon, "epsilon"))
        self._accept("weight_decay", as_in_range(self.weight_decay, "weight_decay", 0))


class Adam(_Moments):
    """Adaptive moment estimation: steps scaled by running means of gradient and squared gradient.

    ``parameters -= learning_rate * m_hat / (sqrt(v_hat) + epsilon)``, with both means corrected
    for their start at zero.

    Parameters
    ----------
    learning_rate : float or Schedule, default 0.001
        Step size; positive and finite, or a schedule of it.
    beta_1, beta_2 : float, default 0.9 and 0.999
        What lasts of the mean gradient and of the mean squared gradient from step to step; at
        least 0 and below 1.
    epsilon : float, default 1e-8
        Keeps the quotient finite; positive.
    weight_decay : float, default 0
        Decoupled decay (AdamW): each step shrinks all parameters, biases too, by ``learning_rate *
        weight_decay`` times their value. The reported loss does not know of it.
    clip_norm : float, optional
        The largest norm of the gradient, as for `SGD`.

    Raises
    ------
    TypeError, ValueError
        If a hyperparameter is of the wrong kind, or out of its range.

    References
    ----------
    D. P. Kingma and J. Ba, Adam: a method for stochastic optimization (2015), with epsilon where
    PyTorch has it. I. Loshchilov and F. Hutter, Decoupled weight decay regularization (2019).

    Examples
    --------
    >>> from backprop_c import Adam
    >>> Adam(learning_rate=0.01)
    Adam(learning_rate=0.01)
    """

    @property
    def rule(self) -> str:
        """The name of its update rule in the kernels' table."""
        return "adam"


class Nadam(_Moments):
    """Adam with Nesterov's momentum: the step looks ahead by one update of the mean gradient.

    Momenta rise from half of ``beta_1`` towards it: in step t the momentum is
    ``mu = beta_1 * (1 - 0.96**(t * momentum_decay) / 2)``. The mean gradient goes into the step
    with the next step's momentum, the gradient itself with ``1 - mu``; both are corrected for their
    start by the product of all momenta.

    Parameters
    ----------
    learning_rate : float or Schedule, default 0.002
        Step size; positive and finite, or a schedule of it.
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
    clip_norm : float, optional
        The largest norm of the gradient, as for `SGD`.

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

    learning_rate: float | Schedule = 0.002
    momentum_decay: float = 0.004

    def __post_init__(self) -> None:
        super().__post_init__()
        self._accept("momentum_decay", as_in_range(self.momentum_decay, "momentum_decay", 0))

    @property
    def rule(self) -> str:
        """The name of its update rule in the kernels' table."""
        return "nadam"
