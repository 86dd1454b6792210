from typing import Any

from numpy.typing import ArrayLike, NDArray

from .parameters import SharedParameters

class Engine(SharedParameters):
    def predict(
        self, X: ArrayLike, out: NDArray[Any] | None = None, *, n_threads: int | None = 1
    ) -> NDArray[Any]: ...
