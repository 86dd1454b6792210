"""A network's loss as a function of one vector, as minimizers want it."""

import copy
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from ._engine.evaluation import evaluate
from ._engine.measures import MetricSet
from ._validation.arrays import as_finite, as_numbers

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class Objective:
    """What `Network.objective` returns: a function of the parameters, as one vector.

    It has a network of its own, so the one that it was made of is left as it is. Several threads
    may call it; one of them works at a time.

    Parameters
    ----------
    net : Network
    X, y, sample_weight : array-like
        As for `Network.fit`.

    Attributes
    ----------
    start : ndarray of shape (n_parameters,)
        The network's parameters as of the time when this was made, in float64.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.optimize import minimize
    >>> from backprop_c import Network
    >>> X = np.linspace(-1, 1, 20)[:, np.newaxis]
    >>> net = Network((1, 4, 1), random_state=0)
    >>> objective = net.objective(X, X**2)
    >>> found = minimize(objective, objective.start, jac=True, method="L-BFGS-B")
    >>> net.parameters[:] = found.x
    >>> net.evaluate(X, X**2)["loss"] < 1e-3
    True
    """

    def __init__(
        self, net: Any, X: "ArrayLike", y: "ArrayLike", sample_weight: "ArrayLike | None" = None
    ) -> None:
        self._net = copy.copy(net)
        self._given = X, y, sample_weight
        self._measured = MetricSet(self._net._as_sample_set(X, y, sample_weight))
        self._lock = threading.Lock()
        self._called_by: int | None = None
        self.start: NDArray[Any] = self._net.parameters.astype(np.float64)

    def __call__(self, parameters: "ArrayLike") -> "tuple[float, NDArray[Any]]":
        """The loss, penalties included, and its gradient.

        Parameters
        ----------
        parameters : array-like of shape (n_parameters,)
            Laid out as `Network.parameters`.

        Returns
        -------
        loss : float
        gradient : ndarray of shape (n_parameters,)
            In float64, whatever the network's dtype.

        Raises
        ------
        TypeError, ValueError
            If the vector is not made of finite real numbers, or has another shape.
        RuntimeError
            If a loss of one's own calls the objective that it is the loss of.
        """
        array = as_numbers(parameters, "parameters")
        if array.shape != self.start.shape:
            raise ValueError(
                f"parameters must have shape {self.start.shape}, but has shape {array.shape}"
            )
        array = as_finite(array, "parameters", self._net.dtype)
        if self._called_by == threading.get_ident():
            raise RuntimeError("an objective cannot be called while it computes its own loss")
        with self._lock:
            self._called_by = threading.get_ident()
            try:
                self._net.parameters[:] = array
                values, gradient = evaluate(
                    self._net, self._measured, True, self._net._loss_caller()
                )
            finally:
                self._called_by = None
        return float(values[0]), gradient.astype(np.float64, copy=False)

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles have memory of their own, and the samples as they were given."""
        net = copy.copy(self._net)
        net.parameters[:] = self.start
        return Objective, (net, *self._given)

    def __repr__(self) -> str:
        return f"Objective({self._net!r}, {self._measured.samples.n_samples} samples)"
