"""The squared penalty and the bound on norms in fits: losses, gradients and steps."""

import copy
import pickle

import numpy as np
import pytest
from helpers import any_targets, assert_close, measured
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from reference import ReferenceNetwork
from reference_order import permutation
from reference_rules import SGDRule, clipped

from backprop_c import SGD, Adam, Network, schedules
from backprop_c._engine.trainer import Trainer

DTYPES = ("float64", "float32")
# Narrow layers, wide ones, and both; and one whose gradient is summed in several ranges.
SIZES = [(3, 4, 2), (20, 48, 32), (40, 64, 2), (500, 301, 10)]
every_dtype = pytest.mark.parametrize("dtype", DTYPES)
every_size = pytest.mark.parametrize("sizes", SIZES)


def network(sizes, dtype="float64", seed=3, **options):
    """Biases are other than 0, so that it shows if they are penalized."""
    net = Network(sizes, ("tanh", "softmax"), dtype=dtype, random_state=seed, **options)
    for biases in net.biases:
        biases[:] = np.random.default_rng(seed).normal(size=biases.shape)
    return net


def data(sizes, n_samples=40, seed=1):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, sizes[0])) / np.sqrt(sizes[0] / 3)
    return X, rng.integers(0, sizes[-1], n_samples)


def check(net, batch_size, n_samples=40, epochs=2, sample_weight=None, optimizer=None, rule=0.1):
    """A fit and the naive one."""
    X, y = data(net.layer_sizes, n_samples)
    reference = ReferenceNetwork(net)
    orders = [np.arange(n_samples)] * epochs
    expected = reference.fit(X, y, orders, batch_size or n_samples, rule, sample_weight)
    options = {"shuffle": False, "optimizer": optimizer or SGD(0.1)}
    history = net.fit(X, y, sample_weight, epochs=epochs, batch_size=batch_size, **options)
    assert_close(history["loss"], expected["loss"], net.dtype)
    assert_close(net.parameters, reference.parameters, net.dtype)


# -- The squared penalty -----------------------------------------------------------------------


@pytest.mark.parametrize("n_samples", [1, 30])
@pytest.mark.parametrize("l2", [0.3, (0.5, 0.0), (0.0, 0.25)])
@pytest.mark.parametrize("sizes", SIZES[:3])
def test_the_gradient_is_the_derivative_of_the_loss(sizes, l2, n_samples):
    """By differences of what `evaluate` says."""
    net = network(sizes, l2=l2)
    X, y = data(sizes, n_samples)
    loss, gradient = net.loss_and_gradient(X, y)
    assert loss == net.evaluate(X, y)["loss"]
    step = 1e-5
    for k in np.random.default_rng(0).permutation(net.parameters.size)[:60]:
        before, losses = net.parameters[k], []
        for change in (step, -step):
            net.parameters[k] = before + change
            losses.append(net.evaluate(X, y)["loss"])
        net.parameters[k] = before
        difference = (losses[0] - losses[1]) / (2 * step)
        np.testing.assert_allclose(gradient[k], difference, rtol=1e-6, atol=1e-8)


@every_dtype
@pytest.mark.parametrize("n_samples", [1, 40, 1100])
@every_size
def test_what_the_penalty_adds(sizes, n_samples, dtype):
    """l2 / 2 * sum of squares, and l2 times the weights; not divided, and biases are free."""
    plain = network(sizes, dtype)
    net = network(sizes, dtype, l2=(0.5, 0.25))
    X, y = data(sizes, n_samples)
    for sample_weight in (None, np.linspace(1, 3, n_samples)):
        loss, gradient = plain.loss_and_gradient(X, y, sample_weight=sample_weight)
        got_loss, got = net.loss_and_gradient(X, y, sample_weight=sample_weight)
        squares = [(w.astype(float) ** 2).sum() for w in net.weights]
        np.testing.assert_allclose(
            got_loss, loss + (0.5 * squares[0] + 0.25 * squares[1]) / 2, rtol=1e-12
        )
        expected = ReferenceNetwork(net)
        expected.weights = [0.5 * net.weights[0].astype(float), 0.25 * net.weights[1].astype(float)]
        expected.biases = [np.zeros(b.shape) for b in net.biases]
        assert_close(got - gradient.astype(float), expected.parameters, dtype)
        free = expected.parameters == 0
        np.testing.assert_array_equal(got[free], gradient[free])


@every_dtype
@pytest.mark.parametrize("batch_size", [1, 7, None])
@pytest.mark.parametrize("l2", [0.2, (0.5, 0.0), (0.0, 0.25)])
@every_size
def test_fits_by_the_reference(sizes, l2, batch_size, dtype):
    """The epoch's loss is the mean over its batches, each with the penalty as it was then."""
    n_samples = 15 if sizes[0] > 100 else 40
    check(network(sizes, dtype, l2=l2), batch_size, n_samples)


@pytest.mark.parametrize("batch_size", [1, 7, None])
@every_size
def test_fits_with_weights_by_the_reference(sizes, batch_size):
    """A batch with its penalty counts by its weight, and one without weight not at all."""
    weights = np.random.default_rng(2).integers(0, 3, 20).astype(float)
    weights[7:14] = 0
    check(network(sizes, l2=0.2), batch_size, 20, sample_weight=weights)


@pytest.mark.parametrize("batch_size", [300, None])
@every_size
def test_batches_of_several_parts_and_slabs(sizes, batch_size):
    check(network(sizes, l2=(0.5, 0.25), max_norm=(1.0, None)), batch_size, 1100)


@pytest.mark.parametrize("batch_size", [1, 7, None])
def test_without_biases(batch_size):
    net = Network((3, 4, 2), ("tanh", "softmax"), biases=False, random_state=0, l2=0.2)
    check(net, batch_size)


@every_dtype
@pytest.mark.parametrize("batch_size", [1, 7, None])
@pytest.mark.parametrize("nesterov", [False, True])
def test_pytorchs_weight_decay_of_sgd(nesterov, batch_size, dtype):
    """torch.optim.SGD adds weight_decay * parameter to the gradient; here, for weights alone.

    The loss that is differentiated does not know of it there.
    """
    net = network((20, 48, 32), dtype, l2=0.05)
    reference = ReferenceNetwork(net)
    reference.l2 = (0.0, 0.0)
    decay = np.concatenate([np.full(20 * 48, 0.05), np.zeros(48), np.full(48 * 32, 0.05)])
    decay = np.concatenate([decay, np.zeros(32)])
    momentum = SGDRule(0.02, momentum=0.9, nesterov=nesterov)
    X, y = data((20, 32))
    reference.fit(
        X,
        y,
        [np.arange(40)] * 3,
        batch_size or 40,
        lambda parameters, gradient: momentum(parameters, gradient + decay * parameters),
    )
    optimizer = SGD(0.02, momentum=0.9, nesterov=nesterov)
    net.fit(X, y, epochs=3, batch_size=batch_size, shuffle=False, optimizer=optimizer)
    assert_close(net.parameters, reference.parameters, dtype)


@pytest.mark.parametrize("batch_size", [1, 7, None])
@every_size
def test_the_loss_of_validation_has_the_penalty_of_the_epochs_end(sizes, batch_size):
    X, y = data(sizes, 15)
    net = network(sizes, l2=(0.5, 0.25))
    for rows in (X, X[:1]):
        labels = y[: len(rows)]
        history = net.fit(X, y, epochs=2, batch_size=batch_size, validation_data=(rows, labels))
        expected = net.evaluate(rows, labels)["loss"]
        np.testing.assert_allclose(history["val_loss"][-1], expected, rtol=1e-12)


@every_size
def test_single_steps(sizes):
    """Of one row and of some, as fits of one step: to the same bits, and the same loss."""
    X, y = data(sizes, 6)
    net, twin = (network(sizes, l2=(0.5, 0.25), max_norm=0.5) for _ in range(2))
    net.optimizer = twin.optimizer = Adam(0.01, clip_norm=0.1)
    for rows, labels in ((X, y), (X[:1], y[:1])):
        expected = twin.evaluate(rows, labels)["loss"]
        np.testing.assert_allclose(net.train_step(rows, labels), expected, rtol=1e-14)
        twin.fit(rows, labels, epochs=1, batch_size=None, reset_optimizer=False)
        assert net.parameters.tobytes() == twin.parameters.tobytes()


@pytest.mark.parametrize("batch_size", [1, 7, None])
@every_size
def test_a_penalty_of_0_changes_nothing(sizes, batch_size):
    X, y = data(sizes, 15)
    nets = [network(sizes), network(sizes, l2=(0, 0.0)), network(sizes, max_norm=(None, 1e9))]
    for net in nets:
        net.fit(X, y, epochs=2, batch_size=batch_size)
        assert net.parameters.tobytes() == nets[0].parameters.tobytes()


# -- The bound on norms ------------------------------------------------------------------------


@every_dtype
@pytest.mark.parametrize("batch_size", [1, 7, None])
@pytest.mark.parametrize("max_norm", [0.5, (0.4, None), (None, 0.3)])
@every_size
def test_bounds_by_the_reference(sizes, max_norm, batch_size, dtype):
    """After each step; with momentum, which does not see it."""
    net = network(sizes, dtype, max_norm=max_norm)
    bounds = (max_norm,) * 2 if isinstance(max_norm, float) else max_norm
    assert net.max_norm == bounds
    rule = SGDRule(0.05, momentum=0.9)
    check(net, batch_size, 15, optimizer=SGD(0.05, momentum=0.9), rule=rule)
    for weights, bound in zip(net.weights, bounds, strict=True):
        norms = np.linalg.norm(weights.astype(float), axis=0)
        if bound is None:
            assert norms.max() > 0.5
        else:
            assert norms.max() <= bound * (1 + 1e-6)


def test_biases_and_weights_within_the_bound_are_left_alone():
    """And before the first step nothing is bounded."""
    net = network((3, 4, 2), max_norm=0.5)
    net.parameters[:] = 100.0
    net.weights[0][:, 0] = 0.1
    X, y = np.zeros((2, 3)), np.full((2, 2), 0.5)
    before = net.predict(X)
    assert net.weights[1].max() == 100.0
    np.testing.assert_array_equal(before, 0.5)
    net.fit(X, y, epochs=1, batch_size=None, optimizer=SGD(1e-30))
    np.testing.assert_array_equal(net.weights[0][:, 0], 0.1)
    np.testing.assert_allclose(net.weights[0][:, 1:], 0.5 / np.sqrt(3), rtol=1e-14)
    np.testing.assert_allclose(net.weights[1], 0.5 / np.sqrt(4), rtol=1e-14)
    for biases in net.biases:
        np.testing.assert_array_equal(biases, 100.0)


# -- All at once -------------------------------------------------------------------------------

ALL = {"l2": (0.1, 0.05), "max_norm": (0.8, 0.6), "dropout": (0.1, 0.3)}


@st.composite
def networks(draw):
    """Any sizes around the ends of vectors, with any of penalties, bounds and dropout."""
    sizes = draw(st.lists(st.sampled_from([1, 2, 5, 8, 9, 17, 33, 64]), min_size=2, max_size=4))

    def per_layer(*values):
        return tuple(draw(st.sampled_from(values)) for _ in sizes[1:])

    return Network(
        sizes,
        draw(st.sampled_from(["tanh", "sigmoid", "gelu"])),
        biases=draw(st.booleans()),
        dtype=draw(st.sampled_from(DTYPES)),
        random_state=draw(st.integers(0, 1000)),
        l2=per_layer(0.0, 0.1, 0.5),
        dropout=per_layer(0.0, 0.2, 0.5),
        max_norm=per_layer(None, 0.5, 1.5),
    )


@any_targets
@given(
    net=networks(),
    n_samples=st.integers(1, 70),
    batch_size=st.sampled_from([1, 2, 9, 33, None]),
    clip_norm=st.sampled_from([None, 0.1, 1.0]),
    weighted=st.booleans(),
)
@hypothesis_settings(max_examples=200)
def test_any_network(net, n_samples, batch_size, clip_norm, weighted):
    rng = np.random.default_rng(n_samples)
    X, y = (rng.normal(size=(n_samples, width)) for width in net.layer_sizes[:: len(net.weights)])
    weights = rng.integers(0, 3, n_samples).astype(float) if weighted else np.ones(n_samples)
    weights[-1] = 1
    generator = copy.deepcopy(net._generator)
    interface, size = generator.bit_generator.ctypes, min(batch_size or n_samples, n_samples)
    keys, orders = [], []
    for _ in range(2):
        keys.append(interface.next_uint64(interface.state) if any(net.dropout) else 0)
        drawn = size < n_samples
        orders.append(permutation(generator, n_samples) if drawn else np.arange(n_samples))
    reference, rule = ReferenceNetwork(net), SGDRule(0.05, momentum=0.5)
    rule = clipped(rule, clip_norm) if clip_norm else rule
    expected = reference.fit(X, y, orders, size, rule, weights, keys)
    optimizer = SGD(0.05, momentum=0.5, clip_norm=clip_norm)
    options = {"epochs": 2, "batch_size": batch_size, "optimizer": optimizer}
    history = net.fit(X, y, weights if weighted else None, **options)
    assert_close(net.parameters, reference.parameters, net.dtype)
    assert_close(history["loss"], expected["loss"], net.dtype)


@every_dtype
@pytest.mark.parametrize(
    "options", [{"l2": 0.1}, {"max_norm": 0.5}, ALL], ids=["l2", "norm", "all"]
)
@pytest.mark.parametrize(
    ("sizes", "n_samples"), [((20, 48, 32), 1500), ((4, 16, 3), 9000), ((500, 301, 10), 700)]
)
def test_the_same_bits_whatever_the_threads(sizes, n_samples, options, dtype):
    X, y = data(sizes, n_samples)
    results = set()
    for n_threads in (1, 2, 3):
        net = network(sizes, dtype, **options)
        optimizer = Adam(0.01, clip_norm=0.5 if options is ALL else None)
        history = net.fit(
            X, y, epochs=3, batch_size=n_samples // 2, optimizer=optimizer, n_threads=n_threads
        )
        results.add((net.parameters.tobytes(), history["loss"].tobytes()))
    assert len(results) == 1


@pytest.mark.parametrize("batch_size", [1, 77, 5000])
def test_a_run_can_stop_anywhere(batch_size):
    results = []
    X, y = data((30, 3), 5000)
    for seconds in (1e9, -1.0):
        net = network((30, 40, 3), **ALL)
        trainer = Trainer(net, measured(net, X, y, None, ("mse", "accuracy")))
        trainer.prepare(3, batch_size, 0, (0.1,), np.random.PCG64(5), None, clip_norm=0.5)
        runs = 1
        while trainer.run(seconds):
            runs += 1
        trainer.close()
        assert (runs > 3) == (seconds < 0)
        results.append((net.parameters.tobytes(), trainer.record.values().tobytes()))
    assert results[0] == results[1]


@every_dtype
@pytest.mark.parametrize("batch_size", [1, 7, None])
def test_two_fits_are_one_long_fit(batch_size, dtype):
    """Also through copies and pickles, which keep penalties and bounds."""
    sizes = (20, 48, 32)
    X, y = data(sizes)
    optimizer = Adam(schedules.Cosine(0.01, epochs=5), clip_norm=0.5)
    long, first = (network(sizes, dtype, **ALL) for _ in range(2))
    options = {"batch_size": batch_size, "optimizer": optimizer}
    long.fit(X, y, epochs=5, **options)
    first.fit(X, y, epochs=2, **options)
    for other in (copy.copy(first), copy.deepcopy(first), pickle.loads(pickle.dumps(first)), first):
        assert {name: getattr(other, name) for name in ALL} == ALL
        other.fit(X, y, epochs=3, reset_optimizer=False, **options)
        assert other.parameters.tobytes() == long.parameters.tobytes()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"l2": -0.1}, ValueError, r"l2 must be at least 0 and finite, but is -0\.1"),
        ({"l2": np.inf}, ValueError, "l2 must be at least 0 and finite, but is inf"),
        ({"l2": np.nan}, ValueError, "l2 must be at least 0 and finite, but is nan"),
        ({"l2": (0.1,)}, ValueError, "l2 has 1 entries, but the network has 2 layers"),
        ({"l2": (0.1, -1)}, ValueError, r"l2 must be at least 0 and finite, but is -1\.0"),
        ({"l2": None}, TypeError, "l2 must be a number, but is None"),
        ({"l2": (0.1, None)}, TypeError, "l2 must be a number, but is None"),
        ({"l2": ("a", 1)}, TypeError, "l2 must be a number, but is 'a'"),
        ({"l2": "0.1"}, TypeError, "l2 must be a number, or one for each layer, but is '0.1'"),
        ({"l2": {0: 0.5, 1: 0.5}}, TypeError, "l2 must be a number, or one for each layer, but is"),
        ({"max_norm": -1}, ValueError, r"max_norm must be positive and finite, but is -1\.0"),
        ({"max_norm": 0}, ValueError, r"max_norm must be positive and finite, but is 0\.0"),
        ({"max_norm": np.nan}, ValueError, "max_norm must be positive and finite, but is nan"),
        ({"max_norm": np.inf}, ValueError, "max_norm must be positive and finite, but is inf"),
        ({"max_norm": (None,) * 3}, ValueError, "max_norm has 3 entries, but the network has 2"),
        ({"max_norm": ("a", 1)}, TypeError, "max_norm must be a number, but is 'a'"),
    ],
)
def test_bad_values(options, error, message):
    with pytest.raises(error, match=message):
        Network((3, 4, 2), **options)
