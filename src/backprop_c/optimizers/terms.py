"""What the engine is told of an optimizer."""

from .._validation.entries import UPDATES
from ..schedules import ByEpoch, ReduceOnPlateau, Schedule, schedule_terms


def optimizer_terms(optimizer):
    """An optimizer as the engine takes it: its rule's code, hyperparameters, and the rest."""
    rate = getattr(optimizer, "learning_rate", None)
    options = {
        "clip_norm": getattr(optimizer, "clip_norm", None) or 0.0,
        "clip_value": getattr(optimizer, "clip_value", None) or 0.0,
        "schedule": schedule_terms(rate) if isinstance(rate, Schedule) else None,
        "plateau": rate if isinstance(rate, ReduceOnPlateau) else None,
        "rate_of_epoch": rate.rate if isinstance(rate, ByEpoch) else None,
    }
    return UPDATES.index(optimizer.rule), optimizer.hyperparameters(), options
