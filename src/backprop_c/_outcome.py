"""Where pickles without a format number look for an optimizer's state: the module has moved."""

from ._engine.outcome import OptimizerState

__all__ = ["OptimizerState"]
