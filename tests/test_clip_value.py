"""The bound on the gradient's entries, against the naive rule."""

import numpy as np
import pytest
from helpers import any_targets, assert_close
from reference import ReferenceNetwork
from reference_rules import AdamRule, SGDRule

from backprop_c import SGD, Adam, DivergenceWarning, Network, functional, schedules

SIZES = [(3, 4, 2), (20, 48, 32), (500, 301, 10)]
LIMIT = 0.02
# An optimizer and its rule, made anew for each fit.
RULES = {
    "sgd": (SGD(0.1, clip_value=LIMIT), lambda: SGDRule(0.1)),
    "momentum": (
        SGD(0.05, momentum=0.9, clip_value=LIMIT),
        lambda: SGDRule(0.05, momentum=0.9),
    ),
    "adam": (Adam(0.01, epsilon=1e-4, clip_value=LIMIT), lambda: AdamRule(0.01, epsilon=1e-4)),
}
every_dtype = pytest.mark.parametrize("dtype", ["float64", "float32"])
every_rule = pytest.mark.parametrize("name", RULES)


def network(sizes, dtype="float64", **options):
    return Network(sizes, ("tanh", "identity"), dtype=dtype, random_state=3, **options)


def data(sizes, n_samples):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(n_samples, sizes[0])) / np.sqrt(sizes[0])
    return X, rng.normal(size=(n_samples, sizes[-1]))


def held(rule, sizes_met):
    """The rule, with entries of the gradient between -LIMIT and LIMIT."""

    def call(parameters, gradient):
        sizes_met.append(abs(gradient))
        return rule(parameters, np.clip(gradient, -LIMIT, LIMIT))

    return call


@any_targets
@every_dtype
@pytest.mark.parametrize(
    ("sizes", "batch_size", "n_samples", "options", "weighted"),
    [
        *((sizes, batch_size, 12, {}, False) for sizes in SIZES for batch_size in (1, 4)),
        ((3, 4, 2), 300, 1100, {}, True),
        ((20, 48, 32), 300, 1100, {"biases": False}, False),
        ((20, 48, 32), 4, 12, {"l2": (0.5, 0.2)}, True),
        ((20, 48, 32), 1, 12, {"l2": (0.5, 0.2)}, False),
    ],
    ids=str,
)
@every_rule
def test_by_the_naive_rule(name, sizes, batch_size, n_samples, options, weighted, dtype):
    """Of the mean gradient with its penalties, whatever the weights; some entries are left."""
    X, y = data(sizes, n_samples)
    weights = np.random.default_rng(2).integers(1, 4, n_samples) * 10.0 if weighted else None
    net = network(sizes, dtype, **options)
    reference, orders = ReferenceNetwork(net), [np.arange(n_samples)] * 2
    optimizer, rule = RULES[name]
    sizes_met = []
    reference.fit(X, y, orders, batch_size, held(rule(), sizes_met), weights)
    net.fit(X, y, weights, epochs=2, batch_size=batch_size, shuffle=False, optimizer=optimizer)
    assert_close(net.parameters, reference.parameters, net.dtype)
    # The mean gradient of a large batch is small.
    assert (np.array(sizes_met) > LIMIT).any() or batch_size == 300
    assert (np.array(sizes_met) < LIMIT).any()


@every_dtype
@pytest.mark.parametrize("batch_size", [1, 4, 300])
def test_a_bound_that_is_not_reached_changes_nothing(batch_size, dtype):
    X, y = data((20, 48, 32), 600)
    nets = [network((20, 48, 32), dtype) for _ in range(2)]
    rate = schedules.Cosine(0.01, epochs=2)
    for net, limit in zip(nets, (None, 1e6), strict=True):
        net.fit(X, y, epochs=2, batch_size=batch_size, optimizer=Adam(rate, clip_value=limit))
    assert nets[0].parameters.tobytes() == nets[1].parameters.tobytes()


@every_dtype
def test_threads_do_not_matter(dtype):
    X, y = data((100, 200, 10), 2000)
    nets = [network((100, 200, 10), dtype, l2=0.01) for _ in range(2)]
    for net, n_threads in zip(nets, (1, 3), strict=True):
        optimizer = Adam(0.01, clip_value=1e-4)
        net.fit(X, y, epochs=1, batch_size=1000, optimizer=optimizer, n_threads=n_threads)
    assert nets[0].parameters.tobytes() == nets[1].parameters.tobytes()


@every_dtype
@pytest.mark.parametrize("batch_size", [1, None])
def test_a_gradient_that_is_not_finite_is_told(batch_size, dtype):
    """It would be hidden, if infinity were brought down to the bound."""
    huge = 1e160 if dtype == "float64" else 1e20
    net = Network((1, 1), "identity", biases=False, dtype=dtype, random_state=0)
    net.weights[0][:] = 1
    before = net.parameters.copy()
    X, y = [[huge]], [[-1e150 if dtype == "float64" else -1e18]]
    with pytest.warns(DivergenceWarning):
        net.fit(X, y, epochs=2, batch_size=batch_size, optimizer=SGD(0.1, clip_value=1.0))
    np.testing.assert_array_equal(net.parameters, before)


@every_dtype
@pytest.mark.parametrize("n", [1, 7, 33])
def test_update(n, dtype, rng):
    """The building block does not write to the gradient."""
    gradient, parameters = rng.normal(size=n).astype(dtype), np.zeros(n, dtype)
    before = gradient.copy()
    functional.update(SGD(0.5, clip_value=0.25), parameters, gradient)
    np.testing.assert_array_equal(gradient, before)
    expected = -0.5 * np.clip(before, -0.25, 0.25)
    np.testing.assert_allclose(parameters, expected, rtol=1e-6)
    gradient[0] = np.inf
    functional.update(SGD(0.5, clip_value=0.25), parameters, gradient)
    assert np.isnan(parameters[0])
