"""Weights of samples."""

import numpy as np

from .arrays import as_finite, as_numbers


def as_sample_weight(value, n_samples, dtype):
    """(n_samples,) weights of at least 0, some of them above it; None for weights of 1."""
    if value is None:
        return None
    array = as_numbers(value, "sample_weight")
    if array.shape != (n_samples,):
        raise ValueError(
            f"sample_weight must have shape ({n_samples},), but has shape {array.shape}"
        )
    weights = as_finite(array, "sample_weight", dtype)
    if (weights < 0).any():
        s = np.argmax(weights < 0)
        raise ValueError(f"sample_weight[{s}] is {weights[s]}, but weights are at least 0")
    if not weights.any():
        raise ValueError("sample_weight is 0 for all samples: there is nothing to learn from")
    # What the gradient is divided by must be a number of the dtype, and so must 1 by it.
    limits = np.finfo(weights.dtype)
    if (small := (weights > 0) & (weights < limits.tiny)).any():
        s = np.argmax(small)
        raise ValueError(
            f"sample_weight[{s}] is {array[s]}, but weights above 0 are at least {limits.tiny:g}, "
            f"the smallest normal number of {weights.dtype}"
        )
    with np.errstate(over="ignore"):
        total = weights.sum(dtype=np.float64)
    if not total <= float(limits.max):
        raise ValueError(
            f"the sum of sample_weight is {total:g}, which {weights.dtype} cannot hold: divide the "
            "weights by a number, which changes nothing else"
        )
    return weights
