"""L-BFGS: the steps of SciPy's L-BFGS-B, in a fit like any other."""

import copy
import re
import sys

import numpy as np
import pytest
from helpers import any_targets

from backprop_c import LBFGS, EarlyStopping, Goal, Network
from backprop_c._engine.quasi_newton_trainer import QuasiNewtonTrainer
from backprop_c._training import metric_sets
from backprop_c.exceptions import DivergenceWarning
from backprop_c.optimizers.terms import optimizer_terms


def sine(n_samples=21):
    x = np.linspace(-1, 1, n_samples)[:, np.newaxis]
    return x, np.sin(np.pi * x)


def classes(n_samples=120, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, 4))
    return X, (X[:, 0] * X[:, 1] > 0).astype(int) + (X[:, 2] > 1), rng.integers(0, 4, n_samples) + 1


def options_of(optimizer, epochs):
    return {
        "maxcor": optimizer.memory,
        "gtol": optimizer.tol,
        "ftol": 10 * np.finfo(float).eps,
        "maxls": optimizer.max_line_search,
        "maxiter": epochs,
    }


def by_scipy(net, samples, optimizer, epochs, **options):
    """The losses before each step and at the end, and SciPy's result."""
    optimize = pytest.importorskip("scipy.optimize")
    X, y, *weights = samples
    objective = copy.copy(net).objective(X, y, sample_weight=weights[0] if weights else None)
    losses = [objective(objective.start)[0]]
    found = optimize.minimize(
        objective,
        objective.start,
        jac=True,
        method="L-BFGS-B",
        callback=lambda intermediate_result: losses.append(intermediate_result.fun),
        options=options_of(optimizer, epochs) | options,
    )
    return losses, found


OTHERS = [
    LBFGS(),
    LBFGS(memory=3, max_line_search=5),
    # Most steps need a second evaluation: a search fails, and what is remembered is forgotten.
    LBFGS(memory=1, max_line_search=1),
    LBFGS(memory=100),
]


@any_targets
@pytest.mark.parametrize("n_samples", [1, 120])
@pytest.mark.parametrize("l2", [0.0, 0.01])
@pytest.mark.parametrize("optimizer", OTHERS, ids=repr)
def test_its_steps_are_those_of_scipy(optimizer, l2, n_samples):
    samples = classes(n_samples)
    net = Network((4, 6, 3), activations=("tanh", "softmax"), random_state=1, l2=l2)
    epochs = 15
    losses, found = by_scipy(net, samples, optimizer, epochs)
    history = net.fit(*samples, epochs=epochs, optimizer=optimizer)
    same = min(epochs, len(losses) - 1)
    np.testing.assert_allclose(history["loss"][:same], losses[:same], rtol=1e-8)
    np.testing.assert_allclose(net.parameters, found.x, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("factor", [0.05, 1.0, 8.0])
def test_its_searches_are_those_of_scipy(factor, seed):
    """Steep and flat beginnings: the first step is of length 1, which is far or near.

    Rounding grows from step to step, and after some twenty nothing is the same any more.
    """
    samples = sine()
    net = Network((1, 6, 1), random_state=seed)
    net.parameters[:] *= factor
    losses, _ = by_scipy(net, samples, LBFGS(), 8)
    history = net.fit(*samples, epochs=8, optimizer=LBFGS())
    np.testing.assert_allclose(history["loss"], losses[:8], rtol=1e-6)


@any_targets
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_it_finds_the_least_squares(dtype):
    """A network without hidden layers has one minimum, which NumPy finds."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 5)), rng.normal(size=(60, 2))
    net = Network((5, 2), "identity", dtype=dtype, random_state=0)
    history = net.fit(X, y, epochs=200, optimizer=LBFGS(tol=1e-9))
    assert history.settled
    ones = np.c_[X, np.ones(60)]
    expected = np.linalg.lstsq(ones, y, rcond=None)[0]
    atol = 1e-6 if dtype == "float64" else 1e-3
    np.testing.assert_allclose(net.weights[0], expected[:-1], atol=atol)
    np.testing.assert_allclose(net.biases[0], expected[-1], atol=atol)


@pytest.mark.parametrize("sizes", [(1, 3, 1), (1, 80, 80, 1)])
@pytest.mark.parametrize(
    "optimizer", [LBFGS(), LBFGS(max_evaluations=5), LBFGS(tol=0.02), LBFGS(tol=10.0)], ids=repr
)
def test_runs_without_time(optimizer, sizes):
    """A run that ends in the midst of a search or of the validation goes on there."""
    X, y = sine(300)
    others = sine(9000)
    nets = [Network(sizes, random_state=1) for _ in range(2)]
    history = nets[0].fit(
        X, y, epochs=6, optimizer=optimizer, metrics="mae", validation_data=others, n_threads=1
    )
    samples, validation = (nets[1]._as_sample_set(*one) for one in ((X, y), others))
    _, *measured = metric_sets(nets[1], "mae", samples, validation)
    trainer = QuasiNewtonTrainer(nets[1], *measured)
    update, hyperparameters, _ = optimizer_terms(optimizer)
    trainer.prepare(6, len(X), update, hyperparameters, None, None)
    runs = 1
    while trainer.run(0.0):
        runs += 1
    trainer.close()
    assert runs > history.epochs or sizes == (1, 3, 1)
    assert nets[0].parameters.tobytes() == nets[1].parameters.tobytes()
    np.testing.assert_array_equal(trainer.record.values(), np.array(list(history.values())).T)
    assert trainer.settled == history.settled


@pytest.mark.parametrize("optimizer", [LBFGS(max_evaluations=3), LBFGS(tol=0.1), LBFGS(tol=10.0)])
def test_a_metric_of_one_s_own_sees_the_last_epoch(optimizer):
    """An end that the step tells is that of a finished epoch."""
    x, y = sine()
    found = []
    for metrics in ((), [lambda y_true, y_pred: abs(y_pred - y_true).mean()]):
        net = Network((1, 5, 1), random_state=0)
        history = net.fit(x, y, epochs=30, optimizer=optimizer, metrics=metrics)
        found.append((history.epochs, history.settled, net.parameters.tobytes()))
    assert found[0] == found[1]
    assert 0 < found[0][0] < 30


def test_metrics_are_those_of_where_each_epoch_begins():
    X, labels, _ = classes()
    twin = Network((4, 5, 3), activations=("tanh", "softmax"), random_state=0)
    expected = []

    class See:
        def on_epoch_end(self, epoch, logs, network):
            expected.append(network.evaluate(X, labels, metrics=["accuracy"]))

    expected.append(twin.evaluate(X, labels, metrics=["accuracy"]))
    optimizer = LBFGS(max_line_search=3)
    history = twin.fit(
        X, labels, epochs=25, optimizer=optimizer, metrics=["accuracy"], callbacks=[See()]
    )
    for name in ("loss", "accuracy"):
        np.testing.assert_allclose(
            history[name], [one[name] for one in expected[:-1]], rtol=1e-12, err_msg=name
        )


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_gradient_that_is_not_finite(bad):
    def loss(y_true, y_pred):
        return np.ones(len(y_pred)), np.full_like(y_pred, bad)

    net = Network((2, 1), loss=loss, random_state=0)
    before = net.parameters.tobytes()
    with pytest.warns(DivergenceWarning, match="parameters stopped being finite in epoch 1"):
        history = net.fit([[1.0, 2.0]], [[0.0]], epochs=5, optimizer=LBFGS())
    assert not history.settled
    assert net.parameters.tobytes() == before


def test_what_it_remembers_counts():
    """Also where no SciPy is: ten steps tell more than one."""
    x, y = sine()
    losses = []
    for memory in (1, 10, 100):
        net = Network((1, 6, 1), random_state=0)
        losses.append(net.fit(x, y, epochs=60, optimizer=LBFGS(memory))["loss"][-1])
    assert losses[1] < losses[0] / 2
    assert losses[2] != losses[1]
    with pytest.raises(MemoryError):
        net.fit(x, y, epochs=2, optimizer=LBFGS(memory=sys.maxsize))


@any_targets
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_any_number_of_threads(dtype):
    X, labels, _ = classes(6000)
    found = set()
    for n_threads in (1, 2, 5):
        net = Network((4, 64, 3), activations=("relu", "softmax"), dtype=dtype, random_state=1)
        history = net.fit(X, labels, epochs=10, optimizer=LBFGS(), n_threads=n_threads)
        found.add((net.parameters.tobytes(), history["loss"].tobytes()))
        assert history["loss"][-1] < history["loss"][0]
    assert len(found) == 1


def test_what_other_fits_can_do():
    """Validation, metrics, functions among them, early stopping and callbacks."""
    X, labels, weights = classes()
    seen = []

    def share_of_zeros(y_true, y_pred):
        return float((y_pred.argmax(axis=1) == 0).mean())

    class See:
        def on_epoch_end(self, epoch, logs, network):
            seen.append((epoch, logs["val_loss"], network.parameters.tobytes()))

    net = Network((4, 12, 3), activations=("tanh", "softmax"), random_state=0)
    history = net.fit(
        X,
        labels,
        weights,
        epochs=300,
        optimizer="lbfgs",
        metrics=["accuracy", share_of_zeros],
        validation_fraction=0.4,
        callbacks=[EarlyStopping(patience=4, restore_best=True), See()],
    )
    assert history.best_epoch == history.epochs - 4
    assert [epoch for epoch, *_ in seen] == list(range(1, history.epochs + 1))
    assert [loss for _, loss, _ in seen] == history["val_loss"].tolist()
    assert net.parameters.tobytes() == seen[history.best_epoch - 1][2]
    chosen = history.validation_indices
    found = net.evaluate(X[chosen], labels[chosen], sample_weight=weights[chosen])
    assert found["loss"] == pytest.approx(history["val_loss"].min(), rel=1e-12)
    rest = np.setdiff1d(np.arange(len(X)), chosen)
    twin = Network((4, 12, 3), activations=("tanh", "softmax"), random_state=0)
    first = twin.evaluate(X[rest], labels[rest], sample_weight=weights[rest], metrics="accuracy")
    assert history["accuracy"][0] == first["accuracy"]
    assert history["loss"][0] == pytest.approx(first["loss"], rel=1e-12)


def test_a_goal_and_a_stop_end_it():
    x, y = sine()
    net = Network((1, 6, 1), random_state=0)
    history = net.fit(x, y, epochs=500, optimizer=LBFGS(), callbacks=[Goal("loss", 1e-2)])
    assert history["loss"][-1] <= 1e-2 < history["loss"][-2]

    class Stop:
        def on_epoch_end(self, epoch, logs, network):
            if epoch == 3:
                network.stop()

    assert net.fit(x, y, epochs=500, optimizer=LBFGS(), callbacks=[Stop()]).epochs == 3


def test_it_ends_where_no_step_leads_further():
    x, y = sine(60)
    y = y + np.random.default_rng(0).normal(size=y.shape) / 5
    net = Network((1, 3, 1), random_state=0, l2=1e-3)
    history = net.fit(x, y, epochs=5000, optimizer=LBFGS(tol=1e-7))
    assert history.settled
    assert history.epochs < 5000
    loss, gradient = net.loss_and_gradient(x, y)
    assert abs(gradient).max() < 1e-6
    assert history["loss"][-1] == pytest.approx(loss, rel=1e-12)
    again = net.fit(x, y, epochs=5, optimizer=LBFGS(tol=1e-3))
    assert again.settled
    assert again.epochs == 1
    assert net.fit(x, y, epochs=0, optimizer=LBFGS()).epochs == 0


@pytest.mark.parametrize("most", [1, 2, 7, 10**6])
def test_evaluations_are_counted_as_scipy_counts_them(most):
    samples = sine()
    net = Network((1, 6, 1), random_state=0)
    optimizer, epochs = LBFGS(max_evaluations=most), 9
    _, found = by_scipy(net, samples, optimizer, epochs, maxfun=most)
    history = net.fit(*samples, epochs=epochs, optimizer=optimizer)
    assert history.epochs == found.nit
    assert (found.nfev > most) == (found.nit < epochs)
    assert not history.settled
    np.testing.assert_allclose(net.parameters, found.x, rtol=1e-6, atol=1e-9)


def test_a_loss_of_one_s_own():
    x, y = sine()

    def half(y_true, y_pred):
        return ((y_pred - y_true) ** 2).sum(axis=1) / 2, y_pred - y_true

    one, other = (
        Network((1, 4, 1), loss=loss, activations=("tanh", "identity"), random_state=0)
        for loss in (half, "squared_error")
    )
    histories = [net.fit(x, y, epochs=8, optimizer=LBFGS()) for net in (one, other)]
    np.testing.assert_allclose(histories[0]["loss"], histories[1]["loss"], rtol=1e-8)

    def broken(y_true, y_pred):
        raise KeyError("broken")

    net = Network((1, 4, 1), loss=broken, random_state=0)
    before = net.parameters.tobytes()
    with pytest.raises(KeyError, match="broken"):
        net.fit(x, y, epochs=3, optimizer=LBFGS())
    assert net.parameters.tobytes() == before


def test_an_exception_keeps_what_was_reached():
    x, y = sine()

    class Raise:
        def on_epoch_end(self, epoch, logs, network):
            if epoch == 4:
                raise KeyError("enough")

    net, twin = (Network((1, 4, 1), random_state=0) for _ in range(2))
    with pytest.raises(KeyError, match="enough"):
        net.fit(x, y, epochs=50, optimizer=LBFGS(), callbacks=[Raise()])
    twin.fit(x, y, epochs=4, optimizer=LBFGS())
    assert net.parameters.tobytes() == twin.parameters.tobytes()
    assert net.history.epochs == 4
    # And the network is free for another fit.
    net.fit(x, y, epochs=1)


# -- What is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize("option", [{"l1": 0.1}, {"dropout": 0.5}, {"max_norm": 3}])
def test_networks_that_it_cannot_train(option):
    x, y = sine()
    net = Network((1, 3, 1), random_state=0, **option)
    before = net.parameters.tobytes(), net.history, net.optimizer
    with pytest.raises(ValueError, match=f"LBFGS cannot train a network with {next(iter(option))}"):
        net.fit(x, y, optimizer=LBFGS())
    with pytest.raises(ValueError, match="LBFGS needs all samples at once: leave out batch_size=5"):
        Network((1, 3, 1)).fit(x, y, optimizer=LBFGS(), batch_size=5)
    assert (net.parameters.tobytes(), net.history, net.optimizer) == before


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"memory": 0}, ValueError, "memory must be at least 1, but is 0"),
        ({"memory": 1.5}, TypeError, "memory must be an integer, but is 1.5"),
        ({"max_line_search": 0}, ValueError, "max_line_search must be at least 1, but is 0"),
        ({"max_evaluations": 0}, ValueError, "max_evaluations must be at least 1, but is 0"),
        ({"max_evaluations": 9.5}, TypeError, "max_evaluations must be an integer, but is 9.5"),
        ({"tol": -1}, ValueError, "tol must be at least 0 and finite, but is -1.0"),
        ({"learning_rate": 1}, TypeError, "LBFGS has no parameter 'learning_rate'; known: memory"),
    ],
)
def test_bad_hyperparameters(options, error, message):
    with pytest.raises(error, match=re.escape(message)):
        LBFGS(**options)


def test_it_needs_no_scipy(monkeypatch):
    x, y = sine()
    monkeypatch.setitem(sys.modules, "scipy", None)
    net = Network((1, 3, 1), random_state=0)
    assert net.fit(x, y, epochs=5, optimizer=LBFGS())["loss"][-1] < 0.2


def test_it_begins_anew_and_says_so():
    x, y = sine()
    net = Network((1, 3, 1), random_state=0)
    net.fit(x, y, epochs=2, optimizer=LBFGS(), reset_optimizer=False)
    with pytest.warns(RuntimeWarning, match="LBFGS begins anew in every fit"):
        net.fit(x, y, epochs=2, reset_optimizer=False)


def test_a_loss_that_is_not_finite():
    x, y = sine()
    net = Network((1, 5, 1), random_state=0)
    net.parameters[:] = 1e200
    before = net.parameters.tobytes()
    with pytest.warns(DivergenceWarning, match="in epoch 1 .* Try inputs and targets scaled"):
        assert net.fit(x, y, epochs=5, optimizer=LBFGS()).epochs == 0
    assert net.parameters.tobytes() == before


def test_a_trial_that_is_not_finite_is_no_step():
    """A line search goes back from where there is no loss."""
    tried = []

    def with_an_end(y_true, y_pred):
        tried.append(float(y_pred.max()))
        return np.where(y_pred < 3, -y_pred, np.inf)[:, 0], -np.ones_like(y_pred)

    net = Network((1, 1), "identity", with_an_end, biases=False, random_state=0)
    net.parameters[:] = 1
    history = net.fit([[1.0]], [[0.0]], epochs=100, optimizer=LBFGS())
    assert max(tried) > 3
    assert np.isfinite(history["loss"]).all()
    assert 1 < net.parameters[0] < 3
