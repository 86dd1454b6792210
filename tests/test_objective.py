"""The loss as a function of one vector."""

import copy
import pickle
import re

import numpy as np
import pytest
from helpers import any_targets

from backprop_c import Adam, Network, losses
from backprop_c._engine.memory import drop_spare, spare


def data(n_samples=40):
    rng = np.random.default_rng(2)
    X = rng.normal(size=(n_samples, 3))
    return X, rng.normal(size=(n_samples, 2)), rng.integers(0, 3, n_samples)


@any_targets
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("n_samples", [1, 40])
@pytest.mark.parametrize("options", [{}, {"l1": 0.1, "l2": 0.01, "biases": False}])
def test_it_is_loss_and_gradient(options, n_samples, dtype):
    """Of whatever parameters; the network is left as it is."""
    X, y, weights = data(n_samples)
    weights[0] = 1
    net = Network((3, 5, 2), dtype=dtype, random_state=1, **options)
    before = copy.copy(net)
    objective = net.objective(X, y, sample_weight=weights)
    assert objective.start.dtype == np.float64
    np.testing.assert_array_equal(objective.start, net.parameters)
    for seed in range(3):
        parameters = np.random.default_rng(seed).normal(size=objective.start.shape).astype(dtype)
        loss, gradient = objective(parameters)
        assert gradient.dtype == np.float64
        before.parameters[:] = parameters
        expected = before.loss_and_gradient(X, y, sample_weight=weights)
        assert loss == expected[0]
        np.testing.assert_array_equal(gradient, expected[1])
    np.testing.assert_array_equal(net.parameters, objective.start)


@pytest.mark.thread_unsafe(reason="counts the memory of all passes")
def test_it_takes_no_new_memory():
    X, y, _ = data()
    objective = Network((3, 5, 2), random_state=1).objective(X, y)
    drop_spare()
    for _ in range(5):
        objective(objective.start)
    (memory,) = spare()
    assert memory.allocations == 1


def test_a_loss_of_one_s_own():
    X, y, _ = data()

    def half(y_true, y_pred):
        return ((y_pred - y_true) ** 2).sum(axis=1) / 2, y_pred - y_true

    one, other = (
        Network((3, 5, 2), loss=loss, random_state=1).objective(X, y)
        for loss in (half, losses.SquaredError())
    )
    np.testing.assert_allclose(one(one.start)[0], other(one.start)[0], rtol=1e-14)
    np.testing.assert_allclose(one(one.start)[1], other(one.start)[1], rtol=1e-10, atol=1e-14)


def test_it_stays_where_the_network_goes_on():
    X, y, _ = data()
    net = Network((3, 5, 2), random_state=1)
    objective = net.objective(X, y)
    before = objective(objective.start)
    net.fit(X, y, epochs=3, optimizer=Adam(0.1))
    after = objective(objective.start)
    assert before[0] == after[0]
    np.testing.assert_array_equal(before[1], after[1])


def test_scipy_minimizes_it():
    optimize = pytest.importorskip("scipy.optimize")
    X = np.linspace(-1, 1, 30)[:, np.newaxis]
    net = Network((1, 6, 1), random_state=0)
    objective = net.objective(X, np.sin(3 * X))
    found = optimize.minimize(objective, objective.start, jac=True, method="L-BFGS-B")
    net.parameters[:] = found.x
    assert net.evaluate(X, np.sin(3 * X))["loss"] == pytest.approx(found.fun, rel=1e-12)
    assert found.fun < 1e-4


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        (np.zeros(3), ValueError, "parameters must have shape (32,), but has shape (3,)"),
        (np.zeros((1, 32)), ValueError, "must have shape (32,), but has shape (1, 32)"),
        (["a"] * 32, TypeError, "parameters must hold real numbers"),
        (np.full(32, np.inf), ValueError, "parameters[0] is inf; parameters must be finite"),
    ],
)
def test_bad_parameters(parameters, error, message):
    X, y, _ = data()
    objective = Network((3, 5, 2), random_state=1).objective(X, y)
    with pytest.raises(error, match=re.escape(message)):
        objective(parameters)
    objective(objective.start)


def test_bad_samples():
    with pytest.raises(ValueError, match="X has 4 features, but the network has 3 inputs"):
        Network((3, 5, 2), random_state=1).objective(np.zeros((2, 4)), np.zeros((2, 2)))


@pytest.mark.parametrize(
    "make", [copy.copy, copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))]
)
def test_copies_and_pickles(make):
    """They begin where it began, and have memory of their own."""
    X, y, _ = data()
    objective = Network((3, 5, 2), random_state=1, l2=0.1).objective(X, y)
    moved = objective.start + 1
    expected = objective(moved)
    other = make(objective)
    np.testing.assert_array_equal(other.start, objective.start)
    assert other(moved)[0] == expected[0]
    np.testing.assert_array_equal(other(moved)[1], expected[1])
    assert other._net is not objective._net


def test_a_loss_that_calls_its_own_objective():
    """It would wait for itself."""

    def loss(y_true, y_pred):
        if calls:
            calls.pop()(start)
        return ((y_pred - y_true) ** 2).sum(axis=1), 2 * (y_pred - y_true)

    calls = []
    net = Network((2, 1), loss=loss, random_state=0)
    objective = net.objective(np.ones((3, 2)), np.ones((3, 1)))
    start = objective.start
    calls.append(objective)
    with pytest.raises(RuntimeError, match="cannot be called while it computes its own loss"):
        objective(start)
    assert np.isfinite(objective(start)[0])


# -- What is inside ----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("biases", [True, False])
@pytest.mark.parametrize("n_samples", [1, 7, 300])
def test_layer_outputs(n_samples, biases, dtype):
    X, _, _ = data(n_samples)
    sizes, activations = (3, 9, 40, 4), ("relu", "tanh", "softmax")
    net = Network(sizes, activations, biases=biases, dtype=dtype, dropout=0.5, random_state=3)
    for part in net.biases:
        part[:] = 0.3
    found = net.layer_outputs(X)
    assert [one.shape for one in found] == [(n_samples, n_out) for n_out in sizes[1:]]
    assert {one.dtype.name for one in found} == {dtype}
    a = X.astype(dtype)
    for k, weights in enumerate(net.weights):
        z = a @ weights + (net.biases[k] if biases else 0)
        if activations[k] == "softmax":
            z = np.exp(z - z.max(axis=1, keepdims=True))
            a = z / z.sum(axis=1, keepdims=True)
        else:
            a = np.tanh(z) if activations[k] == "tanh" else np.maximum(z, 0)
        tolerance = 1e-5 if dtype == "float32" else 1e-12
        np.testing.assert_allclose(found[k], a, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(found[-1], net.predict(X), rtol=1e-5)
    for one, row in zip(found, net.layer_outputs(X[0]), strict=True):
        np.testing.assert_allclose(row, one[0], rtol=1e-5)


def test_layer_outputs_of_bad_samples():
    with pytest.raises(ValueError, match="X has 2 features, but the network has 3 inputs"):
        Network((3, 2), random_state=0).layer_outputs(np.zeros(2))
