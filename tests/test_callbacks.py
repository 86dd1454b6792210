"""Callbacks: what is called between the epochs of a fit, with what, and what it may do."""

import copy
import pickle
import time

import numpy as np
import pytest
from helpers import start, state_of

from backprop_c import Adam, EarlyStopping, Network, callbacks

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 3))
Y = np.tanh(X[:, :2])
OPTIONS = {"epochs": 5, "batch_size": 4, "optimizer": Adam(0.01), "metrics": ("mse",)}
NAMES = ["loss", "mse"]


def network():
    return Network((3, 8, 2), random_state=0)


class Call(callbacks.Callback):
    """Notes each call, and does what it is told to in one of the epochs."""

    def __init__(self, action=None, epoch=3):
        self.action, self.epoch, self.calls = action, epoch, []

    def on_epoch_end(self, epoch, logs, network):
        self.calls.append((epoch, logs, network.parameters.copy()))
        return self.action(network) if self.action and epoch == self.epoch else None


def same_as_finished(net, epochs, **options):
    """Whether a fit has left what a plain one of so many epochs leaves."""
    twin = network()
    twin.fit(X, Y, **{**OPTIONS, "epochs": epochs, **options})
    kept, others = net._optimizer_state, twin._optimizer_state
    return (
        net.history == twin.history
        and net.parameters.tobytes() == twin.parameters.tobytes()
        and kept.steps == others.steps
        and kept.vectors.tobytes() == others.vectors.tobytes()
    )


@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("validation_data", [None, (X[:7], Y[:7])])
def test_after_every_epoch(validation_data, verbose):
    """Its number, its values and its network; the training is the same as without a callback."""
    call, net = Call(), network()
    names = NAMES + [f"val_{name}" for name in NAMES] * (validation_data is not None)
    options = {"validation_data": validation_data}
    history = net.fit(X, Y, callbacks=[call], verbose=verbose, **options, **OPTIONS)
    assert [epoch for epoch, _, _ in call.calls] == [1, 2, 3, 4, 5]
    for epoch, logs, parameters in call.calls:
        assert type(epoch) is int
        assert logs == {name: history[name][epoch - 1] for name in names}
        assert {type(value) for value in logs.values()} == {float}
        twin = network()
        twin.fit(X, Y, **{**OPTIONS, "epochs": epoch})
        assert parameters.tobytes() == twin.parameters.tobytes()
    assert same_as_finished(net, 5, **options)


def test_what_the_network_says_inside():
    """Its outputs and its history are those of the epoch that has ended."""
    seen = []

    def look(epoch, logs, net):
        values = net.evaluate(X[:7], Y[:7], metrics=["mse"])
        assert {name: logs[f"val_{name}"] for name in NAMES} == values
        assert net._training
        assert net.history.epochs == epoch
        assert net.history["val_mse"][-1] == logs["val_mse"]
        seen.append(net.predict(X).tobytes())

    class Look(callbacks.Callback):
        def on_epoch_end(self, epoch, logs, network):
            look(epoch, logs, network)

    net = network()
    net.fit(X, Y, callbacks=[Look()], validation_data=(X[:7], Y[:7]), **OPTIONS)
    assert len(set(seen)) == 5
    assert seen[-1] == net.predict(X).tobytes()


@pytest.mark.parametrize("answer", [True, np.True_])
def test_true_ends_the_fit(answer):
    net = network()
    net.fit(X, Y, callbacks=[Call(lambda _: answer)], **OPTIONS)
    assert same_as_finished(net, 3)


@pytest.mark.parametrize("answer", [None, False, 1, "stop", [True], np.False_, np.ones(2), 1.0])
def test_nothing_else_ends_it(answer):
    """Also what Python takes for true: a method may return something for another purpose."""
    net = network()
    net.fit(X, Y, callbacks=[Call(lambda _: answer)], **OPTIONS)
    assert same_as_finished(net, 5)


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, SystemExit, GeneratorExit])
@pytest.mark.parametrize("epoch", [1, 3, 5])
@pytest.mark.parametrize("verbose", [False, True])
def test_an_exception_ends_the_fit(verbose, epoch, error):
    """It comes out as it is, and the last finished epoch is kept."""
    raised = error("mine")

    def fail(_):
        raise raised

    call, net = Call(fail, epoch), network()
    with pytest.raises(error) as info:
        net.fit(X, Y, callbacks=[call], verbose=verbose, **OPTIONS)
    assert info.value is raised
    assert same_as_finished(net, epoch)
    assert not net._training
    net.fit(X, Y, **{**OPTIONS, "epochs": 5 - epoch}, reset_optimizer=False)
    twin = network()
    twin.fit(X, Y, **OPTIONS)
    assert net.parameters.tobytes() == twin.parameters.tobytes()


def test_stop_inside():
    net = network()
    net.fit(X, Y, callbacks=[Call(lambda net: net.stop())], **OPTIONS)
    assert same_as_finished(net, 3)


@pytest.mark.parametrize(
    "train",
    [
        lambda net: net.fit(X, Y, optimizer=Adam(0.7)),
        lambda net: net.train_step(X[0], Y[0]),
        lambda net: net.initialize(),
    ],
)
def test_training_inside_is_refused(train):
    """And the fit goes on as if nobody had asked."""
    refused = []

    def action(net):
        with pytest.raises(RuntimeError, match=r"trained|while a fit trains"):
            train(net)
        refused.append(True)

    net = network()
    net.fit(X, Y, callbacks=[Call(action)], **OPTIONS)
    assert refused
    assert net.optimizer == OPTIONS["optimizer"]
    assert same_as_finished(net, 5)


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))]
)
def test_a_copy_made_inside(copied):
    """Of the epoch that has ended, and free to be trained at once."""
    copies = []

    def action(net):
        copies.append(copied(net))
        trained = copied(net)
        trained.fit(X, Y, epochs=2)

    net = network()
    net.fit(X, Y, callbacks=[Call(action)], **OPTIONS)
    assert same_as_finished(net, 5)
    twin = network()
    twin.fit(X, Y, **{**OPTIONS, "epochs": 3})
    assert copies[0].parameters.tobytes() == twin.parameters.tobytes()
    assert copies[0].history == twin.history
    assert not copies[0]._training


def test_several():
    """In their order, each with values of its own; all of them, also when the first says stop."""
    order = []

    class Spoils(callbacks.Callback):
        def on_epoch_end(self, epoch, logs, network):
            order.append(("spoils", epoch))
            logs.clear()
            return epoch == 2

    class Looks(callbacks.Callback):
        def on_epoch_end(self, epoch, logs, network):
            order.append(("looks", epoch))
            assert list(logs) == NAMES

    net = network()
    net.fit(X, Y, callbacks=(one() for one in (Spoils, Looks)), **OPTIONS)
    assert order == [("spoils", 1), ("looks", 1), ("spoils", 2), ("looks", 2)]
    assert same_as_finished(net, 2)


def test_beside_early_stopping():
    """It is called for the epoch in which patience ends, and sees that epoch's parameters."""
    call, net = Call(), network()
    early = EarlyStopping("loss", patience=2, min_delta=1e9)
    net.fit(X, Y, callbacks=[early, call], **OPTIONS)
    assert [epoch for epoch, _, _ in call.calls] == [1, 2, 3]
    twin = network()
    twin.fit(X, Y, **{**OPTIONS, "epochs": 3})
    assert call.calls[-1][2].tobytes() == twin.parameters.tobytes()
    assert net.parameters.tobytes() == call.calls[0][2].tobytes()


def test_anything_with_the_method():
    """No base class is asked for, and a method put on an instance will do."""

    class Plain:
        pass

    plain, seen = Plain(), []
    plain.on_epoch_end = lambda epoch, logs, network: seen.append(epoch)
    network().fit(X, Y, callbacks=[plain], **OPTIONS)
    assert seen == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([Call], "a callback must have a method on_epoch_end.*class .*Call'> has none"),
        ([object()], "a callback must have a method on_epoch_end"),
        ([print], "a callback must have a method on_epoch_end"),
        ([Call(), None], "a callback must have a method on_epoch_end.* but None has none"),
        ([EarlyStopping], "a callback must have a method on_epoch_end"),
        (Call(), "callbacks must be a sequence of callbacks, but is <"),
        (EarlyStopping(), "callbacks must be a sequence of callbacks, but is EarlyStopping"),
        (None, "callbacks must be a sequence of callbacks, but is None"),
    ],
)
def test_what_is_no_callback(given, message):
    net = network()
    before = net.parameters.tobytes(), state_of(net._generator)
    with pytest.raises(TypeError, match=message):
        net.fit(X, Y, callbacks=given, **OPTIONS)
    assert (net.parameters.tobytes(), state_of(net._generator)) == before
    assert net.history is None
    assert net._optimizer_state is None


def test_a_callback_without_the_method_cannot_be_made():
    class Lacking(callbacks.Callback):
        pass

    with pytest.raises(TypeError, match="on_epoch_end"):
        Lacking()


def test_without_epochs_nothing_is_called():
    call = Call()
    network().fit(X, Y, **{**OPTIONS, "epochs": 0}, callbacks=[call])
    assert call.calls == []


@pytest.mark.long
def test_with_threads():
    """Of a wide network, whose epochs take several runs of the driver or a part of one."""
    rng = np.random.default_rng(0)
    x_wide, labels = rng.normal(size=(6000, 20)), rng.integers(0, 32, 6000)
    outcomes = []
    for n_threads in (1, 2):
        net = Network((20, 256, 32), ("tanh", "softmax"), random_state=0)
        call = Call(lambda net: net.predict(x_wide, n_threads=2).tobytes())
        options = {"epochs": 4, "batch_size": 3000, "n_threads": n_threads}
        history = net.fit(x_wide, labels, callbacks=[call], **options)
        assert [logs["loss"] for _, logs, _ in call.calls] == history["loss"].tolist()
        outcomes.append([parameters.tobytes() for _, _, parameters in call.calls])
        assert outcomes[-1][-1] == net.parameters.tobytes()
    assert len(set(outcomes[0])) == 4
    assert outcomes[0] == outcomes[1]


@pytest.mark.long
def test_another_thread_s_long_read():
    """What a callback sees is the epoch that has ended, also while others still read."""
    net = Network((60, 500, 10), "tanh", random_state=0)
    x_long = np.ones((100_000, 60))
    call = Call()
    reader = start(net.predict, x_long)
    time.sleep(0.02)  # it has begun, and has no copy yet
    history = net.fit(x_long[:5], np.zeros((5, 10)), epochs=4, callbacks=[call])
    alive = reader.is_alive()
    reader.join()
    assert alive
    assert len({parameters.tobytes() for _, _, parameters in call.calls}) == 4
    assert call.calls[-1][2].tobytes() == net.parameters.tobytes()
    assert history.epochs == 4


def test_stop_from_another_thread_during_a_callback():
    """The fit ends when the callback is through, at that epoch."""
    net = network()

    def wait(net):
        start(net.stop).join()
        time.sleep(0.01)

    net.fit(X, Y, callbacks=[Call(wait)], **OPTIONS)
    assert same_as_finished(net, 3)


def test_the_example_of_the_docstring():
    class Enough(callbacks.Callback):
        def on_epoch_end(self, epoch, logs, network):
            return logs["loss"] < 0.3

    net = network()
    history = net.fit(X, Y, callbacks=[Enough()], **{**OPTIONS, "epochs": 10_000})
    assert history["loss"][-1] < 0.3
    assert (history["loss"][:-1] >= 0.3).all()


class Writing(callbacks.Callback):
    """Writes to the parameters, and then ends the fit or leaves it alone."""

    def __init__(self, ending):
        self.ending = ending

    def on_epoch_end(self, epoch, logs, network):
        network.parameters[:] = 7
        if self.ending is KeyError:
            raise KeyError
        return self.ending


@pytest.mark.parametrize("ending", [KeyError, True, None])
def test_what_the_last_callback_writes_is_overwritten(ending):
    net, twin = (Network((2, 1), random_state=0) for _ in range(2))
    X, y = np.ones((4, 2)), np.ones(4)
    twin.fit(X, y, epochs=1)
    if ending is KeyError:
        with pytest.raises(KeyError):
            net.fit(X, y, epochs=1, callbacks=[Writing(ending)])
    else:
        with pytest.warns(RuntimeWarning, match="parameters"):
            net.fit(X, y, epochs=1, callbacks=[Writing(ending)])
    assert net.parameters.tobytes() == twin.parameters.tobytes()
