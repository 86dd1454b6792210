"""What all optimizers share."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import field
from typing import Any, ClassVar

from .._frozen import Frozen, values_of
from .._validation.scalars import (
    as_count,
    as_flag,
    as_fraction,
    as_in_range,
    as_limit,
    as_momentum,
    as_not_negative,
    as_positive,
    as_share,
)
from ..schedules import ByEpoch, ReduceOnPlateau, Schedule

# What the engine does to the gradient before a rule sees it.
OF_GRADIENT = ("clip_norm", "clip_value")


# What may stand in the place of a learning rate.
SCHEDULES = (Schedule, ReduceOnPlateau, ByEpoch)


def _as_learning_rate(value, name):
    if isinstance(value, SCHEDULES):
        return value
    if callable(value) and not isinstance(value, type):
        return ByEpoch(value)
    return as_positive(value, name)


# A function of the epoch becomes a `ByEpoch`.
LearningRate = float | Schedule | ReduceOnPlateau | ByEpoch | Callable[[int], float]


def as_positive_count(value: object, name: str) -> int:
    return as_count(value, name, 1)


class Optimizer(Frozen, ABC):
    """What all optimizers share, and a base to name them by in type hints.

    Examples
    --------
    >>> from backprop_c import SGD, Optimizer
    >>> isinstance(SGD(), Optimizer)
    True
    """

    # Whether a fit must take all samples at once.
    full_batch: ClassVar[bool] = False
    # The loss that it needs, None for any; and what a network must not have.
    needs_loss: ClassVar[str | None] = None
    refuses: ClassVar[tuple[str, ...]] = ()
    # How its steps are made: in "batches", each by its gradient, which can be done outside a fit,
    # too; by the "squares" of all errors; or as a "quasi_newton" method makes them.
    steps: ClassVar[str] = "batches"
    # A name means the same in every optimizer.
    _checks: ClassVar = {
        "learning_rate": _as_learning_rate,
        "momentum": as_momentum,
        "beta_1": as_share,
        "beta_2": as_share,
        "epsilon": as_positive,
        "weight_decay": as_not_negative,
        "momentum_decay": as_not_negative,
        "nesterov": as_flag,
        "amsgrad": as_flag,
        "epsilon_hat": as_flag,
        "of_steps": as_flag,
        "centred": as_flag,
        "increase": lambda value, name: as_in_range(value, name, 1.0),
        "decrease": as_fraction,
        "smallest": as_positive,
        "largest": as_positive,
        "damping": as_positive,
        "gain_ratio": as_flag,
        "tol": as_not_negative,
        "loss_tol": as_not_negative,
        "memory": as_positive_count,
        "max_line_search": as_positive_count,
        "max_evaluations": lambda value, name: None if value is None else as_count(value, name, 1),
        "clip_norm": as_limit,
        "clip_value": as_limit,
    }

    @property
    @abstractmethod
    def rule(self) -> str:
        """The name of its update rule in the kernels' table."""

    def hyperparameters(self) -> tuple[float, ...]:
        """The hyperparameters as floats, in the order that the update rule reads them."""
        return tuple([0.0 if value is None else float(value) for value in self._values()])


class _Gradual(Optimizer):
    """Steps along what the rule makes of the gradient, at a learning rate."""

    learning_rate: LearningRate = 0.01
    clip_norm: float | None = field(default=None, kw_only=True)
    clip_value: float | None = field(default=None, kw_only=True)

    # The values of the fields that the update rule reads.
    _read_rule: ClassVar[Callable[[Any], tuple[Any, ...]]]

    def __init_subclass__(cls, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        names = [one.name for one in cls._fields if one.name not in OF_GRADIENT]
        cls._read_rule = staticmethod(values_of(names))

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.clip_norm is not None and self.clip_value is not None:
            raise ValueError("clip_norm and clip_value cannot go together: give one of them")

    def _is_shown(self, one):
        # Whoever reads of an optimizer wants to know the learning rate first.
        return one.name == "learning_rate" or super()._is_shown(one)

    def hyperparameters(self) -> tuple[float, ...]:
        """The hyperparameters as floats, in the order that the update rule reads them.

        In the place of a schedule stands the learning rate that it begins with. `clip_norm` and
        `clip_value` are not among them: the gradient that a rule sees has been clipped.
        """
        rate, *others = type(self)._read_rule(self)
        if not isinstance(rate, float):
            rate = rate.first_rate()
        return (rate, *map(float, others))
