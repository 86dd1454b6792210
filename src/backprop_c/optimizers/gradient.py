"""Optimizers that go along the gradient, a mean of it, or its sign."""

from dataclasses import field
from typing import ClassVar

from .base import SCHEDULES, LearningRate, Optimizer, _Gradual


class SGD(_Gradual):
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
        The share of the velocity that lasts from step to step; from 0 to 1.
    nesterov : bool, default False
        Look ahead by one step of the velocity; needs momentum.
    of_steps : bool, default False
        What lasts is ``learning_rate * velocity``, the steps, as in scikit-learn and Keras, and not
        the velocity, as in PyTorch. The two differ where the learning rate changes. By name only.
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
    of_steps: bool = field(default=False, kw_only=True)
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.of_steps and self.momentum == 0:
            raise ValueError("of_steps needs a momentum above 0, but momentum is 0.0")
        if self.nesterov and self.momentum == 0:
            raise ValueError("nesterov needs a momentum above 0, but momentum is 0.0")

    @property
    def rule(self) -> str:
        """The name of its update rule: without momentum there is no state to keep."""
        if not self.momentum:
            return "sgd"
        return "step_momentum" if self.of_steps else "momentum"


class Lion(_Gradual):
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


class Rprop(Optimizer):
    """Steps that each parameter finds by itself, from the signs of its gradient; no rate to guess.

    A step grows by a factor as long as the gradient keeps its sign. Where the sign changes, the
    step shrinks, and the parameter stays where it is for once (iRprop-). It needs the full batch:
    with "auto" it takes it, and a smaller one is refused. For small data it is often the quickest
    rule without second derivatives.

    The rule is PyTorch's, whose first step is 0.01 by default. PyTorch multiplies two gradients to
    compare their signs; here the signs are compared, so a product that is too small for a number
    makes no difference.

    Parameters
    ----------
    learning_rate : float, default 0.07
        The size of each parameter's first step; positive and finite. It matters little. The default
        is that of MATLAB's trainrp, and suits small networks. Large and deep networks are quicker
        with 0.01. Recurrent networks may need it, so that they settle.
    increase : float, default 1.2
        What a step is multiplied by where the gradient keeps its sign; at least 1 and finite.
    decrease : float, default 0.5
        What a step is multiplied by where the sign changes; above 0 and below 1.
    smallest, largest : float, default 1e-6 and 50
        Bounds on the steps; positive and finite.

    Raises
    ------
    TypeError, ValueError
        If a hyperparameter is of the wrong kind, or out of its range, or if the learning rate is
        a schedule. There is no clip_norm and no clip_value: they change no sign.

    References
    ----------
    C. Igel and M. Huesken, Improving the Rprop learning algorithm (2000): iRprop-. M. Riedmiller
    and H. Braun, A direct adaptive method for faster backpropagation learning (1993).

    Examples
    --------
    >>> import numpy as np
    >>> from backprop_c import Network, Rprop
    >>> x = np.linspace(-1, 1, 21)[:, np.newaxis]
    >>> net = Network((1, 5, 1), random_state=0)
    >>> history = net.fit(x, np.sin(np.pi * x), epochs=500, optimizer=Rprop(), metrics="mse")
    >>> bool(history["mse"][-1] < 0.005)
    True
    """

    full_batch: ClassVar[bool] = True
    learning_rate: float = 0.07
    increase: float = 1.2
    decrease: float = 0.5
    smallest: float = 1e-6
    largest: float = 50.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.learning_rate, SCHEDULES):
            raise TypeError(
                "Rprop finds its steps by itself: learning_rate is the size of the first ones, a "
                f"number, but is {self.learning_rate!r}"
            )
        if self.smallest > self.largest:
            raise ValueError(
                f"smallest must be at most largest, but they are {self.smallest} and {self.largest}"
            )

    @property
    def rule(self) -> str:
        """The name of its update rule in the kernels' table."""
        return "rprop"
