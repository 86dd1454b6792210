from collections.abc import Callable
from typing import Any

from numpy.random import BitGenerator
from typing_extensions import disjoint_base

from .engine import Engine
from .measures import MetricSet
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
    def go_on(self) -> bool: ...
    @property
    def settled(self) -> bool: ...
    @property
    def ended_by(self) -> str | None: ...
    @property
    def loss_at_end(self) -> float | None: ...
    @property
    def overflowed(self) -> bool: ...
    @property
    def diverged(self) -> bool: ...
    @property
    def reached_goal(self) -> bool: ...
    def __init__(
        self,
        engine: Engine,
        metrics: MetricSet,
        validation: MetricSet | None = None,
        own_loss: Callable[..., Any] | None = None,
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
        *,
        shuffled: bool = True,
        clip_norm: float = 0.0,
        clip_value: float = 0.0,
        schedule: tuple[int, tuple[float, ...], int | None] | None = None,
        rate_of_epoch: Callable[[int], float] | None = None,
        plateau: tuple[Any, ...] | None = None,
        early_stop: tuple[int, int, float, int, bool] | None = None,
        goal: tuple[int, int, float] | None = None,
        watched: bool = False,
        shuffles_again: bool = False,
        penalties_by_batch: bool = False,
        loss_divisor: float = 0.0,
        any_is_best: bool = False,
    ) -> None: ...
    def fit(
        self,
        begin: Callable[[OptimizerState], Any],
        *arguments: Any,
        **options: Any,
    ) -> None: ...
    def run(self, seconds: float = 0.05) -> bool: ...
    def close(self) -> None: ...
