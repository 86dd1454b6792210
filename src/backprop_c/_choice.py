"""optimizer="auto": sizes and the loss say which optimizer trains a network."""

import copy
import importlib.util

from ._rates import rising_rates
from ._validation.scalars import as_batch_size
from .optimizers import LBFGS, Adam, LevenbergMarquardt, Rprop

# A step of least squares takes memory as the square, and time as the cube, of so many parameters;
MOST_PARAMETERS = 1000
# and sums up so many products, some seconds' work at most.
MOST_PRODUCTS = 2e9
# What a look at all samples may cost, in multiplications: beyond that many small steps are better.
MOST_WORK = 3e8
# The rates that are tried for Adam.
LOWEST, HIGHEST, STEPS = 1e-6, 1.0, 100


def choose(n_parameters, n_outputs, n_samples, loss, refused, scipy):
    """The optimizer for such a network and data, or None for Adam at a rate to be found; and why.

    Parameters
    ----------
    n_parameters, n_outputs, n_samples : int
    loss : str
        Its name; None of a function.
    refused : tuple of str
        Which of l1, dropout and max_norm the network has.
    scipy : bool
        Whether SciPy is installed.
    """
    products = n_samples * n_outputs * n_parameters**2 / 2 + n_parameters**3 / 6
    if (
        loss == "squared_error"
        and not refused
        and n_parameters <= MOST_PARAMETERS
        and products <= MOST_PRODUCTS
    ):
        return LevenbergMarquardt(), f"squared errors, and {n_parameters} parameters are few"
    if "dropout" in refused:
        return None, "with dropout every step sees another loss"
    work = 3.0 * n_samples * n_parameters
    if work > MOST_WORK:
        return None, f"{n_samples} samples of {n_parameters} parameters are many for one step"
    reason = f"{n_samples} samples of {n_parameters} parameters are few enough for one step"
    if refused:
        return Rprop(), f"{reason}, and with {' and '.join(refused)} LBFGS is not for it"
    if not scipy:
        return Rprop(), f"{reason}, and SciPy, which LBFGS needs, is not installed"
    return LBFGS(), reason


def choose_for(net, samples, batch_size):
    """The optimizer for a network and its samples, and why, as one sentence."""
    refused = tuple(name for name in LevenbergMarquardt.refuses if any(getattr(net, name)))
    found, why = None, f"batches of {batch_size} are asked for"
    if batch_size in ("auto", None) or as_batch_size(batch_size, 1) >= samples.n_samples:
        scipy = importlib.util.find_spec("scipy") is not None
        sizes = net.parameters.size, net.layer_sizes[-1], samples.n_samples
        found, why = choose(*sizes, net._loss.name, refused, scipy)
    if found is None:
        twin, size = copy.copy(net), as_batch_size(batch_size, samples.n_samples)
        *_, rate = rising_rates(twin, samples, size, Adam(), LOWEST, HIGHEST, STEPS)
        found, why = Adam(rate), f"{why}; the rate is that of a range test"
    return found, f"{found!r}: {why}"
