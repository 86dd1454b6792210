"""Callbacks: what a fit does between epochs. The fit itself acts on them."""

from abc import ABC, abstractmethod
from typing import Any

from ._frozen import Frozen
from ._validation.scalars import as_count, as_flag, as_in_range


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


class EarlyStopping(Frozen):
    """End a fit when a value has not become better for some epochs.

    Parameters
    ----------
    monitor : str, default "val_loss"
        What to watch, by its name in the history. The larger the better where the name ends in
        "accuracy", else the smaller.
    patience : int, default 10
        After so many epochs without a better value the fit ends; at least 1.
    min_delta : float, default 0
        A value is better only if it is better than the best by more than this; at least 0 and
        finite.
    restore_best : bool, default True
        Bring back the parameters and the optimizer's state as of the end of the best epoch. After
        Ctrl-C or another exception, the network stays that of the last finished epoch.

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

    def __post_init__(self) -> None:
        if not isinstance(self.monitor, str):
            raise TypeError(f"monitor must be a name such as 'val_loss', but is {self.monitor!r}")
        self._accept("patience", as_count(self.patience, "patience", 1))
        self._accept("min_delta", as_in_range(self.min_delta, "min_delta", 0))
        self._accept("restore_best", as_flag(self.restore_best, "restore_best"))

    @property
    def larger_is_better(self) -> bool:
        """Whether a larger value is the better one."""
        return self.monitor.endswith("accuracy")
