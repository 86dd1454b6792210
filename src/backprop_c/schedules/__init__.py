"""Schedules: how the learning rate changes within a fit."""

from .entries import (
    Constant,
    Cosine,
    CosineRestarts,
    Exponential,
    InverseScaling,
    OneCycle,
    Polynomial,
    Schedule,
    Step,
    schedule_terms,
)
from .function import ByEpoch
from .plateau import ReduceOnPlateau

__all__ = [
    "ByEpoch",
    "Constant",
    "Cosine",
    "CosineRestarts",
    "Exponential",
    "InverseScaling",
    "OneCycle",
    "Polynomial",
    "ReduceOnPlateau",
    "Schedule",
    "Step",
    "schedule_terms",
]
