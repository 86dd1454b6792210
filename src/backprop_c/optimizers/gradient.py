"""Optimizers that go along the gradient, a mean of it, or its sign."""

from .base import LearningRate, Optimizer


class SGD(Optimizer):
    """Gradient descent: ``parameters -= learning_rate * gradient``, with momentum if asked for.

    Stochastic with mini-batches, plain with the full batch. The gradient is that of the batch's
    mean loss. With momentum, ``velocity = momentum * velocity + gradient`` takes the gradient's
    place; with Nesterov's, ``gradient + momentum * velocity`` does.

    Parameters
    ----------
    learning_rate : float, Schedule or callable, default 0.01
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
    clip_value : float, optional
        The largest size of each entry of the same gradient, in place of `clip_norm`: entries above
        it, or below minus it, are set to it. By name only.

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
        if self.nesterov and self.momentum == 0:
            raise ValueError("nesterov needs a momentum above 0, but momentum is 0.0")

    @property
    def rule(self) -> str:
        """The name of its update rule: without momentum there is no state to keep."""
        return "momentum" if self.momentum else "sgd"


class Lion(Optimizer):
    """Steps of one size for all parameters, along the sign of a mean gradient.

    ``parameters -= learning_rate * sign(beta_1 * mean + (1 - beta_1) * gradient)``, and then
    ``mean = beta_2 * mean + (1 - beta_2) * gradient``, from 0. The learning rate is the size of
    the steps: it wants to be three to ten times smaller than Adam's.

    Parameters
    ----------
    learning_rate : float, Schedule or callable, default 0.0001
        Step size; positive and finite, a schedule of it, or a function of the
        epoch.
    beta_1, beta_2 : float, default 0.9 and 0.99
        The mean's share in the step, and what lasts of the mean from step to step; at least 0 and
        below 1.
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
    X. Chen et al., Symbolic discovery of optimization algorithms (2023).

    Examples
    --------
    >>> from backprop_c import Lion
    >>> Lion(learning_rate=0.001)
    Lion(learning_rate=0.001)
    """

    learning_rate: LearningRate = 0.0001
    beta_1: float = 0.9
    beta_2: float = 0.99
    weight_decay: float = 0.0

    @property
    def rule(self) -> str:
        """The name of its update rule in the kernels' table."""
        return "lion"
