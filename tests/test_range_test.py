"""find_learning_rate: the range test."""

import copy
import pickle

import numpy as np
import pytest
from helpers import state_of

from backprop_c import SGD, Adam, Network, RangeTest, find_learning_rate


def data(n_samples=200):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, 3))
    return X, np.sin(X[:, 0]) + X[:, 1] * X[:, 2]


def network(dtype="float64", **options):
    return Network((3, 16, 1), dtype=dtype, random_state=0, **options)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("optimizer", [SGD(0.1), "adam", SGD(0.1, momentum=0.9)])
def test_the_suggestion_trains(optimizer, dtype):
    """Better than a hundredth of it, and without diverging."""
    X, y = data()
    found = find_learning_rate(network(dtype), X, y, optimizer=optimizer)
    assert (found.rates[:-1] < found.rates[1:]).all()
    assert len(found.rates) == len(found.losses) == len(found.smoothed)
    assert np.isfinite(found.losses).all()
    losses = []
    kind, options = (Adam, {}) if optimizer == "adam" else (SGD, {"momentum": optimizer.momentum})
    for rate in (found.suggestion, found.suggestion / 100):
        net = network(dtype)
        losses.append(net.fit(X, y, epochs=20, optimizer=kind(rate, **options))["loss"][-1])
    assert losses[0] < losses[1]


@pytest.mark.parametrize("options", [{}, {"dropout": 0.3, "l2": 0.01}])
def test_the_network_is_left_as_it_is(options):
    """To the bit: also its generator, its optimizer's state and its history."""
    X, y = data()
    net = network(**options)
    net.fit(X, y, epochs=2, optimizer=SGD(0.01, momentum=0.9))
    kept, history = net._optimizer_state, net.history
    before = copy.deepcopy((net.parameters, kept.vectors, state_of(net._generator)))
    find_learning_rate(net, X, y)
    np.testing.assert_array_equal(net.parameters, before[0])
    np.testing.assert_array_equal(net._optimizer_state.vectors, before[1])
    assert state_of(net._generator) == before[2]
    assert net.history is history
    assert net._optimizer_state is kept


def test_by_hand():
    """Each step with the next learning rate, and the loss before it."""
    X, y = data(40)
    net, twin = network(), network()
    found = find_learning_rate(
        net, X, y, optimizer=SGD(), batch_size=None, lowest=1e-3, highest=0.1, steps=5
    )
    np.testing.assert_allclose(found.rates, np.geomspace(1e-3, 0.1, 5))
    mean = 0.0
    for k, rate in enumerate(found.rates):
        loss = twin.fit(X, y, epochs=1, batch_size=None, optimizer=SGD(rate))["loss"][0]
        assert found.losses[k] == pytest.approx(loss, rel=1e-12)
        mean = 0.9 * mean + 0.1 * loss
        assert found.smoothed[k] == pytest.approx(mean / (1 - 0.9 ** (k + 1)), rel=1e-12)
    assert found.suggestion == found.rates[np.argmin(found.smoothed)] / 10


@pytest.mark.parametrize("last", ["adam", "rprop"])
def test_what_the_last_fit_left_does_not_count(last):
    """A fit begins with a fresh state of the optimizer, and so does the test."""
    X, y = data()
    net, other = network(), network()
    net.fit(X, y, epochs=3, optimizer=last, shuffle=False)
    other.parameters[:] = net.parameters
    first, second = (find_learning_rate(one, X, y, optimizer="adam") for one in (net, other))
    np.testing.assert_array_equal(first.losses, second.losses)


def test_it_ends_where_the_loss_explodes():
    X, y = data()
    found = find_learning_rate(network(), X, y, optimizer=SGD(), highest=1e6)
    assert len(found.rates) < 200
    assert found.rates[-1] < 1e5


def test_weights_and_the_same_result_each_time():
    X, y = data()
    weights = np.arange(200) % 3
    one, other = (find_learning_rate(network(), X, y, weights, batch_size=7) for _ in range(2))
    np.testing.assert_array_equal(one.losses, other.losses)
    assert isinstance(one, RangeTest)
    assert repr(one).startswith("<RangeTest of ")
    again = pickle.loads(pickle.dumps(one))
    np.testing.assert_array_equal(again.losses, one.losses)


def test_batches_without_weight_are_left_out():
    """One sample has all the weight: every loss is its own."""
    X, y = data(40)
    weights = np.arange(40) == 7
    net = network()
    found = find_learning_rate(
        net, X, y, weights, batch_size=5, lowest=1e-13, highest=1e-12, steps=30, optimizer=SGD()
    )
    expected = net.evaluate(X[7:8], y[7:8])["loss"]
    np.testing.assert_allclose(found.losses, np.full(30, expected), rtol=1e-6)


def test_plot():
    pytest.importorskip("matplotlib").use("Agg")
    found = find_learning_rate(network(), *data())
    axis = found.plot()
    assert axis.get_xscale() == "log"
    assert axis.get_xlabel() == "learning rate"
    assert found.plot(axis) is axis


BAD = [
    ({"net": 3}, TypeError, "net must be a Network or a RecurrentNetwork, but is 3"),
    ({"lowest": 0}, ValueError, "lowest must be positive and finite, but is 0.0"),
    ({"lowest": 1, "highest": 1}, ValueError, "lowest must be below highest, but they are 1.0 and"),
    ({"steps": 1}, ValueError, "steps must be at least 2, but is 1"),
    ({"optimizer": "best"}, ValueError, "optimizer 'best' is not known"),
    ({"y": np.ones(3)}, ValueError, "y has 3 samples, but X has 200"),
    ({"batch_size": 0}, ValueError, "batch_size must be at least 1, but is 0"),
]


@pytest.mark.parametrize(("options", "error", "message"), BAD)
def test_bad_arguments(options, error, message):
    X, y = data()
    net = network()
    before = net.parameters.copy()
    with pytest.raises(error, match=message):
        find_learning_rate(**{"net": net, "X": X, "y": y, **options})
    np.testing.assert_array_equal(net.parameters, before)
