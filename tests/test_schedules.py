"""Schedules: the learning rate of each step, by the formula."""

import copy
import pickle
from inspect import signature

import numpy as np
import pytest
from helpers import any_targets, assert_close, measured
from reference import ReferenceNetwork
from reference_rules import AdamRule, SGDRule, clipped
from reference_schedules import SCHEDULES

from backprop_c import SGD, Adam, Nadam, Network, functional, schedules
from backprop_c._engine.schedules import schedule_table
from backprop_c._engine.trainer import Trainer
from backprop_c.schedules import Schedule

DTYPES = ("float64", "float32")
every_dtype = pytest.mark.parametrize("dtype", DTYPES)
# Its derivative by the output is -1 for targets far above it.
FAR = 1e6


def cosine(initial, n_steps, n_warmup=0.0):
    """The learning rates of n_steps steps, and of two more."""
    rate = SCHEDULES["cosine"]
    return np.array([rate(k, 1, 0, n_steps, initial, n_warmup) for k in range(n_steps + 2)])


def counter():
    """A network whose one weight is the sum of the learning rates of gradient descent's steps."""
    net = Network((1, 1), "identity", "huber", biases=False, random_state=0)
    net.parameters[:] = 0
    return net


def step(net, n_samples, epochs=1, **options):
    options = {"batch_size": 1, "reset_optimizer": False, **options}
    net.fit(np.ones((n_samples, 1)), np.full(n_samples, FAR), epochs=epochs, **options)
    return net.parameters[0]


pytestmark = any_targets


# Each schedule by its defaults, and with other parameters.
EXAMPLES = [
    schedules.Constant(0.5),
    schedules.Constant(0.5, warmup=1.5),
    schedules.Step(0.5),
    schedules.Step(0.5, every=2, factor=0.25),
    schedules.Exponential(0.5),
    schedules.Exponential(0.5, factor=0.25),
    schedules.InverseScaling(0.5),
    schedules.InverseScaling(0.5, power=1.5),
    schedules.Polynomial(0.5, epochs=5),
    schedules.Polynomial(0.5, epochs=5, power=2.5, final=0.1),
    schedules.Cosine(0.5, epochs=5),
    schedules.Cosine(0.5, epochs=5, warmup=1.5, final=0.75),
    schedules.CosineRestarts(0.5),
    schedules.CosineRestarts(0.5, period=1.5),
    schedules.CosineRestarts(0.5, period=0.75, growth=2, final=0.1, warmup=1.5),
    schedules.OneCycle(0.5, epochs=5),
    schedules.OneCycle(0.5, epochs=5, rise=0.5, start=5, end=10),
    schedules.OneCycle(0.5, epochs=5, rise=0, start=1, end=1),
]
EXAMPLES += [
    made(0.5, **({"epochs": 5} if "epochs" in signature(made).parameters else {}))
    for made in Schedule.__subclasses__()
    if made.__module__ == Schedule.__module__
]


def rates_of(schedule, n_steps, steps_of_epoch, n_samples):
    """By the reference."""
    n = (getattr(schedule, "epochs", None) or 0) * steps_of_epoch
    rate, parameters = SCHEDULES[schedule.name], schedule.constants()
    return [rate(k, steps_of_epoch, n_samples, n, *parameters) for k in range(n_steps)]


def test_every_schedule_is_here():
    """The table, the reference and the examples have the same."""
    names = {schedule.name for schedule in EXAMPLES}
    assert names == set(schedule_table()) == set(SCHEDULES)


@pytest.mark.parametrize(("n_samples", "batch_size"), [(1, 1), (7, 1), (7, 3), (7, None)])
@pytest.mark.parametrize("schedule", EXAMPLES, ids=str)
def test_by_the_reference(schedule, n_samples, batch_size):
    """The sum of the rates of each epoch, also behind the end; fits that go on are one."""
    epochs, steps = 8, -(-n_samples // (batch_size or n_samples))
    net, sums = counter(), [0.0]
    net.optimizer = SGD(schedule)
    for _ in range(epochs):
        sums.append(step(net, n_samples, batch_size=batch_size))
    expected = np.reshape(rates_of(schedule, epochs * steps, steps, n_samples), (epochs, steps))
    np.testing.assert_allclose(np.diff(sums), expected.sum(axis=1), rtol=1e-11, atol=1e-14)
    assert schedule.first_rate() == pytest.approx(rates_of(schedule, 99, 9, 9)[0]) or (
        getattr(schedule, "warmup", 0) or getattr(schedule, "rise", 1) == 0
    )


@pytest.mark.parametrize("schedule", EXAMPLES, ids=str)
def test_a_building_block_counts_steps_as_epochs(schedule):
    parameters, state, taken = np.zeros(1), None, [0.0]
    for _ in range(8):
        state = functional.update(SGD(schedule), parameters, -np.ones(1), state)
        taken.append(parameters[0])
    np.testing.assert_allclose(np.diff(taken), rates_of(schedule, 8, 1, 1), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("warmup", [0, 0.5, 1, 2.5, 5.75])
@pytest.mark.parametrize("initial", [0.5, 3.0])
def test_the_rate_of_each_step(initial, warmup):
    """By fits of one step each, which are one training; and 0 from its end on."""
    net, epochs, sums = counter(), 6, [0.0]
    net.optimizer = SGD(schedules.Cosine(initial, epochs=epochs, warmup=warmup))
    for _ in range(epochs + 2):
        sums.append(step(net, 1))
    np.testing.assert_allclose(np.diff(sums), cosine(initial, epochs, warmup), atol=1e-15)


@pytest.mark.parametrize("warmup", [0, 0.5, 1.25])
@pytest.mark.parametrize(("n_samples", "batch_size"), [(1, 1), (7, 1), (7, 3), (7, 7), (7, None)])
def test_the_rate_changes_from_step_to_step(n_samples, batch_size, warmup):
    """The losses of epochs and the weight tell the sums; a last shorter batch is a step, too."""
    epochs, steps_of_epoch = 4, -(-n_samples // (batch_size or n_samples))
    schedule = schedules.Cosine(0.5, epochs=epochs, warmup=warmup)
    rates = cosine(0.5, epochs * steps_of_epoch, warmup * steps_of_epoch)
    for given in (schedule, schedules.Cosine(0.5, warmup=warmup)):
        net = counter()
        history = net.fit(
            np.ones((n_samples, 1)),
            np.full(n_samples, FAR),
            epochs=epochs,
            batch_size=batch_size,
            optimizer=SGD(given),
        )
        np.testing.assert_allclose(net.parameters[0], rates.sum(), rtol=1e-14)
        sums = np.concatenate([[0], np.cumsum(rates)])
        sizes = np.minimum(
            batch_size or n_samples,
            n_samples - np.arange(steps_of_epoch) * (batch_size or n_samples),
        )
        for epoch in range(epochs):
            weights = sums[epoch * steps_of_epoch :][:steps_of_epoch]
            expected = FAR - 0.5 - weights @ sizes / n_samples
            np.testing.assert_allclose(history["loss"][epoch], expected, rtol=1e-13)


@pytest.mark.parametrize("reset", [False, True])
def test_without_a_length_it_lasts_as_long_as_the_fit(reset):
    """Each fit begins it anew, also one that keeps the optimizer's state."""
    net, total = counter(), 0.0
    net.optimizer = SGD(schedules.Cosine(0.5, warmup=1))
    for epochs in (3, 5, 2):
        total += cosine(0.5, 4 * epochs, 4).sum()
        weight = step(net, 4, epochs, reset_optimizer=reset)
        np.testing.assert_allclose(weight, total, rtol=1e-14)


def test_with_a_length_a_fit_that_begins_anew_begins_it_anew():
    net = counter()
    net.optimizer = SGD(schedules.Cosine(0.5, epochs=4))
    first = step(net, 3, epochs=3, reset_optimizer=True)
    second = step(net, 3, epochs=3, reset_optimizer=True)
    np.testing.assert_allclose(second, 2 * first, rtol=1e-14)
    np.testing.assert_allclose(first, cosine(0.5, 12)[:9].sum(), rtol=1e-14)


def test_a_warmup_that_is_longer_than_the_fit():
    """Where the fit gives the length, the rate rises as far as it comes."""
    net = counter()
    net.optimizer = SGD(schedules.Cosine(0.5, warmup=8))
    weight = step(net, 4, epochs=4)
    np.testing.assert_allclose(weight, 0.5 * np.arange(1, 17).sum() / 32, rtol=1e-14)


@every_dtype
@pytest.mark.parametrize("batch_size", [1, 7, None])
@pytest.mark.parametrize("name", ["momentum", "adam", "clipped"])
@pytest.mark.parametrize("sizes", [(3, 4, 2), (20, 48, 32), (40, 64, 2)])
def test_rules_by_the_reference(sizes, name, batch_size, dtype):
    """The rule takes each step at that step's rate, and AdamW decays by it."""
    schedule = schedules.Cosine(0.05, warmup=0.5)
    optimizer, rule = {
        "momentum": (SGD(schedule, momentum=0.9, nesterov=True), SGDRule(1, 0.9, True)),
        "adam": (
            Adam(schedule, epsilon=1e-3, weight_decay=0.1),
            AdamRule(1, epsilon=1e-3, weight_decay=0.1),
        ),
        "clipped": (SGD(schedule, momentum=0.9, clip_norm=0.2), SGDRule(1, 0.9)),
    }[name]
    epochs, n_samples = 3, 20
    steps_of_epoch = -(-n_samples // (batch_size or n_samples))
    rates = iter(cosine(0.05, epochs * steps_of_epoch, 0.5 * steps_of_epoch))
    stepped = clipped(rule, 0.2) if name == "clipped" else rule

    def at_its_rate(parameters, gradient):
        rule.rate = next(rates)
        return stepped(parameters, gradient)

    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(n_samples, sizes[0])), rng.integers(0, sizes[-1], n_samples)
    net = Network(sizes, ("tanh", "softmax"), dtype=dtype, random_state=0)
    reference = ReferenceNetwork(net)
    orders = [np.arange(n_samples)] * epochs
    expected = reference.fit(X, y, orders, batch_size or n_samples, at_its_rate)
    options = {"batch_size": batch_size, "shuffle": False, "optimizer": optimizer}
    history = net.fit(X, y, epochs=epochs, **options)
    assert_close(history["loss"], expected["loss"], dtype)
    assert_close(net.parameters, reference.parameters, dtype)


@every_dtype
@pytest.mark.parametrize("batch_size", [1, 7, None])
@pytest.mark.parametrize("kind", [SGD, Adam, Nadam])
def test_fits_that_go_on_are_one_long_fit(kind, batch_size, dtype):
    """To the bit, where the length is given; also through copies and pickles."""
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(40, 3)), rng.integers(0, 2, 40)
    optimizer = kind(schedules.Cosine(0.05, epochs=9, warmup=2.5))
    options = {"batch_size": batch_size, "optimizer": optimizer}
    long, first = (
        Network((3, 5, 2), ("tanh", "softmax"), dtype=dtype, random_state=4) for _ in range(2)
    )
    history = long.fit(X, y, epochs=9, **options)
    first.fit(X, y, epochs=2, **options)
    others = [copy.copy(first), copy.deepcopy(first), pickle.loads(pickle.dumps(first)), first]
    for other in others:
        assert other.optimizer == optimizer
        losses = [
            other.fit(X, y, epochs=epochs, reset_optimizer=False, **options)["loss"]
            for epochs in (4, 0, 3)
        ]
        assert other.parameters.tobytes() == long.parameters.tobytes()
        np.testing.assert_array_equal(np.concatenate(losses), history["loss"][2:])
    assert first._optimizer_state.steps == long._optimizer_state.steps


@pytest.mark.parametrize("batch_size", [1, 77])
def test_a_run_can_stop_anywhere(batch_size):
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(5000, 30)), rng.integers(0, 3, 5000)
    results = []
    for seconds in (1e9, -1.0):
        net = Network((30, 40, 3), ("tanh", "softmax"), random_state=0)
        trainer = Trainer(net, measured(net, X, y, None))
        schedule = schedules.schedule_terms(schedules.Cosine(0.1, warmup=0.5))
        trainer.prepare(3, batch_size, 0, (0.1,), np.random.PCG64(5), None, schedule=schedule)
        runs = 1
        while trainer.run(seconds):
            runs += 1
        trainer.close()
        assert (runs > 3) == (seconds < 0)
        results.append((net.parameters.tobytes(), trainer.record.values().tobytes()))
    assert results[0] == results[1]


@pytest.mark.parametrize(("sizes", "n_samples"), [((20, 48, 32), 1500), ((4, 16, 3), 9000)])
def test_the_same_bits_whatever_the_threads(sizes, n_samples):
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(n_samples, sizes[0])), rng.integers(0, sizes[-1], n_samples)
    results = set()
    for n_threads in (1, 2, 3):
        net = Network(sizes, ("tanh", "softmax"), random_state=0)
        optimizer = Adam(schedules.Cosine(0.01, warmup=1))
        net.fit(X, y, epochs=4, batch_size=n_samples // 3, optimizer=optimizer, n_threads=n_threads)
        results.add(net.parameters.tobytes())
    assert len(results) == 1


@pytest.mark.parametrize("warmup", [0, 2])
def test_single_steps_count_as_epochs(warmup):
    """Of one row or of some: each is a step, and after the last one nothing moves."""
    net, sums = counter(), [0.0]
    net.optimizer = SGD(schedules.Cosine(0.5, epochs=6, warmup=warmup))
    for k in range(8):
        if k % 2:
            net.train_step(np.ones((3, 1)), np.full((3, 1), FAR))
        else:
            net.train_step(np.ones(1), np.full(1, FAR))
        sums.append(net.parameters[0])
    np.testing.assert_allclose(np.diff(sums), cosine(0.5, 6, warmup), atol=1e-15)


def test_a_fit_goes_on_where_single_steps_were():
    net = counter()
    net.optimizer = SGD(schedules.Cosine(0.5, epochs=6))
    for _ in range(2):
        net.train_step(np.ones(1), np.full(1, FAR))
    step(net, 1, epochs=3)
    net.train_step(np.ones(1), np.full(1, FAR))
    np.testing.assert_allclose(net.parameters[0], cosine(0.5, 6).sum(), rtol=1e-14)


WITHOUT_A_LENGTH = (
    "train_step needs a schedule with a number of epochs.*"
    "Give the schedule its epochs, or the optimizer one learning rate"
)


def test_single_steps_without_a_length_are_refused():
    """And change nothing; a fit may follow."""
    net = counter()
    net.optimizer = SGD(schedules.Cosine(0.5))
    for rows in (np.ones(1), np.ones((3, 1))):
        with pytest.raises(ValueError, match=WITHOUT_A_LENGTH):
            net.train_step(rows, FAR * rows)
        assert net.parameters[0] == 0
    np.testing.assert_allclose(step(net, 1, epochs=4), cosine(0.5, 4).sum(), rtol=1e-14)


@pytest.mark.parametrize("name", ["Cosine"])
@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"initial": 0}, ValueError, r"initial must be positive and finite, but is 0\.0"),
        ({"initial": -1}, ValueError, r"initial must be positive and finite, but is -1\.0"),
        ({"initial": np.nan}, ValueError, "initial must be positive and finite, but is nan"),
        ({"initial": "1"}, TypeError, "initial must be a number, but is '1'"),
        ({"epochs": 0}, ValueError, "epochs must be at least 1, but is 0"),
        ({"epochs": 2.5}, TypeError, r"epochs must be an integer, but is 2\.5"),
        ({"warmup": -1}, ValueError, r"warmup must be at least 0 and finite, but is -1\.0"),
        ({"warmup": np.inf}, ValueError, "warmup must be at least 0 and finite, but is inf"),
        ({"epochs": 3, "warmup": 3}, ValueError, r"warmup must be below epochs, which is 3"),
    ],
)
def test_bad_parameters(name, options, error, message):
    with pytest.raises(error, match=message):
        getattr(schedules, name)(**{"initial": 0.1, **options})


@pytest.mark.parametrize("rate", ["cosine", None, schedules.Cosine])
def test_learning_rates_that_are_none(rate):
    with pytest.raises(TypeError, match="learning_rate must be a number"):
        SGD(rate)


def test_a_schedule_is_a_value():
    one = schedules.Cosine(0.5, epochs=9, warmup=1)
    assert one == schedules.Cosine(0.5, 9, 1.0)
    assert one != schedules.Cosine(0.5, epochs=9)
    assert repr(one) == "Cosine(initial=0.5, epochs=9, warmup=1.0)"
    assert pickle.loads(pickle.dumps(one)) == one


# -- A function of the epoch -------------------------------------------------------------------


def halved(epoch):
    return 0.5**epoch


@pytest.mark.parametrize(("n_samples", "batch_size"), [(1, 1), (7, 3), (7, None), (9000, 10)])
def test_a_function_of_the_epoch(n_samples, batch_size):
    """Called as each epoch begins; fits that go on are one."""
    seen = []

    def rate(epoch):
        seen.append(epoch)
        return 0.001 * halved(epoch)

    steps = -(-n_samples // (batch_size or n_samples))
    whole, parts = counter(), counter()
    step(whole, n_samples, 6, batch_size=batch_size, optimizer=SGD(rate), reset_optimizer=True)
    # The first one is asked for when the fit begins.
    assert seen == [0, *range(6)]
    expected = 0.001 * steps * sum(map(halved, range(6)))
    np.testing.assert_allclose(whole.parameters[0], expected, rtol=1e-12)
    parts.optimizer = SGD(rate)
    for epochs in (1, 3, 2):
        step(parts, n_samples, epochs, batch_size=batch_size)
    assert parts.parameters.tobytes() == whole.parameters.tobytes()


def test_a_function_for_single_steps_and_building_blocks():
    """Each call counts as an epoch."""
    net, parameters, state, optimizer = counter(), np.zeros(1), None, SGD(halved)
    net.optimizer = optimizer
    for _ in range(4):
        net.train_step(np.ones(1), np.full(1, FAR))
        state = functional.update(optimizer, parameters, -np.ones(1), state)
    np.testing.assert_allclose(net.parameters, [1.875], rtol=1e-15)
    np.testing.assert_allclose(parameters, [1.875], rtol=1e-15)


def test_a_function_is_shown_and_compared():
    optimizer = SGD(halved)
    assert optimizer == SGD(schedules.ByEpoch(halved)) != SGD(lambda epoch: 1.0)
    assert "ByEpoch(function=<function halved" in repr(optimizer)
    assert optimizer.hyperparameters()[0] == 1.0
    assert pickle.loads(pickle.dumps(optimizer)) == optimizer


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (0.0, ValueError, "the learning rate of epoch 2 must be positive and finite, but is 0.0"),
        (np.nan, ValueError, "the learning rate of epoch 2 must be positive and finite, but is"),
        ("fast", TypeError, "the learning rate of epoch 2 must be a number, but is 'fast'"),
    ],
)
def test_a_function_that_fails_ends_the_fit(wrong, error, message):
    """As Ctrl-C does: the epochs before are kept."""
    net = counter()
    with pytest.raises(error, match=message):
        step(net, 3, 5, optimizer=SGD(lambda epoch: wrong if epoch == 2 else 0.5))
    assert net.history.epochs == 2
    np.testing.assert_allclose(net.parameters, [3.0], rtol=1e-15)
    with pytest.raises(ZeroDivisionError):
        net.fit([[1.0]], [FAR], optimizer=SGD(lambda epoch: 1 / epoch))
    np.testing.assert_allclose(net.parameters, [3.0], rtol=1e-15)
