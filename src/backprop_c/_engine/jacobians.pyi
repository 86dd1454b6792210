from typing import Any

from numpy.typing import ArrayLike, NDArray

from .engine import Engine
from .samples import SampleSet

class Jacobians(Engine):
    def jacobian(
        self, X: ArrayLike, out: NDArray[Any] | None = None, *, of: str = "inputs"
    ) -> NDArray[Any]: ...
    def _gradients(self, samples: SampleSet) -> NDArray[Any]: ...
