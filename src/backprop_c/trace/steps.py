"""Penalties on weights, and a step of gradient descent, as a fit makes them."""

import numpy as np


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
