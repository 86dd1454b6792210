"""Metrics, and how targets tell the classes that some of them need."""

import numpy as np

from .entries import ACTIVATIONS, METRIC_NAMES, METRICS, loss_entry
from .scalars import as_known_name
from .targets import SUM_TOLERANCE

# What the names of validation's values begin with.
VALIDATION = "val_"


def as_metrics(value):
    """A tuple of metric names, each once; one name alone will do."""
    names = (value,) if isinstance(value, str) else value
    try:
        names = tuple(names)
    except TypeError:
        raise TypeError(f"metrics must be names, but is {value!r}") from None
    return tuple(dict.fromkeys(as_known_name(name, "metric", METRIC_NAMES) for name in names))


def as_metric_codes(names, targets, activation, loss):
    """The metrics' places in the table, ascending: of several of a name, the one that fits."""
    asked = [name for name, classes in METRICS if name in names and classes != "-"]
    fits = {name: as_classes(name, targets, activation, loss) for name in dict.fromkeys(asked)}
    return tuple(
        code
        for code, (name, classes) in enumerate(METRICS)
        if name in names and classes in ("-", fits.get(name))
    )


def is_all_one(targets):
    """Whether the targets of one output are all 1: they do not tell how the others name classes."""
    return targets.ndim == 2 and targets.shape[1] == 1 and bool((targets == 1).all())


def as_classes(name, targets, activation, loss):
    """How the targets tell classes to a metric: see `classes` in the table of metrics.

    Raises where they tell none: a share of right answers means nothing then.
    """
    if targets.ndim == 1:
        return "l"
    outputs, entry = ACTIVATIONS[activation], loss_entry(loss)
    if (outputs.lowest, outputs.highest) == (-1, 1) and (abs(targets) == 1).all():
        return "s"
    one_output = targets.shape[1] == 1
    shares = (entry.lowest, entry.highest) == (0, 1)
    if not shares:
        check_classes(name, targets, one_output)
    return "h" if one_output or (shares and not entry.sums_to_one) else "l"


def check_classes(name, targets, one_output):
    """Raise unless targets, which the loss leaves free, are classes."""
    if one_output:
        wrong = (targets != 0) & (targets != 1)
        expected = "0 or 1, or with tanh outputs -1 or 1"
    else:
        # A row may name its class by a 1 among zeros, or give each class's probability.
        one_class = abs(targets.sum(axis=1, keepdims=True, dtype=np.float64) - 1) <= SUM_TOLERANCE
        wrong = (targets < 0) | (targets > 1) | ~one_class
        expected = (
            "class indices, or rows that sum to 1; or, with tanh outputs, each -1 or 1. For "
            "several classes a sample take sigmoid outputs and loss='binary_cross_entropy'"
        )
    if wrong.any():
        s, _ = np.unravel_index(np.argmax(wrong), targets.shape)
        came = np.array2string(targets[s], threshold=6, edgeitems=2)
        raise ValueError(
            f"metric {name!r} needs targets that are classes: {expected}; but y[{s}] is {came}"
        )
