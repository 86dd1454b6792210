"""The penalty on the sizes of weights: losses, gradients, steps, and exact zeros."""

import copy
import pickle

import numpy as np
import pytest
from helpers import assert_close
from reference import ReferenceNetwork
from reference_rules import AdamRule, SGDRule, clipped

from backprop_c import SGD, Adam, Network, RMSprop, schedules

SIZES = [(3, 4, 2), (20, 48, 32), (40, 64, 2), (500, 301, 10)]
every_dtype = pytest.mark.parametrize("dtype", ["float64", "float32"])
every_size = pytest.mark.parametrize("sizes", SIZES)


def network(sizes, dtype="float64", **options):
    """A third of the weights are 0."""
    net = Network(sizes, ("tanh", "softmax"), dtype=dtype, random_state=3, **options)
    rng = np.random.default_rng(3)
    for weights, biases in zip(net.weights, net.biases, strict=True):
        weights[rng.random(weights.shape) < 1 / 3] = 0
        biases[:] = rng.normal(size=biases.shape)
    return net


def data(sizes, n_samples=40):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(n_samples, sizes[0])) / np.sqrt(sizes[0] / 3)
    return X, rng.integers(0, sizes[-1], n_samples)


@pytest.mark.parametrize("n_samples", [1, 30])
@pytest.mark.parametrize("l1", [0.3, (0.05, 0.0), (0.0, 0.02)])
@pytest.mark.parametrize("sizes", SIZES[:3])
def test_the_gradient_is_the_derivative_of_the_loss(sizes, l1, n_samples):
    """By differences; where a weight is 0, it is the smallest number between the one-sided ones."""
    net = network(sizes, l1=l1, l2=0.1)
    X, y = data(sizes, n_samples)
    loss, gradient = net.loss_and_gradient(X, y)
    assert loss == net.evaluate(X, y)["loss"]
    step = 1e-5
    for k in np.random.default_rng(0).permutation(net.parameters.size)[:60]:
        before, differences = net.parameters[k], []
        for change in (step, -step):
            net.parameters[k] = before + change
            differences.append((net.evaluate(X, y)["loss"] - loss) / change)
        net.parameters[k] = before
        right, left = differences
        expected = (left + right) / 2 if before != 0 else max(left, min(right, 0.0))
        np.testing.assert_allclose(gradient[k], expected, rtol=1e-4, atol=2e-4)


RULES = {
    "sgd": (SGD(0.1), lambda: SGDRule(0.1)),
    "momentum": (SGD(0.02, momentum=0.9), lambda: SGDRule(0.02, momentum=0.9)),
    "adam": (Adam(0.01, epsilon=1e-3), lambda: AdamRule(0.01, epsilon=1e-3)),
    "clipped": (SGD(0.1, clip_norm=0.5), lambda: clipped(SGDRule(0.1), 0.5)),
}


@every_dtype
@pytest.mark.parametrize(("batch_size", "n_samples"), [(1, 15), (7, 15), (300, 1100)])
@pytest.mark.parametrize("options", [{"l1": 0.02}, {"l1": (0.0, 0.05), "l2": 0.1}], ids=str)
@pytest.mark.parametrize(
    ("name", "sizes"),
    [*((name, sizes) for name in RULES for sizes in SIZES[:3]), ("momentum", SIZES[3])],
)
def test_fits_by_the_reference(name, sizes, options, batch_size, n_samples, dtype):
    """In some of them weights have come to 0, and others have left it."""
    net = network(sizes, dtype, **options)
    X, y = data(sizes, n_samples)
    reference, orders = ReferenceNetwork(net), [np.arange(n_samples)] * 2
    optimizer, rule = RULES[name]
    expected = reference.fit(X, y, orders, batch_size, rule())
    before = net.parameters.copy()
    history = net.fit(X, y, epochs=2, batch_size=batch_size, shuffle=False, optimizer=optimizer)
    assert_close(history["loss"], expected["loss"], dtype)
    # Rounding decides on which side of 0 a weight is that comes near it.
    bound = 1e-12 if dtype == "float64" else 1e-4
    np.testing.assert_allclose(net.parameters, reference.parameters, rtol=bound, atol=bound)
    now = net.parameters
    if sizes == (20, 48, 32):
        assert ((before == 0) & (now != 0)).any()
        assert ((before != 0) & (now == 0)).any()


LASSO = {
    "sgd": SGD(0.2),
    "momentum": SGD(0.05, momentum=0.9),
    "nesterov": SGD(0.05, momentum=0.9, nesterov=True),
    "adam": Adam(schedules.Exponential(0.05, factor=0.995)),
    "rmsprop": RMSprop(schedules.Exponential(0.02, factor=0.995), momentum=0.5),
}


@every_dtype
@pytest.mark.parametrize("alpha", [0.02, 0.1, 0.4])
@pytest.mark.parametrize("name", LASSO)
def test_a_lasso_is_scikit_learns(name, alpha, dtype):
    """The same coefficients, of which the same ones are exactly 0."""
    linear_model = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 12))
    y = X[:, :4] @ [2.0, -1.0, 0.5, 0.1] + 1 + 0.1 * rng.normal(size=200)
    expected = linear_model.Lasso(alpha=alpha, tol=1e-12, max_iter=100_000).fit(X, y)
    net = Network((12, 1), "identity", l1=alpha, dtype=dtype, random_state=0)
    net.fit(X, y, epochs=4000, batch_size=None, optimizer=LASSO[name])
    got = net.weights[0][:, 0]
    np.testing.assert_array_equal(got == 0, expected.coef_ == 0)
    assert (got == 0).any()
    np.testing.assert_allclose(got, expected.coef_, atol=1e-4)
    np.testing.assert_allclose(net.biases[0][0], expected.intercept_, atol=1e-4)


@pytest.mark.parametrize("batch_size", [1, None])
def test_a_weight_at_zero_without_a_gradient_stays(batch_size):
    """Though momentum would carry it away: the subgradient is 0 up to the strength."""
    net = Network((1, 1), "identity", l1=1.0, biases=False, random_state=0)
    net.weights[0][:] = 0.5
    optimizer = SGD(0.1, momentum=0.9)
    values = []
    for _ in range(40):
        net.fit(
            [[1.0]],
            [0.5],
            epochs=1,
            batch_size=batch_size,
            optimizer=optimizer,
            reset_optimizer=False,
        )
        values.append(net.weights[0][0, 0])
    assert min(values) == 0
    assert values[-20:] == [0] * 20


@every_dtype
@pytest.mark.parametrize("sizes", SIZES[:3])
@pytest.mark.parametrize("optimizer", [SGD(0.1), Adam(0.01, clip_norm=0.1), SGD(0.1, clip_value=1)])
def test_steps_are_an_online_fit(optimizer, sizes, dtype):
    X, y = data(sizes, 12)
    net, twin = (network(sizes, dtype, l1=0.05, max_norm=1.0) for _ in range(2))
    net.optimizer = optimizer
    losses = [net.train_step(x, label) for x, label in zip(X, y, strict=True)]
    twin.fit(X, y, epochs=1, batch_size=1, shuffle=False, optimizer=optimizer)
    assert net.parameters.tobytes() == twin.parameters.tobytes()
    assert np.mean(losses) == pytest.approx(twin.history["loss"][0], rel=1e-12)


@pytest.mark.parametrize("sizes", SIZES[1:])
def test_the_same_bits_whatever_the_threads_and_the_calls(sizes):
    X, y = data(sizes, 1500)
    results = set()
    for n_threads, parts in ((1, (2,)), (3, (2,)), (1, (1, 1))):
        net = network(sizes, l1=0.01)
        for epochs in parts:
            net.fit(
                X,
                y,
                epochs=epochs,
                batch_size=700,
                optimizer=Adam(0.01),
                shuffle=False,
                reset_optimizer=False,
                n_threads=n_threads,
            )
        results.add(net.parameters.tobytes())
    assert len(results) == 1


def test_copies_and_pickles_have_it():
    net = network((3, 4, 2), l1=(0.1, 0.2))
    for other in (copy.copy(net), copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert other.l1 == net.l1 == (0.1, 0.2)


@pytest.mark.parametrize(
    ("l1", "error", "message"),
    [
        (-1, ValueError, "l1 must be at least 0 and finite, but is -1"),
        (np.inf, ValueError, "l1 must be at least 0 and finite, but is inf"),
        ("0.1", TypeError, "l1 must be a number, or one for each layer, but is '0.1'"),
        ((0.1,), ValueError, "l1 has 1 entries, but the network has 2 layers"),
    ],
)
def test_bad_strengths(l1, error, message):
    with pytest.raises(error, match=message):
        Network((3, 4, 2), l1=l1)
