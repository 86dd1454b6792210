"""check_gradient."""

import pytest
from helpers import any_targets

from backprop_c import Network, check_gradient
from backprop_c._validation.entries import LOSSES, loss_entry

SMOOTH = [name for name in LOSSES if name not in ("absolute_error", "huber", "quantile")]


@any_targets
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("biases", [True, False])
@pytest.mark.parametrize("loss", SMOOTH)
def test_gradients_are_right(loss, biases, dtype, rng):
    outputs = loss_entry(loss).outputs or "identity"
    net = Network(
        (3, 5, 2), ("tanh", outputs), loss, biases=biases, dtype=dtype, l2=0.1, random_state=0
    )
    X = rng.normal(size=(10, 3))
    y = rng.uniform(0.1, 0.9, size=(10, 2))
    y /= y.sum(axis=1, keepdims=True)
    found = check_gradient(net, X, y, rng.integers(1, 4, 10))
    assert found.error < 1e-7
    assert found.n_parameters == net.parameters.size


@pytest.mark.parametrize("biases", [True, False])
@pytest.mark.parametrize("at", [0, 14, 15, 18, 26, 29])
def test_a_wrong_derivative_is_found(at, biases, rng, monkeypatch):
    """And its place, as `weights` and `biases` have it."""
    net = Network((3, 5, 2), random_state=0, biases=biases)
    at = min(at, net.parameters.size - 1)
    X, y = rng.normal(size=(10, 3)), rng.normal(size=(10, 2))
    call = type(net.objective(X, y)).__call__

    def wrong(self, parameters):
        loss, gradient = call(self, parameters)
        gradient[at] += 1
        return loss, gradient

    monkeypatch.setattr("backprop_c.objective.Objective.__call__", wrong)
    found = check_gradient(net, X, y)
    net.parameters[:] = 0
    getattr(net, found.name)[found.layer][found.index] = 1
    assert net.parameters[at] == 1
    assert found.derivative - found.difference == pytest.approx(1, abs=1e-6)
    assert f"{found.name}[{found.layer}]" in str(found)


@pytest.fixture(params=["noise", "none", "a millionth"])
def at_a_minimum(request, rng):
    """A network whose derivatives are all rounding, and its samples."""
    X = rng.normal(size=(50, 3))
    y = 3 + X[:, :1] + (request.param == "noise") * rng.normal(size=(50, 1))
    net = Network((3, 1), random_state=0)
    if request.param == "noise":
        net = Network((3, 4, 1), l2=1e-3, random_state=0)
    if request.param == "a millionth":
        y *= 1e-6
    net.fit(X, y, epochs=2000, optimizer="levenbergmarquardt")
    assert abs(net.loss_and_gradient(X, y)[1]).max() < 1e-7
    return net, X, y


def test_derivatives_of_nothing_are_no_errors(at_a_minimum):
    assert check_gradient(*at_a_minimum).error < 1e-5


def test_a_derivative_that_should_be_nothing_is_found(at_a_minimum, monkeypatch):
    net, X, y = at_a_minimum
    call = type(net.objective(X, y)).__call__

    def wrong(self, parameters):
        loss, gradient = call(self, parameters)
        gradient[2] += 1e-2
        return loss, gradient

    monkeypatch.setattr("backprop_c.objective.Objective.__call__", wrong)
    found = check_gradient(net, X, y)
    assert found.error > 0.5
    assert found.index[0] == 2 or net.layer_sizes == (3, 4, 1)


def test_of_many_parameters_some_are_looked_at(rng):
    net = Network((30, 40, 2), random_state=0)
    before = net.parameters.tobytes()
    found = check_gradient(net, rng.normal(size=(4, 30)), rng.normal(size=(4, 2)), most=50)
    assert found.n_parameters == 50
    assert found.error < 1e-6
    assert net.parameters.tobytes() == before


def test_a_loss_of_one_s_own_that_is_wrong(rng):
    """What the check is for."""

    def cubed(y_true, y_pred):
        return abs(y_pred - y_true).sum(axis=1) ** 3, y_pred - y_true

    net = Network((2, 3, 1), loss=cubed, random_state=0)
    X, y = rng.normal(size=(6, 2)), rng.normal(size=(6, 1))
    assert check_gradient(net, X, y).error > 0.1


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"net": "x"}, TypeError, "net must be a Network or a RecurrentNetwork, but is 'x'"),
        ({"most": 0}, ValueError, "most must be at least 1, but is 0"),
        ({"most": 1.5}, TypeError, "most must be an integer, but is 1.5"),
        ({"X": [[1.0]]}, ValueError, "X has 1 features, but the network has 2 inputs"),
    ],
)
def test_bad_arguments(arguments, error, message):
    given = {"net": Network((2, 1), random_state=0), "X": [[1.0, 2.0]], "y": [[1.0]]} | arguments
    with pytest.raises(error, match=message):
        check_gradient(**given)
