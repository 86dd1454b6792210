"""Losses with parameters, and at the ends of their ranges; tests of all losses are elsewhere."""

import numpy as np
import pytest
from helpers import assert_close

from backprop_c import SGD, Network, functional, losses

every_dtype = pytest.mark.parametrize("dtype", ["float64", "float32"])


def smoothed(name, targets, share):
    """As the losses' docstrings have it."""
    classes = targets.shape[1] if name == "cross_entropy" else 2
    return (1 - share) * targets + share / classes


SMOOTHED = [
    (losses.CrossEntropy(label_smoothing=0.1), "softmax"),
    (losses.CrossEntropy(label_smoothing=0.9), "softmax"),
    (losses.BinaryCrossEntropy(label_smoothing=0.1), "sigmoid"),
    (losses.BinaryCrossEntropy(label_smoothing=0.75), "sigmoid"),
]
every_smoothed = pytest.mark.parametrize(("loss", "output"), SMOOTHED)


@every_dtype
@every_smoothed
@pytest.mark.parametrize("sizes", [(2, 3), (4, 16, 5), (20, 64, 33)])
@pytest.mark.parametrize("weighted", [False, True])
def test_label_smoothing(weighted, sizes, loss, output, dtype, rng):
    """The loss of smoothed targets and its gradient; also of class indices, and of a step."""
    activations = ("tanh",) * (len(sizes) - 2) + (output,)
    net = Network(sizes, activations, loss, dtype=dtype, random_state=1)
    plain = Network(sizes, activations, loss.name, dtype=dtype, random_state=1)
    X, labels = rng.normal(size=(50, sizes[0])), rng.integers(sizes[-1], size=50)
    weights = rng.random(50) if weighted else None
    one_hot = np.eye(sizes[-1])[labels]
    targets = smoothed(loss.name, one_hot, loss.label_smoothing)
    expected = plain.loss_and_gradient(X, targets, sample_weight=weights)
    for y in (one_hot, labels):
        got = net.loss_and_gradient(X, y, sample_weight=weights)
        assert_close(got[0], expected[0], dtype)
        assert_close(got[1], expected[1], dtype)
    for each in (net, plain):
        each.optimizer = SGD(0.1)
    stepped = net.train_step(X[0], one_hot[0]), plain.train_step(X[0], targets[0])
    assert_close(*stepped, dtype)
    assert_close(net.parameters, plain.parameters, dtype)


@every_dtype
@pytest.mark.parametrize(("make", "output"), [
    (losses.CrossEntropy, "softmax"), (losses.BinaryCrossEntropy, "sigmoid"),
])  # fmt: skip
@pytest.mark.parametrize("sizes", [(2, 3), (4, 16, 5), (20, 64, 33)])
def test_largest_loss(sizes, make, output, dtype, rng):
    """The reported loss is bounded, by the sample or by the output; the gradient is not."""
    activations = ("tanh",) * (len(sizes) - 2) + (output,)
    net, plain = (
        Network(sizes, activations, loss, dtype=dtype, random_state=1)
        for loss in (make(largest_loss=2.5), make())
    )
    for each in (net, plain):
        each.parameters[:] *= 20
        each.optimizer = SGD(0.1)
    X, weights = rng.normal(size=(50, sizes[0])), rng.random(50)
    targets = np.eye(sizes[-1])[rng.integers(sizes[-1], size=50)]
    a = plain.predict(X).astype(float)
    # What is left of 1: of the class, and of labels that are not the sample's.
    share = np.where(targets == 1, a, 1 if output == "softmax" else 1 - a)
    terms = -np.log(np.maximum(share, np.exp(-2.5))).sum(axis=1)
    expected = (weights * terms).sum() / weights.sum()
    rtol = 1e-4 if dtype == "float32" else 1e-9
    got = net.loss_and_gradient(X, targets, sample_weight=weights)
    without = plain.loss_and_gradient(X, targets, sample_weight=weights)
    np.testing.assert_allclose(got[0], expected, rtol=rtol)
    assert got[0] < without[0] * 0.95
    np.testing.assert_array_equal(got[1], without[1])
    worst = terms.argmax()
    np.testing.assert_allclose(net.train_step(X[worst], targets[worst]), terms[worst], rtol=rtol)
    assert plain.train_step(X[worst], targets[worst]) > terms[worst] * 1.1
    np.testing.assert_array_equal(net.parameters, plain.parameters)
    net.parameters[:] = np.nan
    assert np.isnan(net.evaluate(X, targets)["loss"])


@every_dtype
@pytest.mark.parametrize("quantile", [0.05, 0.5, 0.9])
def test_quantile(quantile, dtype, rng):
    """By its definition; and a constant comes to the targets' quantile."""
    z, y = rng.normal(size=(33, 3)).astype(dtype), rng.normal(size=(33, 3)).astype(dtype)
    y[5] = z[5]
    got, delta = functional.loss_and_delta(losses.Quantile(quantile), "identity", z, y)
    error = (y - z).astype(float)
    expected = np.maximum(quantile * error, (quantile - 1) * error).sum(axis=1).mean()
    assert_close(got, expected, dtype)
    slopes = np.where(error > 0, -quantile, 1 - quantile) * (error != 0) / len(z)
    assert_close(delta, slopes, dtype)
    net = Network((1, 1), "identity", losses.Quantile(quantile), dtype=dtype, random_state=0)
    net.parameters[:] = 0
    targets = np.linspace(0, 1, 41)
    net.fit(np.zeros((41, 1)), targets, epochs=2000, batch_size=None, optimizer=SGD(0.01))
    assert abs(net.biases[0][0] - quantile) < 0.03


@pytest.mark.thread_unsafe(reason="mpmath has one precision for all threads")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_log_cosh_keeps_its_digits(dtype):
    """Near 0, where it is half a square, at the seam of its formulas, and far away."""
    mpmath = pytest.importorskip("mpmath")
    seam = np.arcsinh(dtype(1))
    near = np.nextafter(seam, [dtype(0), dtype(9)])
    sizes = np.concatenate([np.logspace(-6, 3, 200).astype(dtype), near, [seam, dtype(1e4)]])
    for size in (*sizes, *-sizes):
        z = np.array([[size]], dtype)
        loss, delta = functional.loss_and_delta("log_cosh", "identity", z, np.zeros_like(z))
        with mpmath.workdps(40):
            d = mpmath.mpf(float(size))
            value, slope = float(mpmath.log(mpmath.cosh(d))), float(mpmath.tanh(d))
        assert abs(loss - value) <= 6 * np.finfo(dtype).eps * value, size
        assert abs(delta[0, 0] - slope) <= 5 * np.finfo(dtype).eps * abs(slope), size


@every_dtype
def test_where_a_derivative_has_a_jump(dtype):
    """At the target itself it is 0, for errors of both signs."""
    z = np.array([[1.0, -1.0, 0.0, -0.0]], dtype)
    for loss in ("absolute_error", losses.Quantile(0.9)):
        value, delta = functional.loss_and_delta(loss, "identity", z, z.copy())
        assert value == 0
        np.testing.assert_array_equal(delta, np.zeros_like(z))


@every_dtype
@pytest.mark.parametrize("target", [0.0, -0.0, -1.0])
def test_gamma_refuses_amounts_that_are_not_above_0(target, dtype):
    net = Network((1, 1), loss="gamma", dtype=dtype, random_state=0)
    assert net.activations == ("exponential",)
    before = net.parameters.copy()
    X, y = np.ones((2, 1), dtype), np.array([[1.0], [target]], dtype)
    message = r"y\[[01], 0\] is -?[01]\.0, but targets of 'gamma' are above 0"
    for call in (
        lambda: net.fit(X, y),
        lambda: net.evaluate(X, y),
        lambda: net.train_step(X[1], y[1]),
        lambda: net.train_step(X[1], target),
        lambda: functional.loss_and_delta("gamma", "exponential", X, y),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    np.testing.assert_array_equal(net.parameters, before)


@pytest.mark.parametrize(
    ("make", "value", "error", "message"),
    [
        (losses.Quantile, 0, ValueError, "quantile must be above 0"),
        (losses.Quantile, 1, ValueError, "quantile must be at least 0 and below 1"),
        (losses.Quantile, np.nan, ValueError, "quantile must be at least 0 and below 1"),
        (losses.Quantile, "0.5", TypeError, "quantile must be a number, but is '0.5'"),
        (losses.CrossEntropy, 1, ValueError, "label_smoothing must be at least 0 and below 1"),
        (losses.CrossEntropy, -0.1, ValueError, "label_smoothing must be at least 0 and below 1"),
        (lambda bound: losses.CrossEntropy(0, bound), 0, ValueError, "largest_loss must be posit"),
        (losses.BinaryCrossEntropy, [0.1], TypeError, "label_smoothing must be a number"),
    ],
)
def test_parameters_out_of_range(make, value, error, message):
    with pytest.raises(error, match=message):
        make(value)
