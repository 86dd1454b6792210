"""Metrics that are functions of one's own, and what watches metrics."""

import numpy as np
import pytest

from backprop_c import Adam, EarlyStopping, Goal, Network, schedules
from backprop_c._engine.tables import metric_table

every_dtype = pytest.mark.parametrize("dtype", ["float64", "float32"])


def roc_auc(y_true, y_pred):
    """The share of pairs of a sample of class 1 and one of class 0 that are in order."""
    ones, others = y_pred[y_true == 1], y_pred[y_true == 0]
    return (ones[:, np.newaxis] > others).mean()


@every_dtype
@pytest.mark.parametrize("batch_size", [1, 8, None])
@pytest.mark.parametrize("n_threads", [1, 3])
def test_a_function(n_threads, batch_size, dtype, rng):
    """Of the network as of each epoch's end; nothing else changes by it."""
    X = rng.normal(size=(90, 3))
    y = (X[:, 0] + rng.normal(size=90) > 0.5).astype(float)
    parts = (X[:60], y[:60]), (X[60:], y[60:])
    options = {"epochs": 4, "batch_size": batch_size, "n_threads": n_threads}
    options |= {"validation_data": parts[1], "optimizer": Adam(0.1)}
    plain, net = (Network((3, 5, 1), dtype=dtype, random_state=6) for _ in range(2))
    expected = plain.fit(*parts[0], metrics=["mse", "accuracy"], **options)
    seen = []

    class Look:
        def on_epoch_end(self, epoch, logs, network):
            seen.append([roc_auc(yy, network.predict(XX)[:, 0]) for XX, yy in parts])

    history = net.fit(
        *parts[0], metrics=["mse", roc_auc, "accuracy"], callbacks=[Look()], **options
    )
    assert list(history) == [
        *("loss", "mse", "roc_auc", "accuracy"),
        *("val_loss", "val_mse", "val_roc_auc", "val_accuracy"),
    ]
    np.testing.assert_array_equal(history["roc_auc"], np.array(seen)[:, 0])
    np.testing.assert_array_equal(history["val_roc_auc"], np.array(seen)[:, 1])
    for name in expected:
        np.testing.assert_array_equal(history[name], expected[name])
    assert net.parameters.tobytes() == plain.parameters.tobytes()
    assert net.evaluate(*parts[1], metrics=roc_auc)["roc_auc"] == history["val_roc_auc"][-1]


def test_shapes_that_a_function_gets(rng):
    got = []

    def look(y_true, y_pred):
        got.append((y_true.shape, y_true.dtype, y_pred.shape, y_pred.dtype))
        with pytest.raises(ValueError, match="read-only"):
            y_true[0] = 0
        y_pred[:] = 0
        return np.float32(1.5)

    X, labels = rng.normal(size=(6, 2)), rng.integers(0, 3, 6)
    net = Network((2, 3), dtype="float32", random_state=0)
    assert net.evaluate(X, labels, metrics=["mse", look])["look"] == 1.5
    net.evaluate(X, np.eye(3)[labels], metrics=look)
    Network((2, 1), random_state=0).evaluate(X, labels[:, None] > 1, metrics=look)
    assert got == [
        ((6,), np.int64, (6, 3), np.float32),
        ((6, 3), np.float32, (6, 3), np.float32),
        ((6,), np.float64, (6,), np.float64),
    ]


@pytest.mark.parametrize("fails_in", [1, 3])
def test_a_function_that_fails_ends_the_fit(fails_in, rng):
    """What was finished before is kept, and the next fit trains."""
    X, y = rng.normal(size=(20, 2)), rng.normal(size=20)
    calls = []

    def fragile(y_true, y_pred):
        calls.append(1)
        if len(calls) == fails_in:
            raise RuntimeError("fragile")
        return 0.0

    options = {"batch_size": 5, "optimizer": Adam(0.01)}
    net, other = (Network((2, 3, 1), random_state=0) for _ in range(2))
    with pytest.raises(RuntimeError, match="fragile"):
        net.fit(X, y, epochs=5, metrics=fragile, **options)
    other.fit(X, y, epochs=fails_in - 1, **options)
    assert len(net.history["loss"]) == len(other.history["loss"]) == fails_in - 1
    np.testing.assert_array_equal(net.parameters, other.parameters)
    net.fit(X, y, epochs=1, metrics=fragile, **options)


def test_a_function_is_not_called_with_what_is_not_finite():
    def refuses(y_true, y_pred):
        assert np.isfinite(y_pred).all()
        return 1.0

    net = Network((1, 1), "identity", random_state=0)
    net.parameters[:] = [1e308, 0]
    values = net.evaluate([[100.0]], [0.0], metrics=refuses)
    assert np.isnan(values["refuses"])


@pytest.mark.parametrize("name", ["loss", "mse", "val_loss"])
def test_a_function_s_name_must_be_free(name):
    def function(y_true, y_pred):
        return 0.0

    function.__name__ = name
    with pytest.raises(ValueError, match=f"a name of its own, but '{name}' is taken"):
        Network((1, 1)).evaluate([[1.0]], [1.0], metrics=function)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_function_with_a_value_for_each_sample(weighted, rng):
    """Their mean by weights; what has no weight may be anything."""
    X, y = rng.normal(size=(30, 2)), rng.normal(size=30)
    weights = rng.integers(0, 3, 30) if weighted else None

    def distances(y_true, y_pred):
        found = abs(y_true - y_pred)
        return found if weights is None else np.where(weights == 0, np.nan, found)

    net = Network((2, 1), "identity", random_state=0)
    values = net.evaluate(X, y, sample_weight=weights, metrics=["mae", distances])
    assert values["distances"] == pytest.approx(values["mae"], rel=1e-12)


@pytest.mark.parametrize(
    ("returned", "error", "message"),
    [
        ("one", TypeError, "or one for each sample, but .* returned 'one'"),
        ({}, TypeError, "or one for each sample, but .* returned {}"),
        (np.ones((2, 1)), ValueError, r"or one for each sample, .* an array of shape \(2, 1\)"),
        (None, TypeError, "or one for each sample, but .* returned None"),
        ("1.5", TypeError, "or one for each sample, but .* returned '1.5'"),
        (np.ones(3), ValueError, r"or one for each sample, .* an array of shape \(3,\)"),
    ],
)
def test_a_function_that_returns_something_else(returned, error, message):
    with pytest.raises(error, match=message):
        Network((1, 1)).evaluate([[1.0]] * 2, [1.0] * 2, metrics=lambda *_: returned)


# -- Watching them -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(dict.fromkeys(one.name for one in metric_table())))
def test_which_way_is_better(name):
    smaller = ("mse", "rmse", "mae", "log_loss", "iterations", "largest_change")
    larger = name not in smaller
    assert EarlyStopping(name).larger_is_better is larger
    assert EarlyStopping(f"val_{name}").larger_is_better is larger
    assert EarlyStopping(name, better="smaller").larger_is_better is False
    assert schedules.ReduceOnPlateau(0.1, name).larger_is_better is larger


def test_early_stopping_by_r2(rng):
    """The best epoch is that of the largest value, and its parameters come back."""
    X = rng.normal(size=(40, 3))
    y = X[:, 0] + rng.normal(size=40)
    net = Network((3, 30, 1), ("tanh", "identity"), random_state=0)
    history = net.fit(
        X[:20],
        y[:20],
        epochs=400,
        optimizer=Adam(0.03),
        metrics="r2",
        validation_data=(X[20:], y[20:]),
        callbacks=[EarlyStopping("val_r2", patience=20)],
    )
    best = int(np.argmax(history["val_r2"]))
    assert best + 21 == len(history["loss"]) < 400
    assert net.evaluate(X[20:], y[20:], metrics="r2")["r2"] == history["val_r2"][best]


@pytest.mark.parametrize("better", ["larger", "smaller"])
def test_watching_a_function(better, rng):
    X, y = rng.normal(size=(30, 2)), rng.integers(0, 2, 30)
    steps = iter([0.5, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2])

    def step(y_true, y_pred):
        return next(steps)

    net = Network((2, 1), random_state=0)
    history = net.fit(
        X, y, epochs=7, metrics=step, callbacks=[EarlyStopping("step", patience=2, better=better)]
    )
    assert len(history["loss"]) == (4 if better == "larger" else 3)


def test_a_goal_for_a_function(rng):
    X = rng.normal(size=(60, 2))
    y = (X[:, 0] > 0).astype(float)
    net = Network((2, 4, 1), random_state=0)
    history = net.fit(
        X,
        y,
        epochs=200,
        optimizer=Adam(0.05),
        metrics=roc_auc,
        callbacks=[Goal("roc_auc", 0.99, better="larger")],
    )
    assert len(history["loss"]) < 200
    assert history["roc_auc"][-1] >= 0.99 > history["roc_auc"][:-1].max(initial=0)


@pytest.mark.parametrize(
    "watching",
    [{"callbacks": [EarlyStopping("roc_auc")]}, {"callbacks": [Goal("roc_auc", 1)]}],
    ids=str,
)
def test_a_function_must_say_which_way_is_better(watching):
    net = Network((1, 1), random_state=0)
    with pytest.raises(ValueError, match=r"monitors 'roc_auc', .*: say which way is better, by b"):
        net.fit([[1.0], [2.0]], [0, 1], metrics=roc_auc, **watching)
    assert net.history is None
    with pytest.raises(ValueError, match="better 'more' is not known; known: larger, smaller"):
        EarlyStopping("roc_auc", better="more")
