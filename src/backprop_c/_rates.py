"""Steps at rising learning rates: what the range test is made of."""

import warnings
from dataclasses import replace

import numpy as np

from .exceptions import ConvergenceWarning, DivergenceWarning, TargetRangeWarning

# What lasts of the mean loss from step to step.
SMOOTHING = 0.9
# The test ends when the mean loss is so many times its smallest value.
TOO_LARGE = 4.0
# How many times smaller the suggestion is than the learning rate with the smallest mean loss.
MARGIN = 10.0


def rising_rates(net, samples, batch_size, optimizer, lowest, highest, steps):
    """Train a network, which is changed by it, at rates from the lowest to the highest.

    Returns the rates of the steps that were made, their losses, the losses' running mean, and a
    rate to train with.
    """
    # Start without the last fit's optimizer state.
    net._optimizer_state = None
    batches = _batches(samples, batch_size, net)
    rates = np.geomspace(lowest, highest, steps)
    losses, smoothed, mean = [], [], 0.0
    for k, rate in enumerate(rates, 1):
        loss = _step(net, samples, next(batches), replace(optimizer, learning_rate=float(rate)))
        if loss is None:
            break
        mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
        losses.append(loss)
        smoothed.append(mean / (1 - SMOOTHING**k))
        if smoothed[-1] > TOO_LARGE * abs(min(smoothed)):
            break
    if not losses:
        raise ValueError(f"the loss is not finite, even before a step of {lowest}")
    suggestion = float(rates[int(np.argmin(smoothed))]) / MARGIN
    return rates[: len(losses)], np.array(losses), np.array(smoothed), suggestion


def _batches(samples, batch_size, net):
    """Rows of one batch after the other, in a new order each time that all have been taken.

    Batches without weight make no step, and are left out.
    """
    weights = samples.sample_weight
    while True:
        order = net._generator.permutation(samples.n_samples)
        for start in range(0, samples.n_samples, batch_size):
            rows = order[start : start + batch_size]
            if weights is None or weights[rows].any():
                yield rows


def _step(net, samples, rows, optimizer):
    """The loss of a batch, before a step; None where it is not finite."""
    weights = samples.sample_weight
    with warnings.catch_warnings():
        for kind in (ConvergenceWarning, DivergenceWarning, TargetRangeWarning):
            warnings.simplefilter("ignore", kind)
        history = net.fit(
            samples.X[rows],
            samples.y[rows],
            None if weights is None else weights[rows],
            epochs=1,
            batch_size=None,
            optimizer=optimizer,
            reset_optimizer=net._optimizer_state is None,
        )
    return float(history["loss"][0]) if history.epochs else None
