"""Optimizers: what an update rule's hyperparameters are. The arithmetic is in the kernels."""

from dataclasses import astuple, dataclass
from typing import ClassVar

from ._validation import as_positive


@dataclass(frozen=True)
class Optimizer:
    """What all optimizers share: a learning rate, and fields in the order of their update rule."""

    rule: ClassVar[str]
    learning_rate: float = 0.01

    def __post_init__(self) -> None:
        object.__setattr__(self, "learning_rate", as_positive(self.learning_rate, "learning_rate"))

    def hyperparameters(self) -> tuple[float, ...]:
        """The hyperparameters as floats, in the order that the update rule reads them."""
        return tuple(float(value) for value in astuple(self))


def as_optimizer(value):
    """The optimizer, or TypeError for anything else."""
    if not isinstance(value, Optimizer):
        raise TypeError(f"optimizer must be an optimizer such as SGD(), but is {value!r}")
    return value


@dataclass(frozen=True)
class SGD(Optimizer):
    """Gradient descent: ``parameters -= learning_rate * gradient``.

    Stochastic with mini-batches, plain with the full batch. The gradient is that of the batch's
    mean loss.

    Parameters
    ----------
    learning_rate : float, default 0.01
        Step size; positive and finite.

    Raises
    ------
    TypeError, ValueError
        If the learning rate is not a number, or not positive and finite.

    References
    ----------
    H. Robbins and S. Monro, A stochastic approximation method, Annals of Mathematical
    Statistics 22 (1951).

    Examples
    --------
    >>> from backprop_c import SGD
    >>> SGD(learning_rate=0.1)
    SGD(learning_rate=0.1)
    """

    rule: ClassVar[str] = "sgd"
