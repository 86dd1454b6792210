"""What a fit leaves: nothing of a training that took place is lost, whatever happens after it."""

import copy
import pickle
import sys
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from helpers import fitting, start, wait_until

import backprop_c
from backprop_c import SGD, Adam, DivergenceWarning, EarlyStopping, History, Network
from backprop_c._engine.outcome import OptimizerState, Record

PACKAGE = str(Path(backprop_c.__file__).parent)
X = np.random.default_rng(0).normal(size=(6, 3))
Y = np.tanh(X[:, :2])
OPTIONS = {"epochs": 4, "batch_size": 2, "optimizer": Adam(0.1), "metrics": ["mse"]}


class Silent:
    """A progress display that shows nothing."""

    def __init__(self, epochs):
        pass

    def update(self, done, loss):
        pass

    def close(self):
        pass


def interrupted_at(moment, work):
    """Do the work, with Ctrl-C at the so-many-th step of the package's Python code.

    Whether there were as many steps.
    """
    steps = 0

    def trace(frame, event, _):
        nonlocal steps
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            steps += 1
            if steps == moment:
                raise KeyboardInterrupt
        return trace

    previous = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(previous)
    return False


@pytest.mark.long
@pytest.mark.parametrize("verbose", [False, True])
def test_ctrl_c_at_every_moment_of_a_fit(verbose, monkeypatch):
    """Either nothing has happened, or all that belongs to some finished epoch is there."""
    monkeypatch.setattr("backprop_c._watcher.Progress", Silent)
    start_of = Network((3, 2), "tanh", random_state=0)
    start_of.fit(X, Y, **{**OPTIONS, "epochs": 1})
    done = copy.copy(start_of)
    done.fit(X, Y, **OPTIONS)
    ends, moment = set(), 0
    # Python 3.12 counts the steps of a function from its second traced call on.
    interrupted_at(0, partial(copy.copy(start_of).fit, X, Y, verbose=verbose, **OPTIONS))
    while True:
        moment += 1
        net = copy.copy(start_of)
        before = net.history
        fit = partial(net.fit, X, Y, verbose=verbose, **OPTIONS)
        if not interrupted_at(moment, fit):
            break
        assert not net._training
        state = net._optimizer_state
        if net.history is not before and net.history.epochs:
            ends.add("after")
            assert net.history == done.history
            assert net.parameters.tobytes() == done.parameters.tobytes()
            assert state.steps == done._optimizer_state.steps
            assert state.vectors.tobytes() == done._optimizer_state.vectors.tobytes()
        else:
            ends.add("before")
            assert net.parameters.tobytes() == start_of.parameters.tobytes()
            # Reset, if the fit had got as far as that, or still as it was.
            kept = start_of._optimizer_state
            assert (state.steps, state.vectors.any()) in ((0, False), (kept.steps, True))
    assert ends == {"before", "after"}
    assert moment > 50


class Noting:
    """A callback that notes which epochs it saw."""

    def __init__(self):
        self.epochs = []

    def on_epoch_end(self, epoch, logs, network):
        self.epochs.append(epoch)


def outcome_of(net):
    """Bits of the parameters, and of the optimizer's state."""
    state = net._optimizer_state
    return net.parameters.tobytes(), state.steps, state.vectors.tobytes()


@pytest.mark.long
@pytest.mark.thread_unsafe(reason="traces, which Python does not do in several threads at once")
def test_ctrl_c_at_every_moment_of_a_watched_fit():
    """With validation, early stopping and a callback: the last finished epoch, or the outcome."""
    # The loss over these targets is larger after the third epoch than after the second.
    options = {**OPTIONS, "epochs": 9, "validation_data": (X, 0.6 * Y)}
    early = EarlyStopping(patience=1)
    start_of = Network((3, 2), "tanh", random_state=0)
    start_of.fit(X, Y, **{**OPTIONS, "epochs": 1})
    done = copy.copy(start_of)
    done.fit(X, Y, callbacks=[early], **options)
    last, best = done.history.epochs, done.history.best_epoch
    assert (best, last) == (2, 3)
    after = {0: outcome_of(start_of)}
    for epoch in range(1, last + 1):
        net = copy.copy(start_of)
        net.fit(X, Y, **{**options, "epochs": epoch})
        after[epoch] = outcome_of(net)
    assert outcome_of(done) == after[best]
    seen, moment = set(), 0
    interrupted_at(
        0, partial(copy.copy(start_of).fit, X, Y, callbacks=[early, Noting()], **options)
    )
    while True:
        moment += 1
        net, noting = copy.copy(start_of), Noting()
        before = net.history
        fit = partial(net.fit, X, Y, callbacks=[early, noting], **options)
        if not interrupted_at(moment, fit):
            break
        assert not net._training
        epochs = 0 if net.history is before else net.history.epochs
        if epochs == 0:
            seen.add("before")
            assert noting.epochs == []
            assert net.parameters.tobytes() == start_of.parameters.tobytes()
            continue
        for name in done.history:
            assert net.history[name].tobytes() == done.history[name][:epochs].tobytes()
        assert net.history.best_epoch == min(epochs, best)
        assert noting.epochs in (list(range(1, epochs + 1)), list(range(1, epochs)))
        ended = epochs == last and outcome_of(net) == after[best]
        seen.add("ended" if ended else epochs)
        assert ended or outcome_of(net) == after[epochs]
    assert seen == {"before", "ended", *range(1, last + 1)}


def test_no_memory_after_the_training(monkeypatch):
    """All that the outcome needs is there before it begins."""

    class Starving(Silent):
        def update(self, done, loss):
            for name in ("empty", "zeros", "array", "concatenate"):
                monkeypatch.setattr(np, name, fail)

    def fail(*_, **__):
        raise MemoryError

    monkeypatch.setattr("backprop_c._watcher.Progress", Starving)
    net, twin = (Network((3, 2), "tanh", random_state=0) for _ in range(2))
    fit = start(lambda: net.fit(X, Y, **{**OPTIONS, "epochs": 2**40}, verbose=True))
    wait_until(lambda: np.empty is fail)
    net.stop()
    fit.join()
    monkeypatch.undo()
    twin.fit(X, Y, **{**OPTIONS, "epochs": net.history.epochs})
    assert net.parameters.tobytes() == twin.parameters.tobytes()
    assert net._optimizer_state.steps == twin._optimizer_state.steps
    assert net._optimizer_state.vectors.tobytes() == twin._optimizer_state.vectors.tobytes()
    assert net.history == twin.history


def test_the_history_of_a_fit_that_goes_on():
    """It grows, and a copy of it stays."""
    net = Network((3, 2), random_state=0)
    with fitting(net, X, Y):
        wait_until(lambda: net.history is not None and net.history.epochs > 10)
        copied = copy.copy(net.history)
        epochs = copied.epochs
        wait_until(lambda: net.history.epochs > epochs)
        assert len(net.history["loss"]) > epochs
        assert copied.epochs == epochs
    assert copied["loss"].tobytes() == net.history["loss"][:epochs].tobytes()


def test_a_record_grows_beyond_its_first_array():
    """More epochs than there is room for at a time."""
    net = Network((1, 1), "identity", random_state=0)
    history = net.fit([[1.0]], [1.0], epochs=600_000, batch_size=None, optimizer=SGD())
    assert history.epochs == 600_000
    assert (np.diff(history["loss"]) <= 0).all()
    assert history["loss"][-1] < 1e-20


def test_an_empty_record():
    record = Record(2)
    assert record.values().shape == (0, 2)
    assert record.last() is None
    assert History(("loss", "mse"), record).epochs == 0


def test_a_copy_that_is_made_during_a_fit_has_no_optimizer_state():
    """That of the fit belongs to its end, and the parameters to now."""
    net = Network((3, 2), random_state=0)
    net.fit(X, Y, epochs=2, optimizer=Adam())
    assert copy.copy(net)._optimizer_state.steps == 2
    with fitting(net, X, Y):
        copied = copy.copy(net)
        parameters = net.__reduce__()[1][3]
        assert not np.shares_memory(parameters, net.parameters)
    assert copied._optimizer_state is None
    copied.fit(X, Y, epochs=1, reset_optimizer=False)


class EndsWhileCopied(Network):
    """A network whose fit ends right after its parameters were read for a copy."""

    def _snapshot(self):
        parameters = super()._snapshot()
        self.stop()
        wait_until(lambda: not self._training)
        return parameters


def test_a_copy_whose_fit_ends_in_its_midst():
    """The state and the history at the fit's end are of later parameters than the copy's."""
    net = EndsWhileCopied((3, 2), random_state=0)
    thread = start(lambda: net.fit(X, Y, epochs=2**40, optimizer=Adam()))
    wait_until(lambda: net.history is not None and net.history.epochs > 10)
    optimizer_state = net.__reduce__()[1][4]
    thread.join()
    assert net._optimizer_state.steps > 0
    assert optimizer_state is None


def test_a_state_is_copied_by_value():
    state = OptimizerState("nadam", 3, np.arange(4.0), np.array([0.5]))
    copies = [state.copy(), copy.deepcopy(state), pickle.loads(pickle.dumps(state))]
    state.vectors[:] = 7
    state.carried[:] = 7
    for other in copies:
        assert (other.rule, other.steps, other.vectors.tolist()) == ("nadam", 3, [0, 1, 2, 3])
        assert other.carried.tolist() == [0.5]


def test_a_state_from_before_there_were_carried_scalars():
    """A pickle calls it with three arguments."""
    state = OptimizerState(*("adam", 3, np.arange(4.0)))
    assert state.carried.shape == (0,)


@pytest.mark.parametrize("place", ["parameters", "weights", "biases"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_writing_to_the_parameters_during_a_fit_is_noticed(place, dtype):
    """The fit overwrites it, and says so at its end; a write before or after is no matter."""
    net = Network((3, 1), dtype=dtype, random_state=0)
    array = net.parameters if place == "parameters" else getattr(net, place)[0]
    array.flat[-1] = 0.25
    caught = []

    def fit():
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            net.fit(X, Y[:, 0], epochs=2**40)
            caught.extend(found)

    thread = start(fit)
    wait_until(lambda: net.history is not None and net.history.epochs > 10)
    array.flat[-1] = 7
    epochs = net.history.epochs
    wait_until(lambda: net.history.epochs > epochs + 10)
    net.stop()
    thread.join()
    assert [warning.category for warning in caught] == [RuntimeWarning]
    assert "were written to while this fit trained them" in str(caught[0].message)
    assert array.flat[-1] < 5
    net.parameters[:] = 0.5
    net.fit(X, Y[:, 0], epochs=3)


@pytest.mark.parametrize("name", ["parameters", "weights[1]", "biases[0]"])
def test_read_only_parameters_stay_as_they_are(name):
    net = Network((3, 4, 2), random_state=0)
    before = net.parameters.tobytes(), repr(net._generator.bit_generator.state)
    array = eval(f"net.{name}")
    array.flags.writeable = False
    for use in (lambda: net.fit(X, Y), net.initialize):
        with pytest.raises(ValueError, match=r"is read-only, and \w+ would write to it") as info:
            use()
        assert f"net.{name}.flags.writeable = True" in str(info.value)
    assert (net.parameters.tobytes(), repr(net._generator.bit_generator.state)) == before
    assert net.history is None
    assert net._optimizer_state is None
    net.loss_and_gradient(X, Y)
    copy.copy(net).fit(X, Y, epochs=1)
    array.flags.writeable = True
    net.fit(X, Y, epochs=1)


def test_a_warning_that_is_an_error_loses_nothing():
    net = Network((3, 2), "identity", random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DivergenceWarning):
            net.fit(X, Y * 1e200, epochs=10, batch_size=None)
    assert net.history is not None
    assert net._optimizer_state is not None
    assert not net._training
