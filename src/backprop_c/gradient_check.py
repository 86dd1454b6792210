"""The gradient beside differences of the loss, which tell whether it is the derivative."""

from typing import TYPE_CHECKING

import numpy as np

from ._frozen import Frozen
from ._trainable import Trainable
from ._validation.scalars import as_count

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

# Steps to both sides, by the parameter's size. Smaller ones lose digits of the difference, larger
# ones see more of the third derivative.
STEP = 1e-5
# Differences of the loss have few digits for a derivative that is so many times smaller than the
# largest one, or than what a parameter that moves by 1 does to the derivatives, as they all are at
# a minimum. Such a derivative is compared with that share.
FLOOR = 1e-4
# And it is compared with so many times what the loss's own rounding does to the difference.
ABOVE_ROUNDING = 1e5


class GradientCheck(Frozen):
    """What `check_gradient` found.

    Attributes
    ----------
    error : float
        The largest relative error of the derivatives that were looked at.
    layer : int or None
        Where that is: the layer, from 0; None in a `RecurrentNetwork`,
    name : str
        "weights" or "biases", or the attribute of a `RecurrentNetwork`,
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
    layer: int | None
    name: str
    index: tuple[int, ...]
    derivative: float
    difference: float
    n_parameters: int

    def __str__(self) -> str:
        layer = "" if self.layer is None else f"[{self.layer}]"
        place = f"{self.name}{layer}[{', '.join(map(str, self.index))}]"
        return (
            f"largest relative error {self.error:.1e} of {self.n_parameters} derivatives, at "
            f"{place}: {self.derivative:.9g}, and {self.difference:.9g} by differences"
        )


def check_gradient(
    net: Trainable,
    X: "ArrayLike",
    y: "ArrayLike",
    sample_weight: "ArrayLike | None" = None,
    *,
    most: int = 1000,
) -> GradientCheck:
    """Compare the gradient with differences of the loss, in float64.

    The gradient is that of `Network.loss_and_gradient`, which knows penalties and not dropout. The
    network is left as it is; one of float32 is looked at with its parameters in float64. Units that
    settle do so to 1e-12 here; where they do not, the error says nothing.

    Errors of up to some 1e-6 are those of the differences, and a wrong derivative is far off. A
    derivative that is next to nothing, as all are at a minimum, is compared with what differences
    can tell. At a kink, as of relu at 0 or of an l1 penalty
    at a weight of 0, the loss has no derivative, and the two may differ.

    Parameters
    ----------
    net : Network or RecurrentNetwork
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
    if not isinstance(net, Trainable):
        raise TypeError(f"net must be a Network or a RecurrentNetwork, but is {net!r}")
    most = as_count(most, "most", 1)
    objective = net._in_float64().objective(X, y, sample_weight=sample_weight)
    parameters = objective.start
    loss, gradient = objective(parameters)
    chosen = np.unique(np.linspace(0, parameters.size - 1, most).round().astype(int))
    differences, changes = np.empty((2, len(chosen)))
    for k, at in enumerate(chosen):
        step = STEP * max(1.0, abs(parameters[at]))
        moved = parameters.copy()
        sides = []
        for place in (parameters[at] + step, parameters[at] - step):
            moved[at] = place
            sides.append((place, objective(moved)[0]))
        (right, above), (left, below) = sides
        differences[k] = (above - below) / (right - left)
        # Of the derivative, as the parameter moves by 1, or by its own size where that is more.
        changes[k] = abs(above - 2 * loss + below) / (step * STEP)
    derivatives = gradient[chosen]
    sizes = np.maximum(abs(derivatives), abs(differences))
    rounding = np.finfo(float).eps * abs(loss) / STEP
    floor = max(FLOOR * max(sizes.max(), changes.max()), ABOVE_ROUNDING * rounding)
    floor = max(floor, np.finfo(float).tiny)
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


def _place_of(net, at):
    """The layer or None, the name of an array of parameters, and the place there."""
    for layer, name, first, shape in net._places():
        index = at - first
        if index < np.prod(shape):
            return layer, name, tuple(map(int, np.unravel_index(index, shape)))
    raise IndexError(at)
