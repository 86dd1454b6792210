"""Callbacks: what a fit does between epochs. The fit itself acts on them."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from ._monitor import Watching
from ._validation.scalars import as_count, as_finite_number, as_flag, as_not_negative


class Callback(ABC):
    """The base of callbacks of one's own: a fit calls them after each epoch.

    Examples
    --------
    >>> from backprop_c import callbacks
    >>> class Enough(callbacks.Callback):
    ...     def on_epoch_end(self, epoch, logs, network):
    ...         return logs["loss"] < 0.01
    """

    @abstractmethod
    def on_epoch_end(self, epoch: int, logs: dict[str, float], network: Any) -> bool | None:
        """Called when an epoch has ended.

        Parameters
        ----------
        epoch : int
            The number of the epoch in this fit, from 1.
        logs : dict
            The epoch's values, by the names that they have in the history: "loss", the metrics,
            and the same over validation data, as "val_loss".
        network : Network
            As of the end of the epoch; if its updates were not finite, which ends the fit, as of
            its beginning. It must not be written to.

        Returns
        -------
        bool or None
            True or numpy.True_ ends the fit. Any other value is ignored.
        """


class Monitor(Watching):
    """What watches a value of the history, and which way it is better.

    Parameters
    ----------
    monitor : str
        The value's name in the history.
    better : "larger" or "smaller", optional
        Which way the value is better. Needed for functions of one's own alone; metrics know it.

    Examples
    --------
    >>> from backprop_c import EarlyStopping
    >>> EarlyStopping("val_accuracy").larger_is_better
    True
    """

    monitor: str
    _checks: ClassVar = {
        **Watching._checks,
        "value": as_finite_number,
        "patience": lambda value, name: as_count(value, name, 1),
        "min_delta": as_not_negative,
        "restore_best": as_flag,
    }


class EarlyStopping(Monitor):
    """End a fit when a value has not become better for some epochs.

    Parameters
    ----------
    monitor : str, default "val_loss"
        What to watch, by its name in the history.
    patience : int, default 10
        After so many epochs without a better value the fit ends; at least 1.
    min_delta : float, default 0
        A value is better only if it is better than the best by more than this; at least 0 and
        finite.
    restore_best : bool, default True
        Bring back the parameters and the optimizer's state as of the end of the best epoch. After
        Ctrl-C or another exception, the network stays that of the last finished epoch.
    better : "larger" or "smaller", optional
        Which way the value is better. Needed for functions of one's own alone; metrics know it.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong kind, or out of its range.

    References
    ----------
    L. Prechelt, Early stopping, but when? (1998).

    Examples
    --------
    >>> from backprop_c import EarlyStopping
    >>> EarlyStopping(patience=5)
    EarlyStopping(patience=5)
    >>> EarlyStopping("val_accuracy").larger_is_better
    True
    """

    monitor: str = "val_loss"
    patience: int = 10
    min_delta: float = 0.0
    restore_best: bool = True


class Goal(Monitor):
    """End a fit as soon as a value is reached; ``history.reached_goal`` says whether it has been.

    Parameters
    ----------
    monitor : str
        What to watch, by its name in the history.
    value : float
        What is good enough; finite.
    better : "larger" or "smaller", optional
        Which way the value is better. Needed for functions of one's own alone; metrics know it.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong kind, or not finite.

    Examples
    --------
    >>> from backprop_c import Goal
    >>> Goal("val_accuracy", 0.97)
    Goal(monitor='val_accuracy', value=0.97)
    """

    value: float
