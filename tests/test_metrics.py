"""Metrics, against plain NumPy, which is held against scikit-learn's functions."""

import functools
import re

import numpy as np
import pytest
import reference_metrics as reference

from backprop_c import SGD, Network, metrics
from backprop_c._engine.tables import metric_table

every_dtype = pytest.mark.parametrize("dtype", ["float64", "float32"])
# The last is wide enough for outputs of whole vectors and a rest, and makes wide layers.
SIZES = [(3, 1), (3, 4, 3), (4, 9, 17), (40, 70, 2)]
REGRESSION = {name: getattr(reference, name) for name in ("mse", "rmse", "mae", "r2")}
CLASSES = {name: getattr(reference, name) for name in ("accuracy", "balanced_accuracy", "f1")}


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
        expected = function(y.astype(np.float64), outputs, weights)
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
    for name, function in CLASSES.items():
        expected = function(labels, chosen, weights)
        np.testing.assert_allclose(values[name], expected, **tolerance(dtype), err_msg=name)
    expected = reference.top_k_accuracy(labels, outputs, k, weights)
    np.testing.assert_allclose(values["top_k_accuracy"], expected, **tolerance(dtype))
    expected = reference.log_loss(labels, outputs, weights)
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
    outputs = net.predict(X)
    chosen = outputs[:, 0] > (0 if activation == "tanh" else 0.5)
    assert 0 < chosen.mean() < 1
    for name, function in CLASSES.items():
        expected = function(labels, chosen, weights)
        np.testing.assert_allclose(values[name], expected, **tolerance(dtype), err_msg=name)
    if activation == "sigmoid":
        expected = reference.log_loss(labels, outputs, weights)
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
        expected = CLASSES[name](labels, chosen, weights)
        np.testing.assert_allclose(values[name], expected, **tolerance(dtype), err_msg=name)


@every_dtype
def test_log_loss_of_sure_outputs(dtype):
    """Held away from 0 and 1."""
    net = Network((1, 1), "sigmoid", "binary_cross_entropy", dtype=dtype, random_state=0)
    net.parameters[:] = [1, 0]
    X, y = [[-800.0], [800.0]], [1, 0]
    expected = reference.log_loss(np.array(y), net.predict(X))
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
        expected = reference.top_k_accuracy(labels, net.predict(X), k)
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
    cases = ([[3, 4]] * 3, 1), ([[3, 5]] * 3, 0.5), ([[1, 1]] * 3, 0), ([[0.1, 0.7]] * 3, 0)
    for y, expected in cases:
        assert net.evaluate(X, y, metrics="r2")["r2"] == expected
    assert np.isnan(net.evaluate([[1.0]], [[3, 4]], metrics="r2")["r2"])


@every_dtype
@pytest.mark.parametrize("batch_size", [1, 16, None])
def test_r2_of_labels_is_that_of_their_rows(batch_size, dtype, rng):
    X, labels, weights = rng.normal(size=(60, 3)), rng.integers(0, 4, 60), rng.random(60)
    net = Network((3, 4), loss="cross_entropy", dtype=dtype, random_state=0)
    one, other = (
        net.__copy__().fit(
            X, y, weights, epochs=1, batch_size=batch_size, optimizer=still(), metrics="r2"
        )["r2"]
        for y in (labels, np.eye(4)[labels])
    )
    np.testing.assert_allclose(one, other, **tolerance(dtype))
    expected = reference.r2(np.eye(4)[labels], net.predict(X).astype(float), weights)
    np.testing.assert_allclose(one, expected, **tolerance(dtype))


@every_dtype
def test_classes_that_are_not_there(dtype):
    """Weights whose sums round: no rest of them counts as a class, or as a spread."""
    X, weights = np.ones((10, 1)), [0.1] * 10
    net = Network((1, 1), "sigmoid", "binary_cross_entropy", dtype=dtype, random_state=0)
    net.parameters[:] = [1, 0]
    asked = ("balanced_accuracy", "f1")
    values = net.evaluate(X, [1] * 10, sample_weight=weights, metrics=asked)
    assert [values[name] for name in asked] == [1, 1]
    net = Network((1, 3), "softmax", dtype=dtype, random_state=0)
    assert net.evaluate(X, [0] * 10, sample_weight=weights, metrics="r2")["r2"] == 0


def test_every_metric_is_documented_once():
    names = list(dict.fromkeys(one.name for one in metric_table() if not one.of_pass))
    classes = metrics.Metric.__subclasses__()
    assert [one.name for one in classes] == names
    for one in classes:
        assert f'"{one.name}"' in one.__doc__


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
        (functools.partial(print), ValueError, "must have a name, but functools.partial("),
    ],
)
def test_bad_metrics(asked, error, message):
    net = Network((2, 3), random_state=0)
    for use in (net.evaluate, net.fit):
        with pytest.raises(error, match=re.escape(message)):
            use(np.ones((4, 2)), [0, 1, 2, 0], metrics=asked)
    assert net.history is None


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


@pytest.mark.parametrize("weighted", [False, True])
def test_the_references_are_scikit_learn_s(weighted, rng):
    theirs = pytest.importorskip("sklearn.metrics")
    n_samples = 200
    weights = rng.random(n_samples) + 0.1 if weighted else None
    y, a = rng.normal(size=(2, n_samples, 3)) + 5
    named = {
        "mse": theirs.mean_squared_error,
        "rmse": theirs.root_mean_squared_error,
        "mae": theirs.mean_absolute_error,
        "r2": theirs.r2_score,
    }
    for name, function in named.items():
        expected = function(y, a, sample_weight=weights)
        np.testing.assert_allclose(REGRESSION[name](y, a, weights), expected, rtol=1e-12)
    labels, outputs = (
        rng.integers(0, 4, n_samples),
        rng.integers(1, 9, (n_samples, 5)).astype(float),
    )
    chosen, every = outputs.argmax(axis=1), np.arange(5)
    macro = functools.partial(theirs.f1_score, average="macro")
    columns = rng.integers(0, 2, (2, n_samples, 3))
    both = rng.integers(0, 2, (2, n_samples))
    for one, other in ((labels, chosen), both, columns):
        for name, function in (("accuracy", theirs.accuracy_score), ("f1", macro)):
            expected = function(one, other, sample_weight=weights)
            np.testing.assert_allclose(CLASSES[name](one, other, weights), expected, rtol=1e-12)
    for one, other in (both, (labels, np.minimum(chosen, 3))):
        expected = theirs.balanced_accuracy_score(one, other, sample_weight=weights)
        np.testing.assert_allclose(
            reference.balanced_accuracy(one, other, weights), expected, rtol=1e-12
        )
    for k in (1, 2, 3):
        expected = theirs.top_k_accuracy_score(
            labels, outputs, k=k, sample_weight=weights, labels=every
        )
        found = reference.top_k_accuracy(labels, outputs, k, weights)
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    shares = outputs / outputs.sum(axis=1, keepdims=True)
    expected = theirs.log_loss(labels, shares, sample_weight=weights, labels=every)
    np.testing.assert_allclose(reference.log_loss(labels, shares, weights), expected, rtol=1e-12)
    for sure in (shares[:, :1], shares[:, :1].round().astype("float32")):
        expected = theirs.log_loss(both[0], sure[:, 0], sample_weight=weights)
        found = reference.log_loss(both[0], sure, weights)
        np.testing.assert_allclose(found, expected, rtol=1e-6)
