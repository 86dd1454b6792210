"""Optimizers: what an update rule's hyperparameters are. The arithmetic is in the kernels.

Each family has a file, as its rules have in the kernels.
"""

import warnings

from .._frozen import all_subclasses
from .._validation.scalars import as_known_name
from .base import OF_GRADIENT, Optimizer
from .gradient import SGD, Lion, Rprop
from .moments import Adam, Adamax, AdamW, Nadam
from .second_order import LBFGS, LevenbergMarquardt
from .squares import Adadelta, Adagrad, RMSprop

__all__ = [
    "LBFGS",
    "OF_GRADIENT",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "LevenbergMarquardt",
    "Lion",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "Rprop",
    "as_optimizer",
    "optimizers_by_name",
    "state_to_go_on_from",
]


def optimizers_by_name():
    """The optimizers of this package: name, as users may write it -> class."""
    return {
        made.__name__.lower(): made
        for made in all_subclasses(Optimizer)
        if made.__module__.startswith(__name__) and not made.__name__.startswith("_")
    }


BY_NAME = optimizers_by_name()


def as_optimizer(value):
    """The optimizer, or the one that a name stands for, with its defaults."""
    if isinstance(value, str):
        if value == "auto":
            raise ValueError(
                "optimizer 'auto' is for fit, which looks at the samples: give it there, or choose "
                "an optimizer"
            )
        return BY_NAME[as_known_name(value, "optimizer", BY_NAME)]()
    if not isinstance(value, Optimizer):
        raise TypeError(f"optimizer must be a name or an optimizer such as SGD(), but is {value!r}")
    return value


def state_to_go_on_from(state, optimizer):
    """A copy of a fit's optimizer state, or None with a warning if it is of another rule."""
    if state is not None and optimizer.steps == "quasi_newton":
        warnings.warn(
            f"{type(optimizer).__name__} begins anew in every fit: it keeps nothing that "
            "reset_optimizer=False could go on from",
            RuntimeWarning,
            stacklevel=4,  # the caller of fit
        )
        return None
    if state is None or state.rule == optimizer.rule:
        return state and state.copy()
    warnings.warn(
        f"reset_optimizer=False cannot go on: {optimizer!r} begins anew, since the state that is "
        f"kept belongs to another update rule, {state.rule!r}",
        RuntimeWarning,
        stacklevel=4,  # the caller of fit
    )
    return None
