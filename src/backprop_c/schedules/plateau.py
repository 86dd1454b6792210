"""A schedule that watches what is recorded."""

from typing import ClassVar

from .._monitor import Watching
from .._validation.scalars import as_count, as_share
from .entries import Schedule


class ReduceOnPlateau(Watching):
    """Down by a factor whenever a value has not become better for some epochs.

    PyTorch's ReduceLROnPlateau. What it remembers is part of the optimizer's state: a fit with
    ``reset_optimizer=False`` goes on with it. It is for `fit` alone: single steps have no epochs.

    Parameters
    ----------
    initial : float
        The learning rate at the beginning; positive and finite.
    monitor : str, default "val_loss"
        What to watch, by its name in the history.
    factor : float, default 0.1
        What the learning rate is multiplied by; above 0, and at most 1.
    patience : int, default 10
        So many epochs without a better value are let pass, and the next one reduces the rate; at
        least 1.
    threshold : float, default 0.0001
        A value is better if it is better than the best by this share of it; at least 0 and below 1.
    cooldown : int, default 0
        Epochs after a reduction in which nothing is counted; at least 0.
    final : float, default 0
        The learning rate is not reduced below it; at least 0 and finite.
    better : "larger" or "smaller", optional
        Which way the value is better. Needed for functions of one's own alone; metrics know it.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong kind, or out of its range.

    References
    ----------
    As in PyTorch's documentation of torch.optim.lr_scheduler.ReduceLROnPlateau.

    Examples
    --------
    >>> from backprop_c import Adam, schedules
    >>> Adam(schedules.ReduceOnPlateau(0.01, patience=5))
    Adam(learning_rate=ReduceOnPlateau(initial=0.01, patience=5))
    """

    initial: float
    monitor: str = "val_loss"
    factor: float = 0.1
    patience: int = 10
    threshold: float = 1e-4
    cooldown: int = 0
    final: float = 0.0
    _checks: ClassVar = {
        **Schedule._checks,
        **Watching._checks,
        "patience": lambda value, name: as_count(value, name, 1),
        "threshold": as_share,
        "cooldown": lambda value, name: as_count(value, name, 0),
    }

    def first_rate(self) -> float:
        """The learning rate that it begins with."""
        return self.initial
