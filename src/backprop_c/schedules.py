"""Schedules: how the learning rate changes within a fit. The arithmetic is in the engine."""

from ._engine.schedules import schedule_table
from ._frozen import Entry
from ._validation.scalars import as_count, as_in_range, as_positive


class Schedule(Entry):
    """What all schedules share: the learning rate that they begin with, and their length.

    Parameters
    ----------
    initial : float
        The learning rate at the beginning, apart from a warm-up; positive and finite.
    epochs : int, optional
        The length; None stands for that of the fit.
    """

    initial: float
    epochs: int | None = None

    def __post_init__(self) -> None:
        self._accept("initial", as_positive(self.initial, "initial"))
        if self.epochs is not None:
            self._accept("epochs", as_count(self.epochs, "epochs", 1))

    def constants(self) -> tuple[float, ...]:
        """The parameters but for the length, as floats, in the order in which the entry reads them.

        The length is the fit's to say, where it is None.
        """
        return tuple(value for name, value in vars(self).items() if name != "epochs")


def schedule_terms(schedule):
    """A schedule as the engine takes it: its place in the table, its parameters, its length."""
    known = list(schedule_table())
    if schedule.name not in known:
        raise ValueError(
            f"learning_rate {schedule!r} is not known to the engine; known: {', '.join(known)}"
        )
    return known.index(schedule.name), schedule.constants(), schedule.epochs


class Cosine(Schedule):
    """Half a wave of the cosine, from the initial learning rate down to 0.

    With n steps in all, of which w are the warm-up, step k, counted from 0, has the learning rate
    ``initial * min(1, (k + 1) / w)`` if ``k < w``, else
    ``initial * (1 + cos(pi * (k - w) / (n - w))) / 2``, and 0 from step n on. So the learning rate
    changes from step to step, not only from epoch to epoch.

    Parameters
    ----------
    initial : float
        The largest learning rate, where the wave begins; positive and finite.
    epochs : int, optional
        Where the learning rate reaches 0, the warm-up included. None stands for the number of
        epochs of the fit. Give it where several calls of `fit` are to be one training.
    warmup : float, default 0
        Epochs in which the learning rate first rises in a straight line; at least 0, and below
        `epochs` where that is given. In a fit that is shorter than the warm-up, the learning rate
        rises as far as it comes. Half an epoch is 0.5.

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

    name = "cosine"
    warmup: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._accept("warmup", as_in_range(self.warmup, "warmup", 0))
        if self.epochs is not None and self.warmup >= self.epochs:
            raise ValueError(
                f"warmup must be below epochs, which is {self.epochs}, but is {self.warmup}"
            )
