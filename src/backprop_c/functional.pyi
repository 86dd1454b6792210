from typing import Any, Literal

from numpy.typing import ArrayLike, NDArray

from ._engine.outcome import OptimizerState
from .activations import Activation
from .losses import Loss
from .optimizers import Optimizer

Numbers = NDArray[Any]
Room = Numbers | None | Literal[False]

def dense_forward(
    X: Numbers, weights: Numbers, biases: Numbers | None = None, out: Numbers | None = None
) -> Numbers: ...
def activate(name: str | Activation, Z: Numbers, out: Numbers | None = None) -> Numbers: ...
def derivative(name: str | Activation, Z: Numbers, out: Numbers | None = None) -> Numbers: ...
def dense_backward(
    X: Numbers,
    weights: Numbers,
    delta: Numbers,
    weights_out: Room = None,
    biases_out: Room = None,
    inputs_out: Room = None,
) -> tuple[Any, Any, Any]: ...
def loss_and_delta(
    loss: str | Loss,
    activation: str | Activation,
    Z: Numbers,
    y: ArrayLike,
    out: Numbers | None = None,
) -> tuple[float, Numbers]: ...
def update(
    optimizer: Optimizer,
    parameters: Numbers,
    gradient: Numbers,
    state: OptimizerState | None = None,
) -> OptimizerState: ...
