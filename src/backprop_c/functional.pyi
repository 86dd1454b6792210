from typing import Any, Literal

from numpy.typing import ArrayLike, NDArray

from ._engine.outcome import OptimizerState
from .activations import Activation
from .losses import Loss
from .optimizers import Optimizer

_Numbers = NDArray[Any]
_Room = _Numbers | None | Literal[False]

def dense_forward(
    X: _Numbers, weights: _Numbers, biases: _Numbers | None = None, out: _Numbers | None = None
) -> _Numbers: ...
def activate(name: str | Activation, Z: _Numbers, out: _Numbers | None = None) -> _Numbers: ...
def derivative(name: str | Activation, Z: _Numbers, out: _Numbers | None = None) -> _Numbers: ...
def dense_backward(
    X: _Numbers,
    weights: _Numbers,
    delta: _Numbers,
    weights_out: _Room = None,
    biases_out: _Room = None,
    inputs_out: _Room = None,
) -> tuple[Any, Any, Any]: ...
def loss_and_delta(
    loss: str | Loss,
    activation: str | Activation,
    Z: _Numbers,
    y: ArrayLike,
    out: _Numbers | None = None,
) -> tuple[float, _Numbers]: ...
def update(
    optimizer: Optimizer | str,
    parameters: _Numbers,
    gradient: _Numbers,
    state: OptimizerState | None = None,
) -> OptimizerState: ...
