from typing import Any

from numpy.random import BitGenerator
from numpy.typing import NDArray
from typing_extensions import disjoint_base

from ._engine import Engine

@disjoint_base
class Trainer:
    @property
    def epochs_done(self) -> int: ...
    @property
    def n_threads(self) -> int: ...
    @property
    def overflowed(self) -> bool: ...
    @property
    def diverged(self) -> bool: ...
    @property
    def last_loss(self) -> float | None: ...
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
        optimizer_state: tuple[int, NDArray[Any]] | None,
        n_threads: int = 1,
    ) -> None: ...
    def run(self, seconds: float = 0.05) -> bool: ...
    def evaluate(self, gradient_wanted: bool) -> tuple[NDArray[Any], Any]: ...
    def recorded_values(self) -> NDArray[Any]: ...
    def optimizer_state(self) -> tuple[int, NDArray[Any]]: ...
    def stop(self) -> None: ...
    def close(self) -> None: ...
