"""The bound on the gradient's norm, against the naive rule over the whole gradient."""

from dataclasses import replace

import numpy as np
import pytest
from helpers import any_targets, assert_close
from reference import ReferenceNetwork
from reference_rules import AdamRule, NadamRule, SGDRule, clipped

from backprop_c import SGD, Adam, DivergenceWarning, Nadam, Network

DTYPES = ("float64", "float32")
SIZES = [(3, 4, 2), (20, 48, 32), (40, 64, 2), (500, 301, 10)]
# An optimizer and its rule, made anew for each fit. Epsilon is such that gradients which are 0 but
# for rounding have no say.
RULES = {
    "sgd": (SGD(0.1), lambda: SGDRule(0.1)),
    "momentum": (SGD(0.05, momentum=0.9), lambda: SGDRule(0.05, momentum=0.9)),
    "adam": (Adam(0.01, epsilon=1e-4), lambda: AdamRule(0.01, epsilon=1e-4)),
    "nadam": (Nadam(0.01, epsilon=1e-4), lambda: NadamRule(0.01, epsilon=1e-4)),
}
every_dtype = pytest.mark.parametrize("dtype", DTYPES)
every_rule = pytest.mark.parametrize("name", RULES)
every_size = pytest.mark.parametrize("sizes", SIZES)


def network(sizes, dtype="float64", **options):
    return Network(sizes, ("tanh", "identity"), dtype=dtype, random_state=3, **options)


def data(sizes, n_samples):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(n_samples, sizes[0])) / np.sqrt(sizes[0])
    # From small gradients to large ones, so that some are clipped and others are not.
    y = rng.normal(size=(n_samples, sizes[-1])) * np.geomspace(0.01, 10, n_samples)[:, np.newaxis]
    return X, y


def norms_of(reference, X, y, orders, batch_size, rule, clip_norm, weights):
    """Trains the reference; the norms that were met."""
    norms = []

    def noting(parameters, gradient):
        norms.append(np.linalg.norm(gradient))
        return clipped(rule, clip_norm)(parameters, gradient)

    reference.fit(X, y, orders, batch_size, noting, weights)
    return np.array(norms)


def check(net, name, batch_size, n_samples, clip_norm, weights=None):
    """A fit and the naive one; whether some steps were clipped, and whether some were not."""
    X, y = data(net.layer_sizes, n_samples)
    reference, orders = ReferenceNetwork(net), [np.arange(n_samples)] * 2
    optimizer, rule = RULES[name]
    norms = norms_of(reference, X, y, orders, batch_size, rule(), clip_norm, weights)
    net.fit(
        X,
        y,
        weights,
        epochs=2,
        batch_size=batch_size,
        shuffle=False,
        optimizer=replace(optimizer, clip_norm=clip_norm),
    )
    assert_close(net.parameters, reference.parameters, net.dtype)
    return (norms > clip_norm).any(), (norms < clip_norm).any()


@any_targets
@every_dtype
@pytest.mark.parametrize("options", [{}, {"l2": (0.5, 0.2)}, {"biases": False}], ids=str)
@pytest.mark.parametrize("batch_size", [1, 4])
@every_size
@every_rule
def test_by_the_naive_rule(name, sizes, batch_size, options, dtype):
    """Some steps are clipped and others are not; the norm is that of all parameters."""
    n_samples = 12 if sizes[0] > 100 else 24
    net = network(sizes, dtype, **options)
    clip_norm = {"l2": 2.5}.get(next(iter(options), ""), 1.0)
    clips, leaves = check(net, name, batch_size, n_samples, clip_norm)
    assert clips
    assert leaves or "l2" in options


@every_dtype
@pytest.mark.parametrize("batch_size", [300, 1100])
@every_size
@every_rule
def test_batches_of_several_parts_and_slabs(name, sizes, batch_size, dtype):
    """A gradient that is summed over several parts and slabs, in several ranges."""
    clips, _ = check(network(sizes, dtype, l2=0.1), name, batch_size, 1100, clip_norm=0.1)
    assert clips


@pytest.mark.parametrize("batch_size", [1, 4])
@pytest.mark.parametrize("sizes", SIZES[:3])
def test_the_gradient_is_that_of_the_weighted_mean(sizes, batch_size):
    """Whatever the sum of the weights."""
    weights = np.random.default_rng(2).integers(0, 3, 24) * 10.0
    clips, leaves = check(network(sizes), "momentum", batch_size, 24, 1.0, weights)
    assert clips
    assert leaves


@every_dtype
@pytest.mark.parametrize("batch_size", [1, 4, None])
@every_size
@every_rule
def test_a_bound_that_is_not_reached_changes_nothing(name, sizes, batch_size, dtype):
    """To the bit, though the steps are made in other phases."""
    X, y = data(sizes, 12)
    optimizer = replace(RULES[name][0], learning_rate=0.002)
    nets = [network(sizes, dtype) for _ in range(2)]
    for net, clip_norm in zip(nets, (None, 1e6), strict=True):
        net.fit(
            X,
            y,
            epochs=2,
            batch_size=batch_size,
            optimizer=replace(optimizer, clip_norm=clip_norm),
        )
    assert nets[0].parameters.tobytes() == nets[1].parameters.tobytes()


@every_dtype
@pytest.mark.parametrize("n_samples", [1, 50])
@every_size
def test_the_length_of_a_step(sizes, n_samples, dtype):
    """Gradient descent's is the learning rate times the bound."""
    X, y = data(sizes, n_samples)
    net = network(sizes, dtype)
    before, (_, gradient) = net.parameters.astype(float), net.loss_and_gradient(X, 100 * y)
    net.fit(X, 100 * y, epochs=1, batch_size=None, optimizer=SGD(0.5, clip_norm=0.125))
    step = net.parameters - before
    length = np.linalg.norm(step)
    np.testing.assert_allclose(length, 0.0625, rtol=1e-12 if dtype == "float64" else 1e-4)
    cosine = -(step @ gradient) / length / np.linalg.norm(gradient.astype(float))
    np.testing.assert_allclose(cosine, 1, rtol=1e-6)


def test_a_norm_that_float64_has_no_room_for():
    """The fit ends; it does not go on in steps of 0."""

    def steep(y_true, y_pred):
        return np.zeros(len(y_true)), np.full(y_pred.shape, 1e160)

    net = Network((1, 1), "identity", steep, random_state=0)
    before = net.parameters.copy()
    with pytest.warns(DivergenceWarning):
        net.fit([[1.0]], [[1.0]], epochs=3, optimizer=SGD(0.1, clip_norm=1.0))
    np.testing.assert_array_equal(net.parameters, before)


@any_targets
@pytest.mark.parametrize("n_samples", [1, 3])
def test_squares_that_float32_has_no_room_for(n_samples):
    """A gradient of 1e30 is clipped, and one of 1e-30 is left."""
    for x, expected in ((1e15, 0.5), (1e-15, 1.0)):
        net = Network((1, 1), "identity", biases=False, dtype="float32", random_state=0)
        net.parameters[:] = 1
        X = np.full((n_samples, 1), x)
        net.fit(X, 0 * X, epochs=1, batch_size=None, optimizer=SGD(0.5, clip_norm=1.0))
        np.testing.assert_allclose(net.parameters, expected, rtol=1e-6)


@every_dtype
@pytest.mark.parametrize(
    ("sizes", "n_samples"), [((20, 48, 32), 1500), ((4, 16, 3), 9000), ((500, 301, 10), 700)]
)
@every_rule
def test_the_same_bits_whatever_the_threads(name, sizes, n_samples, dtype):
    X, y = data(sizes, n_samples)
    optimizer = replace(RULES[name][0], clip_norm=0.1)
    results = set()
    for n_threads in (1, 2, 3):
        net = network(sizes, dtype)
        options = {"batch_size": n_samples // 2, "optimizer": optimizer}
        history = net.fit(X, y, epochs=3, n_threads=n_threads, **options)
        results.add((net.parameters.tobytes(), history["loss"].tobytes()))
    assert len(results) == 1


@every_rule
def test_the_bound_may_change_between_fits(name):
    """It is no part of the state: that goes on."""
    X, y = data((3, 4, 2), 24)
    optimizer, rule = RULES[name]
    net = network((3, 4, 2))
    reference, rule, orders = ReferenceNetwork(net), rule(), [np.arange(24)]
    for clip_norm in (1e9, 0.5):
        reference.fit(X, y, orders, 4, clipped(rule, clip_norm))
        one = replace(optimizer, clip_norm=None if clip_norm > 1 else clip_norm)
        net.fit(X, y, epochs=1, batch_size=4, shuffle=False, optimizer=one, reset_optimizer=False)
    assert_close(net.parameters, reference.parameters, "float64")


@pytest.mark.parametrize("kind", [SGD, Adam, Nadam])
@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (0, ValueError, r"clip_norm must be positive and finite, but is 0\.0"),
        (-1.0, ValueError, r"clip_norm must be positive and finite, but is -1\.0"),
        (np.nan, ValueError, "clip_norm must be positive and finite, but is nan"),
        (np.inf, ValueError, "clip_norm must be positive and finite, but is inf"),
        ("1", TypeError, "clip_norm must be a number, but is '1'"),
    ],
)
def test_bad_bounds(kind, value, error, message):
    with pytest.raises(error, match=message):
        kind(clip_norm=value)
    with pytest.raises(TypeError):
        kind(0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 1.0)
