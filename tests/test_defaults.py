"""What a network is made of and how it is trained where nothing is said."""

import inspect

import numpy as np
import pytest

from backprop_c import SGD, Adam, Network
from backprop_c._defaults import default_activations
from backprop_c._validation.entries import LOSSES
from backprop_c._validation.shape import as_loss


def test_the_signature():
    """Positions stay as they are; None means that other arguments decide."""
    parameters = inspect.signature(Network).parameters
    assert {name: parameter.default for name, parameter in parameters.items()} == {
        "layer_sizes": inspect.Parameter.empty,
        "activations": None,
        "loss": None,
        "biases": True,
        "dtype": "float64",
        "random_state": None,
        "l1": 0.0,
        "l2": 0.0,
        "dropout": 0.0,
        "max_norm": None,
        "initializer": None,
    }
    keyword_only = {p.name for p in parameters.values() if p.kind is p.KEYWORD_ONLY}
    assert keyword_only == {"l1", "l2", "dropout", "max_norm", "initializer"}
    net = Network((2, 3, 1), "relu", "squared_error", False, "float32", 0)
    assert (net.activations, net.loss, bool(net.biases)) == (("relu",) * 2, "squared_error", False)


@pytest.mark.parametrize(
    ("arguments", "activations", "loss"),
    [
        ({}, ("tanh", "tanh", "identity"), "squared_error"),
        ({"loss": "squared_error"}, ("tanh", "tanh", "identity"), "squared_error"),
        (
            {"loss": "binary_cross_entropy"},
            ("tanh", "tanh", "sigmoid"),
            "binary_cross_entropy",
        ),
        ({"loss": "cross_entropy"}, ("tanh", "tanh", "softmax"), "cross_entropy"),
        ({"activations": "sigmoid"}, ("sigmoid",) * 3, "squared_error"),
        (
            {"activations": ("relu", "relu", "softmax")},
            ("relu", "relu", "softmax"),
            "cross_entropy",
        ),
        (
            {"activations": ("relu", "relu", "softmax"), "loss": "squared_error"},
            ("relu", "relu", "softmax"),
            "squared_error",
        ),
        (
            {"activations": ("relu", "relu", "sigmoid")},
            ("relu", "relu", "sigmoid"),
            "squared_error",
        ),
    ],
)
def test_activations_and_loss(arguments, activations, loss):
    net = Network((2, 4, 3, 2), random_state=0, **arguments)
    assert (net.activations, net.loss) == (activations, loss)


def test_one_layer_is_the_outputs():
    assert Network((2, 1)).activations == ("identity",)
    assert Network((2, 2), loss="cross_entropy").activations == ("softmax",)


def test_outputs_are_those_that_a_loss_names(monkeypatch):
    """By the loss's entry, also of losses that are yet to come."""
    for name, entry in LOSSES.items():
        assert default_activations(1, as_loss(name)) == (entry.outputs or "identity",)
    monkeypatch.setitem(LOSSES, "squared_error", LOSSES["cross_entropy"]._replace(outputs="new"))
    assert default_activations(2, as_loss("squared_error")) == ("tanh", "new")


def test_the_optimizer():
    net = Network((2, 1))
    assert net.optimizer == Adam()
    assert net.optimizer.learning_rate == 0.001
    assert SGD().learning_rate == 0.01


@pytest.mark.parametrize("n_samples", [5, 32, 33, 100])
def test_the_batch_size(n_samples):
    """It is 32 where the samples are more."""
    X = np.random.default_rng(0).normal(size=(n_samples, 2))
    nets = [Network((2, 3, 1), random_state=0) for _ in range(4)]
    settings = {}, {"batch_size": "auto"}, {"batch_size": 32}, {"batch_size": None}
    for net, setting in zip(nets, settings, strict=True):
        net.fit(X, X[:, 0], epochs=3, **setting)
    by_default, automatic, by_number, full = (net.parameters.tobytes() for net in nets)
    assert by_default == automatic == by_number
    assert (by_default == full) == (n_samples <= 32)


def test_a_regression_needs_no_choice():
    """Targets far from any activation's range, with all that is there by default."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 10))
    y = 3 * X[:, 0] - 2 * X[:, 1] + np.sin(2 * X[:, 2]) + 0.1 * rng.normal(size=600)
    net = Network((10, 16, 1), random_state=0)
    net.fit(X[:500], y[:500])
    errors = net.predict(X[500:])[:, 0] - y[500:]
    assert 1 - (errors**2).mean() / y[500:].var() > 0.9
