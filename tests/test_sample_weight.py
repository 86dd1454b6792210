"""Weights of samples: repetition and leaving out, mini-batches, and what is refused."""

import copy
import itertools

import numpy as np
import pytest
from helpers import any_targets, assert_close
from reference import ReferenceNetwork

from backprop_c import SGD, Adam, Nadam, Network

DTYPES = ("float64", "float32")
SIZES = [(3, 4, 2), (20, 48, 32), (40, 64, 2)]
every_dtype = pytest.mark.parametrize("dtype", DTYPES)
every_size = pytest.mark.parametrize("sizes", SIZES)


def network(sizes, dtype="float64", **options):
    options = {"activations": ("tanh", "softmax"), **options}
    return Network(sizes, dtype=dtype, random_state=3, **options)


def data(sizes, n_samples=40, seed=1):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(n_samples, sizes[0])), rng.integers(0, sizes[-1], n_samples)
    counts = rng.integers(0, 4, n_samples)
    counts[:2] = 0, 3
    return X, y, counts


def repeated(counts, *arrays):
    return tuple(np.repeat(array, counts, axis=0) for array in arrays)


@every_dtype
@pytest.mark.parametrize("optimizer", [SGD(0.1, clip_norm=0.05), Adam(0.01), Nadam(0.01)])
@pytest.mark.parametrize("n_samples", [2, 40, 1500])
@every_size
def test_a_fit_is_that_of_repeated_rows(sizes, n_samples, optimizer, dtype):
    """With the full batch, penalties and a bound on the norm of the gradient."""
    X, y, counts = data(sizes, n_samples)
    one, other = (network(sizes, dtype, l2=0.01) for _ in range(2))
    options = {
        "epochs": 4,
        "batch_size": None,
        "optimizer": optimizer,
        "metrics": ("mse", "accuracy"),
    }
    # All weights by the same factor: nothing but their ratios matters.
    weighted = one.fit(X, y, counts / 4, **options)
    history = other.fit(*repeated(counts, X, y), **options)
    for name in history:
        assert_close(weighted[name], history[name], dtype)
    assert_close(one.parameters, other.parameters, dtype)


@every_dtype
@pytest.mark.parametrize("targets", ["labels", "columns"])
@pytest.mark.parametrize("n_samples", [2, 40, 1500])
@every_size
def test_loss_gradient_and_metrics_are_those_of_repeated_rows(sizes, n_samples, targets, dtype):
    X, y, counts = data(sizes, n_samples)
    y = np.eye(sizes[-1])[y] if targets == "columns" else y
    net = network(sizes, dtype, l2=0.01)
    rows, doubles = repeated(counts, X, y)
    metrics = ("mse", "accuracy")
    values = net.evaluate(X, y, sample_weight=counts, metrics=metrics)
    for name, value in net.evaluate(rows, doubles, metrics=metrics).items():
        assert_close(values[name], value, dtype)
    loss, gradient = net.loss_and_gradient(X, y, sample_weight=counts)
    expected_loss, expected = net.loss_and_gradient(rows, doubles)
    assert loss == values["loss"]
    assert_close(loss, expected_loss, dtype)
    assert_close(gradient, expected, dtype)


@every_dtype
@every_size
def test_validation_with_weights(sizes, dtype):
    X, y, counts = data(sizes)
    others, labels, weights = data(sizes, 30, seed=5)
    one, other = (network(sizes, dtype, l2=0.01) for _ in range(2))
    options = {"epochs": 3, "metrics": ("mse", "accuracy"), "sample_weight": counts}
    weighted = one.fit(X, y, validation_data=(others, labels, weights), **options)
    history = other.fit(X, y, validation_data=repeated(weights, others, labels), **options)
    assert one.parameters.tobytes() == other.parameters.tobytes()
    assert list(history) == ["loss", "mse", "accuracy", "val_loss", "val_mse", "val_accuracy"]
    for name in history:
        assert_close(weighted[name], history[name], dtype)
    last = one.evaluate(others, labels, sample_weight=weights, metrics=("mse", "accuracy"))
    for name, value in last.items():
        assert_close(weighted[f"val_{name}"][-1], value, dtype)


@every_dtype
@pytest.mark.parametrize("batch_size", [1, 7, 300, 1100])
@every_size
def test_a_batch_is_divided_by_its_own_weight(sizes, batch_size, dtype):
    """By the reference, as are the epoch's values, means over all weights."""
    X, y, counts = data(sizes, 1100 if batch_size > 7 else 60)
    weights = counts * np.linspace(0.5, 2, len(X))
    net = network(sizes, dtype)
    reference = ReferenceNetwork(net)
    orders = [np.arange(len(X))] * 2
    expected = reference.fit(X, y, orders, batch_size, 0.05, weights)
    history = net.fit(
        X,
        y,
        weights,
        epochs=2,
        batch_size=batch_size,
        shuffle=False,
        optimizer=SGD(0.05),
        metrics=("mse", "accuracy"),
    )
    for name in ("loss", "mse"):
        assert_close(history[name], expected[name], dtype)
    if dtype == "float64":
        np.testing.assert_allclose(history["accuracy"], expected["accuracy"], rtol=1e-13)
    assert_close(net.parameters, reference.parameters, dtype)


@every_dtype
@pytest.mark.parametrize("batch_size", [1, 7, None])
@pytest.mark.parametrize("value", [1.0, 1])
@every_size
def test_weights_of_1_change_nothing(sizes, value, batch_size, dtype):
    """To the bit; shuffled, too: weights go with their rows."""
    X, y, _ = data(sizes)
    one, other = (network(sizes, dtype) for _ in range(2))
    one.fit(X, y, np.full(len(X), value), epochs=3, batch_size=batch_size)
    other.fit(X, y, epochs=3, batch_size=batch_size)
    assert one.parameters.tobytes() == other.parameters.tobytes()


@every_dtype
@pytest.mark.parametrize("batch_size", [1, 5])
@pytest.mark.parametrize(
    ("optimizer", "options"),
    [
        (SGD(0.1), {}),
        (SGD(0.1, momentum=0.9, weight_decay=0.1), {"l2": 0.1}),
        (Adam(0.01, clip_norm=0.1), {"max_norm": 0.5}),
        (Nadam(0.01), {"l2": 0.1, "max_norm": 0.5}),
    ],
)
@every_size
def test_a_batch_without_weight_makes_no_step(sizes, optimizer, options, batch_size, dtype):
    """It is as if it were not there: no decay, no momentum, no count, nothing in the loss."""
    X, y, _ = data(sizes, 4 * batch_size)
    weights = np.ones(len(X))
    weights[batch_size : 2 * batch_size] = 0
    weights[3 * batch_size :] = 0
    kept = weights > 0
    one, other = (network(sizes, dtype, **options) for _ in range(2))
    options = {"epochs": 3, "batch_size": batch_size, "optimizer": optimizer, "shuffle": False}
    histories = one.fit(X, y, weights, **options), other.fit(X[kept], y[kept], **options)
    assert one.parameters.tobytes() == other.parameters.tobytes()
    assert one._optimizer_state.steps == other._optimizer_state.steps == 6
    np.testing.assert_array_equal(histories[0]["loss"], histories[1]["loss"])


@pytest.mark.parametrize("batch_size", [1, 5, None])
def test_values_of_a_sample_without_weight_do_not_matter(batch_size):
    X, y, _ = data((3, 4, 2))
    weights = np.ones(len(X))
    weights[::3] = 0
    other_y = np.where(weights > 0, y, 1 - y)
    nets = [network((3, 4, 2)) for _ in range(2)]
    options = {"epochs": 3, "batch_size": batch_size, "metrics": ("mse", "accuracy")}
    histories = [
        net.fit(X, targets, weights, **options)
        for net, targets in zip(nets, (y, other_y), strict=True)
    ]
    assert nets[0].parameters.tobytes() == nets[1].parameters.tobytes()
    for name in histories[0]:
        np.testing.assert_array_equal(histories[0][name], histories[1][name])


@pytest.mark.parametrize(
    ("sizes", "n_samples"), [((20, 48, 32), 1500), ((50, 96, 2), 1500), ((4, 16, 3), 9000)]
)
def test_the_same_bits_whatever_the_threads(sizes, n_samples):
    X, y, counts = data(sizes, n_samples)
    results = set()
    for n_threads in (1, 2, 3):
        net = network(sizes)
        options = {"batch_size": n_samples // 2, "validation_data": (X, y, counts)}
        history = net.fit(X, y, counts, epochs=4, n_threads=n_threads, **options)
        results.add((net.parameters.tobytes(), *(history[name].tobytes() for name in history)))
    assert len(results) == 1


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_a_common_factor_changes_nothing(scale):
    """Also one that is far from 1, in float32."""
    X, y, counts = data((3, 4, 2))
    one, other = (network((3, 4, 2), "float32") for _ in range(2))
    options = {"epochs": 3, "batch_size": 7, "optimizer": SGD(0.1)}
    one.fit(X, y, counts, **options)
    other.fit(X, y, counts * scale, **options)
    np.testing.assert_allclose(one.parameters, other.parameters, rtol=1e-5, atol=1e-6)


def test_no_weights_are_written_to_and_any_layout_will_do():
    X, y, counts = data((3, 4, 2))
    expected = network((3, 4, 2))
    expected.fit(X, y, counts, epochs=2)
    padded = np.repeat(counts.astype(float), 3)[::3]
    for given in (counts.tolist(), counts.astype("float32"), padded, counts[::-1].copy()[::-1]):
        net, before = network((3, 4, 2)), copy.copy(given)
        net.fit(X, y, given, epochs=2)
        assert net.parameters.tobytes() == expected.parameters.tobytes()
        np.testing.assert_array_equal(given, before)


X, Y = np.ones((3, 2)), np.zeros((3, 1))
BAD = [
    ([1, -1, 1], ValueError, r"sample_weight\[1\] is -1\.0, but weights are at least 0"),
    ([1, np.nan, 1], ValueError, r"sample_weight.*nan"),
    ([1, 1, np.inf], ValueError, r"sample_weight.*inf"),
    ([1, 1], ValueError, r"sample_weight must have shape \(3,\), but has shape \(2,\)"),
    ([[1], [1], [1]], ValueError, r"sample_weight must have shape \(3,\), but has shape \(3, 1\)"),
    (2.0, ValueError, r"sample_weight must have shape \(3,\), but has shape \(\)"),
    ([0, 0, 0], ValueError, "sample_weight is 0 for all samples: there is nothing to learn from"),
    ([1e308] * 3, ValueError, "the sum of sample_weight is inf, which float64 cannot hold"),
    ([1, 1e-310, 1], ValueError, r"sample_weight\[1\] is 1e-310, but weights above 0 are at least"),
    (["a", "b", "c"], TypeError, "sample_weight"),
    ("abc", TypeError, "sample_weight"),
    ([1j, 1, 1], TypeError, "sample_weight"),
]
USES = {
    "fit": lambda net, weights: net.fit(X, Y, weights, epochs=1),
    "evaluate": lambda net, weights: net.evaluate(X, Y, sample_weight=weights),
    "gradient": lambda net, weights: net.loss_and_gradient(X, Y, sample_weight=weights),
    "validation": lambda net, weights: net.fit(X, Y, validation_data=(X, Y, weights)),
    "step": lambda net, weights: net.train_step(X, Y, sample_weight=weights),
}


@any_targets
@pytest.mark.parametrize(
    ("use", "bad"),
    [
        pytest.param(*both, id=f"{both[0]}-{k}")
        for k, both in enumerate(itertools.product(USES, BAD))
    ],
)
def test_bad_weights(use, bad):
    """They are refused by name, and nothing has changed."""
    weights, error, message = bad
    net = Network((2, 1), random_state=0)
    before = net.parameters.tobytes(), net.history, net._optimizer_state
    with pytest.raises(error, match=message):
        USES[use](net, weights)
    assert (net.parameters.tobytes(), net.history, net._optimizer_state) == before


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (1e-60, "sample_weight is 0 for all samples"),
        (1e-40, r"sample_weight\[0\] is 1e-40, but weights above 0 are at least 1.17"),
        (3e38, "the sum of sample_weight is 9e\\+38, which float32 cannot hold"),
    ],
)
def test_weights_that_float32_cannot_hold_are_refused(weight, message):
    with pytest.raises(ValueError, match=message):
        Network((2, 1), dtype="float32", random_state=0).fit(X, Y, [weight] * 3)
