from typing import Any

from numpy.typing import NDArray
from typing_extensions import disjoint_base

from .trainer import Trainer

@disjoint_base
class OutsideTrainer(Trainer):
    def evaluate_at(self, parameters: NDArray[Any]) -> tuple[float, NDArray[Any]]: ...
    def step_to(self, parameters: NDArray[Any], settled: bool = False) -> None: ...
