"""Samples and their targets."""

import numpy as np

from .._engine.samples import SUM_TOLERANCE
from .arrays import as_finite, as_numbers, check_features
from .entries import ACTIVATIONS, loss_entry

# How far targets may be outside of the outputs' range: whoever scaled them has rounded, too.
RANGE_TOLERANCE = 1e-5


def as_rows(X, n_in, dtype):
    """X as (n_samples, n_in), with at least one sample."""
    array = as_numbers(X, "X")
    if array.ndim != 2:
        remedy = ""
        if array.ndim == 1:
            remedy = "; one sample is X[numpy.newaxis, :], samples of one input X[:, numpy.newaxis]"
        raise ValueError(f"X must be (n_samples, {n_in}), but has shape {array.shape}{remedy}")
    check_features(array, "X", n_in)
    if array.shape[0] == 0:
        raise ValueError("X must have at least one sample, but has none")
    return as_finite(array, "X", dtype)


def as_samples(X, y, n_in, n_out, loss, dtype):
    """X as (n_samples, n_in), and the targets or labels for it."""
    X = as_rows(X, n_in, dtype)
    return X, as_targets(y, len(X), n_out, loss, dtype)


def as_targets(y, n_samples, n_out, loss, dtype):
    """(n_samples, n_out) of the dtype, or (n_samples,) int64 class indices."""
    array = as_numbers(y, "y")
    indices = " class indices" if n_out > 1 else ""
    expected = f"({n_samples}, {n_out}) or ({n_samples},){indices}"
    if array.ndim not in (1, 2) or (array.ndim == 2 and array.shape[1] != n_out):
        raise ValueError(f"y must be {expected}, but has shape {array.shape}")
    if len(array) != n_samples:
        raise ValueError(f"y has {len(array)} samples, but X has {n_samples}")
    if array.ndim == 1 and n_out > 1:
        return as_labels(array, n_out)
    targets = as_finite(array, "y", dtype).reshape(n_samples, n_out)
    check_targets(targets, loss)
    return targets


def as_labels(array, n_out):
    """Class indices in 0..n_out-1; whole numbers in a float array will do."""
    wrong = ~((array >= 0) & (array < n_out)) if array.dtype.kind != "b" else np.zeros(1, bool)
    if array.dtype.kind == "f":
        fractional = array != np.floor(array)
        if fractional.any():
            k = np.argmax(fractional)
            raise ValueError(
                f"y[{k}] is {array[k]}, but class indices are whole numbers 0 to {n_out - 1}"
            )
    if wrong.any():
        k = np.argmax(wrong)
        raise ValueError(f"y[{k}] is {array[k]}, but class indices are 0 to {n_out - 1}")
    # A copy: nobody can change an index once it has been checked.
    return np.array(array, dtype=np.int64, order="C")


def check_targets(targets, loss):
    """Raise unless the loss is defined for such targets."""
    entry = loss_entry(loss)
    if entry.lowest == -np.inf and entry.highest == np.inf:
        return
    low_enough = targets > entry.lowest if entry.above_lowest else targets >= entry.lowest
    wrong = ~(low_enough & (targets <= entry.highest))
    if wrong.any():
        s, j = np.unravel_index(np.argmax(wrong), targets.shape)
        expected = f"between {entry.lowest:g} and {entry.highest:g}"
        if np.isinf(entry.highest):
            expected = f"{'above' if entry.above_lowest else 'at least'} {entry.lowest:g}"
        raise ValueError(f"y[{s}, {j}] is {targets[s, j]}, but targets of {loss!r} are {expected}")
    if entry.sums_to_one:
        totals = targets.sum(axis=1, dtype=np.float64)
        wrong = abs(totals - 1) > SUM_TOLERANCE
        if wrong.any():
            s = np.argmax(wrong)
            raise ValueError(f"y[{s}] sums to {totals[s]}, but targets of {loss!r} must sum to 1")


def targets_out_of_range(targets, activation):
    """What to warn of, if such outputs cannot reach all targets; else None."""
    entry = ACTIVATIONS[activation]
    lowest, highest = entry.lowest, entry.highest
    if targets.ndim == 1 or (lowest == -np.inf and highest == np.inf):
        return None
    if targets.min() >= lowest - RANGE_TOLERANCE and targets.max() <= highest + RANGE_TOLERANCE:
        return None
    wrong = (targets < lowest - RANGE_TOLERANCE) | (targets > highest + RANGE_TOLERANCE)
    s, j = np.unravel_index(np.argmax(wrong), targets.shape)
    reach = f"between {lowest:g} and {highest:g}" if highest < np.inf else f"at least {lowest:g}"
    return (
        f"y[{s}, {j}] is {targets[s, j]}, but {activation} outputs are {reach}, and cannot reach "
        "it: take 'identity' for the outputs' activation, which is the default, or scale the "
        "targets"
    )


def as_step(X, y, output_gradient, n_in, n_out, loss, dtype):
    """What train_step takes, as a batch: X, and targets, labels or the outputs' gradient."""
    if (y is None) == (output_gradient is None):
        came = "neither" if y is None else "both"
        raise TypeError(f"train_step needs y or output_gradient, but has {came}")
    X = as_numbers(X, "X")
    one = X.ndim == 1
    X = X[np.newaxis] if one else X
    if output_gradient is None:
        y = as_numbers(y, "y")
        if one:
            y = y.reshape(1) if y.size == 1 else y[np.newaxis]
        return as_samples(X, y, n_in, n_out, loss, dtype)
    X = as_rows(X, n_in, dtype)
    gradient = as_numbers(output_gradient, "output_gradient")
    gradient = gradient[np.newaxis] if one else gradient
    if gradient.shape != (len(X), n_out):
        expected = f"({n_out},)" if one else f"({len(X)}, {n_out})"
        raise ValueError(
            f"output_gradient must have shape {expected}, but has shape "
            f"{gradient.shape[1:] if one else gradient.shape}"
        )
    return X, as_finite(gradient, "output_gradient", dtype)
