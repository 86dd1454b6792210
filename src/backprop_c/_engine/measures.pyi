from collections.abc import Callable, Sequence
from typing import Any

from numpy.typing import NDArray
from typing_extensions import disjoint_base

from .samples import SampleSet

@disjoint_base
class MetricSet:
    @property
    def samples(self) -> SampleSet: ...
    @property
    def functions(self) -> tuple[tuple[int, Callable[..., Any]], ...]: ...
    def __init__(
        self,
        samples: SampleSet,
        metrics: Sequence[
            tuple[int, Sequence[float], Sequence[float], Callable[..., Any] | None]
        ] = (),
    ) -> None: ...

def as_value(
    function: Callable[..., Any], value: Any, weights: NDArray[Any] | None, n_samples: int
) -> float: ...
