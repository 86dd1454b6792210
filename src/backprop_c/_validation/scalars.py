"""Numbers, flags, names, and where random numbers come from."""

import math
import numbers
import operator
import os
import sys

import numpy as np

DTYPES = ("float32", "float64")
BY_NAME = {name: np.dtype(name) for name in DTYPES}
# The kinds of real numbers: a float is told at once, which the abstract class is slow to do.
REAL = (float, numbers.Real)
MOST_THREADS = 256
AUTOMATIC_BATCH_SIZE = 32


def as_count(value, name, minimum):
    """An integer of at least `minimum`."""
    count = value if type(value) is int else as_integer(value, name)
    if count < minimum:
        raise ValueError(f"{name} must be at least {minimum}, but is {count}")
    if count > sys.maxsize:
        raise ValueError(f"{name} must be at most {sys.maxsize}, but is larger")
    return count


def as_integer(value, name):
    """An int."""
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be an integer, but is {value!r}")
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, but is {value!r}") from None


def as_number(value, name):
    """A float, infinite where it is too large for one."""
    if type(value) is float:
        return value
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, REAL):
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


def as_bound(value, name):
    """A float above 0, which may be infinite: no bound."""
    number = as_number(value, name)
    if not number > 0:
        raise ValueError(f"{name} must be positive, but is {number}")
    return number


def as_finite_number(value, name):
    """A finite float."""
    number = as_number(value, name)
    if not math.isfinite(number):
        raise ValueError(f"{name} must be finite, but is {number}")
    return number


def as_in_range(value, name, lowest, below=math.inf):
    """A float from `lowest` on, below another one."""
    number = as_number(value, name)
    if not lowest <= number < below:
        limit = "finite" if below == math.inf else f"below {below}"
        raise ValueError(f"{name} must be at least {lowest} and {limit}, but is {number}")
    return number


def as_flag(value, name):
    """True or False."""
    if type(value) is bool:
        return value
    if not isinstance(value, np.bool_):
        raise TypeError(f"{name} must be True or False, but is {value!r}")
    return bool(value)


def as_batch_size(value, n_samples):
    """How many samples an update takes; None for all, "auto" for what is usual."""
    if value is None:
        return n_samples
    if isinstance(value, str):
        if value != "auto":
            raise ValueError(f"batch_size must be an integer, 'auto' or None, but is {value!r}")
        return AUTOMATIC_BATCH_SIZE
    return as_count(value, "batch_size", 1)


def as_n_threads(value):
    """A number of threads; None for the cores that this process may use."""
    if value is not None:
        n_threads = as_count(value, "n_threads", 1)
    elif hasattr(os, "sched_getaffinity"):
        n_threads = len(os.sched_getaffinity(0))
    else:
        n_threads = os.cpu_count() or 1
    return min(n_threads, MOST_THREADS)


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


def as_share(value, name):
    """A float of at least 0 and below 1."""
    return as_in_range(value, name, 0, 1)


def as_fraction(value, name):
    """A float above 0 and below 1."""
    number = as_number(value, name)
    if not 0 < number < 1:
        raise ValueError(f"{name} must be above 0 and below 1, but is {number}")
    return number


def as_momentum(value, name):
    """A float from 0 to 1: with 1 nothing is ever forgotten."""
    number = as_number(value, name)
    if not 0 <= number <= 1:
        raise ValueError(f"{name} must be from 0 to 1, but is {number}")
    return number


def as_not_negative(value, name):
    """A finite float of at least 0."""
    return as_in_range(value, name, 0)


def as_limit(value, name):
    """A positive float, or None for no limit."""
    return None if value is None else as_positive(value, name)


def as_known_name(value, name, known):
    """One of the known names."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a name, but is {value!r}; known: {', '.join(known)}")
    if value not in known:
        raise ValueError(f"{name} {value!r} is not known; known: {', '.join(known)}")
    return value


def as_dtype(value):
    """The dtype float32 or float64, in native byte order."""
    if type(value) is str and value in BY_NAME:
        return BY_NAME[value]
    try:
        dtype = np.dtype(value)
    except (TypeError, ValueError):
        raise TypeError(f"dtype must be one of {', '.join(DTYPES)}, but is {value!r}") from None
    if value is None or dtype.name not in DTYPES or not dtype.isnative:
        raise ValueError(f"dtype must be one of {', '.join(DTYPES)}, but is {value!r}")
    return dtype
