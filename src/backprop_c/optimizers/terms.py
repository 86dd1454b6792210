"""What the engine is told of an optimizer."""

from .._validation.entries import UPDATES
from ..schedules import ByEpoch, ReduceOnPlateau, Schedule, schedule_terms

# What is said of a learning rate that stays.
STEADY = {"schedule": None, "plateau": None, "rate_of_epoch": None}


def rate_terms(rate):
    """What changes a learning rate, of which it is one at most."""
    return {
        "schedule": schedule_terms(rate) if isinstance(rate, Schedule) else None,
        "plateau": rate if isinstance(rate, ReduceOnPlateau) else None,
        "rate_of_epoch": rate.rate if isinstance(rate, ByEpoch) else None,
    }


def optimizer_terms(optimizer):
    """An optimizer as the engine takes it: its rule's code, hyperparameters, and the rest."""
    rate = getattr(optimizer, "learning_rate", None)
    options = {
        "clip_norm": getattr(optimizer, "clip_norm", None) or 0.0,
        "clip_value": getattr(optimizer, "clip_value", None) or 0.0,
        **(STEADY if isinstance(rate, float) else rate_terms(rate)),
    }
    return UPDATES[optimizer.rule], optimizer.hyperparameters(), options


def terms_of_steps(optimizer):
    """The same, of one whose steps can be made one at a time; others are refused."""
    if optimizer.steps != "batches":
        raise ValueError(
            f"{type(optimizer).__name__} makes its steps in a fit alone, where it looks at all "
            "samples again and again: use Network.fit, or another optimizer"
        )
    return optimizer_terms(optimizer)
