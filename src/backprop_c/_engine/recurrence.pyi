from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .engine import Engine
from .parameters import SharedParameters

MOST_MEMORY: int

def set_up_recurrent(
    shared: SharedParameters,
    sizes: tuple[int, int, int],
    activations: tuple[tuple[int, tuple[float, ...]], ...],
    loss: tuple[int, tuple[float, ...]],
    readout: bool,
    biases: bool,
    dtype: np.dtype[Any],
    l1: tuple[float, ...],
    l2: tuple[float, ...],
    forward: tuple[str, float, int, float, int],
    backward: tuple[str, float, int, float, int],
    symmetric: bool,
    input_connections: NDArray[np.bool_] | None,
    connections: NDArray[np.bool_] | None,
    linear_solver: object = None,
) -> None: ...
def settled_units(
    engine: Engine, X: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.float64]]: ...
def predict(
    self: Engine,
    X: ArrayLike,
    out: NDArray[Any] | None = None,
    *,
    n_threads: int | None = 1,
    return_info: bool = False,
) -> Any: ...
