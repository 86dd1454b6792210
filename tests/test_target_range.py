"""TargetRangeWarning: targets that the outputs cannot reach."""

import re
import warnings

import numpy as np
import pytest
from helpers import state_of

from backprop_c import SGD, Network, TargetRangeWarning, trace

X = np.random.default_rng(0).normal(size=(20, 10))


def warned(activation, y, loss="squared_error", dtype="float64"):
    """The messages of the warnings of a fit, all of them TargetRangeWarning."""
    y = np.asarray(y)
    net = Network((10, 4, y.shape[1]), ("tanh", activation), loss, dtype=dtype, random_state=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        net.fit(X[: len(y)], y, epochs=3)
    assert all(warning.category is TargetRangeWarning for warning in caught)
    assert all(warning.filename == __file__ for warning in caught)
    return [str(warning.message) for warning in caught]


def test_ordinary_targets_and_sigmoid_outputs():
    net = Network((10, 16, 1), "sigmoid", random_state=0)
    with pytest.warns(TargetRangeWarning, match="sigmoid outputs are between 0 and 1") as caught:
        net.fit(X, 50 + 10 * X[:, 0])
    assert len(caught) == 1
    Network((10, 16, 1), random_state=0).fit(X, 50 + 10 * X[:, 0])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("activation", "lowest", "highest", "reach"),
    [
        ("sigmoid", 0, 1, "are between 0 and 1"),
        ("tanh", -1, 1, "are between -1 and 1"),
        ("relu", 0, np.inf, "are at least 0"),
        ("softmax", 0, 1, "are between 0 and 1"),
        ("identity", -np.inf, np.inf, ""),
    ],
)
def test_the_range_of_each_activation(activation, lowest, highest, reach, dtype):
    """Its ends belong to it, and rounding does not count; the first entry outside is named."""
    good = np.clip([[-1e3, 1e3], [0.5, 0.25]], lowest, highest)
    assert warned(activation, good, dtype=dtype) == []
    nearly = np.clip(good, -2, 2) + np.array([[-1e-6, 1e-6], [0, 0]])
    assert warned(activation, nearly, dtype=dtype) == []
    for end, value in ((lowest, lowest - 0.5), (highest, highest + 0.5)):
        if np.isfinite(end):
            bad = np.clip(np.full((3, 2), 0.5), lowest, highest)
            bad[1, 1] = bad[2, 0] = value
            (message,) = warned(activation, bad, dtype=dtype)
            assert message.startswith(f"y[1, 1] is {value}, but {activation} outputs {reach}")
            assert "take 'identity' for the outputs' activation" in message
            assert "scale the targets" in message


def test_hidden_layers_do_not_matter():
    net = Network((10, 4, 1), ("sigmoid", "identity"), random_state=0)
    net.fit(X, 100 * X[:, 0], epochs=1)


@pytest.mark.parametrize(
    ("activation", "loss"), [("sigmoid", "binary_cross_entropy"), ("softmax", "cross_entropy")]
)
def test_classes_are_within_range(activation, loss):
    assert warned(activation, np.eye(2)[[0, 1, 1]], loss) == []
    net = Network((10, 4), "sigmoid", random_state=0)
    net.fit(X, np.arange(20) % 4, epochs=1)


def test_only_a_fit_warns():
    net = Network((10, 1), "sigmoid", random_state=0)
    y = 100 * X[:, 0]
    net.evaluate(X, y)
    net.loss_and_gradient(X, y)
    trace(net, X[0], y[:1], verbose=False)


def test_a_warning_that_is_an_error_changes_nothing():
    net = Network((10, 1), "sigmoid", random_state=0)
    net.fit(X, np.zeros(20), epochs=1)
    before = net.parameters.tobytes(), net.history, net.optimizer, net._optimizer_state
    generator = state_of(net._generator)
    message = f"y[0, 0] is {100 * X[0, 0] + 1000}, but sigmoid"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(TargetRangeWarning, match=re.escape(message)):
            net.fit(X, 100 * X[:, 0] + 1000, optimizer=SGD())
    after = net.parameters.tobytes(), net.history, net.optimizer, net._optimizer_state
    assert all(one is other for one, other in zip(before[1:], after[1:], strict=True))
    assert (before[0], generator) == (after[0], state_of(net._generator))
    assert not net._training
