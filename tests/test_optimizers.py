"""Update rules against PyTorch's formulas in NumPy, and their state.

The formulas (reference.py) are those of https://docs.pytorch.org/docs/stable/optim.html.
"""

import copy
import pickle
import re
from dataclasses import replace

import numpy as np
import pytest
import reference_rules as formulas
from helpers import any_targets, assert_close, optimizer_classes
from reference import ReferenceNetwork

from backprop_c import SGD, Adam, DivergenceWarning, Goal, Network, functional, optimizers
from backprop_c._engine.outcome import OptimizerState
from backprop_c._engine.tables import update_table

DTYPES = ("float64", "float32")
OPTIMIZERS = {
    "sgd": SGD(0.05),
    "decay": SGD(0.05, weight_decay=0.3),
    "momentum": SGD(0.01, momentum=0.9),
    "momentum 1": SGD(0.005, momentum=1),
    "nesterov": SGD(0.02, momentum=0.7, nesterov=True),
    "all of it": SGD(0.02, momentum=0.7, nesterov=True, weight_decay=0.3),
    "of steps": SGD(0.02, momentum=0.9, of_steps=True, weight_decay=0.3),
    "of steps, nesterov": SGD(0.02, momentum=0.7, nesterov=True, of_steps=True),
    "adam": Adam(0.02),
    "adamw": Adam(0.02, beta_1=0.5, beta_2=0.7, epsilon=1e-3, weight_decay=0.3),
    "nadam": optimizers.Nadam(0.02),
    "all of nadam": optimizers.Nadam(0.02, 0.5, 0.7, 1e-3, weight_decay=0.3, momentum_decay=0.5),
    "amsgrad": Adam(0.02, beta_2=0.5, amsgrad=True),
    "epsilon hat": Adam(0.02, epsilon=1e-2, epsilon_hat=True),
    "all of adam": Adam(0.02, epsilon=1e-2, weight_decay=0.3, amsgrad=True, epsilon_hat=True),
    "adamw by name": optimizers.AdamW(0.02),
    "adamax": optimizers.Adamax(0.02),
    "all of adamax": optimizers.Adamax(0.02, 0.5, 0.7, 1e-3, weight_decay=0.3),
    "rmsprop": optimizers.RMSprop(0.02, epsilon=1e-2),
    "rmsprop, momentum": optimizers.RMSprop(0.01, 0.9, 1e-2, momentum=0.7),
    "rmsprop, momentum 1": optimizers.RMSprop(0.003, 0.9, 1e-2, momentum=1),
    "rmsprop, centred": optimizers.RMSprop(0.01, 0.9, 1e-2, centred=True, weight_decay=0.3),
    "all of rmsprop": optimizers.RMSprop(0.01, 0.9, 1e-2, 0.7, centred=True, weight_decay=0.3),
    "adagrad": optimizers.Adagrad(0.05, epsilon=1e-3),
    "all of adagrad": optimizers.Adagrad(0.05, 1e-2, weight_decay=0.3),
    "adadelta": optimizers.Adadelta(),
    "all of adadelta": optimizers.Adadelta(0.5, 0.7, 1e-3, weight_decay=0.3),
    "lion": optimizers.Lion(0.01, beta_1=0.8, weight_decay=0.3),
    "rprop": optimizers.Rprop(),
    "all of rprop": optimizers.Rprop(0.1, increase=1.5, decrease=0.7, smallest=0.05, largest=0.2),
    "no memory": Adam(0.02, beta_1=0.0, beta_2=0.0, epsilon=0.1),
}
every_optimizer = pytest.mark.parametrize("name", OPTIMIZERS)


def rule_of(optimizer):
    """The naive rule with the optimizer's hyperparameters."""
    names = [name for name in vars(optimizer) if name not in optimizers.OF_GRADIENT]
    given = dict(zip(names, optimizer.hyperparameters(), strict=True))
    return getattr(formulas, f"{type(optimizer).__name__}Rule")(**given)


def test_every_rule_is_here():
    """Whatever is in the kernels' table is compared with its naive form below."""
    rules = {optimizer.rule for optimizer in OPTIMIZERS.values()}
    assert rules == set(update_table()) - {"levenberg_marquardt", "lbfgs"}
    classes = {type(optimizer) for optimizer in OPTIMIZERS.values()}
    assert classes == {made for made in optimizer_classes() if made.steps == "batches"}


def train(reference, X, y, epochs, batch_size, rule):
    """The loss of each epoch, as `fit` without a shuffle records it."""
    losses = []
    for _ in range(epochs):
        total = 0.0
        for start in range(0, len(X), batch_size):
            rows = slice(start, start + batch_size)
            loss, gradient, _ = reference.loss_gradient_outputs(X[rows], y[rows])
            total += loss * len(X[rows])
            reference.parameters = rule(reference.parameters, gradient)
        losses.append(total / len(X))
    return losses


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


def data(n_samples=40, n_in=3, n_out=2):
    rng = np.random.default_rng(1)
    return rng.normal(size=(n_samples, n_in)), rng.normal(size=(n_samples, n_out))


def bits(net):
    """Everything that training has changed."""
    state = net._optimizer_state
    kept = state.vectors.tobytes(), state.carried.tobytes()
    return net.parameters.tobytes(), state.rule, state.steps, *kept


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


@any_targets
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("batch_size", [1, 7, None])
@every_optimizer
def test_two_fits_are_one_long_fit(name, batch_size, dtype):
    """To the bit, in place and through a copy or a pickle; and starting anew is something else."""
    X, y = data()
    optimizer = OPTIMIZERS[name]
    options = {"batch_size": None if optimizer.full_batch else batch_size, "optimizer": optimizer}
    long, first = (Network((3, 5, 2), "tanh", dtype=dtype, random_state=4) for _ in range(2))
    history = long.fit(X, y, epochs=12, **options)
    first.fit(X, y, epochs=5, **options)
    others = [copy.copy(first), copy.deepcopy(first), pickle.loads(pickle.dumps(first)), first]
    anew = copy.copy(first)
    for other in others:
        later = other.fit(X, y, epochs=7, reset_optimizer=False, **options)
        assert bits(other) == bits(long)
        np.testing.assert_array_equal(later["loss"], history["loss"][5:])
    anew.fit(X, y, epochs=7, **options)
    keeps_nothing = optimizer.rule == "sgd" or name == "no memory"
    assert (anew.parameters.tobytes() == long.parameters.tobytes()) == keeps_nothing


@every_optimizer
def test_the_state_is_as_long_as_the_rule_says(name):
    """(steps, vectors as long as the parameters); a fit without epochs keeps it."""
    X, y = data()
    net = Network((3, 4, 2), random_state=0)
    batch_size = None if OPTIMIZERS[name].full_batch else 7
    net.fit(X, y, epochs=3, batch_size=batch_size, optimizer=OPTIMIZERS[name])
    state = net._optimizer_state
    assert state.steps == 3 * (6 if batch_size else 1)
    entry = update_table()[OPTIMIZERS[name].rule]
    assert state.vectors.size == entry.n_states * net.parameters.size
    assert state.carried.shape == (entry.n_carried,)
    assert state.vectors.dtype == net.dtype
    before = bits(net)
    net.fit(X, y, epochs=0, reset_optimizer=False)
    assert bits(net) == before


def test_another_update_rule_begins_anew_and_says_so():
    """Also with reset_optimizer=False."""
    X, y = data()
    for other in (SGD(0.02, momentum=0.9), SGD(0.02)):
        net = Network((3, 4, 2), random_state=0)
        net.fit(X, y, epochs=3, optimizer=Adam(0.02))
        twin = copy.copy(net)
        twin.optimizer = other
        assert twin._optimizer_state is None
        twin.fit(X, y, epochs=3, reset_optimizer=False)
        expected = re.escape(f"cannot go on: {other!r} begins anew") + ".*rule, 'adam'"
        with pytest.warns(RuntimeWarning, match=expected) as caught:
            net.fit(X, y, epochs=3, optimizer=other, reset_optimizer=False)
        assert [warning.filename for warning in caught] == [__file__]
        assert bits(net) == bits(twin)


@pytest.mark.parametrize("change", [{"learning_rate": 0.03}, {"beta_1": 0.8}, {"epsilon": 1e-3}])
def test_a_changed_hyperparameter_keeps_the_state(change):
    """As the naive rule does when its own are changed in between."""
    X, y = data()
    first = Adam(0.02)
    net = Network((3, 4, 2), ("tanh", "identity"), random_state=0)
    reference, rule = ReferenceNetwork(net), rule_of(first)
    net.fit(X, y, epochs=3, batch_size=None, optimizer=first)
    train(reference, X, y, 3, len(X), rule)
    then = replace(first, **change)
    net.fit(X, y, epochs=3, batch_size=None, optimizer=then, reset_optimizer=False)
    rule.rate, rule.betas, rule.epsilon = (
        then.learning_rate,
        (then.beta_1, then.beta_2),
        then.epsilon,
    )
    train(reference, X, y, 3, len(X), rule)
    assert net._optimizer_state.steps == 6
    assert_close(net.parameters, reference.parameters, "float64")


@pytest.mark.parametrize("steps", [-1, 2**62 + 1, 2**63 - 1, 2**70])
def test_a_number_of_steps_that_cannot_be(steps):
    """In a pickle that somebody wrote, say: refused as it comes in."""
    with pytest.raises(ValueError, match=r"between 0 and 2\*\*62 steps, but this one has"):
        OptimizerState("adam", steps, np.zeros(2))


@pytest.mark.parametrize("carried", [None, np.zeros(0), np.zeros(2), np.zeros(1, "float32")])
def test_carried_scalars_of_another_rule_are_refused(carried):
    net = Network((3, 2), random_state=0)
    X, y = data()
    net.optimizer = optimizers.Nadam()
    net._optimizer_state = OptimizerState("nadam", 1, np.zeros(16), carried)
    with pytest.raises(ValueError, match="state is not of this network"):
        net.fit(X, y, epochs=1, reset_optimizer=False)


@pytest.mark.parametrize("count", [3, 13])
def test_a_state_of_another_size_is_refused(count):
    X, y = data()
    net = Network((3, 2), random_state=0)
    net.fit(X, y, epochs=1, optimizer=Adam())
    net._optimizer_state = OptimizerState("adam", 1, np.zeros(count))
    before, history = net.parameters.tobytes(), net.history
    with pytest.raises(ValueError, match="state is not of this network"):
        net.fit(X, y, epochs=1, reset_optimizer=False)
    assert (net.parameters.tobytes(), net.history) == (before, history)
    assert not net._training


def test_an_optimizer_that_is_set_during_a_fit_begins_anew(monkeypatch):
    """What the fit makes of its own state is not the other's."""
    X, y = data()
    net = Network((3, 2), random_state=0)

    class Setter:
        def __init__(self, epochs):
            pass

        def update(self, done, loss):
            net.optimizer = Adam(0.5)

        def close(self):
            pass

    monkeypatch.setattr("backprop_c._watcher.Progress", Setter)
    net.fit(X, y, epochs=3, optimizer=Adam(0.02), verbose=True)
    assert net.optimizer == Adam(0.5)
    assert net._optimizer_state is None


def test_fresh_weights_begin_anew():
    X, y = data()
    net = Network((3, 4, 2), random_state=0)
    net.fit(X, y, epochs=1, optimizer=Adam())
    net.initialize(0)
    assert net._optimizer_state is None


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("optimizer", "batch_size", "least_epochs"),
    [
        (SGD(2.0), None, 9),
        (SGD(8.0, momentum=0.9), None, 9),
        (SGD(0.5, momentum=0.9, weight_decay=0.1), 7, 3),
        (SGD(1.0, momentum=0.5, nesterov=True), 1, 1),
        (Adam(1e300), None, 1),
        (optimizers.Nadam(1e300), None, 1),
    ],
)
def test_divergence_restores_parameters_and_state(optimizer, batch_size, least_epochs, dtype):
    """All are those at the start of the last epoch with a finite loss."""
    X, y = data()
    nets = [Network((3, 2), "identity", dtype=dtype, random_state=0) for _ in range(2)]
    options = {"batch_size": batch_size, "shuffle": False, "reset_optimizer": False}
    for net in nets:
        net.optimizer = optimizer
        size = update_table()[optimizer.rule].n_states * net.parameters.size
        vectors = np.linspace(1, 2, size, dtype=dtype)
        carried = np.full(update_table()[optimizer.rule].n_carried, 0.5)
        net._optimizer_state = OptimizerState(optimizer.rule, 5, vectors, carried)
    with pytest.warns(DivergenceWarning):
        history = nets[0].fit(X, y, epochs=10_000, **options)
    assert least_epochs <= history.epochs < 10_000
    nets[1].fit(X, y, epochs=history.epochs - 1, **options)
    assert bits(nets[0]) == bits(nets[1])


@every_optimizer
def test_divergence_in_the_first_epoch_changes_nothing(name):
    """Here by targets that are too large: the state of the fit before stays as well."""
    X, y = data()
    net = Network((3, 4, 2), random_state=0)
    net.fit(X, y, epochs=3, optimizer=OPTIMIZERS[name])
    before = bits(net)
    with pytest.warns(DivergenceWarning, match="as they were before the fit"):
        history = net.fit(X, y * 1e200, epochs=3, reset_optimizer=False)
    assert history.epochs == 0
    assert bits(net) == before


@pytest.mark.parametrize("optimizer", [SGD(1e38, momentum=0.9), Adam(1e39)])
def test_parameters_that_overflow_in_the_last_epoch(optimizer):
    """Its loss was finite, but nothing is left to go on from."""
    net = Network((3, 2), "identity", dtype="float32", random_state=0)
    before = net.parameters.tobytes()
    X, y = data()
    with pytest.warns(DivergenceWarning, match="parameters stopped being finite in epoch 1"):
        net.fit(X, y * 100, epochs=1, batch_size=None, optimizer=optimizer)
    assert net.parameters.tobytes() == before
    assert net._optimizer_state.steps == 0
    assert not net._optimizer_state.vectors.any()


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
    functional.update(optimizers.Rprop(), parameters, np.array([np.inf, np.nan, 1.0]))
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
