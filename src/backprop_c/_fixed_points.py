"""Fixed points of recurrent networks by NumPy: first weights, derivatives, energy."""

import copy
import math

import numpy as np

from ._engine.recurrence import settled_units
from ._engine.tables import activation_slopes
from ._validation.shape import coded
from .initializers import GlorotUniform, draw_weights

# The first recurrent weights: their largest singular value times the activation's largest slope.
FIRST_GAIN = 0.9
# Where the largest slope of an activation is looked for.
PLACES = np.linspace(-20.0, 20.0, 40001)
# How many numbers the matrices of samples may have together.
NUMBERS_AT_ONCE = 2**22


def x_log_x(x):
    return np.where(x > 0, x * np.log(np.maximum(x, np.finfo(float).tiny)), 0.0)


# The integral of an activation's inverse, from its value at 0 to a.
INTEGRALS = {
    "identity": lambda a: a**2 / 2,
    "relu": lambda a: a**2 / 2,
    "sigmoid": lambda a: x_log_x(a) + x_log_x(1 - a) + np.log(2),
    "tanh": lambda a: (x_log_x(1 + a) + x_log_x(1 - a)) / 2,
}


def draw(net, generator):
    """Fresh parameters, with which each sample has one fixed point."""
    # In float64, so that both dtypes have the same draws, rounded.
    drawn = [np.empty(w.shape) for w in net.weights]
    draw_weights((GlorotUniform(),) * len(drawn), tuple(drawn), generator)
    drawn[0] *= net.input_connections
    drawn[1] *= net.connections
    if net.symmetric:
        drawn[1] = (drawn[1] + drawn[1].T) / 2
    steepest = np.abs(slopes(net, PLACES)).max()
    gain = np.linalg.norm(drawn[1], 2) * steepest
    if gain > 0:
        drawn[1] *= FIRST_GAIN / gain
    for weights, fresh in zip(net.weights, drawn, strict=True):
        weights[:] = fresh
    for biases in (net.biases, net.readout_biases):
        if biases is not None:
            biases[:] = 0


def slopes(net, z):
    """The derivative of the units' activation at z, in float64."""
    code, constants = coded(net._activations[0])
    return activation_slopes(code, constants, np.ascontiguousarray(z, float))


def arrays_of(net, parameters):
    """The arrays in flat parameters, by name."""
    return {
        name: parameters[first : first + math.prod(shape)].reshape(shape)
        for _, name, first, shape in net._places()
    }


def weights_that_count(net, parameters):
    """Input weights, recurrent weights, biases, and the readout's two, in float64."""
    _, n, n_outputs = net.layer_sizes
    arrays = arrays_of(net, parameters.astype(float))
    u = arrays["input_weights"] * net.input_connections
    w = arrays["recurrent_weights"] * net.connections
    if net.symmetric:
        w = (w + w.T) / 2
    b, c = arrays.get("biases", np.zeros(n)), arrays.get("readout_biases", np.zeros(n_outputs))
    return u, w, b, arrays.get("readout_weights"), c


def held_still(net):
    """The network, or beside a fit its copy: the parameters of one epoch."""
    return copy.copy(net) if net._training else net


def jacobian(net, X, of):
    """(n_samples, n_outputs, n_inputs or n_parameters), some samples at a time."""
    net = held_still(net)
    n_columns = X.shape[1] if of == "inputs" else net.parameters.size
    made = np.empty((len(X), net.layer_sizes[2], n_columns), net.dtype)
    at_once = max(1, NUMBERS_AT_ONCE // max(net.layer_sizes[1] ** 2, made[:1].size))
    for first in range(0, len(X), at_once):
        rows = slice(first, first + at_once)
        with np.errstate(all="ignore"):
            made[rows] = jacobian_of_some(net, X[rows], of)
    return made


def jacobian_of_some(net, X, of):
    """As `jacobian`, all samples at once."""
    u, w, b, v, c = weights_that_count(net, net._snapshot())
    s = settled_units(net, X)[0].astype(float)
    n, n_outputs = net.layer_sizes[1:]
    d = slopes(net, X @ u + s @ w + b)
    # Of each sample ds[j]/dz[i], all loops included: ds = (dz + ds W) D = dz D (1 - W D)**-1.
    try:
        by_z = d[:, :, None] * np.linalg.inv(np.eye(n) - w * d[:, None, :])
    except np.linalg.LinAlgError:
        raise ValueError(
            "the outputs have no derivatives where a sample of X settles: there the equations of "
            "the units are singular"
        ) from None
    outputs = np.eye(n)[:, n - n_outputs :] if v is None else v
    by_z = np.swapaxes(by_z @ outputs, 1, 2)
    if v is None:
        by_own = None
    else:
        by_own = output_slopes(net, s @ v + c)
        by_z = by_own @ by_z
    if of == "inputs":
        return by_z @ u.T
    return by_parameters(net, X, s, by_z, by_own)


def output_slopes(net, z):
    """da/dz of the readout, of each sample: (n_samples, n_outputs, n_outputs)."""
    activation = net._activations[1]
    if activation.name == "softmax":
        a = np.exp(z - z.max(axis=1, keepdims=True))
        a /= a.sum(axis=1, keepdims=True)
        return a[:, :, None] * (np.eye(a.shape[1]) - a[:, None, :])
    code, constants = coded(activation)
    own = activation_slopes(code, constants, np.ascontiguousarray(z))
    return own[:, :, None] * np.eye(z.shape[1])


def by_parameters(net, X, s, by_z, by_own):
    """The outputs' derivatives by the parameters, from those by the units' and the outputs' z."""
    between = s[:, None, :, None] * by_z[:, :, None, :] * net.connections
    if net.symmetric:
        between = (between + np.swapaxes(between, 2, 3)) / 2
    parts = [X[:, None, :, None] * by_z[:, :, None, :] * net.input_connections, between]
    parts += [by_z] if net._biased else []
    if by_own is not None:
        parts += [s[:, None, :, None] * by_own[:, :, None, :]]
        parts += [by_own] if net._biased else []
    return np.concatenate([part.reshape(*by_z.shape[:2], -1) for part in parts], axis=2)


def energy(net, X):
    """Hopfield's energy of the settled units of each sample."""
    net = held_still(net)
    name = net._activations[0].name
    if not net.symmetric:
        raise ValueError("only a symmetric network has an energy: give symmetric=True")
    if name not in INTEGRALS:
        raise ValueError(
            f"the energy is known of the activations {', '.join(INTEGRALS)}, but the units have "
            f"{name}"
        )
    rows = net._as_inputs(X)
    u, w, b, *_ = weights_that_count(net, net._snapshot())
    s = settled_units(net, np.atleast_2d(rows))[0].astype(float)
    drive = np.atleast_2d(rows) @ u + b
    energies = INTEGRALS[name](s).sum(axis=1)
    energies = energies - (s @ w * s).sum(axis=1) / 2 - (s * drive).sum(axis=1)
    return energies if rows.ndim == 2 else float(energies[0])
