"""What a loss of the caller's may do when it is called, and what becomes of it in copies."""

import copy
import pickle

import numpy as np
import pytest
from helpers import squared

from backprop_c import Network


def data(sizes, n_samples=50):
    rng = np.random.default_rng(0)
    return rng.normal(size=(n_samples, sizes[0])), 2 * rng.normal(size=(n_samples, sizes[-1]))


class Mine(Exception):
    """What the caller's function raises."""


@pytest.mark.parametrize("error", [Mine, KeyboardInterrupt])
def test_steps_go_on_after_an_exception(error):
    """As if the step that failed had not been asked for."""
    failing = False

    def loss(y_true, y_pred):
        if failing:
            raise error
        return squared(y_true, y_pred)

    net, twin = (Network((2, 1), loss=one, random_state=0) for one in (loss, squared))
    x, y = np.ones(2), np.ones(1)
    net.train_step(x, y)
    failing = True
    with pytest.raises(error):
        net.train_step(x, y)
    failing = False
    twin.train_step(x, y)
    assert [net.train_step(x, y) for _ in range(3)] == [twin.train_step(x, y) for _ in range(3)]
    assert net.parameters.tobytes() == twin.parameters.tobytes()


@pytest.mark.parametrize("read", ["evaluate", "loss_and_gradient"])
def test_training_inside_a_long_read(read):
    """The values are of the parameters at the beginning; nobody waits for anybody."""
    calls = []

    def loss(y_true, y_pred):
        calls.append(None)
        if len(calls) == 1:
            net.train_step(X, y)
            net.fit(X, y, epochs=1)
        return squared(y_true, y_pred)

    X, y = data((2, 1))
    net = Network((2, 3, 1), loss=loss, random_state=0)
    twin = Network((2, 3, 1), loss=squared, random_state=0)
    found, expected = getattr(net, read)(X, y), getattr(twin, read)(X, y)
    assert len(calls) > 2
    assert not np.array_equal(net.parameters, twin.parameters)
    if read == "evaluate":
        assert found == expected
    else:
        assert found[0] == expected[0]
        np.testing.assert_array_equal(found[1], expected[1])


def test_a_sample_without_weight_may_have_any_value():
    def logarithmic(y_true, y_pred):
        with np.errstate(all="ignore"):
            ratio = np.log(y_pred / y_true)
        return (ratio**2).sum(axis=1), 2 * ratio / y_pred

    net = Network((1, 1), "exponential", logarithmic, random_state=0)
    net.parameters[:] = 1
    X, y, weights = [[1.0], [1.0]], [1.0, 0.0], [1.0, 0.0]
    loss, gradient = net.loss_and_gradient(X, y, sample_weight=weights)
    expected = net.loss_and_gradient(X[:1], y[:1])
    assert loss == expected[0]
    np.testing.assert_array_equal(gradient, expected[1])
    assert net.fit(X, y, weights, epochs=3).epochs == 3


def test_numpy_told_to_raise_does_not_make_good_calls_fail():
    """Of values that overflow, the sum is infinite, as elsewhere."""
    with np.errstate(all="raise"):
        net = Network((2, 1), loss=lambda y, p: (np.ones(1), np.full((1, 1), 1e300)))
        loss, gradient = net.loss_and_gradient([[1.0, 2.0]], [1.0])
        assert loss == 1
        assert not np.isnan(gradient).any()
        net = Network((2, 1), loss=lambda y, p: (np.full(2, 1e308), np.ones((2, 1))))
        assert net.loss_and_gradient(np.ones((2, 2)), np.ones(2))[0] == np.inf


class WithItsOwn(Network):
    """A network whose loss is a method of its own."""

    def __init__(self, sizes):
        super().__init__(sizes, loss=self.squared, random_state=0)

    def squared(self, y_true, y_pred):
        return squared(y_true, y_pred)


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_a_method_of_the_network(copied):
    """The copy's loss is the copy's own method."""
    net = WithItsOwn((2, 1))
    twin = copied(net)
    assert twin.loss.__self__ is twin
    X, y = data((2, 1))
    for one in (net, twin):
        one.fit(X, y, epochs=2)
    assert net.parameters.tobytes() == twin.parameters.tobytes()
