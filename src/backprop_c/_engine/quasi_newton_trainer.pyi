from typing_extensions import disjoint_base

from .trainer import Trainer

@disjoint_base
class QuasiNewtonTrainer(Trainer):
    @property
    def ended_by(self) -> str | None: ...
    @property
    def loss_at_end(self) -> float | None: ...
