"""Several threads for one call: the same bits, and nothing of them is left behind."""

import os
import signal
import threading
import timeit

import numpy as np
import pytest
from helpers import (
    exit_code_of_a_child,
    forking,
    lanes_of,
    start,
    trains_and_predicts,
    wait_until,
)

from backprop_c import SGD, Adam, Network
from backprop_c._trainer import Trainer
from backprop_c._validation import as_n_threads

# Of a wide network 64 samples are a part, and 512 a slab; of a narrow one some hundreds, and
# some thousands. In a wider one the gradient of a layer is summed in several ranges. A mixed one
# has a gradient for each part, of its last layers alone.
WIDE, WIDER, MIXED, NARROW = (20, 48, 32), (500, 96, 32), (50, 96, 2), (4, 16, 3)
N_SAMPLES = {WIDE: 1500, WIDER: 700, MIXED: 1500, NARROW: 9000}
USES = {
    "fit": lambda net, X, y, k: net.fit(X, y, epochs=2, batch_size=500, n_threads=k),
    "predict": lambda net, X, y, k: net.predict(X, n_threads=k),
}


def network(sizes, dtype="float64"):
    net = Network(sizes, ("tanh", "softmax"), "cross_entropy", dtype=dtype, random_state=3)
    assert (net._work[0] == 0) == (sizes == NARROW)
    assert (0 < net._work[0] < 2) == (sizes == MIXED and lanes_of(dtype) >= 4)
    return net


def data(sizes, n_samples=None):
    rng = np.random.default_rng(0)
    n_samples = n_samples or N_SAMPLES[sizes]
    return rng.normal(size=(n_samples, sizes[0])), rng.integers(0, sizes[-1], n_samples)


@pytest.fixture
def started(monkeypatch):
    """The threads that were started, but for tqdm's; afterwards none of them is alive."""
    threads = []
    original = threading.Thread.start

    def spy(thread):
        if type(thread) is threading.Thread:
            threads.append(thread)
        original(thread)

    monkeypatch.setattr(threading.Thread, "start", spy)
    yield threads
    assert not any(thread.is_alive() for thread in threads)


@pytest.mark.parametrize("optimizer", [SGD(0.1), Adam(0.01)])
@pytest.mark.parametrize("batch_share", [0.15, 0.45, 1])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("sizes", N_SAMPLES)
def test_a_fit_has_the_same_bits(sizes, dtype, batch_share, optimizer, started):
    """With a batch of several parts, and with one of several slabs."""
    X, y = data(sizes)
    batch_size = int(batch_share * len(X))
    results = set()
    for n_threads in (1, 2, 3, 8):
        net = network(sizes, dtype)
        before = len(started)
        history = net.fit(
            X,
            y,
            epochs=5,
            batch_size=batch_size if batch_size < len(X) else None,
            optimizer=optimizer,
            metrics=("mse", "accuracy"),
            n_threads=n_threads,
        )
        assert len(started) - before == n_threads - 1
        values = [history[name].tobytes() for name in history]
        results.add((net.parameters.tobytes(), *values, net._optimizer_state[1].tobytes()))
    assert len(results) == 1


@pytest.mark.parametrize("sizes", N_SAMPLES)
def test_threads_that_are_interrupted_anywhere_go_on_to_the_same_bits(sizes):
    """In runs that end at the first look at the clock."""
    results = []
    for n_threads, seconds in ((1, 1e9), (3, -1.0)):
        X, y = data(sizes)
        net = network(sizes)
        trainer = Trainer(net, X, y, None, (0, 1))
        trainer.prepare(3, len(X) // 2, 2, (0.01, 0.9, 0.99, 1e-8, 0.1), None, None, n_threads)
        runs = 1
        while trainer.run(seconds):
            runs += 1
        trainer.close()
        results.append((net.parameters.tobytes(), trainer.recorded_values().tobytes()))
        assert (runs > 5) == (seconds < 0)
    assert results[0] == results[1]


def threads_of(net, n_samples, batch_size, epochs):
    """How many threads a fit takes if it may take 5."""
    X, y = data(net.layer_sizes, n_samples)
    trainer = Trainer(net, X, y, None, ())
    trainer.prepare(epochs, batch_size, 0, SGD().hyperparameters(), None, None, 5)
    trainer.close()
    return trainer.n_threads


def test_threads_are_for_work_that_is_worth_it():
    """Both sides of 8 million multiplications in a call, and of one part in a batch."""
    net = network(WIDE)
    work = net.parameters.size + 8 * sum(WIDE[1:])
    epochs = 8_000_000 // (100 * work)
    assert threads_of(net, 100, 100, epochs) == 1
    assert threads_of(net, 100, 100, epochs + 1) == 5
    assert threads_of(net, 100, 65, epochs + 1) == 5
    assert threads_of(net, 100, 64, epochs + 1) == 1
    assert threads_of(net, 100, 1, epochs + 1) == 1
    assert threads_of(network(NARROW), 9000, 9000, 10) == 5
    assert threads_of(network(NARROW), 9000, 64, 10) == 1


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("sizes", "n_samples"), [(WIDE, 30_011), (MIXED, 30_011), (NARROW, 100_003)]
)
def test_predict_has_the_same_bits(sizes, n_samples, dtype, started):
    net = network(sizes, dtype)
    X = data(sizes, n_samples)[0].astype(dtype)
    expected = net.predict(X)
    assert not started
    for n_threads in (2, 3, 8, 1000):
        out = np.full_like(expected, 7)
        assert net.predict(X, n_threads=n_threads).tobytes() == expected.tobytes()
        assert net.predict(X, out=out, n_threads=n_threads) is out
        assert out.tobytes() == expected.tobytes()
    assert len(started) > 2 * (1 + 2 + 7)
    del started[:]
    for rows in (X[0], X[:1], X[:60], X[:0]):
        assert net.predict(rows, n_threads=8).tobytes() == net.predict(rows).tobytes()
    assert not started


def test_predict_starts_threads_for_work_that_is_worth_it(started):
    """Both sides of 8 million multiplications."""
    net = network(WIDE)
    rows = 8_000_000 // (net.parameters.size + 8 * sum(WIDE[1:]))
    X = data(WIDE, rows + 1)[0]
    net.predict(X[:rows], n_threads=3)
    assert not started
    net.predict(X, n_threads=3)
    assert len(started) == 2


def test_as_many_threads_as_cores(monkeypatch, started):
    """None: those that the process may use, which need not be all; and 256 at most."""
    if hasattr(os, "sched_getaffinity"):
        assert as_n_threads(None) == len(os.sched_getaffinity(0))
        monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 5, 7})
    else:
        monkeypatch.setattr(os, "cpu_count", lambda: 3)
    X, y = data(WIDE, 10_000)
    net = network(WIDE)
    net.predict(X, n_threads=None)
    assert len(started) == 2
    net.fit(X[:1000], y[:1000], epochs=10, batch_size=None, n_threads=None)
    assert len(started) == 4
    assert as_n_threads(10**6) == 256
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert as_n_threads(None) == 1


@forking
@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("batch_size", [None, 200])
@pytest.mark.parametrize("beside", [False, True])
def test_a_forked_child(beside, batch_size, n_threads, started):
    """It trains and predicts, after a threaded fit and beside one, whose lock was not freed."""
    X, y = data(WIDE, 10_000)
    net = network(WIDE)
    assert trains_and_predicts(net, X, y, n_threads=2)
    del started[:]
    options = {"epochs": 2**40 if beside else 1, "batch_size": batch_size, "n_threads": 3}
    thread = start(lambda: net.fit(X, y, **options))
    wait_until(lambda: len(started) > 2)
    if not beside:
        thread.join()
    try:
        assert exit_code_of_a_child(lambda: trains_and_predicts(net, X, y, n_threads)) == 0
    finally:
        net.stop()
        thread.join()


class Wrong(Exception):
    """What a signal handler or a progress bar raises."""


@pytest.mark.parametrize("source", ["signal", "progress"])
def test_an_exception_ends_all_threads(source, monkeypatch, started):
    def fail(*_):
        raise Wrong

    if source == "progress":
        monkeypatch.setattr("backprop_c.network.Progress.update", fail)
    else:
        previous = signal.signal(signal.SIGINT, fail)
        threading.Timer(0.2, signal.raise_signal, [signal.SIGINT]).start()
    X, y = data(WIDE, 10_000)
    net = network(WIDE)
    try:
        with pytest.raises(Wrong):
            net.fit(X, y, epochs=2**40, n_threads=3, batch_size=None, verbose=source == "progress")
    finally:
        if source == "signal":
            signal.signal(signal.SIGINT, previous)
    assert len(started) == 2
    assert not any(thread.is_alive() for thread in started)
    assert trains_and_predicts(net, X[:5], y[:5])


def test_stop_ends_a_threaded_fit(started):
    X, y = data(WIDE, 10_000)
    net = network(WIDE)
    fit = start(lambda: net.fit(X, y, epochs=2**40, batch_size=None, n_threads=3))
    wait_until(lambda: len(started) > 2)
    net.stop()
    fit.join(10)
    assert not any(thread.is_alive() for thread in started)
    twin = network(WIDE)
    twin.fit(X, y, epochs=net.history.epochs, batch_size=None)
    assert net.parameters.tobytes() == twin.parameters.tobytes()


@pytest.mark.parametrize("use", USES)
def test_many_more_threads_than_cores(use):
    """Those without a task, or without a core, hold nobody up."""
    X, y = data(WIDE, 20_000)
    net = network(WIDE)

    def quickest(n_threads):
        return min(timeit.repeat(lambda: USES[use](net, X, y, n_threads), number=1, repeat=3))

    assert quickest(64) < 5 * quickest(1) + 0.05


def test_two_threaded_fits_and_a_threaded_predict_at_once():
    sizes = (WIDE, NARROW)
    nets, twins = ([network(size) for size in sizes] for _ in range(2))
    reader = network(WIDE)
    X = data(WIDE, 20_000)[0]
    outputs, expected = [], reader.predict(X)
    options = {"epochs": 20, "batch_size": 700, "optimizer": Adam()}
    threads = [
        start(lambda net=net: net.fit(*data(net.layer_sizes), n_threads=3, **options))
        for net in nets
    ]
    threads.append(start(lambda: outputs.extend(reader.predict(X, n_threads=3) for _ in range(9))))
    for thread in threads:
        thread.join()
    for net, twin in zip(nets, twins, strict=True):
        twin.fit(*data(twin.layer_sizes), **options)
        assert net.parameters.tobytes() == twin.parameters.tobytes()
    assert all(output.tobytes() == expected.tobytes() for output in outputs)


@pytest.mark.parametrize("after", [0, 2])
@pytest.mark.parametrize("use", USES)
def test_the_others_do_the_work_of_threads_that_cannot_start(use, after, started, monkeypatch):
    spy = threading.Thread.start

    def fail(thread):
        if len(started) == after:
            raise RuntimeError("can't start new thread")
        spy(thread)

    X, y = data(WIDE, 10_000)
    net, twin = network(WIDE), network(WIDE)
    expected = USES[use](twin, X, y, 1)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        result = USES[use](net, X, y, 5)
    assert len(started) == after
    assert not any(thread.is_alive() for thread in started)
    assert net.parameters.tobytes() == twin.parameters.tobytes()
    assert use == "fit" or result.tobytes() == expected.tobytes()


@pytest.mark.parametrize("after", [0, 2])
@pytest.mark.parametrize("use", USES)
def test_ctrl_c_while_threads_are_started(use, after, started, monkeypatch):
    """Nothing is left behind, and nothing has changed."""
    spy = threading.Thread.start

    def interrupt(thread):
        spy(thread)
        if len(started) > after:
            raise KeyboardInterrupt

    X, y = data(WIDE, 10_000)
    net = network(WIDE)
    before = net.parameters.tobytes()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", interrupt)
        with pytest.raises(KeyboardInterrupt):
            USES[use](net, X, y, 5)
    assert len(started) == after + 1
    assert not any(thread.is_alive() for thread in started)
    assert net.parameters.tobytes() == before
    assert trains_and_predicts(net, X, y, n_threads=2)
