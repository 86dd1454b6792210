"""The only place where what users pass becomes what the engine accepts.

Every function returns the accepted value or raises: TypeError for the wrong kind of thing,
ValueError for a wrong value, in words that name the argument, what was expected and what came.
"""

import itertools
import math
import numbers
import operator
import os
import sys

import numpy as np

from ._tables import (
    activation_ranges,
    activation_table,
    loss_table,
    metric_table,
    update_table,
)

ACTIVATIONS = activation_table()
RANGES = activation_ranges()
LOSSES = loss_table()
METRICS = metric_table()
METRIC_NAMES = tuple(dict.fromkeys(name for name, _ in METRICS))
UPDATES = list(update_table())
DTYPES = ("float32", "float64")
# Kinds of dtypes: booleans, unsigned and signed integers, floats.
REAL_KINDS = "buif"
MOST_THREADS = 256
# How far the targets of a sample's classes may be from 1 in sum: float32 rounds each of them.
SUM_TOLERANCE = 1e-5


# -- Scalars and names -----------------------------------------------------------------------


def as_count(value, name, minimum):
    """An integer of at least `minimum`."""
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be an integer, but is {value!r}")
    try:
        count = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, but is {value!r}") from None
    if count < minimum:
        raise ValueError(f"{name} must be at least {minimum}, but is {count}")
    if count > sys.maxsize:
        raise ValueError(f"{name} must be at most {sys.maxsize}, but is larger")
    return count


def as_number(value, name):
    """A float, infinite where it is too large for one."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, but is {value!r}")
    try:
        return float(value)
    except OverflowError:
        return math.inf


def as_positive(value, name):
    """A finite float above 0."""
    number = as_number(value, name)
    if not (math.isfinite(number) and number > 0):
        raise ValueError(f"{name} must be positive and finite, but is {number}")
    return number


def as_in_range(value, name, lowest, below=math.inf):
    """A float from `lowest` on, below another one."""
    number = as_number(value, name)
    if not lowest <= number < below:
        limit = "finite" if below == math.inf else f"below {below}"
        raise ValueError(f"{name} must be at least {lowest} and {limit}, but is {number}")
    return number


def as_n_threads(value):
    """A number of threads; None for the cores that this process may use."""
    if value is None:
        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1
    return min(as_count(value, "n_threads", 1), MOST_THREADS)


def as_flag(value, name):
    """True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, but is {value!r}")
    return bool(value)


def as_known_name(value, name, known):
    """One of the known names."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a name, but is {value!r}; known: {', '.join(known)}")
    if value not in known:
        raise ValueError(f"{name} {value!r} is not known; known: {', '.join(known)}")
    return value


def as_dtype(value):
    """The dtype float32 or float64, in native byte order."""
    try:
        dtype = np.dtype(value)
    except (TypeError, ValueError):
        raise TypeError(f"dtype must be one of {', '.join(DTYPES)}, but is {value!r}") from None
    if value is None or dtype.name not in DTYPES or not dtype.isnative:
        raise ValueError(f"dtype must be one of {', '.join(DTYPES)}, but is {value!r}")
    return dtype


def as_metrics(value):
    """A tuple of metric names, each once; one name alone will do."""
    names = (value,) if isinstance(value, str) else value
    try:
        names = tuple(names)
    except TypeError:
        raise TypeError(f"metrics must be names, but is {value!r}") from None
    return tuple(dict.fromkeys(as_known_name(name, "metric", METRIC_NAMES) for name in names))


def as_generator(random_state):
    """A numpy Generator: a new one, or one around what was passed, which it then advances."""
    if isinstance(random_state, np.random.Generator):
        return random_state
    if isinstance(random_state, np.random.BitGenerator):
        return np.random.Generator(random_state)
    if isinstance(random_state, np.random.RandomState):
        return np.random.Generator(random_state._bit_generator)
    if random_state is None:
        return np.random.default_rng()
    try:
        return np.random.default_rng(as_count(random_state, "random_state", 0))
    except TypeError:
        raise TypeError(
            "random_state must be None, an integer, or a numpy Generator, BitGenerator or "
            f"RandomState, but is {random_state!r}"
        ) from None


# -- The network's shape ---------------------------------------------------------------------


def as_layer_sizes(value):
    """A tuple of at least two positive integers."""
    try:
        sizes = tuple(value)
        if isinstance(value, (str, bytes)):
            raise TypeError
    except TypeError:
        raise TypeError(f"layer_sizes must be a sequence of integers, but is {value!r}") from None
    if len(sizes) < 2:
        raise ValueError(
            f"layer_sizes must have at least 2 entries, inputs and outputs, but has {len(sizes)}"
        )
    sizes = tuple(as_count(size, f"layer_sizes[{k}]", 1) for k, size in enumerate(sizes))
    total = sum((n_in + 1) * n_out for n_in, n_out in itertools.pairwise(sizes))
    limit = min(2**48, sys.maxsize // 16)
    if total >= limit:
        raise ValueError(f"layer_sizes {sizes} make {total} parameters, but {limit} are too many")
    return sizes


def as_activations(value, n_layers):
    """One activation name a layer."""
    names = (value,) * n_layers if isinstance(value, str) else value
    try:
        names = tuple(names)
    except TypeError:
        raise TypeError(f"activations must be a name or names, but is {value!r}") from None
    if len(names) != n_layers:
        raise ValueError(
            f"activations has {len(names)} entries, but the network has {n_layers} layers"
        )
    names = tuple(as_known_name(name, "activation", ACTIVATIONS) for name in names)
    for k, name in enumerate(names[:-1]):
        _, outputs_only = ACTIVATIONS[name]
        if outputs_only:
            raise ValueError(
                f"activation {name!r} is for the outputs only, but activations[{k}] is hidden"
            )
    return names


def as_loss(value, output_activation):
    """A loss name that goes with the outputs' activation."""
    name = as_known_name(value, "loss", LOSSES)
    needed, _ = LOSSES[name]
    if needed and output_activation != needed:
        raise ValueError(
            f"loss {name!r} needs {needed!r} outputs, "
            f"but the last activation is {output_activation!r}"
        )
    return name


# -- Arrays ----------------------------------------------------------------------------------


def as_numbers(value, name):
    """An array of real numbers, of whatever dtype they came in."""
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise ValueError(f"{name} has masked entries; fill them or leave their samples out")
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} must be a rectangular array: {error}") from None
    if array.dtype.kind not in REAL_KINDS:
        raise TypeError(f"{name} must hold real numbers, but {what_it_holds(value, array, name)}")
    return array


def what_it_holds(value, array, name):
    """What came in place of real numbers, and what turns it into them, in words."""
    if hasattr(value, "toarray"):
        return f"is a sparse matrix: pass {name}.toarray()"
    if hasattr(value, "dtypes"):
        return what_pandas_holds(value.dtypes, name)
    if array.dtype.kind in "USTO" and all(isinstance(item, str) for item in array.ravel()[:100]):
        return f"its dtype is {array.dtype}, and it holds text: {text_remedy(name)}"
    return f"its dtype is {array.dtype}"


def what_pandas_holds(dtypes, name):
    """As what_it_holds, by the dtypes of a frame's columns, or by that of a series."""
    columns = list(dtypes.items()) if hasattr(dtypes, "items") else [(name, dtypes)]
    # What pandas calls Int64 or boolean is no dtype of NumPy's, but has a kind like one.
    text = [column for column in columns if getattr(column[1], "kind", "O") not in REAL_KINDS]
    shown = ", ".join(f"{column!r} is {dtype}" for column, dtype in (text or columns)[:3])
    if text:
        return f"column {shown}: {text_remedy(name)}"
    return (
        f"its dtypes are mixed or nullable ({shown}): pass {name}.astype(float), with missing "
        "values filled or left out"
    )


def text_remedy(name):
    """How text becomes numbers: class names in y, categories in X."""
    if name == "y":
        return "number the classes, names, y = numpy.unique(y, return_inverse=True)"
    return f"give each category a column of 0 and 1, by pandas.get_dummies({name}, dtype=float)"


def as_finite(array, name, dtype):
    """The array as the kernels read it: of the dtype, C-contiguous, aligned and finite."""
    with np.errstate(all="ignore"):
        converted = np.require(array, dtype, ["C", "A"])
    finite = np.isfinite(converted)
    if not finite.all():
        position = np.unravel_index(np.argmin(finite), converted.shape)
        where = f"{name}[{', '.join(map(str, position))}]"
        value = array[position]
        if np.isfinite(value):
            raise ValueError(f"{where} is {value}, which {dtype} cannot hold")
        raise ValueError(f"{where} is {value}; {name} must be finite")
    return converted


def check_features(array, name, n_in):
    """Raise unless the last axis has one entry for each input of the network."""
    if array.shape[-1] != n_in:
        raise ValueError(
            f"{name} has {array.shape[-1]} features, but the network has {n_in} inputs"
        )


def as_inputs(X, n_in, dtype):
    """(n_samples, n_in) or (n_in,), for prediction."""
    array = as_numbers(X, "X")
    if array.ndim not in (1, 2):
        raise ValueError(f"X must be (n_samples, {n_in}) or ({n_in},), but has shape {array.shape}")
    check_features(array, "X", n_in)
    return as_finite(array, "X", dtype)


def as_samples(X, y, n_in, n_out, loss, dtype):
    """X as (n_samples, n_in) with at least one sample, and the targets or labels for them."""
    array = as_numbers(X, "X")
    if array.ndim != 2:
        remedy = ""
        if array.ndim == 1:
            remedy = "; one sample is X[numpy.newaxis, :], samples of one input X[:, numpy.newaxis]"
        raise ValueError(f"X must be (n_samples, {n_in}), but has shape {array.shape}{remedy}")
    check_features(array, "X", n_in)
    if array.shape[0] == 0:
        raise ValueError("X must have at least one sample, but has none")
    return as_finite(array, "X", dtype), as_targets(y, len(array), n_out, loss, dtype)


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
    _, kind = LOSSES[loss]
    if kind == "-":
        return
    wrong = ~((targets >= 0) & (targets <= 1))
    if wrong.any():
        s, j = np.unravel_index(np.argmax(wrong), targets.shape)
        raise ValueError(
            f"y[{s}, {j}] is {targets[s, j]}, but targets of {loss!r} are between 0 and 1"
        )
    if kind == "d":
        totals = targets.sum(axis=1, dtype=np.float64)
        wrong = abs(totals - 1) > SUM_TOLERANCE
        if wrong.any():
            s = np.argmax(wrong)
            raise ValueError(f"y[{s}] sums to {totals[s]}, but targets of {loss!r} must sum to 1")


def as_metric_codes(names, targets, activation, loss):
    """The metrics' places in the table, ascending: of several of a name, the one that fits."""
    asked = [name for name, classes in METRICS if name in names and classes != "-"]
    fits = {name: as_classes(name, targets, activation, loss) for name in dict.fromkeys(asked)}
    return tuple(
        code
        for code, (name, classes) in enumerate(METRICS)
        if name in names and classes in ("-", fits.get(name))
    )


def as_classes(name, targets, activation, loss):
    """How the targets tell classes to a metric: see `classes` in the table of metrics.

    Raises where they tell none: a share of right answers means nothing then.
    """
    if targets.ndim == 1:
        return "l"
    if RANGES[activation] == (-1, 1) and (abs(targets) == 1).all():
        return "s"
    _, kind = LOSSES[loss]
    one_output = targets.shape[1] == 1
    if kind == "-":
        check_classes(name, targets, one_output)
    return "h" if one_output or kind == "p" else "l"


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


def check_out(others, out, shape, dtype):
    """Raise unless the outputs can be written to `out`, which must not overlap the others.

    Those are X as it came, X as it is read, and the network's parameters.
    """
    if not isinstance(out, np.ndarray) or out.dtype != dtype:
        came = f"an array of {out.dtype}" if isinstance(out, np.ndarray) else repr(type(out))
        raise TypeError(f"out must be an array of {dtype}, but is {came}")
    if out.shape != shape:
        raise ValueError(f"out must have shape {shape}, but has shape {out.shape}")
    if not out.flags.carray:
        raise ValueError("out must be C-contiguous, aligned and writable")
    *inputs, parameters = others
    for array in inputs:
        if isinstance(array, np.ndarray) and np.shares_memory(array, out):
            raise ValueError("out must not overlap X")
    if np.shares_memory(parameters, out):
        raise ValueError("out must not overlap the network's parameters")
