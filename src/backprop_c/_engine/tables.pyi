from typing import Any, NamedTuple

from numpy.typing import NDArray

class ActivationEntry(NamedTuple):
    parameters: tuple[str, ...]
    reads: str
    elementwise: bool
    outputs_only: bool
    lowest: float
    highest: float

class LossEntry(NamedTuple):
    parameters: tuple[str, ...]
    outputs: str
    lowest: float
    highest: float
    above_lowest: bool
    sums_to_one: bool

class UpdateEntry(NamedTuple):
    hyperparameters: tuple[str, ...]
    n_states: int
    n_carried: int

class MetricEntry(NamedTuple):
    name: str
    parameters: tuple[str, ...]
    classes: str
    known: str
    of_one_output: bool
    of_shares: bool
    larger_is_better: bool
    of_pass: bool

def activation_table() -> dict[str, ActivationEntry]: ...
def loss_table() -> dict[str, LossEntry]: ...
def metric_table() -> list[MetricEntry]: ...
def update_table() -> dict[str, UpdateEntry]: ...
def activation_slopes(
    activation: int, constants: tuple[float, ...], z: NDArray[Any]
) -> NDArray[Any]: ...
