"""Derivatives of outputs, and of each sample's loss."""

import re
import threading

import numpy as np
import pytest
from helpers import any_targets

from backprop_c import Adam, Network

DTYPES = ["float64", "float32"]
SHAPES = [
    ((1, 1), "identity"),
    ((3, 5, 2), ("tanh", "identity")),
    ((4, 16, 3), ("gelu", "softmax")),
    ((1, 7, 1), ("sigmoid", "exponential")),
    ((9, 33, 17, 5), ("silu", "tanh", "sigmoid")),
    ((5, 40, 70, 9), ("tanh", "softplus", "softmax")),
    ((2, 3, 8), ("relu", "tanh")),
]


def by_differences(function, start, step):
    """The derivative of a function of a vector, with a last axis for its entries."""
    columns = []
    for k in range(len(start)):
        sides = []
        for sign in (1, -1):
            moved = start.copy()
            moved[k] += sign * step
            sides.append(function(moved))
        columns.append((sides[0] - sides[1]) / (2 * step))
    return np.stack(columns, axis=-1)


def tolerance(dtype):
    return {"rtol": 1e-3, "atol": 1e-4} if dtype == "float32" else {"rtol": 1e-6, "atol": 1e-8}


@any_targets
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("biases", [True, False])
@pytest.mark.parametrize(("sizes", "activations"), SHAPES, ids=repr)
def test_jacobians(sizes, activations, biases, dtype, rng):
    """Of either kind, beside differences of predictions in float64."""
    loss = "squared_error"
    net = Network(sizes, activations, loss, biases=biases, dtype=dtype, random_state=0)
    exact = Network(sizes, activations, loss, biases=biases, random_state=0)
    exact.parameters[:] = net.parameters
    X = rng.normal(size=(6, sizes[0])).astype(dtype)
    found = net.jacobian(X)
    assert found.shape == (6, sizes[-1], sizes[0])
    assert found.dtype == dtype
    expected = [by_differences(exact.predict, x.astype(float), 1e-5) for x in X]
    np.testing.assert_allclose(found, expected, **tolerance(dtype))
    chosen = rng.permutation(net.parameters.size)[:50]

    def predict(some):
        exact.parameters[chosen] = some
        return exact.predict(X.astype(float))

    found = net.jacobian(X, of="parameters")
    assert found.shape == (6, sizes[-1], net.parameters.size)
    expected = by_differences(predict, exact.parameters[chosen], 1e-5)
    np.testing.assert_allclose(found[:, :, chosen], expected, **tolerance(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("of", ["inputs", "parameters"])
def test_a_row_alone_and_out(of, dtype, rng):
    """Nothing is written past the result."""
    net = Network((3, 9, 2), dtype=dtype, random_state=0, dropout=0.5)
    X = rng.normal(size=(5, 3)).astype(dtype)
    found = net.jacobian(X, of=of)
    # By the inputs several samples may be on the lanes, where sums are taken in another order.
    tolerance = 100 * np.finfo(dtype).eps if of == "inputs" else 0
    np.testing.assert_allclose(net.jacobian(X[1], of=of), found[1], rtol=tolerance, atol=0)
    memory = np.full(found.size + 64, 7, dtype)
    out = memory[: found.size].reshape(found.shape)
    assert net.jacobian(X, out, of=of) is out
    np.testing.assert_array_equal(out, found)
    assert (memory[found.size :] == 7).all()
    assert net.jacobian(X.tolist(), out=out, of=of) is out
    assert net.jacobian(X[:0], of=of).shape == (0, *found.shape[1:])


@any_targets
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("sizes", "activations"),
    [
        ((1, 1), "tanh"),
        ((8, 16, 4), ("tanh", "identity")),
        ((3, 4, 5), ("gelu", "softmax")),
        ((2, 7, 3, 1), ("silu", "sigmoid", "exponential")),
        ((5, 2), "softplus"),
    ],
    ids=repr,
)
def test_samples_on_the_lanes(sizes, activations, dtype, rng):
    """Around the ends of vectors and of blocks, as each row has it alone; nothing past the end."""
    net = Network(sizes, activations, "squared_error", dtype=dtype, random_state=0)
    net.parameters[:] = rng.normal(size=net.parameters.size)
    X = rng.normal(size=(2100, sizes[0])).astype(dtype)
    expected = np.array([net.jacobian(x) for x in X])
    tight = {"rtol": 1e-4, "atol": 1e-5} if dtype == "float32" else {"rtol": 1e-11, "atol": 1e-13}
    for n in (2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 255, 256, 257, 511, 513, 2100):
        memory = np.full((n + 1) * expected[0].size, 7, dtype)
        out = memory[: -expected[0].size].reshape(n, *expected.shape[1:])
        net.jacobian(X[:n], out)
        np.testing.assert_allclose(out, expected[:n], **tight)
        assert (memory[-expected[0].size :] == 7).all()


@any_targets
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("outputs", ["identity", "softmax"])
def test_a_result_that_is_larger_than_caches(outputs, dtype, rng):
    """It goes past them: to addresses that are no vector's beginning, and not past its end."""
    net = Network((30, 40, 11), ("tanh", outputs), "squared_error", dtype=dtype, random_state=0)
    X = rng.normal(size=(260, 30)).astype(dtype)
    expected = np.array([net.jacobian(x, of="parameters") for x in X])
    assert expected.nbytes > 19e6
    memory = np.full(expected.size + 40, 7, dtype)
    for first in (3, 1, 0):
        out = memory[first : first + expected.size].reshape(expected.shape)
        net.jacobian(X, out, of="parameters")
        np.testing.assert_array_equal(out, expected)
        assert (memory[:first] == 7).all()
        assert (memory[3 + expected.size :] == 7).all()


def test_long_calls_give_the_same(rng):
    """What goes without the GIL, in several runs, also beside a fit."""
    net = Network((20, 60, 40), random_state=0)
    X = rng.normal(size=(20000, 20))
    found = net.jacobian(X)
    for s in (0, 1, 777, 19999):
        np.testing.assert_array_equal(found[s], net.jacobian(X[s]))
    y = rng.normal(size=(200, 40))
    fit = threading.Thread(target=net.fit, args=(X[:200], y), kwargs={"epochs": 10**6})
    fit.start()
    try:
        beside = [net.jacobian(X[:50]) for _ in range(3)]
    finally:
        while fit.is_alive():
            net.stop()
            fit.join(0.01)
    assert all(np.isfinite(one).all() for one in beside)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"of": "weights"}, ValueError, 'of must be "inputs" or "parameters", but is \'weights\''),
        ({"of": None}, ValueError, 'of must be "inputs" or "parameters", but is None'),
        ({"of": np.ones(2)}, ValueError, 'of must be "inputs" or "parameters", but is array('),
        ({"X": [1.0]}, ValueError, "X has 1 features, but the network has 2 inputs"),
        ({"X": [np.nan, 1]}, ValueError, "X[0] is nan; X must be finite"),
        ({"X": "x"}, TypeError, "X must hold real numbers"),
        ({"out": np.empty((3, 2), "f4")}, TypeError, "out must be an array of float64, but is"),
        ({"out": np.empty((2, 3))}, ValueError, "out must have shape (3, 2), but has shape (2, 3)"),
        ({"out": np.empty((3, 4))[:, ::2]}, ValueError, "out must be C-contiguous"),
    ],
)
def test_bad_arguments(arguments, error, message):
    net = Network((2, 4, 3), random_state=0)
    given = {"X": [1.0, 2.0]} | arguments
    before = net.parameters.tobytes()
    with pytest.raises(error, match=re.escape(message)):
        net.jacobian(given.pop("X"), **given)
    assert net.parameters.tobytes() == before


def test_out_that_overlaps():
    net = Network((2, 2), random_state=0)
    X = np.ones((2, 2))
    with pytest.raises(ValueError, match="out must not overlap X"):
        net.jacobian(X[0], X)
    with pytest.raises(ValueError, match="out must not overlap the network's parameters"):
        net.jacobian(X[0], net.weights[0])


# -- Each sample's gradient --------------------------------------------------------------------


@any_targets
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("options", [{}, {"l1": 0.1, "l2": 0.01}, {"biases": False}])
@pytest.mark.parametrize(
    ("sizes", "loss", "outputs"),
    [
        ((3, 5, 2), "squared_error", "identity"),
        ((2, 1), "huber", "identity"),
        ((4, 30, 3), "cross_entropy", "softmax"),
        ((20, 40, 17), "binary_cross_entropy", "sigmoid"),
    ],
)
def test_gradients_per_sample(sizes, loss, outputs, options, dtype, rng):
    """A row is the gradient of its sample alone."""
    layers = len(sizes) - 1
    activations = ("tanh",) * (layers - 1) + (outputs,)
    net = Network(sizes, activations, loss, dtype=dtype, random_state=0, **options)
    net.parameters[::3] = 0
    X = rng.normal(size=(11, sizes[0]))
    y = rng.integers(0, 2, (11, sizes[-1])).astype(float)
    if outputs == "softmax":
        y = rng.integers(0, 3, 11)
    found = net.gradients_per_sample(X, y)
    assert found.dtype == dtype
    rows = [net.loss_and_gradient(X[s : s + 1], y[s : s + 1])[1] for s in range(11)]
    np.testing.assert_array_equal(found, rows)
    if "l1" not in options:
        _, mean = net.loss_and_gradient(X, y)
        close = (
            {"rtol": 1e-4, "atol": 1e-5} if dtype == "float32" else {"rtol": 1e-9, "atol": 1e-12}
        )
        np.testing.assert_allclose(found.mean(axis=0), mean, **close)


def test_gradients_per_sample_of_a_loss_of_one_s_own(rng):
    def half(y_true, y_pred):
        return ((y_pred - y_true) ** 2).sum(axis=1) / 2, y_pred - y_true

    X, y = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    one, other = (Network((3, 4, 2), loss=loss, random_state=0) for loss in (half, "squared_error"))
    found = one.gradients_per_sample(X, y)
    np.testing.assert_allclose(found, other.gradients_per_sample(X, y), rtol=1e-10, atol=1e-14)


def test_many_gradients(rng):
    net = Network((20, 200, 10), random_state=0)
    X, y = rng.normal(size=(3000, 20)), rng.normal(size=(3000, 10))
    found = net.gradients_per_sample(X, y)
    np.testing.assert_allclose(found.mean(axis=0), net.loss_and_gradient(X, y)[1], atol=1e-12)
    with pytest.raises(ValueError, match="y has 2 samples, but X has 3"):
        net.gradients_per_sample(X[:3], y[:2])
    net.fit(X[:5], y[:5], epochs=1, optimizer=Adam(0.1))
