from typing import Any, Self

from numpy.typing import NDArray
from typing_extensions import disjoint_base

@disjoint_base
class BareKernels:
    def __new__(
        cls,
        dtype_name: str,
        layer_sizes: tuple[int, ...],
        biases: bool,
        l1: tuple[float, ...],
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
    def stop_at_zero(
        self,
        begin: int,
        end: int,
        before: NDArray[Any],
        gradient: NDArray[Any],
        parameters: NDArray[Any],
    ) -> None: ...
    def constrain(self, layer: int, parameters: NDArray[Any]) -> None: ...
    def given_delta(
        self, targets: NDArray[Any], weights: NDArray[Any], delta: NDArray[Any]
    ) -> float: ...

def dense_product(kind: str, a: NDArray[Any], b: NDArray[Any], out: NDArray[Any]) -> None: ...
