"""Schedules in plain Python: the learning rate of each step."""

import numpy as np


def warmed(k, n_warmup):
    return min(1, (k + 1) / n_warmup) if k < n_warmup else 1.0


def cosine(k, steps, samples, n, initial, warmup=0.0, final=0.0):
    """torch.optim.lr_scheduler.CosineAnnealingLR, in closed form, behind a warm-up."""
    first = warmup * steps
    if k < first:
        return initial * warmed(k, first)
    share = min(1, (k - first) / (n - first))
    return final + (initial - final) / 2 * (1 + np.cos(np.pi * share))


def cosine_restarts(k, steps, samples, n, initial, period, growth, final, warmup):
    """torch.optim.lr_scheduler.CosineAnnealingWarmRestarts, behind a warm-up."""
    first = warmup * steps
    if k < first:
        return initial * warmed(k, first)
    t = (k - first) / steps
    while t >= period:
        t, period = t - period, period * growth
    return final + (initial - final) / 2 * (1 + np.cos(np.pi * t / period))


def one_cycle(k, steps, samples, n, largest, rise, start, end):
    """torch.optim.lr_scheduler.OneCycleLR with its two phases."""
    first, last = rise * n - 1, n - 1
    rates = largest / start, largest, largest / start / end
    if k < first:
        (begin, finish), share = rates[:2], k / first
    else:
        (begin, finish), share = rates[1:], min(1, (k - first) / (last - first))
    return finish + (begin - finish) / 2 * (1 + np.cos(np.pi * share))


# name -> the learning rate of step k, where an epoch has so many steps and samples, and the
# schedule n steps; then come the parameters, in the order of the entry.
SCHEDULES = {
    "constant": lambda k, steps, samples, n, initial, warmup: initial * warmed(k, warmup * steps),
    "step": lambda k, steps, samples, n, initial, every, factor: (
        initial * factor ** (k // steps // every)
    ),
    "exponential": lambda k, steps, samples, n, initial, factor: initial * factor ** (k // steps),
    "inverse_scaling": lambda k, steps, samples, n, initial, power: (
        initial / (1 + k // steps * samples) ** power
    ),
    "polynomial": lambda k, steps, samples, n, initial, power, final: (
        final + (initial - final) * (1 - min(1, k / n)) ** power
    ),
    "cosine": cosine,
    "cosine_restarts": cosine_restarts,
    "one_cycle": one_cycle,
}
