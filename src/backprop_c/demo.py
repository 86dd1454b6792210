"""The two tutorials that the package grew from, each beside the same loop in NumPy.

The first of them once more in the package's building blocks, which are open.
"""

import inspect
import time
import warnings
from dataclasses import dataclass
from importlib import resources

import numpy as np

from .exceptions import DivergenceWarning
from .functional import activate, dense_backward, dense_forward, derivative, loss_and_delta, update
from .network import Network
from .optimizers import SGD
from .trace import trace

IRIS_EPOCHS = 5000
STEPS_EPOCHS = 400
REHEARSALS = 3


def load_iris():
    """Fisher's iris data: X of shape (150, 4) in centimetres, species 0, 1 or 2 of shape (150,).

    R. A. Fisher, The use of multiple measurements in taxonomic problems (1936).
    """
    text = (resources.files("backprop_c") / "data" / "iris.csv").read_text(encoding="ascii")
    table = np.array([line.split(",") for line in text.splitlines()[1:]], dtype=float)
    return table[:, :4].copy(), table[:, 4].astype(int)


def split_iris():
    """The tutorial's split, scikit-learn's ``train_test_split(test_size=20, random_state=4)``.

    Returns X_train, y_train, X_test, y_test, with one-hot y.
    """
    X, species = load_iris()
    order = np.random.RandomState(4).permutation(len(X))
    y = np.eye(3)[species]
    test, train = order[:20], order[20:]
    return X[train], y[train], X[test], y[test]


def iris_network():
    """The tutorial's 4-2-3 network with its starting weights."""
    net = Network((4, 2, 3), activations="sigmoid", biases=False, random_state=0)
    random = np.random.RandomState(10)
    for weights in net.weights:
        weights[:] = random.normal(scale=0.5, size=weights.shape)
    return net


def steps_network():
    """The step-by-step tutorial's linear 2-2-1 network."""
    net = Network((2, 2, 1), activations="identity", biases=False, random_state=0)
    net.weights[0][:] = [[0.21, 0.19], [0.56, 0.02]]
    net.weights[1][:] = [[0.23], [0.16]]
    return net


def numpy_sigmoid(weights, X, y, learning_rate, epochs):
    """The loop in NumPy: two sigmoid layers, full batch. Weights in place; mse and accuracy."""
    first, second = weights
    labels = y.argmax(axis=1)
    values = {"mse": np.empty(epochs), "accuracy": np.empty(epochs)}
    for epoch in range(epochs):
        hidden = 1 / (1 + np.exp(-(X @ first)))
        outputs = 1 / (1 + np.exp(-(hidden @ second)))
        error = outputs - y
        values["mse"][epoch] = (error * error).mean()
        values["accuracy"][epoch] = (outputs.argmax(axis=1) == labels).mean()
        delta = error * outputs * (1 - outputs)
        delta_hidden = (delta @ second.T) * hidden * (1 - hidden)
        second -= learning_rate / len(X) * (hidden.T @ delta)
        first -= learning_rate / len(X) * (X.T @ delta_hidden)
    return values


def functional_sigmoid(weights, X, y, learning_rate, epochs):
    """The same loop as numpy_sigmoid, line for line, in building blocks."""
    first, second = weights
    labels = y.argmax(axis=1)
    optimizer, first_state, second_state = SGD(learning_rate), None, None
    values = {"mse": np.empty(epochs), "accuracy": np.empty(epochs)}
    for epoch in range(epochs):
        z_hidden = dense_forward(X, first)
        hidden = activate("sigmoid", z_hidden)
        z_outputs = dense_forward(hidden, second)
        outputs = activate("sigmoid", z_outputs)
        loss, delta = loss_and_delta("squared_error", "sigmoid", z_outputs, y)
        values["mse"][epoch] = 2 * loss / y.shape[1]
        values["accuracy"][epoch] = (outputs.argmax(axis=1) == labels).mean()
        of_second, _, of_hidden = dense_backward(hidden, second, delta)
        delta_hidden = of_hidden * derivative("sigmoid", z_hidden)
        second_state = update(optimizer, second, of_second, second_state)
        of_first, _, _ = dense_backward(X, first, delta_hidden, inputs_out=False)
        first_state = update(optimizer, first, of_first, first_state)
    return values


def numpy_linear(weights, X, y, learning_rate, epochs):
    """The loop in NumPy: two linear layers, full batch. Weights in place; mse."""
    first, second = weights
    values = {"mse": np.empty(epochs)}
    for epoch in range(epochs):
        hidden = X @ first
        error = hidden @ second - y
        values["mse"][epoch] = (error * error).mean()
        delta_hidden = error @ second.T
        second -= learning_rate / len(X) * (hidden.T @ error)
        first -= learning_rate / len(X) * (X.T @ delta_hidden)
    return values


@dataclass(frozen=True)
class Comparison:
    """The same training by the package and by loops: times in seconds, and differences."""

    net: Network
    history: object
    seconds: float
    loops: dict[str, tuple[float, float]]


def seconds(function, *arguments, **settings):
    """How long a call takes."""
    start = time.perf_counter()
    function(*arguments, **settings)
    return time.perf_counter() - start


def compare(net, loops, X, y, learning_rate, epochs, metrics):
    """Train the network, showing progress, and its doubles in loops: name -> function."""
    doubles = {name: [weights.copy() for weights in net.weights] for name in loops}
    settings = {
        "epochs": epochs,
        "batch_size": None,
        "optimizer": SGD(learning_rate),
        "metrics": metrics,
    }
    ours: list[float] = []
    theirs: dict[str, list[float]] = {name: [] for name in loops}
    for _ in range(REHEARSALS):
        ours.append(seconds(net.__copy__().fit, X, y, **settings))
        for name, loop in loops.items():
            copies = [weights.copy() for weights in doubles[name]]
            theirs[name].append(seconds(loop, copies, X, y, learning_rate, epochs))
    history = net.fit(X, y, verbose=True, **settings)
    found = {}
    for name, loop in loops.items():
        values = loop(doubles[name], X, y, learning_rate, epochs)
        pairs = [(history[key], values[key]) for key in values]
        pairs += zip(net.weights, doubles[name], strict=True)
        difference = max(abs(one - other).max() for one, other in pairs)
        found[name] = min(theirs[name]), float(difference)
    return Comparison(net, history, min(ours), found)


def report(comparison, epochs):
    """Print all times, each the best of some, and the largest differences."""
    ours = comparison.seconds
    print(f"  backprop_c {ours * 1e3:9.2f} ms  ({ours / epochs * 1e6:.2f} us an epoch)")
    for name, (theirs, _) in comparison.loops.items():
        print(
            f"  {name:10} {theirs * 1e3:9.2f} ms  ({theirs / epochs * 1e6:.2f} us an epoch): "
            f"{theirs / ours:.1f} times as long"
        )
    for name, (_, difference) in comparison.loops.items():
        of = f" of {name}" if len(comparison.loops) > 1 else ""
        print(f"  largest difference in any weight, mse or accuracy{of}: {difference:.1e}")


def run_iris():
    """Train the iris network; print and return the history."""
    X, y, X_test, y_test = split_iris()
    net = iris_network()
    print(f"Iris: 130 flowers to learn from, 20 to test on\n  {net}")
    comparison = compare(net, {"NumPy": numpy_sigmoid}, X, y, 0.1, IRIS_EPOCHS, ("mse", "accuracy"))
    history = comparison.history
    print(f"  half the mse {history['mse'][0] / 2:.6f} -> {history['mse'][-1] / 2:.6f}")
    print(f"  loss         {history['loss'][0]:.6f} -> {history['loss'][-1]:.6f}")
    print(
        "  A flower's loss is half the sum of its three outputs' squared errors, and the mse is\n"
        "  the mean of them all: so the loss is three times half the mse."
    )
    print(f"  accuracy     {history['accuracy'][0]:.3f}    -> {history['accuracy'][-1]:.3f}")
    test = net.evaluate(X_test, y_test, metrics=["accuracy"])
    print(f"  accuracy on the 20 test flowers: {test['accuracy']:.2f}")
    report(comparison, IRIS_EPOCHS)
    return history


def run_steps():
    """Go through the step-by-step tutorial and train its network; print and return the history."""
    X, y = np.array([[8.0, 12.0]]), np.array([[4.0]])
    net = steps_network()
    print(f"Backpropagation step by step\n  {net}\n")
    trace(net, X[0], y[0], learning_rate=0.05)
    print("\nGoing on at a rate of 0.05:")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DivergenceWarning)
        net.__copy__().fit(X, y, epochs=STEPS_EPOCHS, optimizer=SGD(0.05))
    for warning in caught:
        print(f"  {warning.message}")
    print("\nAt a rate of 0.001:")
    comparison = compare(net, {"NumPy": numpy_linear}, X, y, 0.001, STEPS_EPOCHS, ("mse",))
    losses = comparison.history["loss"]
    print(f"  loss {losses[0]:.8f} -> {losses[-1]:.3g}")
    print(f"  prediction {net.predict(X)[0, 0]:.8f}, target {y[0, 0]:g}")
    report(comparison, STEPS_EPOCHS)
    return comparison.history


def run_functional():
    """Write the iris tutorial in building blocks, beside NumPy; print and return the history."""
    X, y, _, _ = split_iris()
    net = iris_network()
    print(f"Iris once more, in NumPy and in the package's building blocks, for\n  {net}")
    for loop in (numpy_sigmoid, functional_sigmoid):
        print("\n" + inspect.getsource(loop).rstrip())
    print(f"\n{IRIS_EPOCHS} epochs of both, and of Network.fit:")
    loops = {"NumPy": numpy_sigmoid, "functional": functional_sigmoid}
    comparison = compare(net, loops, X, y, 0.1, IRIS_EPOCHS, ("mse", "accuracy"))
    report(comparison, IRIS_EPOCHS)
    return comparison.history


DEMOS = {
    "iris": (run_iris, "Iris, 4-2-3, full batch: mean over 130 flowers"),
    "functional": (run_functional, "Iris, 4-2-3, full batch: mean over 130 flowers"),
    "steps": (run_steps, "Step by step, 2-2-1, learning rate 0.001"),
}
