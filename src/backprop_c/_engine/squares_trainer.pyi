from typing_extensions import disjoint_base

from .trainer import Trainer

@disjoint_base
class SquaresTrainer(Trainer): ...
