"""What a network's users see of its inside: the derivatives of its loss."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ._engine.evaluation import evaluate
from ._engine.measures import MetricSet
from ._structure import Structure

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from .objective import Objective


class Derivatives(Structure):
    """A network's methods that look inside and change nothing."""

    def loss_and_gradient(
        self, X: "ArrayLike", y: "ArrayLike", *, sample_weight: "ArrayLike | None" = None
    ) -> "tuple[float, NDArray[Any]]":
        """The loss over samples and its derivative by the parameters, penalties included.

        Parameters
        ----------
        X, y, sample_weight : array-like
            As for `fit`.

        Returns
        -------
        loss : float
            The mean over samples, by their weights, summed up in float64.
        gradient : ndarray of shape (n_parameters,)
            Laid out as `parameters`, in the network's dtype.

        Raises
        ------
        TypeError, ValueError
            As for `fit`.

        Examples
        --------
        >>> from backprop_c import Network
        >>> net = Network((1, 1), activations="identity", random_state=0)
        >>> net.parameters[:] = [2.0, 1.0]
        >>> net.loss_and_gradient([[3.0]], [6.0])
        (0.5, array([3., 1.]))
        """
        samples = self._as_sample_set(X, y, sample_weight)
        values, gradient = evaluate(self, MetricSet(samples), True, self._loss_caller())
        return float(values[0]), gradient

    def objective(
        self, X: "ArrayLike", y: "ArrayLike", *, sample_weight: "ArrayLike | None" = None
    ) -> "Objective":
        """The loss and its gradient as a function of one vector, for `scipy.optimize` and others.

        The function has a copy of the network: nothing changes in this one. It keeps its memory
        from call to call.

        Parameters
        ----------
        X, y, sample_weight : array-like
            As for `fit`. Arrays that are not converted are not copied either.

        Returns
        -------
        Objective
            ``loss, gradient = objective(parameters)``, and ``objective.start``, the parameters as
            they are now.

        Raises
        ------
        TypeError, ValueError
            As for `fit`.

        Examples
        --------
        >>> from backprop_c import Network
        >>> net = Network((1, 1), activations="identity", random_state=0)
        >>> objective = net.objective([[3.0]], [6.0])
        >>> objective([2.0, 1.0])
        (0.5, array([3., 1.]))
        """
        from .objective import Objective

        return Objective(self, X, y, sample_weight)

    def gradients_per_sample(self, X: "ArrayLike", y: "ArrayLike") -> "NDArray[Any]":
        """The derivative of each sample's loss by the parameters, penalties included.

        A row is what `loss_and_gradient` says of its sample alone, and their mean what it says of
        all; but for the l1 penalty of weights that are 0, where it has no derivative.

        Parameters
        ----------
        X, y : array-like
            As for `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_parameters)
            Rows laid out as `parameters`, in the network's dtype.

        Raises
        ------
        TypeError, ValueError
            As for `fit`.

        Examples
        --------
        >>> from backprop_c import Network
        >>> net = Network((1, 1), activations="identity", random_state=0)
        >>> net.parameters[:] = [2.0, 1.0]
        >>> net.gradients_per_sample([[3.0], [1.0]], [6.0, 3.0])
        array([[3., 1.],
               [0., 0.]])
        """
        samples = self._as_sample_set(X, y)
        if self._own_loss is None:
            return self._gradients(samples)
        rows = [
            self.loss_and_gradient(samples.X[s : s + 1], samples.y[s : s + 1])[1]
            for s in range(samples.n_samples)
        ]
        return np.stack(rows)
