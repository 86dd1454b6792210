"""What a recurrent network says of the values at which its units settle."""

from typing import TYPE_CHECKING, Any

import numpy as np

from . import _fixed_points
from ._engine.recurrence import predict, settled_units
from ._trainable import Trainable
from ._validation.recurrence import SolverTerms
from ._validation.scalars import as_flag

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class Equilibrium(Trainable):
    """The methods of `RecurrentNetwork` that look at its fixed points."""

    _forward: SolverTerms

    def settle(
        self, X: "ArrayLike", *, return_info: bool = False
    ) -> "NDArray[Any] | tuple[NDArray[Any], dict[str, NDArray[Any]]]":
        """The values at which the units settle.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_inputs) or (n_inputs,)
            Samples, or one sample.
        return_info : bool, default False
            Whether to say how they settled, too.

        Returns
        -------
        units : ndarray of shape (n_samples, n_units) or (n_units,)
        info : dict, if asked for
            "iterations", "residual", what the last iteration changed at most, and "settled",
            whether that is within the tolerance: of each sample.

        Raises
        ------
        TypeError, ValueError
            As for `predict`.

        Examples
        --------
        >>> from backprop_c import RecurrentNetwork
        >>> net = RecurrentNetwork(1, 1, 1, activation="identity", biases=False)
        >>> net.parameters[:] = [1.0, 0.5]
        >>> units, info = net.settle([[1.0], [2.0]], return_info=True)
        >>> units.round(4)
        array([[2.],
               [4.]])
        >>> info["iterations"], info["settled"]
        (array([21, 22]), array([ True,  True]))
        """
        self._require_set_up()
        return_info = as_flag(return_info, "return_info")
        rows = self._as_inputs(X)
        units, iterations, residual = settled_units(self, np.atleast_2d(rows))
        # The limit as the kernels have it: rounded to the network's dtype.
        settled = residual <= float(self.dtype.type(self._forward.tolerance))
        found = {"iterations": iterations, "residual": residual, "settled": settled}
        if rows.ndim == 1:
            units, found = units[0], {name: value[0] for name, value in found.items()}
        return (units, found) if return_info else units

    # Compiled, as that of `Network`: a call of one row takes less than a microsecond.
    predict = predict

    def energy(self, X: "ArrayLike") -> "NDArray[np.float64]":
        """Hopfield's energy of the settled units; relaxation in small enough steps lowers it.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_inputs) or (n_inputs,)

        Returns
        -------
        ndarray of shape (n_samples,), or a float for one sample
            ``-s @ W @ s / 2 - s @ (x @ U + b)`` and for each unit the integral of the activation's
            inverse, from its value at 0 to the unit's value.

        Raises
        ------
        TypeError, ValueError
            As for `predict`; or if the network is not symmetric, or its activation is not one of
            "identity", "sigmoid", "tanh" and "relu".

        References
        ----------
        J. J. Hopfield, Neurons with graded response have collective computational properties like
        those of two-state neurons, PNAS 81 (1984).

        Examples
        --------
        >>> from backprop_c import RecurrentNetwork
        >>> net = RecurrentNetwork(1, 2, 2, symmetric=True, random_state=0)
        >>> net.energy([[0.0]])
        array([0.])
        """
        self._require_set_up()
        return _fixed_points.energy(self, X)

    def jacobian(self, X, out=None, *, of="inputs"):
        """The derivatives of the outputs by the inputs, or by the parameters, of each sample.

        The linear equations of the settled units are solved by NumPy, whatever the solver is.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_inputs) or (n_inputs,)
        out : ndarray of the result's shape, optional
            Where to put the result: C-contiguous, of the network's dtype, not overlapping X.
        of : str, default "inputs"
            "inputs", or "parameters", laid out as `parameters`.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs, n_inputs) or (n_samples, n_outputs, n_parameters)
            For one sample without the first axis; in the network's dtype; `out` if it was given.

        Raises
        ------
        TypeError, ValueError
            As for `predict`; or if `of` is neither of the two, or the equations of the settled
            units are singular.

        Examples
        --------
        >>> from backprop_c import RecurrentNetwork
        >>> net = RecurrentNetwork(1, 1, 1, activation="identity", biases=False)
        >>> net.parameters[:] = [1.0, 0.5]
        >>> net.jacobian([1.0])
        array([[2.]])
        """
        self._require_set_up()
        if not isinstance(of, str) or of not in ("inputs", "parameters"):
            raise ValueError(f'of must be "inputs" or "parameters", but is {of!r}')
        rows = self._as_inputs(X)
        made = _fixed_points.jacobian(self, np.atleast_2d(rows), of)
        made = made[0] if rows.ndim == 1 else made
        if out is None:
            return made
        self._check_out(X, rows, out, made.shape)
        out[:] = made
        return out
