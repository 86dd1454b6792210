"""Update rules against PyTorch's formulas in NumPy.

The formulas (reference.py) are those of https://docs.pytorch.org/docs/stable/optim.html.
"""

from dataclasses import replace

import numpy as np
import pytest
from helpers import assert_close, optimizer_classes
from optimizer_cases import DTYPES, OPTIMIZERS, bits, data, every_optimizer, rule_of, train
from reference import ReferenceNetwork

from backprop_c import SGD, Adam, Goal, Network, functional, optimizers
from backprop_c._engine.outcome import OptimizerState
from backprop_c._engine.tables import update_table


def test_every_rule_is_here():
    """Whatever is in the kernels' table is compared with its naive form below."""
    rules = {optimizer.rule for optimizer in OPTIMIZERS.values()}
    assert rules == set(update_table()) - {"levenberg_marquardt", "lbfgs"}
    classes = {type(optimizer) for optimizer in OPTIMIZERS.values()}
    assert classes == {made for made in optimizer_classes() if made.steps == "batches"}


def check(net, optimizer, n_samples, batch_size, epochs, seed=0):
    """A fit, and the same by the naive rule over the naive gradient."""
    rng = np.random.default_rng(seed)
    for biases in net.biases:
        biases[:] = 0.1 * rng.normal(size=biases.shape)
    X = rng.normal(size=(n_samples, net.layer_sizes[0])).astype(net.dtype)
    X /= np.sqrt(net.layer_sizes[0])
    y = rng.normal(size=(n_samples, net.layer_sizes[-1])).astype(net.dtype)
    reference = ReferenceNetwork(net)
    if optimizer.full_batch:
        batch_size = None
    history = net.fit(
        X, y, epochs=epochs, batch_size=batch_size, optimizer=optimizer, shuffle=False
    )
    expected = train(reference, X, y, epochs, batch_size or n_samples, rule_of(optimizer))
    assert_close(history["loss"], expected, net.dtype)
    assert_close(net.parameters, reference.parameters, net.dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("batch_size", [1, 7, None])
@every_optimizer
def test_by_the_naive_rule(name, batch_size, dtype):
    net = Network((3, 4, 2), ("tanh", "identity"), dtype=dtype, random_state=0)
    check(net, OPTIMIZERS[name], 20, batch_size, epochs=6)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("width", [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65])
@every_optimizer
def test_parameters_around_the_ends_of_vectors(name, width, dtype):
    """As many parameters as inputs; the last vector of them is updated in part."""
    for batch_size in (1, 3):
        net = Network((width, 1), "identity", biases=False, dtype=dtype, random_state=0)
        assert net.parameters.size == width
        check(net, OPTIMIZERS[name], 5, batch_size, epochs=3, seed=width)


# One setting for each rule; how parameters are cut into ranges does not depend on the rule.
FIRST_OF_RULE = {optimizer.rule: name for name, optimizer in reversed(OPTIMIZERS.items())}
RANGES = [("sgd", (16_384, 1)), ("adam", (33_000, 1))]
RANGES += [
    (name, sizes) for name in FIRST_OF_RULE.values() for sizes in ((16_387, 1), (80, 300, 64))
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "sizes"), RANGES)
def test_several_ranges_of_parameters(name, sizes, dtype):
    """More parameters than are updated in one go, from one part of samples and from several."""
    optimizer = OPTIMIZERS[name]
    # Some of so many gradients are 0 but for rounding, and have no sign.
    if getattr(optimizer, "epsilon", 1) < 1e-4:
        optimizer = replace(optimizer, epsilon=1e-4)
    if name in ("lion", "rprop", "signum"):
        dtype = "float64"
    for batch_size in (3, 80, None):
        net = Network(sizes, "identity", dtype=dtype, random_state=0)
        check(net, optimizer, 150, batch_size, epochs=1, seed=2)


@every_optimizer
def test_the_loss_does_not_contain_the_decay(name):
    X, y = data()
    net = Network((3, 4, 2), random_state=0)
    before = net.evaluate(X, y)["loss"]
    history = net.fit(X, y, epochs=1, batch_size=None, optimizer=OPTIMIZERS[name])
    np.testing.assert_allclose(history["loss"], before, rtol=1e-14)


def test_decay_alone_shrinks_everything():
    """Without a gradient the parameters, biases too, shrink by the same factor each step."""
    net = Network((3, 2), "identity", random_state=0)
    net.parameters[:] = 1
    for optimizer in (SGD(0.5, weight_decay=0.5), SGD(0.5, momentum=0.5, weight_decay=0.5)):
        net.parameters[:] = [0, 0, 0, 0, 0, 0, 3, 5]
        net.fit(np.zeros((1, 3)), [[3, 5]], epochs=1, optimizer=optimizer)
        np.testing.assert_allclose(net.parameters, [0, 0, 0, 0, 0, 0, 2.25, 3.75], rtol=1e-15)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("steps", [1, 10, 1000, 10**6, 2**40, 2**62])
def test_adam_after_many_steps(steps, dtype):
    """The bias corrections go to 1, and the power in them does not overflow."""
    optimizer = Adam(0.02)
    net = Network((3, 4, 2), ("tanh", "identity"), dtype=dtype, random_state=0)
    X, y = data()
    net.optimizer = optimizer
    net._optimizer_state = OptimizerState("adam", steps, np.ones(2 * net.parameters.size, dtype))
    reference, rule = ReferenceNetwork(net), rule_of(optimizer)
    rule.steps, rule.first, rule.second = steps, 1.0, 1.0
    net.fit(X, y, epochs=5, batch_size=None, reset_optimizer=False)
    train(reference, X, y, 5, len(X), rule)
    assert_close(net.parameters, reference.parameters, dtype)
    assert net._optimizer_state.steps == steps + 5


@pytest.mark.parametrize("batch_size", [1, 8])
@pytest.mark.parametrize("name", ["nadam", "all of nadam"])
def test_nadam_for_hundred_steps(name, batch_size):
    """The product of momenta goes on, and each momentum is the step's."""
    net = Network((3, 4, 2), ("tanh", "identity"), random_state=0)
    reference, rule = ReferenceNetwork(net), rule_of(OPTIMIZERS[name])
    X, y = data()
    epochs = 100 * batch_size // len(X)
    net.fit(X, y, epochs=epochs, batch_size=batch_size, optimizer=OPTIMIZERS[name], shuffle=False)
    train(reference, X, y, epochs, batch_size, rule)
    np.testing.assert_allclose(net.parameters, reference.parameters, rtol=1e-9, atol=1e-12)
    state = net._optimizer_state
    np.testing.assert_allclose(state.carried, [rule.product], rtol=1e-12)


@pytest.mark.parametrize("steps", [1, 10**6, 2**40, 2**62])
@pytest.mark.parametrize("decay", [0.0, 0.004, 1.0, 1e300])
def test_nadam_after_many_steps(steps, decay):
    """Powers of a fraction of a number, and of numbers too large to count."""
    optimizer = optimizers.Nadam(0.02, momentum_decay=decay)
    net = Network((3, 2), "identity", random_state=0)
    net.optimizer = optimizer
    vectors = np.ones(2 * net.parameters.size)
    net._optimizer_state = OptimizerState("nadam", steps, vectors, np.array([0.25]))
    reference, rule = ReferenceNetwork(net), rule_of(optimizer)
    rule.steps, rule.product, rule.first, rule.second = steps, 0.25, 1.0, 1.0
    X, y = data()
    net.fit(X, y, epochs=3, batch_size=None, reset_optimizer=False)
    train(reference, X, y, 3, len(X), rule)
    np.testing.assert_allclose(net.parameters, reference.parameters, rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_an_epsilon_below_the_dtype(dtype):
    """A parameter without gradient, here a dead relu's, stays where it is: 0 / 0 would be NaN."""
    net = Network((1, 1, 1), "relu", dtype=dtype, random_state=0)
    net.parameters[:] = [-1, -1, 1, 0.5]
    before = net.parameters.copy()
    net.fit([[1.0]], [[2.0]], epochs=3, optimizer=Adam(epsilon=1e-300))
    np.testing.assert_array_equal(net.parameters[:2], before[:2])
    assert np.isfinite(net.parameters).all()


@pytest.mark.parametrize("n_inputs", [1, 40])
@pytest.mark.parametrize("optimizer", [SGD(0.01, momentum=0.9), Adam(beta_2=0.9)])
def test_states_that_fade_are_never_denormal(optimizer, n_inputs):
    """After a step that had a gradient and many without: normal numbers, and then 0."""
    net = Network((n_inputs, 1), "identity", biases=False, dtype="float32", random_state=0)
    net.fit(np.ones((1, n_inputs)), [5.0], epochs=1, optimizer=optimizer)
    seen = set()
    for _ in range(100):
        net.fit(np.zeros((1, n_inputs)), [5.0], epochs=10, reset_optimizer=False)
        states = np.abs(net._optimizer_state.vectors[:n_inputs])  # velocities, or first moments
        assert ((states == 0) | (states >= np.finfo("float32").tiny)).all()
        seen |= set((states > 0).tolist())
    assert seen == {True, False}


# -- Rprop -------------------------------------------------------------------------------------


def test_rprop_takes_all_samples():
    """With "auto" by itself; a smaller batch is refused, and nothing has changed."""
    X, y = data()
    nets = [Network((3, 4, 2), random_state=0) for _ in range(4)]
    for net, batch_size in zip(nets[:3], ("auto", None, 1000), strict=True):
        net.fit(X, y, epochs=5, batch_size=batch_size, optimizer="rprop")
        assert net._optimizer_state.steps == 5
        assert bits(net) == bits(nets[0])
    before = nets[3].parameters.tobytes()
    with pytest.raises(ValueError, match="Rprop needs all samples at once: leave out batch_size=7"):
        nets[3].fit(X, y, batch_size=7, optimizer="rprop")
    assert (nets[3].parameters.tobytes(), nets[3].history) == (before, None)


@pytest.mark.parametrize("dtype", DTYPES)
def test_rprop_compares_signs_where_products_vanish(dtype):
    """The square of such gradients is 0 in their dtype."""
    tiny = np.array([1e-200, -1e-200] if dtype == "float64" else [1e-30, -1e-30], dtype)
    parameters, state = np.zeros(2, dtype), None
    for gradient in (tiny, tiny, -tiny, -tiny):
        state = functional.update(optimizers.Rprop(1.0), parameters, gradient, state)
    # Steps of 1 and 1.2, none, and one of 0.6 back.
    np.testing.assert_allclose(parameters, [-1.6, 1.6], rtol=1e-6)


def test_rprop_tells_what_is_not_finite():
    parameters = np.zeros(3)
    functional.update(optimizers.Rprop(0.01), parameters, np.array([np.inf, np.nan, 1.0]))
    np.testing.assert_array_equal(parameters, [np.nan, np.nan, -0.01])


@pytest.mark.parametrize("name", ["sin", "parity"])
def test_rprop_learns_without_a_rate(name):
    """FANN's problems: a sine, and the parity of three bits."""
    if name == "sin":
        X = np.linspace(-1, 1, 21)[:, np.newaxis]
        y, sizes, goal = np.sin(np.pi * X), (1, 5, 1), 0.002
    else:
        X = np.array(np.meshgrid(*[[-1.0, 1.0]] * 3)).reshape(3, 8).T
        y, sizes, goal = X.prod(axis=1, keepdims=True), (3, 10, 10, 1), 0.001
    reached = 0
    for seed in range(20):
        net = Network(sizes, random_state=seed)
        history = net.fit(
            X, y, epochs=1000, optimizer="rprop", metrics="mse", callbacks=[Goal("mse", goal)]
        )
        reached += history["mse"][-1] <= goal
    assert reached >= 19
