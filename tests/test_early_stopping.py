"""EarlyStopping: when a fit ends, and what it brings back."""

import copy
import math
import pickle

import numpy as np
import pytest
from helpers import measured, start, wait_until

from backprop_c import SGD, Adam, DivergenceWarning, EarlyStopping, Network
from backprop_c._engine.trainer import Trainer

LONG = 300


def data(n_samples, seed):
    """Noisy targets: so few samples are learned by heart, and others are not."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, 3))
    return X, (X[:, 0] + rng.normal(size=n_samples) > 0).astype(float)


X, Y = data(12, 0)
VALIDATION = data(30, 1)
OPTIONS = {
    "batch_size": 4,
    "optimizer": Adam(0.003),
    "metrics": ("mse", "accuracy"),
    "validation_data": VALIDATION,
}


def network(dtype="float64"):
    return Network((3, 10, 1), ("tanh", "sigmoid"), dtype=dtype, random_state=0)


def fitted(*callbacks, epochs=LONG, dtype="float64", net=None, **options):
    net = net or network(dtype)
    net.fit(X, Y, epochs=epochs, callbacks=callbacks, **{**OPTIONS, **options})
    return net


def state_of(net):
    """Bits of the parameters and of the optimizer's state."""
    kept = net._optimizer_state
    return net.parameters.tobytes(), kept.steps, kept.vectors.tobytes(), kept.carried.tobytes()


def stop_by_hand(values, early):
    """The epoch in which a fit ends, and the best one, by a plain loop over all its values."""
    best_epoch = best = None
    for epoch, value in enumerate(values, 1):
        if early.larger_is_better:
            better = best is None or value > best + early.min_delta
        else:
            better = best is None or value < best - early.min_delta
        if better:
            best_epoch, best = epoch, value
        elif epoch - best_epoch >= early.patience:
            return epoch, best_epoch
    return len(values), best_epoch


@pytest.fixture(scope="module")
def whole():
    """All the values of a fit that nothing stops."""
    return fitted().history


@pytest.mark.parametrize("min_delta", [0, 1e-3, 0.02])
@pytest.mark.parametrize("patience", [1, 2, 10, 40])
@pytest.mark.parametrize(
    "monitor", ["loss", "mse", "accuracy", "val_loss", "val_mse", "val_accuracy"]
)
def test_the_very_epoch(monitor, patience, min_delta, whole):
    early = EarlyStopping(monitor, patience, min_delta)
    epochs, best = stop_by_hand(whole[monitor].tolist(), early)
    net = fitted(early)
    assert (net.history.epochs, net.history.best_epoch) == (epochs, best)
    for name in whole:
        assert net.history[name].tobytes() == whole[name][:epochs].tobytes()


def test_the_cases_above_are_different_ones(whole):
    """Some fits end early, some do not, and the best epoch is not always the same."""
    outcomes = {
        stop_by_hand(whole[monitor].tolist(), EarlyStopping(monitor, patience))
        for monitor in ("loss", "val_loss", "val_accuracy")
        for patience in (1, 10, 40)
    }
    assert len(outcomes) > 5
    assert {epochs == LONG for epochs, _ in outcomes} == {True, False}


def best_of(epochs, optimizer=OPTIONS["optimizer"], dtype="float64"):
    """A fit of so many epochs, which nothing stops."""
    return state_of(fitted(epochs=epochs, optimizer=optimizer, dtype=dtype))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("optimizer", [SGD(0.5), SGD(0.1, momentum=0.9), Adam(0.003)])
def test_the_best_is_restored(optimizer, dtype):
    """Parameters and optimizer as of the end of the best epoch, to the bit."""
    net = fitted(EarlyStopping(patience=7), optimizer=optimizer, dtype=dtype)
    assert net.history.best_epoch == net.history.epochs - 7
    assert net.history.best_epoch > 1
    assert net.history.epochs < LONG
    assert state_of(net) == best_of(net.history.best_epoch, optimizer, dtype)
    expected = net.evaluate(*VALIDATION)["loss"]
    assert net.history["val_loss"][net.history.best_epoch - 1] == expected


def test_the_best_is_restored_when_the_epochs_are_over():
    net = fitted(EarlyStopping(patience=7))
    epochs = net.history.best_epoch + 3
    other = fitted(EarlyStopping(patience=7), epochs=epochs)
    assert other.history.epochs == epochs
    assert state_of(other) == state_of(net)


def test_without_restoring():
    net = fitted(EarlyStopping(patience=7, restore_best=False))
    assert net.history.best_epoch == net.history.epochs - 7
    assert state_of(net) == best_of(net.history.epochs)


def test_the_best_is_restored_on_stop():
    """stop() ends a fit as its last epoch would."""
    net = network()
    early = EarlyStopping(patience=2**40)
    thread = start(lambda: fitted(early, epochs=2**40, net=net))
    wait_until(lambda: net.history is not None and net.history.epochs > LONG)
    net.stop()
    thread.join()
    assert net.history.best_epoch < LONG
    assert state_of(net) == best_of(net.history.best_epoch)


def test_the_best_is_restored_where_a_callback_stops():
    class Stop:
        def on_epoch_end(self, epoch, logs, network):
            return epoch == LONG

    net = fitted(Stop(), EarlyStopping(patience=2**40), epochs=2**40)
    assert net.history.epochs == LONG
    assert state_of(net) == best_of(net.history.best_epoch)


@pytest.mark.parametrize("restore_best", [True, False])
def test_divergence(restore_best):
    """The best is restored then, too; without that it is the start of the last finite epoch."""
    options = {"optimizer": SGD(3.0), "batch_size": None, "metrics": ()}
    line = np.linspace(-1, 1, 8)[:, np.newaxis]
    options["validation_data"] = (line, line * 2)

    def fit(epochs, *callbacks):
        net = Network((1, 1), "identity", biases=False, random_state=0)
        net.parameters[:] = 1
        net.fit(line * 4, line, epochs=epochs, callbacks=callbacks, **options)
        return net

    with pytest.warns(DivergenceWarning) as caught:
        net = fit(2**40, EarlyStopping(patience=2**40, restore_best=restore_best))
    assert net.history.best_epoch == 1
    message = str(caught[0].message)
    if restore_best:
        assert "as they were at the end of epoch 1, the best one" in message
        assert state_of(net) == state_of(fit(1))
    else:
        assert f"as they were at the start of epoch {net.history.epochs}" in message
        assert state_of(net) == state_of(fit(net.history.epochs - 1))


class Raises:
    """A callback that raises in some epoch."""

    def __init__(self, epoch, error=KeyboardInterrupt):
        self.epoch, self.error = epoch, error

    def on_epoch_end(self, epoch, logs, network):
        if epoch == self.epoch:
            raise self.error


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
@pytest.mark.parametrize("after", [1, 5, 7])
def test_an_exception_keeps_the_last_finished_epoch(after, error):
    """So somebody who ends a fit with Ctrl-C can go on with it; in the last epoch, too."""
    best = fitted(EarlyStopping(patience=7)).history.best_epoch
    net = network()
    with pytest.raises(error):
        fitted(Raises(best + after, error), EarlyStopping(patience=7), net=net)
    assert net.history.epochs == best + after
    assert net.history.best_epoch == best
    assert state_of(net) == best_of(best + after)


def test_going_on_afterwards():
    """From the best epoch, with its optimizer's state; the patience begins anew."""
    net = fitted(EarlyStopping(patience=7), shuffle=False)
    best = net.history.best_epoch
    fitted(EarlyStopping(patience=3), net=net, shuffle=False, reset_optimizer=False)
    twin = fitted(epochs=best, shuffle=False)
    fitted(EarlyStopping(patience=3), net=twin, shuffle=False, reset_optimizer=False)
    assert state_of(net) == state_of(twin)
    assert net.history == twin.history
    assert net.history.best_epoch == twin.history.best_epoch
    assert net._optimizer_state.steps == 3 * (best + net.history.best_epoch)


def test_infinity_is_never_better():
    """Over such data the loss is infinite from the first epoch to the last."""
    net = Network((1, 1), "identity", biases=False, random_state=0)
    net.parameters[:] = 1
    history = net.fit(
        [[1.0]],
        [0.5],
        epochs=9,
        validation_data=([[1e200]], [0.0]),
        callbacks=[EarlyStopping(patience=4)],
    )
    assert np.isinf(history["val_loss"]).all()
    assert (history.epochs, history.best_epoch) == (5, 1)


@pytest.mark.parametrize(
    ("values", "best", "epochs"),
    [
        ([math.nan, 3, math.nan, 2, math.nan, math.nan, 9], 4, 6),
        ([math.nan, math.nan, math.nan], 1, 3),
        ([math.inf, math.nan, 5, 7, 5], 3, 5),
        ([2, math.nan, 1, math.inf, 1, 0], 3, 5),
    ],
)
def test_values_that_are_not_finite(values, best, epochs):
    """As a loss of the caller's returns them for the validation's sample, epoch by epoch."""
    over_validation = iter(values)

    def loss(y_true, y_pred):
        value = next(over_validation) if y_true[0, 0] == 7 else 1.0
        return np.array([value]), np.ones((1, 1))

    net = Network((1, 1), "identity", loss, random_state=0)
    history = net.fit(
        [[1.0]],
        [1.0],
        epochs=len(values),
        validation_data=([[1.0]], [7.0]),
        callbacks=[EarlyStopping(patience=2)],
    )
    np.testing.assert_array_equal(history["val_loss"], values[:epochs])
    assert history.best_epoch == best


def test_the_best_epoch_of_a_history():
    """It is there during the fit, in copies and pickles, and None without early stopping."""
    seen = []

    class Look:
        def on_epoch_end(self, epoch, logs, network):
            seen.append((epoch, network.history.best_epoch))

    net = fitted(EarlyStopping(patience=7), Look())
    best = net.history.best_epoch
    assert seen[best - 1] == (best, best)
    assert seen[-1] == (best + 7, best)
    for other in (copy.copy(net.history), pickle.loads(pickle.dumps(net)).history):
        assert other.best_epoch == best
        assert other == net.history
    assert fitted(epochs=3).history.best_epoch is None
    assert fitted(EarlyStopping(), epochs=0).history.best_epoch is None


@pytest.mark.parametrize("batch_size", [1, 4, 12])
def test_in_runs_that_stop_at_every_look(batch_size):
    """The same epoch, the same bits."""
    rng = np.random.default_rng(0)
    x_long, y_long = rng.normal(size=(20_000, 30)), rng.integers(0, 3, 20_000)
    outcomes = []
    for seconds in (1e9, -1.0):
        net = Network((30, 40, 3), ("tanh", "softmax"), "cross_entropy", random_state=0)
        trainer = Trainer(
            net,
            measured(net, x_long[:12], y_long[:12], None, ("mse",)),
            measured(net, x_long, y_long, None, ("mse",)),
        )
        trainer.prepare(
            60,
            batch_size,
            0,
            (0.1,),
            np.random.PCG64(5),
            None,
            early_stop=(2, 1, 0.0, 4, True),
        )
        runs = 1
        while trainer.run(seconds):
            runs += 1
        trainer.close()
        values = trainer.record.values()
        assert stop_by_hand(values[:, 2], EarlyStopping(patience=4)) == (
            len(values),
            trainer.record.best_epoch,
        )
        assert len(values) < 60
        outcomes.append((net.parameters.tobytes(), values.tobytes()))
        assert (runs > len(values)) == (seconds < 0)
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize(
    ("callbacks", "options", "message"),
    [
        (
            [EarlyStopping()],
            {"validation_data": None},
            "'val_loss', but what is recorded is loss, mse, accuracy: give validation_data",
        ),
        (
            [EarlyStopping("val_accuracy")],
            {"metrics": ()},
            r"'val_accuracy', but what is recorded is loss, val_loss: give metrics=\['accuracy'\]$",
        ),
        (
            [EarlyStopping("mape")],
            {"validation_data": None},
            "monitors 'mape', but what is recorded is loss, mse, accuracy$",
        ),
        (
            [EarlyStopping(), EarlyStopping("loss")],
            {},
            r"EarlyStopping at most, but has EarlyStopping\(\) and EarlyStopping\(monitor='loss'\)",
        ),
    ],
)
def test_what_cannot_be_watched(callbacks, options, message):
    net = network()
    before = net.parameters.tobytes()
    with pytest.raises(ValueError, match=message):
        net.fit(X, Y, callbacks=callbacks, **{**OPTIONS, **options})
    assert net.parameters.tobytes() == before
    assert net.history is None


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"monitor": 3}, TypeError, "monitor must be a name such as 'val_loss', but is 3"),
        ({"patience": 0}, ValueError, "patience must be"),
        ({"patience": 1.5}, TypeError, "patience must be"),
        ({"min_delta": -1}, ValueError, "min_delta must be"),
        ({"min_delta": math.nan}, ValueError, "min_delta must be"),
        ({"restore_best": 1}, TypeError, "restore_best must be"),
    ],
)
def test_parameters(arguments, error, message):
    with pytest.raises(error, match=message):
        EarlyStopping(**arguments)
