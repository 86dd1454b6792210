"""What is timed: networks, data and training, products; the same for every contender.

Arrays are made when a contender asks for them: reading the tables costs nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

import data
from work import flatten


@dataclass(frozen=True)
class Case:
    """A problem's arrays: what every contender begins with.

    Attributes
    ----------
    X, y : ndarray
        Rows and targets; for classes, y is one-hot and `labels` has the indices.
    weights, biases : tuple of ndarray
        Each (n_in, n_out) and (n_out,); no biases in networks without.
    labels : ndarray or None
    """

    X: np.ndarray
    y: np.ndarray | None
    weights: tuple
    biases: tuple
    labels: np.ndarray | None = None

    @property
    def parameters(self):
        """W0, b0, W1, b1, ... in one new array."""
        return flatten(self.weights, self.biases)


@dataclass(frozen=True)
class Training:
    """A training of so many epochs from given starting weights.

    Attributes
    ----------
    name, title : str
    layer_sizes, activations : tuple
    rows : callable
        Returns the rows, their targets and the labels (or None).
    batch_size : int
        As many as rows: the full batch.
    per : str
        What the report gives the time of: an "epoch", a "step" (an update) or a "sample".
    metrics : tuple of str
        What each epoch has to report beside the loss.
    start : callable
        The starting weights and biases, from the problem.
    check_epochs : int
        The contenders' losses and weights are compared after so many epochs in the given order.
    tolerance, weight_tolerance : float
        How far apart, relatively, losses may be, and weights (by their norm).
    shared : bool
        Large enough to be given to several threads.
    """

    kind: ClassVar[str] = "training"

    name: str
    title: str
    layer_sizes: tuple
    activations: tuple
    rows: Callable
    n_samples: int
    batch_size: int
    per: str
    start: Callable
    loss: str = "cross_entropy"
    optimizer: str = "adam"
    learning_rate: float = 0.001
    dtype: str = "float32"
    shuffle: bool = True
    metrics: tuple = ()
    check_epochs: int = 3
    tolerance: float = 1e-3
    weight_tolerance: float = 1e-3
    shared: bool = False

    @property
    def units(self):
        """How many of what is reported an epoch has."""
        steps = -(-self.n_samples // self.batch_size)
        return {"epoch": 1, "step": steps, "sample": self.n_samples}[self.per]

    @property
    def full_batch(self):
        """Whether an epoch is one update."""
        return self.batch_size == self.n_samples

    @cached_property
    def case(self):
        """The arrays."""
        X, y, labels = self.rows()
        X, y = (array.astype(self.dtype, copy=False) for array in (X, y))
        return Case(X, y, *self.start(self), labels)


@dataclass(frozen=True)
class Prediction:
    """Rows through a network; one row is a vector. Two layers, with biases, float32."""

    kind: ClassVar[str] = "prediction"
    per: ClassVar[str] = "call"
    loss: ClassVar[str] = "squared_error"  # a network has one, a prediction does not read it
    units: ClassVar[int] = 1
    tolerance: ClassVar[float] = 1e-4

    name: str
    title: str
    layer_sizes: tuple
    activations: tuple
    n_rows: int = 1
    dtype: str = "float32"
    shared: bool = False

    @cached_property
    def case(self):
        """The arrays."""
        rng = np.random.default_rng(2)
        X = rng.random((self.n_rows, self.layer_sizes[0]), dtype=np.float32)
        return Case(X[0] if self.n_rows == 1 else X, None, *data.random_start(self))


@dataclass(frozen=True)
class Product:
    """One of the three matrix products of a dense layer, square, for 256 rows of float32."""

    kind: ClassVar[str] = "product"
    per: ClassVar[str] = "product"
    units: ClassVar[int] = 1
    shared: ClassVar[bool] = False
    tolerance: ClassVar[float] = 1e-4
    n_rows: ClassVar[int] = 256

    operation: str
    width: int

    @property
    def name(self):
        """As the CSV has it."""
        return f"{self.operation}-{self.width}"

    @property
    def title(self):
        """For people."""
        return f"{self.operation}, 256 rows, {self.width}×{self.width}"

    @property
    def flops(self):
        """Multiplications and additions."""
        return 2 * self.n_rows * self.width**2

    @cached_property
    def arrays(self):
        """The two factors, and room for the product."""
        rng = np.random.default_rng(3)
        rows, square = (self.n_rows, self.width), (self.width, self.width)
        last = (rows, square) if self.operation == "backward_weights" else (square, rows)
        return [rng.random(shape, dtype=np.float32) - np.float32(0.5) for shape in (rows, *last)]


def classifier(name, title, layer_sizes, n_samples, batch_size, **settings):
    """Relu layers and softmax, cross-entropy, Adam, per update."""
    settings = {"rows": lambda: data.random_rows(n_samples, layer_sizes[0]), **settings}
    activations = ("relu",) * (len(layer_sizes) - 2) + ("softmax",)
    return Training(
        name,
        title,
        layer_sizes,
        activations,
        n_samples=n_samples,
        batch_size=batch_size,
        per="step",
        start=data.random_start,
        **settings,
    )


def tutorial(name, title, layer_sizes, dtype, **settings):
    """Two sigmoid layers, squared error, plain steps over the rows in turn."""
    if dtype == "float64":
        settings |= {"tolerance": 1e-9, "weight_tolerance": 1e-9}
    return Training(
        name,
        title,
        layer_sizes,
        ("sigmoid", "sigmoid"),
        loss="squared_error",
        optimizer="sgd",
        dtype=dtype,
        shuffle=False,
        check_epochs=500,
        **settings,
    )


def xor(dtype):
    """Online training of 2-2-1: an update a sample, the four samples in turn."""
    return tutorial(
        f"xor-{dtype}",
        f"XOR 2-2-1, online, {dtype}, per sample",
        (2, 2, 1),
        dtype,
        rows=data.xor_rows,
        start=data.xor_start,
        n_samples=4,
        batch_size=1,
        per="sample",
        learning_rate=0.5,
    )


TRAININGS = (
    tutorial(
        "iris",
        "Iris 4-2-3, full batch, float64, per epoch",
        (4, 2, 3),
        "float64",
        rows=data.iris_rows,
        start=data.tutorial_start,
        n_samples=130,
        batch_size=130,
        per="epoch",
        learning_rate=0.1,
        metrics=("mse", "accuracy"),
    ),
    xor("float64"),
    xor("float32"),
    classifier(
        "digits",
        "digits 64-32-10, Adam, batch 32, per step",
        (64, 32, 10),
        1797,
        32,
        rows=data.digits_rows,
        metrics=("accuracy",),
    ),
    classifier(
        "784-128-10",
        "784-128-10, Adam, batch 128, per step",
        (784, 128, 10),
        60_000,
        128,
        check_epochs=1,
        shared=True,
    ),
    classifier(
        "256-512-512-10",
        "256-512-512-10, Adam, batch 256, per step",
        (256, 512, 512, 10),
        8192,
        256,
        check_epochs=1,
        # Where a gradient is small, Adam makes steps of the learning rate out of rounding errors.
        weight_tolerance=3e-2,
        shared=True,
    ),
    Training(
        "4-32-16-4",
        "4-32-16-4 tanh, full batch of 10 000, per epoch",
        (4, 32, 16, 4),
        ("tanh", "tanh", "identity"),
        data.exponential_rows,
        n_samples=10_000,
        batch_size=10_000,
        per="epoch",
        start=data.random_start,
        loss="squared_error",
        optimizer="sgd",
        learning_rate=0.01,
        shuffle=False,
        check_epochs=20,
        shared=True,
    ),
)
RELU = ("relu", "softmax")
PREDICTIONS = (
    Prediction("row-4-2-3", "one row, 4-2-3", (4, 2, 3), ("sigmoid", "sigmoid")),
    Prediction("row-64-32-10", "one row, 64-32-10", (64, 32, 10), RELU),
    Prediction("row-784-128-10", "one row, 784-128-10", (784, 128, 10), RELU),
    Prediction(
        "rows-4-16-3", "1 000 000 rows, 4-16-3 softmax", (4, 16, 3), RELU, 1_000_000, shared=True
    ),
)
WIDTHS = (8, 16, 32, 64, 128, 256, 512, 1024, 2048)
OPERATIONS = {
    "forward": "forward",
    "backward_inputs": "input gradient",
    "backward_weights": "weight gradient",
}
PRODUCTS = tuple(Product(operation, width) for width in WIDTHS for operation in OPERATIONS)
PROBLEMS = {problem.name: problem for problem in (*TRAININGS, *PREDICTIONS, *PRODUCTS)}
