"""How units and their errors settle: when, at what, and what is told of it."""

import numpy as np
import pytest
import reference_recurrent as reference
from recurrent_problems import DTYPES, problem

from backprop_c import (
    Adam,
    RecurrentNetwork,
)

# -- Settling ----------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", ["relaxation", "anderson"])
def test_the_settled_units_solve_the_equation(rng, solver):
    for tolerance in (1e-2, 1e-5, 1e-9):
        net, X, _ = problem(rng, n_samples=40, solver=solver, tolerance=tolerance)
        s, info = net.settle(X, return_info=True)
        u, w, b = reference.parts(net)
        residual = abs(np.tanh(X @ u + s @ w + b) - s).max(axis=1)
        assert info["settled"].all()
        assert info["residual"].max() <= tolerance
        assert residual.max() <= 2 * tolerance


def test_iterations_are_those_of_a_textbook(rng):
    """What the units are after so many, and how much the last one would have moved them."""
    net, X, _ = problem(rng, tolerance=0.0, max_iterations=4, damping=0.5)
    u, w, b = reference.parts(net)
    s = np.zeros((len(X), 7))
    for _ in range(3):
        s = s + 0.5 * (np.tanh(X @ u + s @ w + b) - s)
    last = np.tanh(X @ u + s @ w + b)
    got, info = net.settle(X, return_info=True)
    np.testing.assert_allclose(got, last, rtol=0, atol=1e-15)
    np.testing.assert_allclose(net.settle(X[0]), last[0], rtol=0, atol=1e-15)
    assert (info["iterations"] == 4).all()
    assert not info["settled"].any()
    np.testing.assert_allclose(info["residual"], abs(last - s).max(axis=1), rtol=1e-12)


def test_anderson_settles_where_relaxation_does_not():
    net = RecurrentNetwork(1, 1, 1, activation="identity", biases=False, max_iterations=50)
    net.parameters[:] = [1.0, -2.0]
    assert not net.settle([[1.0]], return_info=True)[1]["settled"].any()
    other = RecurrentNetwork(1, 1, 1, activation="identity", biases=False, solver="anderson")
    other.parameters[:] = net.parameters
    units, info = other.settle([[1.0]], return_info=True)
    assert info["settled"].all()
    assert info["iterations"] <= 4
    np.testing.assert_allclose(units, [[1 / 3]], rtol=1e-12)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "gelu", "relu", "softplus"])
@pytest.mark.parametrize("symmetric", [False, True])
def test_first_weights_settle(rng, activation, symmetric):
    for seed in range(5):
        net = RecurrentNetwork(
            4, 30, 2, activation=activation, symmetric=symmetric, random_state=seed
        )
        steepest = {"sigmoid": 0.25, "gelu": 1.1289}.get(activation, 1)
        norm = np.linalg.norm(net.recurrent_weights, 2)
        assert norm * steepest == pytest.approx(0.9, rel=1e-3)
        assert net.settle(10 * rng.normal(size=(50, 4)), return_info=True)[1]["settled"].all()
        same = RecurrentNetwork(
            4, 30, 2, activation=activation, symmetric=symmetric, random_state=seed
        )
        np.testing.assert_array_equal(net.parameters, same.parameters)


def test_the_energy_falls_while_the_units_settle(rng):
    net, X, _ = problem(rng, symmetric=True, damping=0.2, tolerance=1e-12, max_iterations=2000)
    energies = []
    for max_iterations in (1, 3, 10, 30, 2000):
        one = RecurrentNetwork(
            3, 7, 2, symmetric=True, damping=0.2, tolerance=0.0, max_iterations=max_iterations
        )
        one.parameters[:] = net.parameters
        s = one.settle(X)
        u, w, b = reference.parts(one)
        inverse = s * np.arctanh(s) + np.log1p(-(s**2)) / 2
        energies.append((inverse - s * (X @ u + b) - s * (s @ w) / 2).sum(axis=1))
    assert (np.diff(energies, axis=0) <= 1e-12).all()
    np.testing.assert_allclose(net.energy(X), energies[-1], rtol=0, atol=1e-10)
    assert net.energy(X[0]) == pytest.approx(energies[-1][0])


@pytest.mark.parametrize("options", [{}, {"damping": 0.5}, {"solver": "anderson"}])
@pytest.mark.parametrize("activation", ["relu", "hard_tanh", "hard_sigmoid", "leaky_relu"])
def test_slopes_at_kinks_are_those_of_the_settled_values(rng, activation, options):
    """A unit that is off is off: its value is the activation's, however it was approached."""
    close = {"tolerance": 1e-9, "max_iterations": 1000}
    for seed in range(10):
        net = RecurrentNetwork(
            3, 20, 2, activation=activation, random_state=seed, **close, **options
        )
        net.biases[:] = rng.normal(size=20)
        X, y = 2 * rng.normal(size=(8, 3)), rng.normal(size=(8, 2))
        by_parameters = net.jacobian(X, of="parameters")
        expected = np.einsum("so,sop->p", net.predict(X) - y, by_parameters) / len(X)
        _, gradient = net.loss_and_gradient(X, y)
        np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-6 * abs(expected).max())


def test_values_are_what_the_activation_can_have(rng):
    for activation, lowest, highest in (("sigmoid", 0, 1), ("relu", 0, np.inf), ("tanh", -1, 1)):
        net = RecurrentNetwork(2, 9, 1, activation=activation, solver="anderson", random_state=0)
        net.recurrent_weights[:] *= 8
        X = rng.normal(size=(40, 2))
        units = net.settle(X)
        assert (lowest <= units).all()
        assert (units <= highest).all()
        np.testing.assert_allclose(np.stack([net.settle(x) for x in X]), units, rtol=1e-12)


def test_anderson_begins_anew_where_it_is_stuck():
    """Relaxation settles these easily; Anderson without a new beginning does not."""
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = np.array([0.0, 1.0, 1.0, 0.0])
    slow = 0
    for seed in range(20):
        net = RecurrentNetwork(2, 4, 1, activation="sigmoid", random_state=seed)
        net.fit(X, y, epochs=300, optimizer=Adam(0.1))
        other = RecurrentNetwork(2, 4, 1, activation="sigmoid", solver="anderson")
        other.parameters[:] = net.parameters
        info = other.settle(X, return_info=True)[1]
        assert info["settled"].all()
        slow += (info["iterations"] > 60).sum()
    assert slow <= 8


@pytest.mark.parametrize("dtype", DTYPES)
def test_errors_that_grow_are_cut_off(rng, dtype):
    """Then what the loss says of the outputs is taken, and the gradient is as large as that."""
    X = rng.normal(size=(100, 2))
    y = np.sin(X[:, 0])
    net = RecurrentNetwork(2, 20, 1, output_activation="identity", dtype=dtype, random_state=0)
    net.recurrent_weights[:] *= 5
    assert not net.settle(X, return_info=True)[1]["settled"].all()
    rows = net.gradients_per_sample(X, y)
    assert np.isfinite(rows).all()
    assert np.linalg.norm(rows, axis=1).max() < 1000
    # Of an output that feeds itself: the seed alone.
    net = RecurrentNetwork(1, 1, 1, activation="identity", biases=False, max_iterations=20)
    net.parameters[:] = [1.0, -2.0]
    (row,) = net.gradients_per_sample([[0.5]], [1.0])
    units = net.settle([[0.5]])[0]
    np.testing.assert_allclose(row, (units - 1) * [0.5, units[0]], rtol=1e-12)


def test_small_losses_have_gradients_as_exact_as_large_ones(rng):
    """The errors' tolerance is relative to what the loss says."""
    net, X, _ = problem(rng, backward_tolerance=1e-8, tolerance=1e-14, max_iterations=1000)
    for distance in (1.0, 1e-6):
        y = net.predict(X) + distance * rng.normal(size=(len(X), 2))
        _, gradient = net.loss_and_gradient(X, y)
        expected = reference.loss_and_gradient(net, X, y)[1]
        error = abs(gradient - expected).max() / abs(expected).max()
        assert 1e-12 < error < 1e-6


def test_equations_without_a_solution(rng):
    pytest.importorskip("scipy")
    net = RecurrentNetwork(
        1, 1, 1, activation="identity", biases=False, backward_solver="direct", max_iterations=3
    )
    net.parameters[:] = [1.0, 1.0]
    (row,) = net.gradients_per_sample([[0.5]], [1.0])
    units = net.settle([[0.5]])[0]
    np.testing.assert_allclose(row, (units - 1) * [0.5, units[0]], rtol=1e-12)
    with pytest.raises(ValueError, match="no derivatives where a sample of X settles"):
        net.jacobian([[0.5]])
