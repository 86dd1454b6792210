"""Schedules: how the learning rate changes within a fit. The arithmetic is in the engine."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from ._engine.schedules import schedule_table
from ._frozen import Frozen
from ._validation.scalars import as_count, as_in_range, as_positive


@dataclass(frozen=True, repr=False)
class Schedule(Frozen, ABC):
    """What all schedules share: the learning rate that they begin with, apart from a warm-up.

    Parameters
    ----------
    initial : float
        Positive and finite.
    """

    initial: float

    def __post_init__(self) -> None:
        self._accept("initial", as_positive(self.initial, "initial"))

    @property
    @abstractmethod
    def rule(self) -> str:
        """Its name in the engine's table."""


@dataclass(frozen=True, repr=False)
class Cosine(Schedule):
    """Half a wave of the cosine, from the initial learning rate down to 0.

    In the k-th of the n steps of the warm-up, from 1, the learning rate is ``initial * k / n``.
    In a step after that, at position t in epochs and fractions of them, it is
    ``initial * (1 + cos(pi * (t - warmup) / (epochs - warmup))) / 2``, and 0 from `epochs` on.
    It changes with every step, not only from epoch to epoch.

    Parameters
    ----------
    initial : float
        The largest learning rate, where the wave begins; positive and finite.
    epochs : int, optional
        Where the learning rate reaches 0, the warm-up included. None stands for the number of
        epochs of the fit. Give it where several calls of `fit` are to be one training.
    warmup : float, default 0
        Epochs in which the learning rate first rises from 0, in a straight line; at least 0, and
        below `epochs`. Half an epoch is 0.5.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong kind, or out of its range.

    References
    ----------
    I. Loshchilov and F. Hutter, SGDR: stochastic gradient descent with warm restarts (2017). This
    is one period, without restarts. Warm-up as in P. Goyal et al., Accurate, large minibatch SGD
    (2017).

    Examples
    --------
    >>> from backprop_c import Adam, schedules
    >>> Adam(learning_rate=schedules.Cosine(0.01, warmup=5))
    Adam(learning_rate=Cosine(initial=0.01, warmup=5.0))
    """

    epochs: int | None = None
    warmup: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.epochs is not None:
            self._accept("epochs", as_count(self.epochs, "epochs", 1))
        self._accept("warmup", as_in_range(self.warmup, "warmup", 0))
        if self.epochs is not None and self.warmup >= self.epochs:
            raise ValueError(
                f"warmup must be below epochs, which is {self.epochs}, but is {self.warmup}"
            )

    @property
    def rule(self) -> str:
        """Its name in the engine's table."""
        return "cosine"


def schedule_terms(schedule):
    """A schedule as the engine takes it: its code, its parameters, its length in epochs or None."""
    table = schedule_table()
    names = table[schedule.rule]
    parameters = tuple(float(getattr(schedule, name)) for name in names)
    return list(table).index(schedule.rule), parameters, schedule.epochs
