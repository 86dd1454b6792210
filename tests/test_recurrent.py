"""Networks that settle: their values, their gradients, and what no other sample may change."""

import copy
import importlib.util

import numpy as np
import pytest
import reference_recurrent as reference
from helpers import TOLERANCE
from recurrent_problems import CLOSE, DTYPES, KINDS, problem

from backprop_c import (
    Network,
    RecurrentNetwork,
    check_gradient,
)
from backprop_c._validation.entries import ACTIVATIONS

# Differences of the loss have few digits where a unit stands beside a kink of the value, or of the
# slope.
KINKED = {"relu", "leaky_relu", "hard_tanh", "hard_sigmoid", "softsign", "selu", "elu"}


def assert_same_gradient(net, X, y, sample_weight=None):
    loss, gradient = net.loss_and_gradient(X, y, sample_weight=sample_weight)
    expected = reference.loss_and_gradient(net, X, y, sample_weight)
    close = TOLERANCE[net.dtype.name]
    assert loss == pytest.approx(expected[0], rel=close)
    size = max(0.3, abs(expected[1]).max())
    np.testing.assert_allclose(gradient, expected[1], rtol=0, atol=close * size)


def differences(net, X, y, step=1e-4):
    """The loss's derivatives by differences of fourth order."""
    objective, start = net.objective(X, y), net.parameters.copy()
    found = []
    for move in step * np.eye(start.size):
        near = objective(start + move)[0] - objective(start - move)[0]
        far = objective(start + 2 * move)[0] - objective(start - 2 * move)[0]
        found.append((8 * near - far) / (12 * step))
    return np.array(found)


# -- Values and gradients ----------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_values_and_gradients(rng, kind, masked, dtype):
    close = CLOSE if dtype == "float64" else {"tolerance": 1e-7, "max_iterations": 300}
    net, X, y = problem(rng, dtype=dtype, masked=masked, **close, **KINDS[kind])
    units = net.settle(X)
    expected = reference.settled(net, X)[0]
    np.testing.assert_allclose(units, expected, rtol=0, atol=TOLERANCE[dtype])
    if net.readout_weights is None:
        np.testing.assert_array_equal(net.predict(X), units[:, -2:])
    assert_same_gradient(net, X, y)
    assert_same_gradient(net, X, y, rng.integers(0, 3, len(X)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_units", [1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 16, 17, 24, 25, 33])
def test_sizes_around_tiles(rng, n_units, dtype):
    close = CLOSE if dtype == "float64" else {"tolerance": 1e-7, "max_iterations": 300}
    n_outputs = min(n_units, 3)
    for n_samples in (1, 2, 5, 31, 33, 65):
        net, X, y = problem(rng, 2, n_units, n_outputs, n_samples, dtype=dtype, **close)
        assert_same_gradient(net, X, y)
        rows = np.stack([net.predict(row) for row in X])
        np.testing.assert_allclose(rows, net.predict(X), rtol=0, atol=TOLERANCE[dtype])


def test_gradients_of_two_hundred_random_networks(rng):
    """They equal differences of the loss, with masks, all activations and both solvers.

    And what LAPACK finds, where SciPy is installed.
    """
    solves = importlib.util.find_spec("scipy") is not None
    names = [name for name, entry in ACTIVATIONS.items() if not entry.outputs_only]
    smooth = [name for name in names if not KINKED & {name}]
    for number in range(200):
        options = {
            "activation": smooth[number % len(smooth)],
            "solver": ("relaxation", "anderson")[number % 2],
            "symmetric": number % 3 == 0,
            "biases": number % 5 > 0,
            "output_activation": (None, "identity", "sigmoid")[number % 4 % 3],
            "l2": 0.01 * (number % 2),
            "masked": number % 4 > 0,
        }
        n_units = int(rng.integers(2, 9))
        net, X, y = problem(rng, 2, n_units, 2, 4, **CLOSE, **options)
        expected = differences(net, X, y)
        _, gradient = net.loss_and_gradient(X, y)
        error = abs(gradient - expected).max() / abs(expected).max()
        assert error < 1e-6, (number, options)
        if solves:
            direct = net._twin("float64", backward_solver="direct").loss_and_gradient(X, y)[1]
            error = abs(gradient - direct).max() / abs(direct).max()
            assert error < 1e-10, (number, options)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", [{}, {"symmetric": True}, {"output_activation": "identity"}])
def test_direct_errors_are_the_settled_ones(rng, kind, dtype):
    pytest.importorskip("scipy")
    close = CLOSE if dtype == "float64" else {"tolerance": 1e-7, "max_iterations": 300}
    net, X, y = problem(rng, masked=True, dtype=dtype, **close, **kind)
    made_of = {
        "connections": net.connections,
        "input_connections": net.input_connections,
        "dtype": dtype,
    }
    direct = RecurrentNetwork(3, 7, 2, backward_solver="direct", **made_of, **close, **kind)
    direct.parameters[:] = net.parameters
    loss, gradient = net.loss_and_gradient(X, y)
    other_loss, other = direct.loss_and_gradient(X, y)
    assert loss == other_loss
    np.testing.assert_allclose(gradient, other, rtol=0, atol=TOLERANCE[dtype] * abs(other).max())


def test_without_cycles_it_is_the_network_of_the_same_layers(rng):
    sizes = (3, 5, 4, 2)
    layers = Network(sizes, "tanh", random_state=1)
    layers.parameters[:] += 0.1
    borders = np.cumsum((0, *sizes[1:]))
    n_units = borders[-1]
    between = np.zeros((n_units, n_units), bool)
    incoming = np.zeros((3, n_units), bool)
    incoming[:, :5] = True
    for first, middle, last in zip(borders, borders[1:], borders[2:], strict=False):
        between[first:middle, middle:last] = True
    net = RecurrentNetwork(
        3, n_units, 2, connections=between, input_connections=incoming, tolerance=0.0
    )
    net.parameters[:] = 0
    net.input_weights[:, :5] = layers.weights[0]
    net.biases[:] = np.concatenate(layers.biases)
    for k in (1, 2):
        rows, columns = slice(borders[k - 1], borders[k]), slice(borders[k], borders[k + 1])
        net.recurrent_weights[rows, columns] = layers.weights[k]
    X, y = rng.normal(size=(37, 3)), rng.uniform(-0.5, 0.5, size=(37, 2))
    np.testing.assert_allclose(net.predict(X), layers.predict(X), rtol=0, atol=1e-15)
    assert net.settle(X, return_info=True)[1]["iterations"].max() == 4
    loss, gradient = net.loss_and_gradient(X, y)
    other_loss, other = layers.loss_and_gradient(X, y)
    assert loss == pytest.approx(other_loss, rel=1e-15)
    gradient_of = dict(zip(("u", "w", "b"), np.split(gradient, (3 * 11, 14 * 11)), strict=True))
    first = 0
    for k in range(3):
        weights, biases = layers.weights[k], layers.biases[k]
        expected = other[first : first + weights.size].reshape(weights.shape)
        first += weights.size
        columns = slice(borders[k], borders[k + 1])
        if k == 0:
            got = gradient_of["u"].reshape(3, 11)[:, columns]
        else:
            got = gradient_of["w"].reshape(11, 11)[borders[k - 1] : borders[k], columns]
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-15)
        biases = other[first : first + biases.size]
        first += biases.size
        np.testing.assert_allclose(gradient_of["b"][columns], biases, rtol=0, atol=1e-15)


def test_unrolled_in_pytorch(rng):
    torch = pytest.importorskip("torch")
    for number in range(200):
        kind = {
            "masked": number % 2 == 1,
            "symmetric": number % 3 == 0,
            "solver": ("relaxation", "anderson")[number % 4 // 2],
        }
        net, X, y = problem(rng, **CLOSE, **kind)
        u, w, b = (torch.tensor(part, requires_grad=True) for part in reference.parts(net))
        s = torch.zeros(len(X), 7, dtype=torch.float64)
        for _ in range(500):
            s = torch.tanh(torch.tensor(X) @ u + s @ w + b)
        (0.5 * ((s[:, -2:] - torch.tensor(y)) ** 2).sum() / len(X)).backward()
        by_w = (w.grad + w.grad.T) / 2 if net.symmetric else w.grad
        parts = u.grad * torch.tensor(net.input_connections), by_w * torch.tensor(net.connections)
        expected = np.concatenate([part.numpy().ravel() for part in (*parts, b.grad)])
        _, gradient = net.loss_and_gradient(X, y)
        np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-9 * abs(expected).max())


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "cross_entropy", "poisson", "huber"])
def test_losses(rng, loss):
    options = {
        "binary_cross_entropy": {"activation": "sigmoid"},
        "cross_entropy": {"output_activation": "softmax"},
        "poisson": {"output_activation": "exponential"},
        "huber": {"output_activation": "identity"},
    }[loss]
    net, X, y = problem(rng, loss=loss, **options)
    if loss == "cross_entropy":
        y = rng.integers(0, 2, len(X))
    assert check_gradient(net, X, y).error < 1e-6


def test_a_loss_of_ones_own(rng):
    net, X, y = problem(rng)

    def own(y_true, y_pred):
        return ((y_true - y_pred) ** 2).sum(axis=1) / 2, y_pred - y_true

    other = RecurrentNetwork(3, 7, 2, loss=own)
    other.parameters[:] = net.parameters
    expected, gradient = net.loss_and_gradient(X, y)
    loss, other_gradient = other.loss_and_gradient(X, y)
    assert loss == pytest.approx(expected)
    np.testing.assert_allclose(other_gradient, gradient, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("kind", ["plain", "symmetric", "readout", "softplus, which reads z"])
def test_jacobians(rng, kind):
    net, X, y = problem(rng, masked=True, **CLOSE, **KINDS[kind])
    step = 1e-6
    steps = step * np.eye(3)
    columns = [(net.predict(X + row) - net.predict(X - row)) / (2 * step) for row in steps]
    by_inputs = net.jacobian(X)
    np.testing.assert_allclose(by_inputs, np.stack(columns, axis=2), rtol=0, atol=1e-8)
    np.testing.assert_allclose(net.jacobian(X[0]), by_inputs[0], rtol=0, atol=1e-14)
    out = np.empty_like(by_inputs)
    assert net.jacobian(X, out=out) is out
    np.testing.assert_array_equal(out, by_inputs)
    by_parameters = net.jacobian(X, of="parameters")
    errors = net.predict(X) - y
    expected = np.einsum("so,sop->p", errors, by_parameters) / len(X)
    np.testing.assert_allclose(net.loss_and_gradient(X, y)[1], expected, rtol=0, atol=1e-11)
    rows = net.gradients_per_sample(X, y)
    np.testing.assert_allclose(
        rows, np.einsum("so,sop->sp", errors, by_parameters), rtol=0, atol=1e-10
    )


# -- What no other sample may change -----------------------------------------------------------


@pytest.mark.parametrize("solver", ["relaxation", "anderson"])
@pytest.mark.parametrize("damping", [1.0, 0.7])
def test_bits_depend_on_no_other_sample(rng, solver, damping):
    net, X, _ = problem(rng, n_samples=150, solver=solver, damping=damping)
    units, info = net.settle(X, return_info=True)
    assert len(set(info["iterations"])) > 3
    for picked in (slice(3, 4), slice(40, 90), rng.permutation(150)):
        again, other = net.settle(X[picked], return_info=True)
        np.testing.assert_array_equal(again, units[picked])
        for name, value in other.items():
            np.testing.assert_array_equal(value, info[name][picked])


@pytest.mark.parametrize("dtype", DTYPES)
def test_threads_change_no_bit(rng, dtype):
    net, X, y = problem(rng, n_units=20, n_samples=700, dtype=dtype, solver="anderson")
    found = []
    for n_threads in (1, 2, 3):
        one = copy.copy(net)
        history = one.fit(X, y, epochs=12, batch_size=None, n_threads=n_threads)
        found.append((one.parameters.tobytes(), [history[k].tobytes() for k in history]))
        assert one.predict(X, n_threads=n_threads).tobytes() == one.predict(X).tobytes()
    assert found[0] == found[1] == found[2]
