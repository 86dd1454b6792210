"""What a fit says of samples that did not settle."""

import warnings

import numpy as np

from ._engine.recurrence import settled_units
from ._fixed_points import slopes, weights_that_count
from .exceptions import ConvergenceWarning

# The powers of a matrix that tell its spectral radius, behind some that are left out.
FIRST_POWERS, POWERS = 16, 64
# The share of epochs in which samples may fail to settle without a warning, if they do in the end.
MOST_UNSETTLED = 0.1
# The stacklevel of whoever called `fit`.
CALLER = 5


def spectral_radius(net, x):
    """About how much a small change grows in an iteration, where the units of a sample are.

    By powers: the eigenvalues themselves take as long as many epochs do.
    """
    u, w, b, *_ = weights_that_count(net, net._snapshot())
    s = settled_units(net, x[None])[0].astype(float)
    d = slopes(net, x @ u + s @ w + b)[0]
    made = w * d
    if not np.isfinite(made).all():
        return np.inf
    change = np.random.default_rng(0).normal(size=len(w))
    sizes = []
    for _ in range(FIRST_POWERS + POWERS):
        change = change @ made
        size = np.linalg.norm(change)
        if size == 0:
            return 0.0
        sizes.append(size)
        change /= size
    return float(np.exp(np.log(sizes[FIRST_POWERS:]).mean()))


def warn_unless_settled(net, history, samples):
    """Say how many samples of which epoch did not settle, and what helps.

    On the way, up to a tenth of the epochs may have samples that do not settle: the history tells
    of them. In the last epoch that is worth a warning.
    """
    shares = history["settled"]
    found = np.flatnonzero(shares < 1)
    if len(found) == 0 or (shares[-1] == 1 and len(found) <= MOST_UNSETTLED * len(shares)):
        return
    last = int(found[-1])
    counted = samples.n_samples
    if samples.sample_weight is not None:
        counted = int(np.count_nonzero(samples.sample_weight))
    _, _, changes = settled_units(net, samples.X)
    slowest = samples.X[np.argmax(np.nan_to_num(changes, nan=np.inf))]
    radius = spectral_radius(net._steadier(), slowest)
    change = history["largest_change"][last]
    forward, backward = net.solvers
    what = f"after {forward.max_iterations} iterations a unit still changed by {change:.2g}"
    if change <= forward.tolerance:
        iterations = f" after {backward.max_iterations} iterations"
        what = f"the units did, but not their errors{iterations * (backward.kind != 'direct')}"
    remedies = ["solver='anderson'"] * (forward.kind != "anderson")
    remedies += ["damping=0.5"] * (forward.damping == 1)
    others = f", the last of {len(found)} such epochs" if len(found) > 1 else ""
    warnings.warn(
        f"{round((1 - shares[last]) * counted)} of {counted} samples did not settle in epoch "
        f"{last + 1}{others}: {what}. Where the slowest sample is now, the spectral radius is "
        f"about {radius:.2g}; above 1, plain iteration does not settle. "
        f"{', '.join([*remedies, 'more max_iterations'])}, l2 on the recurrent weights, clip_norm "
        "or a smaller learning rate may help",
        ConvergenceWarning,
        stacklevel=CALLER,
    )
