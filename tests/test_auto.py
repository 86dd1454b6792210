"""optimizer="auto": what it chooses, and that it says so."""

import copy
import pickle

import numpy as np
import pytest

from backprop_c import (
    LBFGS,
    Adam,
    LevenbergMarquardt,
    Network,
    Rprop,
)
from backprop_c._choice import choose

SMALL = {"n_parameters": 16, "n_outputs": 1, "n_samples": 21, "refused": ()}


@pytest.mark.parametrize(
    ("changes", "expected", "why"),
    [
        (
            {"loss": "squared_error"},
            [LevenbergMarquardt(), LBFGS(), Rprop(), None],
            "16 parameters are few",
        ),
        (
            {"loss": "squared_error", "n_parameters": 1001},
            [LBFGS(), Rprop(), None],
            "few enough for one step",
        ),
        (
            {"loss": "squared_error", "n_parameters": 1000, "n_samples": 10**4},
            [LBFGS(), Rprop(), None],
            "few enough for one step",
        ),
        ({"loss": "squared_error", "n_samples": 10**8}, [None], "many for one step"),
        (
            {"loss": "squared_error", "refused": ("l1",)},
            [Rprop(), None],
            "with l1 LBFGS is not for it",
        ),
        (
            {"loss": "huber", "refused": ("l1", "max_norm")},
            [Rprop(), None],
            "with l1 and max_norm LBFGS is not for it",
        ),
        (
            {"loss": "squared_error", "refused": ("dropout",)},
            [None],
            "every step sees another loss",
        ),
        (
            {"loss": "cross_entropy"},
            [LBFGS(), Rprop(), None],
            "21 samples of 16 parameters are few enough",
        ),
        ({"loss": None}, [LBFGS(), Rprop(), None], "few enough"),
        (
            {"loss": "cross_entropy", "n_samples": 10**7},
            [None],
            "10000000 samples of 16 parameters",
        ),
    ],
)
def test_the_rule(changes, expected, why):
    found, reason = choose(**SMALL | changes)
    assert found == expected
    assert why in reason


def data(n_samples=60):
    X = np.random.default_rng(0).normal(size=(n_samples, 3))
    return X, np.sin(X[:, 0]) + X[:, 1] * X[:, 2]


def test_the_history_says_what_was_chosen_and_why():
    X, y = data()
    net = Network((3, 5, 1), random_state=0)
    history = net.fit(X, y, epochs=20, optimizer="auto")
    assert net.optimizer == LevenbergMarquardt()
    assert history.choice == "LevenbergMarquardt(): squared errors, and 26 parameters are few"
    assert pickle.loads(pickle.dumps(history)).choice == history.choice
    assert copy.copy(history).choice == history.choice
    assert history["loss"][-1] < history["loss"][0] / 20
    assert net.fit(X, y, epochs=1).choice is None


@pytest.mark.parametrize("options", [{"dropout": 0.2}, {"batch_size": 16}])
def test_adam_has_a_rate_that_was_found(options):
    """By a copy: the network begins where it is, and draws what it would have drawn."""
    X, y = data(200)
    of_fit = {name: options[name] for name in ("batch_size",) if name in options}
    of_network = {name: options[name] for name in ("dropout",) if name in options}
    net, other = (Network((3, 16, 1), random_state=0, **of_network) for _ in range(2))
    history = net.fit(X, y, epochs=10, optimizer="auto", **of_fit)
    assert isinstance(net.optimizer, Adam)
    assert 1e-4 < net.optimizer.learning_rate < 0.3
    assert "the rate is that of a range test" in history.choice
    again = other.fit(X, y, epochs=10, optimizer=net.optimizer, **of_fit)
    np.testing.assert_array_equal(history["loss"], again["loss"])
    assert net.parameters.tobytes() == other.parameters.tobytes()


def test_bad_input_chooses_nothing():
    X, y = data()
    net = Network((3, 5, 1), random_state=0)
    before = net.parameters.tobytes(), net.optimizer, net.history
    with pytest.raises(ValueError, match="X has 2 features"):
        net.fit(X[:, :2], y, optimizer="auto")
    with pytest.raises(ValueError, match="batch_size"):
        net.fit(X, y, optimizer="auto", batch_size=0)
    assert (net.parameters.tobytes(), net.optimizer, net.history) == before


def test_auto_is_for_fits_alone():
    net = Network((1, 1), random_state=0)
    with pytest.raises(ValueError, match="optimizer 'auto' is for fit, which looks at the samples"):
        net.optimizer = "auto"
