"""A learning rate of the caller's."""

from collections.abc import Callable

from .._frozen import Frozen
from .._validation.scalars import as_positive


class ByEpoch(Frozen):
    """A learning rate of the caller's: a function of the epoch, called when an epoch begins.

    A function that is given as a learning rate becomes one. `train_step` and `functional.update`
    count each call as an epoch.

    Parameters
    ----------
    function : callable
        Called with the epoch, from 0; it returns a positive number.

    Examples
    --------
    >>> from backprop_c import SGD
    >>> SGD(lambda epoch: 0.1 / (1 + epoch)).learning_rate.rate(3)
    0.025
    """

    function: Callable[[int], float]

    def rate(self, epoch: int) -> float:
        """The learning rate of an epoch.

        Parameters
        ----------
        epoch : int

        Returns
        -------
        float

        Raises
        ------
        TypeError, ValueError
            If what the function returns is no positive number.

        Examples
        --------
        >>> from backprop_c import schedules
        >>> schedules.ByEpoch(lambda epoch: 0.5**epoch).rate(2)
        0.25
        """
        return as_positive(self.function(epoch), f"the learning rate of epoch {epoch}")

    def first_rate(self) -> float:
        """The learning rate that it begins with."""
        return self.rate(0)
