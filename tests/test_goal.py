"""Goal: the fit ends as soon as a value is reached, decided without Python."""

import pickle

import numpy as np
import pytest

from backprop_c import SGD, Adam, EarlyStopping, Goal, Network

every_dtype = pytest.mark.parametrize("dtype", ["float64", "float32"])


def data(n_samples=60):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, 3))
    return X, (X[:, 0] > X[:, 1] * X[:, 2]).astype(int)


def network(dtype="float64"):
    return Network((3, 8, 2), ("tanh", "softmax"), dtype=dtype, random_state=1)


@every_dtype
@pytest.mark.parametrize("batch_size", [1, 7, None])
@pytest.mark.parametrize(
    ("monitor", "larger"), [("loss", False), ("accuracy", True), ("val_loss", False)]
)
def test_the_very_epoch(monitor, larger, batch_size, dtype):
    """As a longer fit records it: the first epoch whose value is reached, and its parameters."""
    X, y = data()
    options = {
        "batch_size": batch_size,
        "optimizer": Adam(0.02),
        "metrics": ["accuracy"],
        "validation_data": (X[:20], y[:20]),
    }
    whole = network(dtype).fit(X, y, epochs=40, **options)
    for place in (0, 20, 39):
        value = whole[monitor][place]
        reached = whole[monitor] >= value if larger else whole[monitor] <= value
        expected = 1 + int(np.argmax(reached))
        net, twin = network(dtype), network(dtype)
        history = net.fit(X, y, epochs=40, callbacks=[Goal(monitor, value)], **options)
        assert history.epochs == expected
        assert history.reached_goal
        assert pickle.loads(pickle.dumps(history)).reached_goal
        assert not whole.reached_goal
        np.testing.assert_array_equal(history[monitor], whole[monitor][:expected])
        twin.fit(X, y, epochs=expected, **options)
        assert net.parameters.tobytes() == twin.parameters.tobytes()


def test_a_goal_that_is_not_reached_changes_nothing():
    X, y = data()
    net, twin = network(), network()
    assert not net.fit(X, y, epochs=10, callbacks=[Goal("loss", -1.0)]).reached_goal
    twin.fit(X, y, epochs=10)
    assert net.parameters.tobytes() == twin.parameters.tobytes()


def test_a_callback_of_both_kinds():
    """It does what each of them does."""

    class Both(EarlyStopping, Goal):
        pass

    X, y = data()
    callback = Both("loss", patience=3, min_delta=10.0, restore_best=False, value=-1.0)
    history = network().fit(X, y, epochs=40, callbacks=[callback])
    assert (history.epochs, history.reached_goal) == (4, False)
    callback = Both("loss", patience=30, restore_best=False, value=100.0)
    history = network().fit(X, y, epochs=40, callbacks=[callback])
    assert (history.epochs, history.reached_goal) == (1, True)


def test_beside_early_stopping():
    """Whatever comes first; the best epoch is brought back."""
    X, y = data()
    options = {"optimizer": SGD(0.5), "validation_data": (X[:20], y[:20])}
    whole = network().fit(X, y, epochs=60, **options)
    value = float(whole["loss"][10])
    net = network()
    history = net.fit(
        X, y, epochs=60, callbacks=[Goal("loss", value), EarlyStopping(patience=50)], **options
    )
    assert history.epochs == 1 + int(np.argmax(whole["loss"] <= value))
    assert history.best_epoch == 1 + int(np.argmin(history["val_loss"]))
    got = net.evaluate(X[:20], y[:20])["loss"]
    assert got == pytest.approx(history["val_loss"].min(), rel=1e-12)


@pytest.mark.parametrize(
    ("callbacks", "error", "message"),
    [
        ([Goal("val_loss", 1)], ValueError, "Goal monitors 'val_loss', .*: give validation_data"),
        ([Goal("mse", 1)], ValueError, r"Goal monitors 'mse', .*: give metrics=\['mse'\]"),
        (
            [Goal("loss", 1), Goal("loss", 2)],
            ValueError,
            r"must have one Goal at most, but has Goal\(.*value=1.0\) and Goal\(.*value=2.0\)",
        ),
    ],
)
def test_goals_that_cannot_be(callbacks, error, message):
    X, y = data()
    net = network()
    before = net.parameters.copy()
    with pytest.raises(error, match=message):
        net.fit(X, y, callbacks=callbacks)
    np.testing.assert_array_equal(net.parameters, before)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"monitor": 3, "value": 1}, TypeError, "monitor must be a name such as 'val_loss'"),
        ({"monitor": "loss", "value": np.nan}, ValueError, "value must be finite, but is nan"),
        ({"monitor": "loss", "value": "1"}, TypeError, "value must be a number, but is '1'"),
        ({"monitor": "loss"}, TypeError, "Goal needs value"),
    ],
)
def test_bad_parameters(options, error, message):
    with pytest.raises(error, match=message):
        Goal(**options)
