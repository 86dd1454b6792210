"""Training of networks that settle; copies, words, and what they refuse."""

import copy
import os
import pickle
import signal
import threading

import numpy as np
import pytest
from recurrent_problems import KINDS, problem

from backprop_c import (
    SGD,
    Adam,
    ConvergenceWarning,
    DivergenceWarning,
    EarlyStopping,
    Network,
    RecurrentNetwork,
    Rprop,
    find_learning_rate,
    plotting,
)

# -- Training ----------------------------------------------------------------------------------
from backprop_c._unsettled import warn_unless_settled


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "rprop", "lbfgs", "lion", "nadam", "auto"])
def test_it_learns(rng, optimizer):
    X = rng.uniform(-1, 1, size=(120, 2))
    y = np.sin(2 * X[:, 0]) * X[:, 1]
    net = RecurrentNetwork(2, 12, 1, activation="sigmoid", output_activation="identity")
    net.initialize(3)
    before = net.evaluate(X, y)["loss"]
    history = net.fit(X, y, epochs=60, optimizer=optimizer)
    assert net.evaluate(X, y)["loss"] < 0.7 * before
    assert list(history) == ["loss", "iterations", "settled", "largest_change"]
    assert (history["settled"] == 1).all()
    assert (history["largest_change"] <= 1e-6).all()
    assert (history["iterations"] >= 1).all()


def test_what_does_not_settle_is_told(rng):
    net, X, y = problem(rng, n_samples=20)
    net.recurrent_weights[:] = -3 * np.eye(7)
    settled = net.settle(X, return_info=True)[1]["settled"]
    assert not settled.all()
    with pytest.warns(ConvergenceWarning, match=r"samples did not settle in epoch 1") as caught:
        history = net.fit(X, y, epochs=1, batch_size=None, optimizer=SGD(1e-9))
    n_open = int(str(caught[0].message).split()[0])
    assert n_open == round(20 * (1 - history["settled"][0])) >= (~settled).sum()
    assert history["largest_change"][0] > 1e-6
    assert "spectral radius" in str(caught[0].message)
    assert caught[0].filename == __file__


def test_errors_that_do_not_settle_are_told(rng):
    """Of a training both have to settle, of an evaluation the units alone."""
    net, X, y = problem(rng, n_samples=20, backward_max_iterations=1)
    message = (
        "20 of 20 samples did not settle in epoch 1: the units did, but not their errors after 1 "
    )
    with pytest.warns(ConvergenceWarning, match=message):
        history = net.fit(X, y, epochs=1, batch_size=None, optimizer=SGD(1e-9))
    assert history["settled"][0] == 0
    assert net.evaluate(X, y)["settled"] == 1


def test_samples_without_weight_do_not_count(rng):
    net, X, y = problem(rng, n_samples=20)
    weights = rng.integers(0, 2, 20)
    weights[:2] = 0, 1
    values = net.evaluate(X, y, sample_weight=weights)
    info = net.settle(X[weights > 0], return_info=True)[1]
    assert values["iterations"] == pytest.approx(info["iterations"].mean())
    assert values["largest_change"] == info["residual"].max()
    assert values["settled"] == 1


def test_the_largest_change_of_several_parts(rng):
    net, X, y = problem(rng, n_units=30, n_samples=1500)
    values = net.evaluate(X, y)
    info = net.settle(X, return_info=True)[1]
    assert values["largest_change"] == info["residual"].max()
    assert values["iterations"] == pytest.approx(info["iterations"].mean())


@pytest.mark.parametrize("inputs", [[1], [1, 0], [0, 1], [0] * 40 + [1] + [0] * 40])
def test_a_change_that_is_not_a_number_stays(inputs):
    """A unit that grows threefold comes to infinity, and then changes by infinity - infinity."""
    net = RecurrentNetwork(
        1, 1, 1, activation="identity", biases=False, dtype="float32", max_iterations=500
    )
    net.parameters[:] = 1, 3
    X = np.array(inputs, float)[:, np.newaxis]
    assert np.isnan(net.evaluate(X, np.zeros(len(X)))["largest_change"])


def test_validation_and_early_stopping(rng):
    net, X, y = problem(rng, n_samples=80)
    history = net.fit(
        X,
        y,
        epochs=50,
        validation_fraction=0.25,
        metrics="mse",
        callbacks=[EarlyStopping("val_loss", patience=2, restore_best=True)],
        optimizer=Adam(0.05),
    )
    own = ["iterations", "settled", "largest_change"]
    names = ["loss", *own, "mse"]
    assert list(history) == [*names, *(f"val_{name}" for name in names)]


def test_steps_are_those_of_an_online_fit(rng):
    net, X, y = problem(rng)
    other = copy.copy(net)
    net.fit(X, y, epochs=1, batch_size=1, shuffle=False, optimizer=SGD(0.1))
    other.optimizer = SGD(0.1)
    for row, target in zip(X, y, strict=True):
        other.train_step(row, target)
    assert net.parameters.tobytes() == other.parameters.tobytes()


def test_masked_weights_stay_zero(rng):
    net, X, y = problem(rng, masked=True, l2=0.01, l1=0.001)
    net.initialize()
    net.fit(X, y, epochs=20, optimizer=Adam(0.05, weight_decay=0.01))
    assert (net.recurrent_weights[~net.connections] == 0).all()
    assert (net.input_weights[~net.input_connections] == 0).all()
    assert (net.recurrent_weights[net.connections] != 0).any()


@pytest.mark.parametrize("optimizer", ["adam", Rprop(0.01), "lbfgs"])
def test_symmetric_weights_stay_symmetric(rng, optimizer):
    net, X, y = problem(rng, symmetric=True)
    net.initialize()
    net.fit(X, y, epochs=20, optimizer=optimizer)
    np.testing.assert_array_equal(net.recurrent_weights, net.recurrent_weights.T)


def test_masked_weights_that_are_written_do_not_count(rng):
    net, X, y = problem(rng, masked=True)
    before = net.predict(X)
    _, gradient = net.loss_and_gradient(X, y)
    net.recurrent_weights[~net.connections] = 7
    np.testing.assert_array_equal(net.predict(X), before)
    np.testing.assert_array_equal(net.loss_and_gradient(X, y)[1], gradient)


def test_divergence_loses_nothing(rng):
    net, X, y = problem(rng, activation="relu", output_activation="identity")
    net.recurrent_weights[:] = 3
    before = net.parameters.copy()
    with pytest.warns(DivergenceWarning):
        net.fit(X, y, epochs=3)
    np.testing.assert_array_equal(net.parameters, before)


@pytest.mark.thread_unsafe(reason="signals go to the main thread")
def test_ctrl_c_keeps_the_last_finished_epoch(rng):
    net, X, y = problem(rng, n_units=30, n_samples=2000)
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        net.fit(X, y, epochs=1_000_000)
    timer.join()
    assert len(net.history["loss"]) > 0
    assert np.isfinite(net.parameters).all()


# -- Copies and words --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_copies_and_pickles(rng, kind):
    net, X, y = problem(rng, masked=True, l2=0.1, **KINDS[kind])
    net.fit(X, y, epochs=2)
    for other in (copy.copy(net), copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert repr(other) == repr(net)
        np.testing.assert_array_equal(other.parameters, net.parameters)
        np.testing.assert_array_equal(other.predict(X), net.predict(X))
        np.testing.assert_array_equal(other.connections, net.connections)
        one, two = copy.copy(net), other
        one.fit(X, y, epochs=2, reset_optimizer=False)
        two.fit(X, y, epochs=2, reset_optimizer=False)
        assert one.parameters.tobytes() == two.parameters.tobytes()


def test_views_of_the_parameters(rng):
    net, X, _ = problem(rng, output_activation="identity")
    names = ("input_weights", "recurrent_weights", "biases", "readout_weights", "readout_biases")
    flat = np.concatenate([getattr(net, name).ravel() for name in names])
    np.testing.assert_array_equal(flat, net.parameters)
    for name in names:
        before = net.predict(X)
        getattr(net, name)[:] += 0.1
        assert (net.predict(X) != before).any()
    plain = RecurrentNetwork(2, 3, 1, biases=False)
    assert plain.biases is plain.readout_weights is plain.readout_biases is None


def test_predict_with_its_info(rng):
    net, X, _ = problem(rng)
    outputs, info = net.predict(X, return_info=True)
    np.testing.assert_array_equal(outputs, net.predict(X))
    for name, value in net.settle(X, return_info=True)[1].items():
        np.testing.assert_array_equal(info[name], value)
    one, alone = net.predict(X[0], return_info=True)
    np.testing.assert_allclose(one, outputs[0], rtol=1e-14)
    assert alone["iterations"] == info["iterations"][0]
    out = np.empty_like(outputs)
    assert net.predict(X, out) is out
    with pytest.raises(TypeError, match="return_info must be True or False, but is 1"):
        net.predict(X, return_info=1)


GOOD = {"n_inputs": 2, "n_units": 3, "n_outputs": 1}
BAD = [
    ({"n_units": 0}, ValueError, "n_units must be at least 1, but is 0"),
    ({"n_inputs": 2.0}, TypeError, "n_inputs must be an integer, but is 2.0"),
    ({"n_outputs": 4}, ValueError, "n_outputs must be at most n_units, 3, but is 4"),
    ({"activation": "softmax"}, ValueError, "'softmax' is for the outputs only"),
    ({"activation": "nothing"}, ValueError, "activation 'nothing' is not known"),
    ({"loss": "cross_entropy"}, ValueError, "needs 'softmax' outputs"),
    ({"connections": np.ones((3, 2), bool)}, ValueError, r"must have shape \(3, 3\), but has"),
    ({"connections": np.ones((3, 3))}, TypeError, "must be an array of bool, but its dtype is fl"),
    ({"input_connections": [[True]]}, ValueError, r"input_connections must have shape \(2, 3\)"),
    (
        {"connections": np.triu(np.ones((3, 3), bool)), "symmetric": True},
        ValueError,
        r"connections must be symmetric .* connections\[0, 1\] is True and connections\[1, 0\]",
    ),
    ({"symmetric": 1}, TypeError, "symmetric must be True or False, but is 1"),
    ({"biases": None}, TypeError, "biases must be True or False, but is None"),
    ({"dtype": "float16"}, ValueError, "dtype must be one of float32, float64"),
    ({"solver": "direct"}, ValueError, "solver 'direct' is not known; known: relaxation, ander"),
    ({"backward_solver": "newton"}, ValueError, "backward_solver 'newton' is not known"),
    ({"tolerance": -1.0}, ValueError, "tolerance must be at least 0"),
    ({"tolerance": np.nan}, ValueError, "tolerance must be at least 0"),
    ({"backward_tolerance": "no"}, TypeError, "backward_tolerance must be a number"),
    ({"max_iterations": 0}, ValueError, "max_iterations must be at least 1, but is 0"),
    ({"backward_max_iterations": 1.5}, TypeError, "backward_max_iterations must be an integer"),
    ({"damping": 0.0}, ValueError, "damping must be above 0 and at most 1, but is 0.0"),
    ({"damping": 1.5}, ValueError, "damping must be above 0 and at most 1, but is 1.5"),
    ({"memory": 17}, ValueError, "memory must be at most 16, but is 17"),
    ({"l2": (0.1,)}, ValueError, "l2 has 1 entries"),
    ({"random_state": "x"}, TypeError, "random_state must be None, an integer"),
]


@pytest.mark.parametrize(("options", "error", "message"), BAD)
def test_bad_arguments(options, error, message):
    with pytest.raises(error, match=message):
        RecurrentNetwork(**{**GOOD, **options})


def test_bad_input_changes_nothing(rng):
    net, X, y = problem(rng)
    net.fit(X, y, epochs=1)
    before, history = net.parameters.copy(), net.history
    for call, error, message in (
        (lambda: net.predict(X[:, :2]), ValueError, "X has 2 features, but the network has 3"),
        (lambda: net.settle([[np.nan] * 3]), ValueError, r"X\[0, 0\] is nan"),
        (lambda: net.jacobian(X, of="units"), ValueError, 'of must be "inputs" or "parameters"'),
        (lambda: net.energy(X), ValueError, "only a symmetric network has an energy"),
        (lambda: net.fit(X, y[:3]), ValueError, "y"),
        (lambda: net.fit(X, y, optimizer="levenbergmarquardt"), ValueError, "cannot train a Recu"),
        (lambda: net.fit(X, y, metrics="settled"), ValueError, "metric 'settled' is recorded anyw"),
    ):
        with pytest.raises(error, match=message):
            call()
        np.testing.assert_array_equal(net.parameters, before)
        assert net.history is history
    symmetric = RecurrentNetwork(2, 3, 1, activation="elu", symmetric=True)
    with pytest.raises(ValueError, match=r"energy is known of .* but the units have elu"):
        symmetric.energy([[0.0, 1.0]])


def test_without_a_constructor():
    class Lazy(RecurrentNetwork):
        def __init__(self):
            pass

    lazy = Lazy()
    assert repr(lazy) == "<Lazy: __init__ has not been called>"
    for call in (lambda: lazy.predict([0.0]), lambda: lazy.symmetric, lambda: lazy.fit([], [])):
        with pytest.raises(RuntimeError, match="has not been called"):
            call()


def test_what_others_say_of_it(rng):
    net, X, y = problem(rng, output_activation="identity")
    assert find_learning_rate(net, X, y).suggestion > 0
    lines = net.summary().splitlines()
    assert lines[2].split() == ["inputs", "3", "0"]
    assert lines[3].split() == ["units", "7", "tanh", "3", "x", "7,", "7", "x", "7", "7", "77"]
    assert lines[4].split() == ["outputs", "2", "identity", "7", "x", "2", "2", "16"]
    assert "RecurrentNetwork" in net._repr_html_()
    forward, backward = net.solvers
    assert forward == backward == ("relaxation", 1e-6, 200, 1.0, 5)
    net.readout_weights.flags.writeable = False
    net.parameters.flags.writeable = False
    with pytest.raises(ValueError, match=r"net.parameters is read-only, and fit would"):
        net.fit(X, y)
    matplotlib = pytest.importorskip("matplotlib")
    assert matplotlib
    with pytest.raises(TypeError, match="net must be a Network, whose layers can be drawn"):
        plotting.plot_network(net)


@pytest.mark.parametrize(
    ("shares", "warns"),
    [
        ([1.0] * 20, False),
        ([0.5] * 2 + [1.0] * 18, False),
        ([0.5] * 3 + [1.0] * 17, True),
        ([1.0] * 19 + [0.9], True),
        ([], False),
    ],
)
def test_when_a_fit_warns(rng, recwarn, shares, warns):
    """In the last epoch everything must settle, and in nine of ten."""
    net, X, y = problem(rng)
    history = {"settled": np.array(shares), "largest_change": np.full(len(shares), 0.25)}
    warn_unless_settled(net, history, net._as_sample_set(X, y))
    assert [one.category for one in recwarn] == [ConvergenceWarning] * warns


def test_names_of_its_own_are_taken(rng):
    net, X, y = problem(rng, l1=0.1)
    assert net.l1 == (0.1, 0.1)

    def settled(y_true, y_pred):
        return 0.0

    layers = Network((3, 2), random_state=0)
    assert layers.evaluate(X, y, metrics=settled)["settled"] == 0

    with pytest.raises(ValueError, match="must have a name of its own, but 'settled' is taken"):
        net.fit(X, y, metrics=settled)
