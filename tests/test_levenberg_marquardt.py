"""Levenberg-Marquardt: its steps beside NumPy's and SciPy's, and how its fits go on and end."""

import copy
import itertools
import pickle
import re

import numpy as np
import pytest
from helpers import any_targets

from backprop_c import (
    EarlyStopping,
    Goal,
    LevenbergMarquardt,
    Network,
    functional,
    trace,
)
from backprop_c._engine.measures import MetricSet
from backprop_c._engine.squares_trainer import SquaresTrainer
from backprop_c.exceptions import DivergenceWarning
from backprop_c.optimizers.terms import optimizer_terms

LM = LevenbergMarquardt


def sine(n_samples=21):
    x = np.linspace(-1, 1, n_samples)[:, np.newaxis]
    return x, np.sin(np.pi * x)


def data(n_samples, n_in, n_out, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, n_in))
    y = 1 / (1 + np.exp(-X @ rng.normal(size=(n_in, n_out))))
    return X, y, rng.integers(0, 4, n_samples) + (np.arange(n_samples) == 0)


# -- By hand -----------------------------------------------------------------------------------


def derivatives(net, X):
    """Of every output of every sample by the parameters: a loss whose derivative is a unit."""
    twin_of = {}
    for output in range(net.layer_sizes[-1]):

        def unit(y_true, y_pred, output=output):
            slopes = np.zeros_like(y_pred)
            slopes[:, output] = 1
            return y_pred[:, output], slopes

        options = {"biases": bool(net.biases), "dtype": "float64"}
        twin_of[output] = Network(net.layer_sizes, net.activations, unit, **options)
        twin_of[output].parameters[:] = net.parameters
    targets = np.zeros((1, net.layer_sizes[-1]))
    return np.array(
        [
            [twin.loss_and_gradient(x[np.newaxis], targets)[1] for twin in twin_of.values()]
            for x in X
        ]
    )


def is_weight(net):
    """Of each parameter, the strength of its l2 penalty."""
    twin = copy.copy(net)
    twin.parameters[:] = 0
    for weights, strength in zip(twin.weights, net.l2, strict=True):
        weights[:] = strength
    return twin.parameters.astype(float)


def by_hand(net, X, y, weights, epochs, optimizer):
    """The losses that the epochs begin with; the network gets what they lead to."""
    shares = weights / weights.sum()
    strengths, damping, growth, losses = is_weight(net), optimizer.damping, 2.0, []

    def loss_of(parameters):
        net.parameters[:] = parameters
        errors = net.predict(X) - y
        penalty = (strengths * net.parameters**2).sum() / 2
        return errors, shares @ (errors**2).sum(axis=1) / 2 + penalty

    for _ in range(epochs):
        start = net.parameters.copy()
        errors, loss = loss_of(start)
        losses.append(loss)
        jacobian = derivatives(net, X)
        matrix = np.einsum("s,sop,soq->pq", shares, jacobian, jacobian) + np.diag(strengths)
        gradient = np.einsum("s,sop,so->p", shares, jacobian, errors) + strengths * start
        while True:
            step = np.linalg.solve(matrix + damping * np.eye(len(start)), gradient)
            gain = (loss - loss_of(start - step)[1]) / (step @ (gradient + damping * step) / 2)
            if gain > 0:
                break
            damping *= growth if optimizer.gain_ratio else optimizer.increase
            growth *= 2
        damping *= max(1 / 3, 1 - (2 * gain - 1) ** 3) if optimizer.gain_ratio else 0.1
        growth = 2.0
    return np.array(losses)


SHAPES = [
    ((1, 5, 1), None),
    ((1, 1), "identity"),
    ((3, 4, 5, 2), ("sigmoid", "gelu", "identity")),
    ((2, 7, 3), ("relu", "softmax")),
    ((9, 33, 4), ("tanh", "sigmoid")),
    ((5, 20, 9, 1), ("silu", "tanh", "tanh")),
]


@any_targets
@pytest.mark.parametrize(
    ("optimizer", "options"),
    [
        (LM(), {}),
        (LM(), {"biases": False}),
        (LM(), {"l2": 0.01}),
        (LM(0.1), {}),
        (LM(gain_ratio=False), {"l2": 0.01}),
    ],
    ids=repr,
)
@pytest.mark.parametrize(("sizes", "activations"), SHAPES, ids=repr)
def test_it_goes_as_by_hand(sizes, activations, optimizer, options):
    X, y, weights = data(37, sizes[0], sizes[-1])
    net = Network(sizes, activations, "squared_error", random_state=1, **options)
    other = copy.copy(net)
    # A straight line is found at once.
    epochs = 2 if sizes == (1, 1) else 4
    history = net.fit(X, y, weights, epochs=epochs, optimizer=optimizer)
    losses = by_hand(other, X, y, weights, epochs, optimizer)
    np.testing.assert_allclose(history["loss"], losses, rtol=1e-7)
    assert (np.diff(history["loss"]) < 0).all()


@any_targets
@pytest.mark.parametrize("n_samples", [1, 2, 3, 7, 8, 9, 31, 32, 33, 64, 500, 3000])
@pytest.mark.parametrize("sizes", [(2, 3, 1), (3, 30, 2), (4, 6, 17)])
def test_samples_around_blocks_and_slabs(sizes, n_samples):
    """The gradient that a step solves for is that of the loss, whatever the number of samples."""
    X, y, weights = data(n_samples, sizes[0], sizes[-1])
    net = Network(sizes, random_state=1, loss="squared_error", activations="tanh")
    before = net.parameters.copy()
    _, gradient = net.loss_and_gradient(X, y, sample_weight=weights)
    # So much damping that the step is along the gradient.
    net.fit(X, y, weights, epochs=1, optimizer=LM(damping=1e9))
    np.testing.assert_allclose(1e9 * (before - net.parameters), gradient, rtol=1e-4, atol=1e-5)


def noisy_sine():
    x, y = sine(60)
    return x, y + np.random.default_rng(0).normal(size=y.shape) / 5


@pytest.mark.parametrize("l2", [0.0, 0.001])
@pytest.mark.parametrize("seed", range(4))
def test_it_ends_where_scipy_ends(seed, l2):
    """Neither finds a smaller loss where the other one ends."""
    optimize = pytest.importorskip("scipy.optimize")
    x, y = noisy_sine()
    net = Network((1, 3, 1), random_state=seed, l2=l2)
    roots = np.sqrt(is_weight(net))
    other = copy.copy(net)

    def errors(parameters):
        other.parameters[:] = parameters
        of_samples = (other.predict(x) - y).ravel() / np.sqrt(len(x))
        return np.concatenate([of_samples, roots * parameters])

    ends = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-12, "max_nfev": 3000}
    net.fit(x, y, epochs=2000, optimizer=LM())
    loss = net.evaluate(x, y)["loss"]
    found = optimize.least_squares(errors, net.parameters.copy(), method="lm", **ends)
    assert found.cost == pytest.approx(loss, rel=1e-5)
    found = optimize.least_squares(errors, Network((1, 3, 1), random_state=seed).parameters, **ends)
    net.parameters[:] = found.x
    net.fit(x, y, epochs=2000, optimizer=LM())
    assert net.evaluate(x, y)["loss"] == pytest.approx(found.cost, rel=1e-5)


# -- Threads, time and dtypes ------------------------------------------------------------------


@any_targets
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("sizes", "n_samples"), [((6, 30, 3), 2000), ((20, 40, 10), 100)])
def test_any_number_of_threads(sizes, n_samples, dtype):
    X, y, _ = data(n_samples, sizes[0], sizes[-1])
    found = set()
    for n_threads in (1, 2, 5):
        net = Network(sizes, dtype=dtype, random_state=1, l2=1e-4)
        history = net.fit(X, y, epochs=3, optimizer=LM(), n_threads=n_threads)
        found.add((net.parameters.tobytes(), history["loss"].tobytes()))
    assert len(found) == 1


@pytest.mark.parametrize("sizes", [(2, 3, 1), (6, 40, 3)])
def test_runs_without_time(sizes):
    """A run that ends in the midst of a step goes on there."""
    X, y, _ = data(300, sizes[0], sizes[-1])
    nets = [Network(sizes, random_state=1) for _ in range(2)]
    nets[0].fit(X, y, epochs=4, optimizer=LM(1e-8))
    measured = MetricSet(nets[1]._as_sample_set(X, y))
    trainer = SquaresTrainer(nets[1], measured)
    update, hyperparameters, _ = optimizer_terms(LM(1e-8))
    trainer.prepare(4, len(X), update, hyperparameters, None, None)
    runs = 1
    while trainer.run(0.0):
        runs += 1
    trainer.close()
    assert runs > 4 or sizes == (2, 3, 1)
    assert nets[0].parameters.tobytes() == nets[1].parameters.tobytes()


@any_targets
def test_float32():
    x, y = sine()
    net = Network((1, 5, 1), random_state=0, dtype="float32")
    history = net.fit(x, y, epochs=200, optimizer=LM())
    assert history["loss"][-1] < 1e-4
    assert (np.diff(history["loss"]) <= 0).all()


# -- How a fit goes on and ends ----------------------------------------------------------------


def test_it_ends_where_no_step_leads_further():
    x, y = noisy_sine()
    net = Network((1, 2, 1), random_state=0, l2=1e-4)
    history = net.fit(x, y, epochs=10000, optimizer=LM())
    assert history.settled
    assert history.epochs < 1000
    # About the root of the loss's rounding: closer to the minimum, losses no longer differ.
    assert np.abs(net.loss_and_gradient(x, y)[1]).max() < 1e-8
    assert pickle.loads(pickle.dumps(history)).settled
    before = net.parameters.copy()
    assert net.fit(x, y, epochs=5, optimizer=LM(), reset_optimizer=False).settled
    # Another damping may find a step that lowers the loss in its last digit.
    np.testing.assert_allclose(net.parameters, before, rtol=1e-6)


def test_an_exact_fit_settles():
    """Where the loss is 0, there is nothing to divide by."""
    net = Network((1, 1), "identity", random_state=0)
    history = net.fit([[0.0], [1.0]], [1.0, 3.0], epochs=50, optimizer=LM())
    assert history.settled
    np.testing.assert_allclose(net.parameters, [2, 1], rtol=1e-9)


def test_nothing_depends_on_an_input_that_is_always_zero():
    """Without damping the matrix would be singular."""
    X, y, _ = data(20, 2, 1)
    X[:, 1] = 0
    net = Network((2, 3, 1), random_state=0)
    dead = net.weights[0][1].copy()
    history = net.fit(X, y, epochs=100, optimizer=LM(damping=1e-12))
    assert history["loss"][-1] < history["loss"][0]
    np.testing.assert_array_equal(net.weights[0][1], dead)


@pytest.mark.parametrize("gain_ratio", [True, False])
def test_two_fits_are_as_one(gain_ratio):
    """The damping is kept."""
    x, y = sine()
    one, other = (Network((1, 5, 1), random_state=0) for _ in range(2))
    optimizer = LM(gain_ratio=gain_ratio)
    whole = one.fit(x, y, epochs=12, optimizer=optimizer)
    parts = [
        other.fit(x, y, epochs=6, optimizer=optimizer, reset_optimizer=False)["loss"]
        for _ in range(2)
    ]
    assert one.parameters.tobytes() == other.parameters.tobytes()
    np.testing.assert_array_equal(whole["loss"], np.concatenate(parts))


@any_targets
def test_weights_repeat_rows():
    X, y, weights = data(30, 3, 2)
    one, other = (Network((3, 4, 2), random_state=0) for _ in range(2))
    one.fit(X, y, weights, epochs=3, optimizer=LM())
    rows = np.repeat(np.arange(30), weights)
    other.fit(X[rows], y[rows], epochs=3, optimizer=LM())
    np.testing.assert_allclose(one.parameters, other.parameters, rtol=1e-7)


def test_what_other_fits_can_do():
    """Validation, metrics, early stopping, a goal and callbacks."""
    x, y = sine(60)
    noise = np.random.default_rng(0).normal(size=y.shape) / 5
    seen = []

    class See:
        def on_epoch_end(self, epoch, logs, network):
            seen.append((epoch, logs["loss"]))

    net = Network((1, 20, 1), random_state=0)
    history = net.fit(
        x,
        y + noise,
        epochs=300,
        optimizer="levenbergmarquardt",
        metrics=["mse", "r2"],
        validation_fraction=0.5,
        callbacks=[EarlyStopping(patience=5, restore_best=True), See()],
    )
    assert history.best_epoch == history.epochs - 5
    assert [loss for _, loss in seen] == history["loss"].tolist()
    np.testing.assert_allclose(history["mse"], 2 * history["loss"], rtol=1e-12)
    chosen = history.validation_indices
    loss = net.evaluate(x[chosen], (y + noise)[chosen])["loss"]
    assert loss == pytest.approx(history["val_loss"].min(), rel=1e-12)
    reached = net.fit(x, y, epochs=300, optimizer=LM(), callbacks=[Goal("loss", 1e-3)])
    assert reached["loss"][-1] <= 1e-3 < reached["loss"][-2]


# -- What is refused ---------------------------------------------------------------------------


def unchanged(net, error, message, X, y, **options):
    before = net.parameters.tobytes(), net.history, net.optimizer
    with pytest.raises(error, match=message and re.escape(message)):
        net.fit(X, y, **options)
    assert (net.parameters.tobytes(), net.history, net.optimizer) == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"loss": "huber"},
            "LevenbergMarquardt needs the loss 'squared_error', but the network has 'huber': use "
            "another optimizer, such as LBFGS() or Adam()",
        ),
        ({"l1": 0.1}, "cannot train a network with l1, which is (0.1, 0.1): leave it out"),
        (
            {"dropout": 0.5},
            "cannot train a network with dropout, which is (0.0, 0.5): leave it out, or use "
            "another optimizer, such as Adam()",
        ),
        (
            {"max_norm": 3},
            "cannot train a network with max_norm, which is (3.0, 3.0): leave it out, or use "
            "another optimizer, such as Rprop() or Adam()",
        ),
    ],
)
def test_networks_that_it_cannot_train(options, message):
    X, y, _ = data(20, 2, 1)
    net = Network((2, 3, 1), random_state=0, **options)
    unchanged(net, ValueError, message, X, y, optimizer=LM())


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"damping": 0}, ValueError, "damping must be positive and finite, but is 0.0"),
        ({"damping": "x"}, TypeError, "damping must be a number, but is 'x'"),
        ({"gain_ratio": 1}, TypeError, "gain_ratio must be True or False, but is 1"),
        ({"tol": -1}, ValueError, "tol must be at least 0 and finite, but is -1.0"),
        ({"largest": np.inf}, ValueError, "largest must be positive and finite, but is inf"),
        ({"increase": 0.5}, ValueError, "increase must be at least 1.0 and finite, but is 0.5"),
        ({"increase": 1}, ValueError, "increase must be above 1 for LevenbergMarquardt, but is"),
        ({"decrease": 1}, ValueError, "decrease must be above 0 and below 1, but is 1.0"),
        (
            {"largest": 1e-5},
            ValueError,
            "damping must be at most largest, but they are 0.001 and 1e-05",
        ),
        ({"clip_norm": 1}, TypeError, "LevenbergMarquardt has no parameter 'clip_norm'; known: "),
    ],
)
def test_bad_hyperparameters(options, error, message):
    with pytest.raises(error, match=re.escape(message)):
        LM(**options)


def test_a_part_of_the_samples():
    X, y, _ = data(20, 2, 1)
    message = "LevenbergMarquardt needs all samples at once: leave out batch_size=5"
    net = Network((2, 3, 1), random_state=0)
    unchanged(net, ValueError, message, X, y, optimizer=LM(), batch_size=5)


def test_it_makes_no_step_outside_a_fit():
    net = Network((2, 1), random_state=0)
    net.optimizer = LM()
    before = net.parameters.tobytes()
    message = "LevenbergMarquardt makes its steps in a fit alone"
    with pytest.raises(ValueError, match=message):
        net.train_step([1.0, 2.0], [1.0])
    assert net.parameters.tobytes() == before
    with pytest.raises(ValueError, match=message):
        functional.update(LM(), net.parameters, np.ones(3))
    with pytest.raises(ValueError, match="learning_rate is needed here"):
        trace(net, [1.0, 2.0], [1.0], verbose=False)


def test_more_parameters_than_there_is_memory_for():
    """It says how much it would take, and leaves all as it was."""
    net = Network((2000, 2000, 1), random_state=0)
    X = np.zeros((1, 2000))
    with pytest.warns(RuntimeWarning, match=r"takes 256,\d+,\d+ MB for 4004001 parameters"):
        unchanged(net, MemoryError, "there is no memory for ", X, [1.0], optimizer=LM())
    assert net.fit(X, [1.0], epochs=1, optimizer="sgd").epochs == 1


def test_a_loss_that_is_not_finite():
    x, y = sine()
    net = Network((1, 5, 1), random_state=0)
    net.parameters[:] = 1e200
    before = net.parameters.tobytes()
    with pytest.warns(DivergenceWarning, match="in epoch 1 .* Try inputs and targets scaled"):
        assert net.fit(x, y, epochs=5, optimizer=LM()).epochs == 0
    assert net.parameters.tobytes() == before


def test_a_trial_that_is_not_finite_is_no_step():
    """A step so large that the outputs overflow fails, like any that leads to more."""
    x = np.array([[1.0], [2.0]])
    net = Network((1, 1, 1), ("identity", "exponential"), "squared_error", random_state=0)
    net.parameters[:] = [-1, 0, 1, -20]
    history = net.fit(x, [1.0, 2.0], epochs=200, optimizer=LM(damping=1e-19))
    assert np.isfinite(history["loss"]).all()
    assert (np.diff(history["loss"]) <= 0).all()


def test_all_shapes_of_the_sums_are_symmetric_about_blocks():
    """Widths of 1 and of vectors' edges lead somewhere."""
    for width, n_out in itertools.product((1, 2, 3, 4, 7, 8, 15, 16, 17), (1, 2)):
        X, y, _ = data(40, 2, n_out)
        net = Network((2, width, n_out), random_state=0)
        loss = net.fit(X, y, epochs=5, optimizer=LM())["loss"]
        assert loss[-1] < loss[0] / 2 or loss[-1] < 1e-3
