"""Penalties on weights, and a step of gradient descent, as a fit makes them."""

import numpy as np

from .._engine.tables import activation_slopes
from .._validation.entries import ACTIVATIONS
from .._validation.shape import coded


def penalty(weights, l1, l2):
    """What the weights add to the loss."""
    total = l1 * float(abs(weights).sum(dtype=float)) if l1 else 0.0
    return total + (l2 / 2 * float(np.square(weights, dtype=float).sum()) if l2 else 0.0)


def add_penalty(derivative, weights, l1, l2):
    """Derivative += that of the penalty."""
    derivative += l2 * weights
    # Where a weight is 0, the smallest of the subgradients.
    held = np.clip(derivative, -l1, l1)
    derivative += np.where(weights == 0, -held, l1 * np.sign(weights))


def step(weights, derivative, l1, rate):
    """Weights -= rate * derivative; with l1, a weight stops at 0."""
    before = weights.copy()
    weights -= rate * derivative
    if l1:
        weights[before * weights < 0] = 0


def constants_of(entry, table):
    """The parameters of an activation or a loss, by name."""
    return dict(zip(table[entry.name].parameters, entry.constants(), strict=True))


def slopes_of(activation, z):
    """da/dz of each unit; None where units depend on one another."""
    if not ACTIVATIONS[activation.name].elementwise:
        return None
    code, parameters = coded(activation)
    return activation_slopes(code, parameters, z)
