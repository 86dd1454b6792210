"""Metrics: names, objects and functions, and what each knows of the targets."""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from .._monitor import VALIDATION
from ..metrics import Metric
from .entries import ACTIVATIONS, METRIC_NAMES, METRICS, NO_CODE, loss_entry
from .shape import as_entry
from .targets import SUM_TOLERANCE


class Measured(NamedTuple):
    """A metric as the engine takes it."""

    code: int
    constants: tuple
    known: tuple
    function: object = None


def as_metrics(value, own=()):
    """What is asked for, by the names that the history has of it: metrics and functions.

    `own` are the names of what the network records by itself.
    """
    if isinstance(value, tuple) and not value:
        return {}
    if isinstance(value, (str, Metric)) or callable(value) or not isinstance(value, Iterable):
        value = (value,)
    asked: dict[str, Any] = {}
    for one in value:
        if isinstance(one, str) and one in own:
            raise ValueError(f"metric {one!r} is recorded anyway: leave it out")
        made = one if is_function(one) else as_entry(one, "metric", Metric, METRIC_NAMES)
        name = name_of(made, own)
        if asked.setdefault(name, made) != made:
            raise ValueError(
                f"metrics must have a name each, but {asked[name]!r} and {made!r} are both {name!r}"
            )
    return asked


def is_function(value):
    return callable(value) and not isinstance(value, type)


def name_of(metric, own):
    """What the history calls it."""
    if isinstance(metric, Metric):
        return metric.name
    name = getattr(metric, "__name__", None)
    if not isinstance(name, str):
        raise ValueError(
            f"a function among the metrics must have a name, but {metric!r} has no __name__: "
            "set it, or write a function with def"
        )
    if name in {"loss", *METRIC_NAMES, *own} or name.startswith(VALIDATION):
        raise ValueError(
            f"a function among the metrics must have a name of its own, but {name!r} is taken"
        )
    return name


def kind_of_classes(asked, targets, activation, loss):
    """How targets tell classes, where a metric wants them told; else "-"."""
    for one in METRICS:
        if one.name in asked and one.classes != "-":
            return as_classes(one.name, targets, activation, loss)
    return "-"


def as_engine_takes_them(asked, samples, kind, activation, n_outputs):
    """Metrics as the engine takes them, for samples whose targets tell classes in some way."""
    return tuple(
        Measured(NO_CODE, (), (), one)
        if is_function(one)
        else measured_by_table(one, samples, kind, activation, n_outputs)
        for one in asked.values()
    )


def measured_by_table(metric, samples, kind, activation, n_outputs):
    """A metric of the table: of several of its name, the one that fits."""
    name = metric.name
    entries = {one.classes: (code, one) for code, one in enumerate(METRICS) if one.name == name}
    outputs = ACTIVATIONS[activation]
    if next(iter(entries.values()))[1].of_shares and (outputs.lowest, outputs.highest) != (0, 1):
        raise ValueError(
            f"metric {name!r} needs outputs from 0 to 1, such as those of softmax and sigmoid, "
            f"but the last activation is {activation!r}"
        )
    kind = "-" if "-" in entries else kind
    if kind not in entries:
        raise ValueError(f"metric {name!r} needs an output for each class, and one class a sample")
    code, entry = entries[kind]
    if entry.of_one_output and n_outputs > 1:
        raise ValueError(
            f"metric {name!r} is for one class a sample, but the targets tell each output's class "
            "by itself"
        )
    return Measured(code, metric.constants(), known_of_targets(entry, samples, n_outputs))


def known_of_targets(entry, samples, n_outputs):
    """What a metric knows of the targets: see `known` in the table of metrics."""
    if entry.known == "-":
        return ()
    y, weights = samples.y, samples.sample_weight
    weights = np.ones(len(y)) if weights is None else weights.astype(np.float64)
    if entry.known == "v":
        return spread(y, weights, n_outputs)
    above = y > (0.5 if entry.classes == "h" else 0)
    if entry.classes != "l" and n_outputs > 1:
        return weights @ above
    # Sums of each class by themselves: a class that is not there has a weight of exactly 0.
    if y.ndim == 1:
        classes = y
    else:
        classes = y.argmax(axis=1) if entry.classes == "l" else above[:, 0].astype(np.intp)
    return np.bincount(classes, weights, minlength=max(n_outputs, 2))


def spread(y, weights, n_outputs):
    """Of each output, the weighted squares of the targets' distances from their mean."""
    if len(y) < 2:
        return np.full(n_outputs, math.nan)
    if y.ndim == 1:
        counts = np.bincount(y, weights, minlength=n_outputs)
        return counts * (1 - counts / counts.sum())
    counted = y[weights > 0].astype(np.float64)
    weights = weights[weights > 0]
    squares = weights @ (counted - np.average(counted, axis=0, weights=weights)) ** 2
    # The mean of equal numbers may be another one in the last digit.
    return np.where((counted == counted[0]).all(axis=0), 0, squares)


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
