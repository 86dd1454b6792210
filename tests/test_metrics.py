"""Metrics, against scikit-learn's functions and against plain NumPy."""

import functools
import re

import numpy as np
import pytest

from backprop_c import SGD, Adam, EarlyStopping, Goal, Network, metrics, schedules
from backprop_c._engine.tables import metric_table

sklearn_metrics = pytest.importorskip("sklearn.metrics")
# What scikit-learn says of edges where we say the same by number alone.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*:sklearn.exceptions.UndefinedMetricWarning"),
    pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true:UserWarning"),
    pytest.mark.filterwarnings("ignore:A single label was found:UserWarning"),
]

every_dtype = pytest.mark.parametrize("dtype", ["float64", "float32"])
# The last is wide enough for outputs of whole vectors and a rest, and makes wide layers.
SIZES = [(3, 1), (3, 4, 3), (4, 9, 17), (40, 70, 2)]
REGRESSION = {
    "mse": sklearn_metrics.mean_squared_error,
    "rmse": sklearn_metrics.root_mean_squared_error,
    "mae": sklearn_metrics.mean_absolute_error,
    "r2": sklearn_metrics.r2_score,
}
CLASSES = {
    "accuracy": sklearn_metrics.accuracy_score,
    "balanced_accuracy": sklearn_metrics.balanced_accuracy_score,
    "f1": functools.partial(sklearn_metrics.f1_score, average="macro"),
}


def tolerance(dtype):
    return {"rtol": 1e-12, "atol": 1e-13} if dtype == "float64" else {"rtol": 3e-6, "atol": 1e-6}


def weights_of(rng, n_samples, weighted, dtype):
    """Some of them 0. Of the network's dtype, so that both sides have the same numbers."""
    return rng.choice([0, 0.5, 1, 3], n_samples).astype(dtype) if weighted else None


def values_of(net, X, y, weights, asked):
    """By `evaluate`, and the same of a fit that moves nothing, in batches of several sizes."""
    values = net.evaluate(X, y, sample_weight=weights, metrics=asked)
    for batch_size, n_threads in ((1, 1), (7, 1), (None, 1), (None, 3)):
        copy = net.__copy__()
        history = copy.fit(
            *(X, y, weights),
            epochs=1,
            batch_size=batch_size,
            optimizer=still(),
            metrics=asked,
            validation_data=(X, y) if weights is None else (X, y, weights),
            n_threads=n_threads,
        )
        for name, value in values.items():
            for prefix in ("", "val_"):
                found = history[prefix + name][0]
                np.testing.assert_allclose(found, value, **tolerance(net.dtype), err_msg=name)
    return values


def still():
    """An optimizer whose steps are too small to change a parameter."""
    return SGD(1e-300)


@every_dtype
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_samples", [2, 9, 300])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_regression(sizes, n_samples, weighted, dtype, rng):
    X = rng.normal(size=(n_samples, sizes[0])).astype(dtype)
    # A mean that is large beside the spread, which naive sums of squares lose.
    y = (rng.normal(size=(n_samples, sizes[-1])) + 1000).astype(dtype)
    weights = weights_of(rng, n_samples, weighted, dtype)
    if weighted:
        weights[:2] = 1
    net = Network(sizes, ("tanh",) * (len(sizes) - 2) + ("identity",), dtype=dtype, random_state=1)
    net.biases[-1][:] = 1000
    values = values_of(net, X, y, weights, tuple(REGRESSION))
    outputs = net.predict(X).astype(np.float64)
    for name, function in REGRESSION.items():
        expected = function(y.astype(np.float64), outputs, sample_weight=weights)
        np.testing.assert_allclose(values[name], expected, **tolerance(dtype), err_msg=name)


@every_dtype
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("as_labels", [True, False])
@pytest.mark.parametrize("n_samples", [1, 8, 301])
@pytest.mark.parametrize("sizes", SIZES[1:], ids=str)
def test_one_class_of_several(sizes, n_samples, as_labels, weighted, dtype, rng):
    n_classes = sizes[-1]
    X = rng.normal(size=(n_samples, sizes[0])).astype(dtype)
    # The last class is never there.
    labels = rng.integers(0, n_classes - 1, n_samples)
    weights = weights_of(rng, n_samples, weighted, dtype)
    if weighted:
        weights[0] = 2
    net = Network(sizes, loss="cross_entropy", dtype=dtype, random_state=2)
    y = labels if as_labels else np.eye(n_classes)[labels]
    k = min(3, n_classes - 1)
    asked = (*CLASSES, metrics.TopKAccuracy(k), "log_loss")
    values = values_of(net, X, y, weights, asked)
    outputs = net.predict(X)
    chosen = outputs.argmax(axis=1)
    counted = np.ones(n_samples, bool) if weights is None else weights > 0
    for name, function in CLASSES.items():
        # A class of samples without weight is not there for us.
        expected = function(
            labels[counted],
            chosen[counted],
            sample_weight=None if weights is None else weights[counted],
        )
        np.testing.assert_allclose(values[name], expected, **tolerance(dtype), err_msg=name)
    every = np.arange(n_classes)
    if n_classes > 2:
        expected = sklearn_metrics.top_k_accuracy_score(
            labels, outputs, k=k, sample_weight=weights, labels=every
        )
        np.testing.assert_allclose(values["top_k_accuracy"], expected, **tolerance(dtype))
    expected = sklearn_metrics.log_loss(labels, outputs, sample_weight=weights, labels=every)
    np.testing.assert_allclose(values["log_loss"], expected, **tolerance(dtype))


@every_dtype
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "identity"])
def test_one_output(activation, weighted, dtype, rng):
    n_samples = 203
    X = rng.normal(size=(n_samples, 3)).astype(dtype)
    labels = (rng.random(n_samples) < 0.2).astype(int)
    y = labels * 2 - 1 if activation == "tanh" else labels
    weights = weights_of(rng, n_samples, weighted, dtype)
    net = Network((3, 4, 1), ("tanh", activation), dtype=dtype, random_state=3)
    asked = (*CLASSES, "log_loss") if activation == "sigmoid" else tuple(CLASSES)
    values = values_of(net, X, y, weights, asked)
    outputs = net.predict(X)[:, 0]
    chosen = outputs > (0 if activation == "tanh" else 0.5)
    assert 0 < chosen.mean() < 1
    for name, function in CLASSES.items():
        expected = function(labels, chosen, sample_weight=weights)
        np.testing.assert_allclose(values[name], expected, **tolerance(dtype), err_msg=name)
    if activation == "sigmoid":
        expected = sklearn_metrics.log_loss(labels, outputs, sample_weight=weights)
        np.testing.assert_allclose(values["log_loss"], expected, **tolerance(dtype))


@every_dtype
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
@pytest.mark.parametrize("width", [2, 9])
def test_several_classes_a_sample(width, activation, weighted, dtype, rng):
    n_samples = 203
    X = rng.normal(size=(n_samples, 3)).astype(dtype)
    labels = (rng.random((n_samples, width)) < 0.3).astype(int)
    # One that is not there, and that a large bias keeps from being told.
    labels[:, -1] = 0
    y = labels * 2 - 1 if activation == "tanh" else labels
    loss = "squared_error" if activation == "tanh" else "binary_cross_entropy"
    weights = weights_of(rng, n_samples, weighted, dtype)
    net = Network((3, 4, width), ("tanh", activation), loss, dtype=dtype, random_state=4)
    net.biases[-1][-1] = -100
    values = values_of(net, X, y, weights, ("accuracy", "f1"))
    chosen = net.predict(X) > (0 if activation == "tanh" else 0.5)
    for name in ("accuracy", "f1"):
        expected = CLASSES[name](labels, chosen, sample_weight=weights)
        np.testing.assert_allclose(values[name], expected, **tolerance(dtype), err_msg=name)


@every_dtype
def test_log_loss_of_sure_outputs(dtype):
    """Held away from 0 and 1 as scikit-learn does it."""
    net = Network((1, 1), "sigmoid", "binary_cross_entropy", dtype=dtype, random_state=0)
    net.parameters[:] = [1, 0]
    X, y = [[-800.0], [800.0]], [1, 0]
    expected = sklearn_metrics.log_loss(y, net.predict(X)[:, 0])
    value = net.evaluate(X, y, metrics="log_loss")["log_loss"]
    np.testing.assert_allclose(value, expected, rtol=1e-6)


@every_dtype
def test_ties_of_the_largest(dtype):
    """As scikit-learn's stable sort from behind has it."""
    net = Network((1, 4), "identity", dtype=dtype, random_state=0)
    net.parameters[:] = [0, 0, 0, 0, 0.5, 0.5, 0.1, 0.5]
    X, labels = np.ones((4, 1)), np.arange(4)
    for k in (1, 2, 3, 4):
        value = net.evaluate(X, labels, metrics=metrics.TopKAccuracy(k))["top_k_accuracy"]
        expected = sklearn_metrics.top_k_accuracy_score(labels, net.predict(X), k=k, labels=labels)
        assert value == expected


@every_dtype
def test_what_is_not_a_number_is_not_right(dtype):
    net = Network((1, 3), "identity", dtype=dtype, random_state=0)
    net.parameters[:] = np.nan
    for name in ("top_k_accuracy", "mse", "rmse", "mae", "r2"):
        value = net.evaluate([[1.0], [2.0]], [1, 2], metrics=name)[name]
        assert value == 0 if name == "top_k_accuracy" else np.isnan(value), name


@every_dtype
def test_r2_of_constant_targets_and_of_one_sample(dtype):
    net = Network((1, 2), "identity", dtype=dtype, random_state=0)
    net.parameters[:] = [0, 0, 3, 4]
    X = np.ones((3, 1))
    for y, expected in (([[3, 4]] * 3, 1), ([[3, 5]] * 3, 0.5), ([[1, 1]] * 3, 0)):
        assert net.evaluate(X, y, metrics="r2")["r2"] == expected
        assert sklearn_metrics.r2_score(y, net.predict(X)) == expected
    assert np.isnan(net.evaluate([[1.0]], [[3, 4]], metrics="r2")["r2"])


@pytest.mark.parametrize("batch_size", [1, 16, None])
def test_r2_of_labels_is_that_of_their_rows(batch_size, rng):
    X, labels = rng.normal(size=(60, 3)), rng.integers(0, 4, 60)
    net = Network((3, 4), loss="cross_entropy", random_state=0)
    one, other = (
        net.__copy__().fit(
            X, y, rng.permutation(60) + 1, epochs=1, batch_size=batch_size, metrics="r2"
        )
        for y in (labels, np.eye(4)[labels])
    )
    np.testing.assert_allclose(one["r2"], other["r2"], rtol=1)
    expected = sklearn_metrics.r2_score(np.eye(4)[labels], net.predict(X))
    assert net.evaluate(X, labels, metrics="r2")["r2"] == pytest.approx(expected, rel=1e-12)


def test_every_metric_is_documented_once():
    names = list(dict.fromkeys(one.name for one in metric_table()))
    classes = metrics.Metric.__subclasses__()
    assert [one.name for one in classes] == names
    for one in classes:
        assert f'"{one.name}"' in one.__doc__


# -- Functions of one's own --------------------------------------------------------------------


def roc_auc(y_true, y_pred):
    return sklearn_metrics.roc_auc_score(y_true, y_pred)


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


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        ("recall", ValueError, "metric 'recall' is not known; known: mse, rmse, mae, r2, accuracy"),
        (3, TypeError, "metric must be a name or an object such as MeanSquaredError(), but is 3"),
        (metrics.F1, TypeError, "metric must be an object, but is the class F1: write F1(), with"),
        (
            [metrics.TopKAccuracy(1), metrics.TopKAccuracy(2)],
            ValueError,
            "metrics must have a name each, but TopKAccuracy(k=1) and TopKAccuracy() are both "
            "'top_k_accuracy'",
        ),
        (functools.partial(roc_auc), ValueError, "must have a name, but functools.partial("),
    ],
)
def test_bad_metrics(asked, error, message):
    net = Network((2, 3), random_state=0)
    for use in (net.evaluate, net.fit):
        with pytest.raises(error, match=re.escape(message)):
            use(np.ones((4, 2)), [0, 1, 2, 0], metrics=asked)
    assert net.history is None


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
        (np.ones(3), ValueError, r"or one for each sample, .* an array of shape \(3,\)"),
    ],
)
def test_a_function_that_returns_something_else(returned, error, message):
    with pytest.raises(error, match=message):
        Network((1, 1)).evaluate([[1.0]] * 2, [1.0] * 2, metrics=lambda *_: returned)


@pytest.mark.parametrize(
    ("name", "activation", "loss", "y", "message"),
    [
        ("log_loss", "tanh", "squared_error", [[1, -1]], "needs outputs from 0 to 1, such as"),
        (
            "log_loss",
            "identity",
            "squared_error",
            [[1, 0]],
            "the last activation is 'identity'",
        ),
        (
            "balanced_accuracy",
            "sigmoid",
            "binary_cross_entropy",
            [[1, 1]],
            "metric 'balanced_accuracy' is for one class a sample, but the targets tell each",
        ),
        ("log_loss", "sigmoid", "binary_cross_entropy", [[1, 1]], "is for one class a sample"),
        (
            "top_k_accuracy",
            "tanh",
            "squared_error",
            [[1, -1]],
            "metric 'top_k_accuracy' needs an output for each class, and one class a sample",
        ),
        ("f1", "identity", "squared_error", [[0.5, 3]], "metric 'f1' needs targets that are cl"),
    ],
)
def test_metrics_that_do_not_fit(name, activation, loss, y, message):
    net = Network((1, 2), activation, loss, random_state=0)
    with pytest.raises(ValueError, match=re.escape(message)):
        net.evaluate([[1.0]], y, metrics=name)


# -- Watching them -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(dict.fromkeys(one.name for one in metric_table())))
def test_which_way_is_better(name):
    larger = name not in ("mse", "rmse", "mae", "log_loss")
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
    X, y = rng.normal(size=(60, 2)), None
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
