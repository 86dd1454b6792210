from collections.abc import Callable
from typing import Any

from numpy.random import BitGenerator
from numpy.typing import NDArray
from typing_extensions import disjoint_base

from .engine import Engine
from .outcome import OptimizerState, Record

@disjoint_base
class Trainer:
    @property
    def record(self) -> Record: ...
    @property
    def optimizer_state(self) -> OptimizerState: ...
    @property
    def n_threads(self) -> int: ...
    @property
    def overwritten(self) -> bool: ...
    @property
    def overflowed(self) -> bool: ...
    @property
    def diverged(self) -> bool: ...
    def __init__(
        self,
        engine: Engine,
        X: NDArray[Any],
        y: NDArray[Any],
        sample_weights: NDArray[Any] | None,
        metrics: tuple[int, ...],
    ) -> None: ...
    def prepare(
        self,
        epochs: int,
        batch_size: int,
        update: int,
        hyperparameters: tuple[float, ...],
        bit_generator: BitGenerator | None,
        optimizer_state: OptimizerState | None,
        n_threads: int = 1,
    ) -> None: ...
    def fit(self, begin: Callable[[OptimizerState], Any], *arguments: Any) -> None: ...
    def run(self, seconds: float = 0.05) -> bool: ...
    def evaluate(self, gradient_wanted: bool) -> tuple[NDArray[Any], Any]: ...
    def close(self) -> None: ...
