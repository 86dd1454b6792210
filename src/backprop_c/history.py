"""What fit returns: one value an epoch."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ._engine.outcome import Record
from ._format import Format

if TYPE_CHECKING:
    import pandas
    from numpy.typing import ArrayLike, NDArray


class History(Mapping[str, "NDArray[np.float64]"]):
    """The loss and the metrics of each finished epoch.

    A read-only mapping from names to 1-D float64 arrays, one value an epoch. The values of an
    epoch are those of its forward passes, each taken before the update that followed it. Values of
    validation data, whose names begin with "val_", and of functions among the metrics are as of the
    epoch's end. During a fit,
    ``net.history`` has the epochs that are finished by then.

    Parameters
    ----------
    names : sequence of str
        "loss", then the metrics; with validation data the same once more, with "val_" before them.
    values : array-like of shape (epochs, len(names)), or the record of a fit
    validation_indices : array-like of int, optional
        Which samples were for validation.

    Examples
    --------
    >>> from backprop_c import Network
    >>> net = Network((1, 1), activations="identity", random_state=0)
    >>> history = net.fit([[0.0], [1.0]], [1.0, 3.0], epochs=3, batch_size=None)
    >>> list(history), len(history["loss"])
    (['loss'], 3)
    """

    def __init__(
        self,
        names: Sequence[str],
        values: "ArrayLike | Record",
        validation_indices: "ArrayLike | None" = None,
    ) -> None:
        self._best_epoch: int | None = None
        self._settled = self._diverged = self._reached_goal = False
        # Why no further step was made, and the loss after the last one, where the optimizer knows.
        self._ended_by = self._loss_at_end = None
        self._choice: str | None = None
        self._validation_indices = None
        if validation_indices is not None:
            self._validation_indices = np.array(validation_indices, dtype=np.intp)
            self._validation_indices.flags.writeable = False
        self._names = tuple(names)
        self._record = values if isinstance(values, Record) else None
        # None until somebody asks for the values of a fit.
        self._columns: NDArray[np.float64] | None = None
        if self._record is None:
            self._set_columns(np.array(values, dtype=np.float64, ndmin=2))

    def _set_columns(self, values):
        """Take (epochs, names) as one contiguous, read-only array a name."""
        columns = values.T.copy()
        if columns.ndim != 2 or len(columns) != len(self._names):
            raise ValueError(
                f"values must be (epochs, {len(self._names)}), but have shape {values.shape}"
            )
        columns.flags.writeable = False
        self._columns = columns
        return columns

    @property
    def _values(self):
        """(names, epochs), of the epochs that are finished by now."""
        columns, record = self._columns, self._record
        if record is not None and (columns is None or record.epochs != columns.shape[1]):
            columns = self._set_columns(record.values())
        return columns

    def __getitem__(self, name: str) -> "NDArray[np.float64]":
        if name not in self._names:
            raise KeyError(f"{name!r} was not recorded; recorded: {', '.join(self._names)}")
        return self._values[self._names.index(name)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, History):
            return NotImplemented
        return self._names == other._names and np.array_equal(
            self._values, other._values, equal_nan=True
        )

    @property
    def epochs(self) -> int:
        """Number of finished epochs."""
        return self._values.shape[1] if self._record is None else self._record.epochs

    @property
    def best_epoch(self) -> int | None:
        """The epoch, from 1, that early stopping found best; None without it."""
        return self._best_epoch if self._record is None else self._record.best_epoch

    @property
    def settled(self) -> bool:
        """Whether the fit ended because no step of its optimizer led to a smaller loss."""
        return self._settled

    @property
    def reached_goal(self) -> bool:
        """Whether the fit ended because a `Goal` was reached."""
        return self._reached_goal

    @property
    def choice(self) -> str | None:
        """What ``optimizer="auto"`` chose, and why; None without it."""
        return self._choice

    @property
    def validation_indices(self) -> "NDArray[np.intp] | None":
        """Which samples `validation_fraction` kept for validation; None without it."""
        return self._validation_indices

    def __repr__(self) -> str:
        if not self.epochs:
            return "History(0 epochs)"
        last = ", ".join(f"{name} {self[name][-1]:.6g}" for name in self)
        return f"History({self.epochs} epochs; last: {last})"

    def __reduce__(self):
        # First the best epoch: during a fit the values may become more.
        best_epoch = self.best_epoch
        indices = self._validation_indices
        values = self._values.T
        of_fit = self._settled, self._choice, self._reached_goal
        return _restore, (Format(), self._names, values, best_epoch, indices, *of_fit)

    def to_dict(self) -> dict[str, list[float]]:
        """A dict of name -> list of floats.

        Returns
        -------
        dict
        """
        return {name: self[name].tolist() for name in self}

    def to_frame(self) -> "pandas.DataFrame":
        """A pandas DataFrame: a row an epoch, a column a name.

        Returns
        -------
        pandas.DataFrame
            Indexed by the epoch, from 1.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        try:
            import pandas
        except ImportError:
            raise ImportError("to_frame needs pandas: pip install pandas") from None
        index = pandas.RangeIndex(1, self.epochs + 1, name="epoch")
        return pandas.DataFrame({name: self[name] for name in self}, index=index)

    def plot(self, axes: Any = None) -> Any:
        """Draw the loss, and below it the metrics, over the epochs.

        A value and its ``val_`` share a panel.

        Parameters
        ----------
        axes : sequence of matplotlib Axes, optional
            One for each panel; a new figure is made otherwise.

        Returns
        -------
        ndarray of matplotlib Axes

        Raises
        ------
        ImportError
            If matplotlib is not installed; it comes with the extra "plot".
        ValueError
            If there is not one of the axes for each panel.
        """
        from .plotting import plot_history

        return plot_history(self, axes)


def _restore(
    written,
    names,
    values,
    best_epoch=None,
    validation_indices=None,
    settled=False,
    choice=None,
    reached_goal=False,
):
    """What unpickling and copying begin with: the format has been checked by then."""
    try:
        history = History(names, values, validation_indices)
        history._best_epoch = best_epoch
        history._settled = settled
        history._choice = choice
        history._reached_goal = reached_goal
        return history
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"this pickle of a history, written by backprop_c {written.version}, "
            f"does not hold one: {error}"
        ) from error
