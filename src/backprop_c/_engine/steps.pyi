from numpy.typing import ArrayLike
from typing_extensions import disjoint_base

from .jacobians import Jacobians
from .memory import Memory

@disjoint_base
class Step: ...

@disjoint_base
class Stepper(Jacobians):
    def train_step(
        self,
        X: ArrayLike,
        y: ArrayLike | None = None,
        *,
        sample_weight: ArrayLike | None = None,
        output_gradient: ArrayLike | None = None,
    ) -> float: ...
    @property
    def _step_memory(self) -> Memory | None: ...
