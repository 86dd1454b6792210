"""What is timed: a network, its data and its training, the same for every contender."""

from dataclasses import dataclass, field

import numpy as np

from backprop_c.demo import iris_network, split_iris


@dataclass(frozen=True)
class Problem:
    """A training of so many epochs from given starting weights.

    Attributes
    ----------
    name : str
    title : str
        For the table.
    per : str
        What one time in the report is of: "epoch" or "sample".
    X, y : ndarray
    weights, biases : tuple of ndarray
        Where every contender starts; sigmoid layers. `biases` is empty for networks without.
    batch_size : int
    learning_rate : float
    metrics : tuple of str
        What each epoch has to report beside the loss.
    check_epochs : int
        After so many epochs the contenders' weights must agree.
    """

    name: str
    title: str
    per: str
    X: np.ndarray
    y: np.ndarray
    weights: tuple
    biases: tuple
    batch_size: int
    learning_rate: float
    metrics: tuple = ()
    check_epochs: int = 300
    units: int = field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "units", len(self.X) if self.per == "sample" else 1)

    @property
    def layer_sizes(self):
        """Inputs, hidden, outputs."""
        return (len(self.weights[0]), *(w.shape[1] for w in self.weights))


def iris():
    """The tutorial: 4-2-3, full batch, with mse and accuracy of every epoch."""
    X, y, _, _ = split_iris()
    weights = tuple(w.copy() for w in iris_network().weights)
    return Problem(
        name="iris",
        title="Iris 4-2-3, full batch, float64, per epoch with mse and accuracy",
        per="epoch",
        X=X,
        y=y,
        weights=weights,
        biases=(),
        batch_size=len(X),
        learning_rate=0.1,
        metrics=("mse", "accuracy"),
    )


def xor(dtype):
    """Online training of 2-2-1: an update a sample, the four samples in turn."""
    rng = np.random.default_rng(0)
    return Problem(
        name=f"xor-{dtype}",
        title=f"XOR 2-2-1, online, {dtype}, per sample",
        per="sample",
        X=np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=dtype),
        y=np.array([[0], [1], [1], [0]], dtype=dtype),
        weights=tuple(rng.normal(size=shape).astype(dtype) for shape in ((2, 2), (2, 1))),
        biases=(np.zeros(2, dtype), np.zeros(1, dtype)),
        batch_size=1,
        learning_rate=0.5,
    )


PROBLEMS = {problem.name: problem for problem in (iris(), xor("float64"), xor("float32"))}
