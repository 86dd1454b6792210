"""One forward and backward pass, number by number.

The numbers are the kernels': z and a are the outputs of the network cut off behind a layer, and a
layer's delta is the derivative by its biases. How a recurrent network settles is computed in
`settling_pass`, which is imported when it is asked for.
"""

from functools import partial
from typing import TYPE_CHECKING, overload

import numpy as np

from .._frozen import ByIdentity
from .._structure import Structure
from .._validation.arrays import as_numbers
from .._validation.entries import ACTIVATIONS, LOSSES
from .._validation.scalars import as_flag, as_positive
from ..activations import Identity
from ..network import Network
from .steps import add_penalty, constants_of, penalty, slopes_of, step

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ..recurrent import RecurrentNetwork
    from .settling import SettlingTrace


class LayerTrace(ByIdentity):
    """One layer's part of a pass.

    Attributes
    ----------
    activation : str
    constants : dict of str to float
        The activation's parameters by name, such as the slope of a leaky relu.
    l1, l2 : float
        The strengths of the penalties on the weights.
    x, z, a : ndarray
        Inputs (n_in,), pre-activations and activations (n_out,).
    slope : ndarray of shape (n_out,) or None
        da/dz; None for softmax, whose units depend on one another.
    delta : ndarray of shape (n_out,)
        dloss/dz.
    weights, weights_gradient, new_weights : ndarray of shape (n_in, n_out)
    biases, biases_gradient, new_biases : ndarray of shape (n_out,) or None
        None in a network without biases.
    """

    activation: str
    constants: dict[str, float]
    l1: float
    l2: float
    x: np.ndarray
    z: np.ndarray
    a: np.ndarray
    slope: np.ndarray | None
    delta: np.ndarray
    weights: np.ndarray
    weights_gradient: np.ndarray
    new_weights: np.ndarray
    biases: np.ndarray | None
    biases_gradient: np.ndarray | None
    new_biases: np.ndarray | None


class Trace(ByIdentity):
    """A forward pass, the error, a backward pass, a step of gradient descent, and what came of it.

    ``print(trace)`` lays it out as a textbook would, or sums it up where that would be too long.

    Attributes
    ----------
    x : ndarray of shape (n_in,)
    target : ndarray of shape (n_out,)
    loss_name : str
    loss_constants : dict of str to float
        The loss's parameters by name, such as Huber's delta.
    learning_rate : float
    layers : tuple of LayerTrace
    sample_loss, penalty : float
        The loss of the sample alone, and that of the weights.
    loss, new_loss : float
        Both together, before and after the step.
    prediction, new_prediction : ndarray of shape (n_out,)
    """

    x: np.ndarray
    target: np.ndarray
    loss_name: str
    loss_constants: dict[str, float]
    learning_rate: float
    layers: tuple[LayerTrace, ...]
    sample_loss: float
    penalty: float
    loss: float
    prediction: np.ndarray
    new_loss: float
    new_prediction: np.ndarray

    def __str__(self) -> str:
        # Most programs print no trace: `import backprop_c` is the quicker for it.
        from . import page, summary
        from .writing import MOST_UNITS

        units = len(self.x) + sum(len(layer.a) for layer in self.layers)
        layout = page if units <= MOST_UNITS else summary
        return "\n".join(layout.lines(self))

    def __repr__(self) -> str:
        return (
            f"<Trace of {len(self.layers)} layers: loss {self.loss:.6g}, "
            f"after one step {self.new_loss:.6g}>"
        )


@overload
def trace(
    net: Network,
    x: "ArrayLike",
    y: "ArrayLike",
    *,
    learning_rate: float | None = None,
    verbose: bool = True,
) -> Trace: ...
@overload
def trace(
    net: "RecurrentNetwork",
    x: "ArrayLike",
    y: "ArrayLike",
    *,
    learning_rate: float | None = None,
    verbose: bool = True,
) -> "SettlingTrace": ...
def trace(
    net: "Network | RecurrentNetwork",
    x: "ArrayLike",
    y: "ArrayLike",
    *,
    learning_rate: float | None = None,
    verbose: bool = True,
) -> "Trace | SettlingTrace":
    """Go through one step of backpropagation on one sample, and print every number.

    The network stays as it is. Its penalties are part of the loss; dropout and bounds on norms,
    which are for fits, are left out. Numbers are printed to ten digits. A network of more than 40
    units, inputs among them, gets a summary with its largest derivatives instead.

    Of a `RecurrentNetwork` it shows how the units settle, and then how their errors do: the first
    iterations in full, and a table of all, or of the first and the last ones. That is plain
    relaxation with the network's damping, whatever the solver is. Where another solver is used, or
    relaxation does not settle, the page goes on with the values that the network itself finds, and
    says so. In a symmetric network the mean of the weights and their transpose counts, and the
    steps are those of the weights as they are stored.

    Parameters
    ----------
    net : Network or RecurrentNetwork
    x : array-like of shape (n_in,) or (1, n_in)
        One sample.
    y : array-like of shape (n_out,) or (1, n_out), or a number, also in an array of shape (1,)
        Its target; a number is the class index where there are several outputs.
    learning_rate : float, optional
        That of ``net.optimizer``, if it has one, by default; of a schedule, the initial one.
    verbose : bool, default True
        Whether to print the pass.

    Returns
    -------
    Trace or SettlingTrace
        All numbers, also where only a summary is printed. A SettlingTrace is for a
        `RecurrentNetwork`; its documentation says what its numbers are called.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or value.

    Examples
    --------
    >>> from backprop_c import Network, trace
    >>> net = Network((1, 1), activations="identity", biases=False)
    >>> net.weights[0][:] = 0.5
    >>> steps = trace(net, [2.0], [3.0], learning_rate=0.1)
    Forward pass
      layer 1, identity
        z1[1] = x[1] w1[1,1] = 2 * 0.5 = 1
        a1[1] = z1[1] = 1
    Error
      target 3, prediction 1
      loss = 1/2 sum (a - t)^2 = 1/2 ((1 - 3)^2) = 2
    Backward pass: delta = dloss/dz
      layer 1, identity
        da1[1]/dz1[1] = 1
        delta1[1] = (a1[1] - t[1]) da1[1]/dz1[1] = (1 - 3) * 1 = -2
    Derivatives of the weights, and a step of 0.1 against them
      layer 1
        dloss/dw1[1,1] = x[1] delta1[1] = 2 * -2 = -4;  w1[1,1]: 0.5 - 0.1 * -4 = 0.9
    After the step
      prediction 1.8, loss 0.72
    >>> steps.layers[0].delta
    array([-2.])
    """
    if not isinstance(net, Structure):
        raise TypeError(f"net must be a Network or a RecurrentNetwork, but is {net!r}")
    net._require_set_up()
    if net._own_loss is not None:
        raise ValueError("trace knows the losses of this package, but net has one of its own")
    if learning_rate is None:
        if not hasattr(net.optimizer, "learning_rate"):
            raise ValueError(f"learning_rate is needed here: {net.optimizer!r} has none")
        learning_rate, *_ = net.optimizer.hyperparameters()
    rate = as_positive(learning_rate, "learning_rate")
    verbose = as_flag(verbose, "verbose")
    X, targets = net._as_samples(
        _as_row(x, "x", net.layer_sizes[0]), _as_target(y, net.layer_sizes[-1])
    )
    target = np.eye(net.layer_sizes[-1])[targets[0]] if targets.ndim == 1 else targets[0].copy()
    result: Trace | SettlingTrace
    if net._feeds_back:
        from .settling_pass import settling_trace

        result = settling_trace(net, X, targets, target, rate)
    else:
        result = _layered_trace(net, X, targets, target, rate)
    if verbose:
        print(result)
    return result


def _layered_trace(net, X, targets, target, rate):
    """The trace of a feed-forward network."""
    shadow = _with_biases(net)
    sample_loss, gradient = shadow.loss_and_gradient(X, targets)
    # Viewed through a network of the same layout, the flat gradient has its layers' shapes.
    derivatives, stepped = shadow.__copy__(), shadow.__copy__()
    derivatives.parameters[:] = gradient
    with np.errstate(all="ignore"):
        for k, (l1, l2) in enumerate(zip(net.l1, net.l2, strict=True)):
            before, derivative = shadow.weights[k], derivatives.weights[k]
            add_penalty(derivative, before, l1, l2)
            step(stepped.weights[k], derivative, l1, rate)
            if net.biases:
                stepped.biases[k][:] -= rate * derivatives.biases[k]
    added = _penalty(shadow, net)
    return Trace(
        x=X[0].copy(),
        target=target,
        loss_name=net._loss.name,
        loss_constants=constants_of(net._loss, LOSSES),
        learning_rate=rate,
        layers=_layers(shadow, derivatives, stepped, X[0], net),
        sample_loss=sample_loss,
        penalty=added,
        loss=sample_loss + added,
        prediction=shadow.predict(X[0]),
        new_loss=stepped.evaluate(X, targets)["loss"] + _penalty(stepped, net),
        new_prediction=stepped.predict(X[0]),
    )


def _as_row(value, name, n):
    """A batch of one sample."""
    array = as_numbers(value, name)
    if array.ndim == 1:
        array = array[np.newaxis]
    if array.ndim != 2 or len(array) != 1:
        raise ValueError(
            f"{name} must be one sample, but has shape {array.shape}; "
            f"pass a single row, of shape ({n},) or (1, {n})"
        )
    return array


def _as_target(y, n):
    """The target of one sample; a number stays a number."""
    array = as_numbers(y, "y")
    return array.reshape(1) if array.shape in ((), (1,)) else _as_row(array, "y", n)


def _with_biases(net):
    """A plain network with its parameters, and biases, zero where the network has none."""
    shape = net.layer_sizes, net.activations, net.loss
    make = partial(Network, *shape, dtype=net.dtype, random_state=0)
    copied = make(biases=bool(net.biases))
    copied.parameters[:] = net._snapshot()
    if net.biases:
        return copied
    extended = make()
    for mine, given in zip(extended.weights, copied.weights, strict=True):
        mine[:] = given
    return extended


def _cut_off(net, k, last_activation):
    """The network up to layer k, with another activation there."""
    activations = (*net.activations[:k], last_activation)
    part = Network(net.layer_sizes[: k + 2], activations, dtype=net.dtype, random_state=0)
    part.parameters[:] = net.parameters[: part.parameters.size]
    return part


def _penalty(net, penalized):
    """What the weights of a network add to the loss, by the strengths of the other's layers."""
    with np.errstate(all="ignore"):
        strengths = zip(net.weights, penalized.l1, penalized.l2, strict=True)
        return sum(penalty(w, l1, l2) for w, l1, l2 in strengths)


def _layers(net, derivatives, stepped, x, traced):
    biases = bool(traced.biases)
    layers: list[LayerTrace] = []
    for k, activation in enumerate(net._activations):
        z = _cut_off(net, k, Identity()).predict(x)
        a = _cut_off(net, k, activation).predict(x)
        inputs = layers[-1].a if layers else x
        layers.append(
            LayerTrace(
                activation=activation.name,
                constants=constants_of(activation, ACTIVATIONS),
                l1=traced.l1[k],
                l2=traced.l2[k],
                x=inputs,
                z=z,
                a=a,
                slope=slopes_of(activation, z),
                delta=derivatives.biases[k].copy(),
                weights=net.weights[k].copy(),
                weights_gradient=derivatives.weights[k].copy(),
                new_weights=stepped.weights[k].copy(),
                biases=net.biases[k].copy() if biases else None,
                biases_gradient=derivatives.biases[k].copy() if biases else None,
                new_biases=stepped.biases[k].copy() if biases else None,
            )
        )
    return tuple(layers)
