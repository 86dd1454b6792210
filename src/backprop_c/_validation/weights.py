"""Weights of samples, given one by one or by their classes."""

import numbers
from collections.abc import Mapping

import numpy as np

from .arrays import as_finite, as_numbers
from .scalars import as_not_negative

BALANCED = "balanced"


def as_sample_weight(value, n_samples, dtype, name="sample_weight"):
    """(n_samples,) weights of at least 0, some of them above it; None for weights of 1."""
    if value is None:
        return None
    array = as_numbers(value, name)
    if array.shape != (n_samples,):
        raise ValueError(f"{name} must have shape ({n_samples},), but has shape {array.shape}")
    weights = as_finite(array, name, dtype)
    if (weights < 0).any():
        s = np.argmax(weights < 0)
        raise ValueError(f"{name}[{s}] is {weights[s]}, but weights are at least 0")
    if not weights.any():
        raise ValueError(f"{name} is 0 for all samples: there is nothing to learn from")
    # What the gradient is divided by must be a number of the dtype, and so must 1 by it.
    limits = np.finfo(weights.dtype)
    if (small := (weights > 0) & (weights < limits.tiny)).any():
        s = np.argmax(small)
        raise ValueError(
            f"{name}[{s}] is {array[s]}, but weights above 0 are at least {limits.tiny:g}, "
            f"the smallest normal number of {weights.dtype}"
        )
    with np.errstate(over="ignore"):
        total = weights.sum(dtype=np.float64)
    if not total <= float(limits.max):
        raise ValueError(
            f"the sum of {name} is {total:g}, which {weights.dtype} cannot hold: divide the "
            "weights by a number, which changes nothing else"
        )
    return weights


def classes_of(y):
    """The class of each sample, from 0, and how many classes there may be; None where none is told.

    Classes are indices, or one 1 beside zeros, or 0 and 1 (or -1 and 1) of a single output.
    """
    if y.ndim == 1:
        return y, None
    if y.shape[1] > 1:
        one_hot = ((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all()
        return (y.argmax(axis=1), y.shape[1]) if one_hot else None
    column = y[:, 0]
    for low in (0, -1):
        if ((column == low) | (column == 1)).all():
            return (column == 1).astype(np.int64), 2
    return None


def as_class_weights(value, y):
    """(n_classes,) weights; None where classes do not count."""
    if value is None:
        return None
    expected = "class_weight must be 'balanced' or a dict of class index -> weight"
    if not (isinstance(value, Mapping) or (isinstance(value, str) and value == BALANCED)):
        error = ValueError if isinstance(value, str) else TypeError
        raise error(f"{expected}, but is {value!r}")
    found = classes_of(y)
    if found is None:
        raise ValueError(
            "class_weight needs targets that tell one class a sample: class indices, a 1 beside "
            "zeros, or 0 and 1 of one output"
        )
    classes, n_classes = found
    counts = np.bincount(classes, minlength=n_classes or 0)
    if isinstance(value, Mapping):
        return weights_of_dict(value, counts)
    present = counts > 0
    weights = np.ones(len(counts))
    weights[present] = len(classes) / (present.sum() * counts[present])
    return weights


def weights_of_dict(value, counts):
    """Weights by class index; classes that are not in the dict have 1."""
    weights = np.ones(max([len(counts), *(int(k) + 1 for k in value if is_index(k))]))
    for k, weight in value.items():
        if not is_index(k):
            raise ValueError(f"class_weight has the class {k!r}, but classes are indices from 0")
        weights[int(k)] = as_not_negative(weight, f"class_weight[{int(k)}]")
    return weights


def is_index(k):
    """Whether it can be the index of a class."""
    return isinstance(k, numbers.Integral) and not isinstance(k, bool) and int(k) >= 0


def weights_by_class(class_weights, y, sample_weight):
    """Weights of samples, times those of their classes."""
    found = classes_of(y)
    if found is None:
        raise ValueError("class_weight needs targets that tell one class a sample")
    classes, _ = found
    # Classes that no training sample has, and no dict names, have the weight 1.
    n_missing = max(0, int(classes.max()) + 1 - len(class_weights))
    weights = np.concatenate([class_weights, np.ones(n_missing)])[classes]
    return weights if sample_weight is None else weights * sample_weight
