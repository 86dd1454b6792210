from typing import Any

from numpy.typing import NDArray
from typing_extensions import disjoint_base

from .parameters import SharedParameters

SUM_TOLERANCE: float

def as_they_stand(shared: SharedParameters, X: object, y: object) -> SampleSet | None: ...

@disjoint_base
class SampleSet:
    @property
    def n_samples(self) -> int: ...
    @property
    def X(self) -> NDArray[Any]: ...
    @property
    def y(self) -> NDArray[Any]: ...
    @property
    def sample_weight(self) -> NDArray[Any] | None: ...
    def __init__(
        self,
        shared: SharedParameters,
        X: NDArray[Any],
        y: NDArray[Any],
        sample_weight: NDArray[Any] | None,
    ) -> None: ...
