"""The gradient beside differences of the loss, which tell whether it is the derivative."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ._frozen import Frozen
from ._validation.scalars import as_count
from .network import Network

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

# Steps to both sides, by the parameter's size. Smaller ones lose digits of the difference, larger
# ones see more of the third derivative.
STEP = 1e-5
# Derivatives that are so many times smaller than the largest one are compared with that share of
# it: differences of the loss have no more digits for them.
FLOOR = 1e-4


class GradientCheck(Frozen):
    """What `check_gradient` found.

    Attributes
    ----------
    error : float
        The largest relative error of the derivatives that were looked at.
    layer : int
        Where that is: the layer, from 0,
    name : str
        "weights" or "biases",
    index : tuple of int
        and the place there.
    derivative, difference : float
        The loss's derivative by that parameter, and what differences say.
    n_parameters : int
        How many parameters were looked at.

    Examples
    --------
    >>> from backprop_c import Network, check_gradient
    >>> net = Network((2, 3, 1), random_state=0)
    >>> found = check_gradient(net, [[0.5, -1.0]], [2.0])
    >>> found.n_parameters
    13
    """

    error: float
    layer: int
    name: str
    index: tuple[int, ...]
    derivative: float
    difference: float
    n_parameters: int

    def __str__(self) -> str:
        place = f"{self.name}[{self.layer}][{', '.join(map(str, self.index))}]"
        return (
            f"largest relative error {self.error:.1e} of {self.n_parameters} derivatives, at "
            f"{place}: {self.derivative:.9g}, and {self.difference:.9g} by differences"
        )


def check_gradient(
    net: Network,
    X: "ArrayLike",
    y: "ArrayLike",
    sample_weight: "ArrayLike | None" = None,
    *,
    most: int = 1000,
) -> GradientCheck:
    """Compare the gradient with differences of the loss, in float64.

    The gradient is that of `Network.loss_and_gradient`, which knows penalties and not dropout. The
    network is left as it is; one of float32 is looked at with its parameters in float64.

    Errors of some 1e-9 are those of the differences. At a kink, as of relu at 0 or of an l1 penalty
    at a weight of 0, the loss has no derivative, and the two may differ.

    Parameters
    ----------
    net : Network
    X, y, sample_weight : array-like
        As for `Network.fit`.
    most : int, default 1000
        Of a network with more parameters so many are looked at, spread over all of them.

    Returns
    -------
    GradientCheck
        The largest relative error, and where it is.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or value.

    References
    ----------
    C. M. Bishop, Pattern Recognition and Machine Learning (2006), section 5.3.3.

    Examples
    --------
    >>> from backprop_c import Network, check_gradient
    >>> net = Network((2, 3, 1), random_state=0)
    >>> check_gradient(net, [[0.5, -1.0]], [2.0]).error < 1e-7
    True
    """
    if not isinstance(net, Network):
        raise TypeError(f"net must be a Network, but is {net!r}")
    most = as_count(most, "most", 1)
    objective = _in_float64(net).objective(X, y, sample_weight=sample_weight)
    parameters = objective.start
    _, gradient = objective(parameters)
    chosen = np.unique(np.linspace(0, parameters.size - 1, most).round().astype(int))
    differences = np.empty(len(chosen))
    for k, at in enumerate(chosen):
        step = STEP * max(1.0, abs(parameters[at]))
        moved = parameters.copy()
        sides = []
        for place in (parameters[at] + step, parameters[at] - step):
            moved[at] = place
            sides.append((place, objective(moved)[0]))
        (right, above), (left, below) = sides
        differences[k] = (above - below) / (right - left)
    derivatives = gradient[chosen]
    sizes = np.maximum(abs(derivatives), abs(differences))
    floor = max(FLOOR * sizes.max(), np.finfo(float).tiny)
    errors = abs(derivatives - differences) / np.maximum(sizes, floor)
    worst = int(np.argmax(errors))
    layer, name, index = _place_of(net, int(chosen[worst]))
    return GradientCheck(
        float(errors[worst]),
        layer,
        name,
        index,
        float(derivatives[worst]),
        float(differences[worst]),
        len(chosen),
    )


def _in_float64(net):
    """A network of the same loss with the same parameters, in float64."""
    shape = net.layer_sizes, net._activations, net._own_loss or net._loss
    options: dict[str, Any] = {"biases": bool(net.biases), "l1": net.l1, "l2": net.l2}
    twin = Network(*shape, random_state=0, **options)
    twin.parameters[:] = net._snapshot()
    return twin


def _place_of(net, at):
    """The layer, "weights" or "biases", and the place there, of a place in the parameters."""
    first = 0
    parts = [("weights", net.weights), ("biases", net.biases)]
    for layer in range(len(net.weights)):
        for name, arrays in parts:
            if layer < len(arrays):
                part = arrays[layer]
                if at < first + part.size:
                    index = np.unravel_index(at - first, part.shape)
                    return layer, name, tuple(map(int, index))
                first += part.size
    raise IndexError(at)
