"""optimizer="auto": sizes and the loss say which optimizers come into question, a trial which one.

A trial trains copies of the network with a part of the samples held out. It also tells for how
many epochs the network gets better on samples that it has not seen.
"""

import copy
import math
import warnings
from typing import Any

import numpy as np

from ._progress import Progress
from ._rates import rising_rates
from ._split import part
from ._validation.scalars import as_batch_size
from .callbacks import EarlyStopping
from .exceptions import ConvergenceWarning, DivergenceWarning, TargetRangeWarning
from .optimizers import LBFGS, Adam, LevenbergMarquardt, Rprop
from .schedules import Polynomial

# A step of least squares takes memory as the square, and time as the cube, of so many parameters;
MOST_PARAMETERS = 1000
# and sums up so many products, some seconds' work at most.
MOST_PRODUCTS = 2e9
# What a look at all samples may cost, in multiplications: beyond that many small steps are better.
MOST_WORK = 3e8
# The rates that are tried for Adam.
LOWEST, HIGHEST, STEPS = 1e-6, 1.0, 100
# A trial has a second rate for Adam, so many times smaller: what is good for the first steps is
# often too much for the last ones.
MORE_CAREFUL = 10
# Adam's rate is the same in all of a trial, and falls in a straight line to 0 in the fit after it.
# In so many times as many epochs that is the same sum of rates.
LONGER = 2
# A trial: from how many samples on; into how many parts they are cut, one of which is held out at a
# time; up to how many samples each part is; and for how many epochs a smaller loss is waited for.
LEAST_SAMPLES, PARTS, MOST_FOR_ALL_PARTS, PATIENCE = 100, 5, 1000, 50


def choose(n_parameters, n_outputs, n_samples, loss, refused, feeds_back=False):
    """The optimizers for such a network and data, the most thorough one first; and the reason.

    Adam at a rate that is to be found is None, and always the last one.

    Parameters
    ----------
    n_parameters, n_outputs, n_samples : int
    loss : str
        Its name; None of a function.
    refused : tuple of str
        Which of l1, dropout and max_norm the network has.
    feeds_back : bool
        Whether units feed each other: least squares are not for them.
    """
    if "dropout" in refused:
        return [None], "with dropout every step sees another loss"
    work = 3.0 * n_samples * n_parameters
    if work > MOST_WORK:
        return [None], f"{n_samples} samples of {n_parameters} parameters are many for one step"
    reason = f"{n_samples} samples of {n_parameters} parameters are few enough for one step"
    if refused:
        reason += f", and with {' and '.join(refused)} LBFGS is not for it"
        return [Rprop(), None], reason
    found: list[Any] = [LBFGS(), Rprop(), None]
    if feeds_back:
        return found, reason
    products = n_samples * n_outputs * n_parameters**2 / 2 + n_parameters**3 / 6
    if loss == "squared_error" and n_parameters <= MOST_PARAMETERS and products <= MOST_PRODUCTS:
        found = [LevenbergMarquardt(), *found]
        reason = f"squared errors, and {n_parameters} parameters are few"
    return found, reason


def choose_alone(net, *arguments, **options):
    """What `choose_for` chooses, and whether a stop has been asked for meanwhile.

    That copies of the network train is as good as a fit: others are refused, and a stop ends it.
    """
    net._claim_training()
    try:
        return *choose_for(net, *arguments, **options), net._stop_wanted
    finally:
        net._give_back_training()


def choose_for(net, samples, batch_size, *, open_end, verbose, **options):
    """The optimizer for a network and its samples, its epochs or None, and why, as one sentence.

    `open_end` says that nobody has said when the fit is to end; a trial tells it then, whose fits
    have the options.
    """
    found: list[Any] = [None]
    why = f"batches of {batch_size} are asked for"
    if batch_size in ("auto", None) or as_batch_size(batch_size, 1) >= samples.n_samples:
        refused = tuple(name for name in LevenbergMarquardt.refuses if any(getattr(net, name)))
        sizes = net.parameters.size, net.layer_sizes[-1], samples.n_samples
        found, why = choose(*sizes, net._loss.name, refused, net._feeds_back)
    if open_end and has_enough(samples):
        tried = list(trials(net, samples, found, batch_size, verbose, options))
        if tried:
            _, epochs, _, best = min(tried, key=lambda result: result[0])
            rivals = ", ".join(repr(one) for _, _, one, _ in tried)
            reason = f"the best of {rivals}, by a trial on held-out samples"
            return best, epochs, f"{best!r}, {epochs} epochs: {reason}"
    if found[0] is None:
        why += "; the rate is that of a range test"
    best = found[0] or Adam(found_rate(net, samples, batch_size))
    return best, None, f"{best!r}: {why}"


def found_rate(net, samples, batch_size):
    """Adam's rate by a range test, which a copy of the network makes."""
    size = as_batch_size(batch_size, samples.n_samples)
    try:
        *_, rate = rising_rates(copy.copy(net), samples, size, Adam(), LOWEST, HIGHEST, STEPS)
    except ValueError:
        # The loss is not finite, which the fit will say.
        return HIGHEST
    return rounded(rate)


def rounded(rate):
    """To two digits: a range test tells no more."""
    return float(f"{rate:.1e}")


def has_enough(samples):
    """Whether there are samples enough to hold some out."""
    weights = samples.sample_weight
    n_counted = samples.n_samples if weights is None else (weights > 0).sum()
    return n_counted >= LEAST_SAMPLES


def trials(net, samples, found, batch_size, verbose, options):
    """Try each optimizer: the loss to compare it by, the epochs and the optimizers.

    The first of these is the one that was tried, the second the one to train with. A stop ends the
    trials.
    """
    tried = [one for one in found if one is not None]
    if None in found:
        rate = found_rate(net, samples, batch_size)
        tried += [Adam(rate), Adam(rounded(rate / MORE_CAREFUL))]
    progress = Progress(len(tried), "trial") if verbose else None
    try:
        for n_done, one in enumerate(tried, 1):
            losses, epochs = trial(net, samples, one, batch_size, options)
            if net._stop_wanted:
                return
            if progress is not None:
                progress.update(n_done, losses.min())
            if isinstance(one, Adam) and isinstance(one.learning_rate, float):
                # Large steps jump about the minimum, and the small ones at the end of the fit do
                # not: what they come to is nearer to the least of the losses than to one epoch's.
                falling = Adam(Polynomial(one.learning_rate))
                yield losses.min(), LONGER * epochs, one, falling
            else:
                yield losses[epochs - 1], epochs, one, one
    finally:
        if progress is not None:
            progress.close()


def trial(net, samples, optimizer, batch_size, options):
    """The loss over samples held out, an epoch each, and for how many epochs it gets better.

    Each fifth of the samples is held out once. Means are taken, of the losses and of the epochs
    that are best: a part whose loss soon grows fast would say alone where the mean loss is least.
    Where there are many samples, one fifth says enough.
    """
    n = samples.n_samples
    order = copy.deepcopy(net._generator).permutation(n)
    n_held = PARTS if n <= MOST_FOR_ALL_PARTS else 1
    curves = []
    for k in range(n_held):
        kept = np.ones(n, bool)
        kept[order[k::PARTS]] = False
        losses = held_out_losses(net, samples, kept, optimizer, batch_size, options)
        curves.append(np.where(np.isnan(losses), np.inf, losses))
    if not all(map(len, curves)):
        return np.array([math.inf]), 1
    longest = max(map(len, curves))
    # A curve that ended early is continued with its last value.
    losses = np.mean([np.pad(one, (0, longest - len(one)), "edge") for one in curves], axis=0)
    return losses, round(np.mean([np.argmin(one) + 1 for one in curves]))


def held_out_losses(net, samples, kept, optimizer, batch_size, options):
    """The loss over those that are not kept, as a copy of the network trains with the others."""
    trained = copy.copy(net)
    trained._stop_with(net)
    with warnings.catch_warnings():
        for kind in (ConvergenceWarning, DivergenceWarning, TargetRangeWarning):
            warnings.simplefilter("ignore", kind)
        history = trained.fit(
            *part(samples, kept, "training"),
            optimizer=optimizer,
            batch_size=batch_size,
            validation_data=part(samples, ~kept, "validation"),
            callbacks=[EarlyStopping(patience=PATIENCE)],
            **options,
        )
    return history["val_loss"]
