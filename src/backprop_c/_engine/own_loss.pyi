from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import disjoint_base

@disjoint_base
class LossCaller:
    def __init__(self, function: Callable[..., Any]) -> None: ...
    def checked(
        self, result: Any, shape: tuple[int, ...]
    ) -> tuple[NDArray[np.float64], NDArray[Any]]: ...
