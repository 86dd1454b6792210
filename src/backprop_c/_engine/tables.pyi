from typing import Any, NamedTuple, Self

from numpy.typing import NDArray
from typing_extensions import disjoint_base

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
    sums_to_one: bool

class UpdateEntry(NamedTuple):
    hyperparameters: tuple[str, ...]
    n_states: int
    n_carried: int

@disjoint_base
class BareKernels:
    def __new__(
        cls,
        dtype_name: str,
        layer_sizes: tuple[int, ...],
        biases: bool,
        l2: tuple[float, ...],
        max_norm: tuple[float, ...],
    ) -> Self: ...
    def penalize(
        self,
        begin: int,
        end: int,
        weight: float,
        parameters: NDArray[Any],
        gradient: NDArray[Any] | None,
    ) -> float: ...
    def sum_of_squares(self, x: NDArray[Any]) -> float: ...
    def constrain(self, layer: int, parameters: NDArray[Any]) -> None: ...
    def given_delta(
        self, targets: NDArray[Any], weights: NDArray[Any], delta: NDArray[Any]
    ) -> float: ...

def activation_table() -> dict[str, ActivationEntry]: ...
def loss_table() -> dict[str, LossEntry]: ...
def metric_table() -> list[tuple[str, str]]: ...
def update_table() -> dict[str, UpdateEntry]: ...
def activation_slopes(
    activation: int, constants: tuple[float, ...], z: NDArray[Any]
) -> NDArray[Any]: ...
def dense_product(kind: str, a: NDArray[Any], b: NDArray[Any], out: NDArray[Any]) -> None: ...
