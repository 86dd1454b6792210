"""Several threads for one call: the same bits, and nothing of them is left behind."""

import _thread
import os
import signal
import subprocess
import sys
import threading
import timeit
from pathlib import Path

import numpy as np
import pytest
from helpers import (
    CHECKED,
    exit_code_of_a_child,
    forking,
    lanes_of,
    measured,
    start,
    trains_and_predicts,
    wait_until,
)

from backprop_c import SGD, Adam, Network
from backprop_c._engine.crew import thread_counts
from backprop_c._engine.trainer import Trainer
from backprop_c._validation.scalars import as_n_threads

pytestmark = pytest.mark.thread_unsafe(reason="counts the threads of all crews")

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
    assert (net._n_wide == 0) == (sizes == NARROW)
    assert (0 < net._n_wide < 2) == (sizes == MIXED and lanes_of(dtype) >= 4)
    return net


def data(sizes, n_samples=None):
    rng = np.random.default_rng(0)
    n_samples = n_samples or N_SAMPLES[sizes]
    return rng.normal(size=(n_samples, sizes[0])), rng.integers(0, sizes[-1], n_samples)


@pytest.fixture
def started():
    """How many threads crews have started so far; afterwards none of them is alive."""
    before, _ = thread_counts()
    yield lambda: thread_counts()[0] - before
    assert alive() == 0


def alive():
    """How many threads of crews there are."""
    ever, ended = thread_counts()
    return ever - ended


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
        before = started()
        history = net.fit(
            X,
            y,
            epochs=5,
            batch_size=batch_size if batch_size < len(X) else None,
            optimizer=optimizer,
            metrics=("mse", "accuracy"),
            n_threads=n_threads,
        )
        assert started() - before == n_threads - 1
        values = [history[name].tobytes() for name in history]
        results.add((net.parameters.tobytes(), *values, net._optimizer_state.vectors.tobytes()))
    assert len(results) == 1


@pytest.mark.parametrize("sizes", N_SAMPLES)
def test_threads_that_are_interrupted_anywhere_go_on_to_the_same_bits(sizes):
    """In runs that end at the first look at the clock."""
    results = []
    for n_threads, seconds in ((1, 1e9), (3, -1.0)):
        X, y = data(sizes)
        net = network(sizes)
        trainer = Trainer(net, measured(net, X, y, None, ("mse", "accuracy")))
        trainer.prepare(3, len(X) // 2, 2, (0.01, 0.9, 0.99, 1e-8, 0.1), None, None, n_threads)
        runs = 1
        while trainer.run(seconds):
            runs += 1
        trainer.close()
        results.append((net.parameters.tobytes(), trainer.record.values().tobytes()))
        assert (runs > 5) == (seconds < 0)
    assert results[0] == results[1]


def threads_of(net, n_samples, batch_size, epochs):
    """How many threads a fit takes if it may take 5."""
    X, y = data(net.layer_sizes, n_samples)
    trainer = Trainer(net, measured(net, X, y, None))
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
    assert started() == 0
    for n_threads in (2, 3, 8, 1000):
        out = np.full_like(expected, 7)
        assert net.predict(X, n_threads=n_threads).tobytes() == expected.tobytes()
        assert net.predict(X, out=out, n_threads=n_threads) is out
        assert out.tobytes() == expected.tobytes()
    before = started()
    assert before > 2 * (1 + 2 + 7)
    for rows in (X[0], X[:1], X[:60], X[:0]):
        assert net.predict(rows, n_threads=8).tobytes() == net.predict(rows).tobytes()
    assert started() == before


def test_predict_starts_threads_for_work_that_is_worth_it(started):
    """Both sides of 8 million multiplications."""
    net = network(WIDE)
    rows = 8_000_000 // (net.parameters.size + 8 * sum(WIDE[1:]))
    X = data(WIDE, rows + 1)[0]
    net.predict(X[:rows], n_threads=3)
    assert started() == 0
    net.predict(X, n_threads=3)
    assert started() == 2


def test_as_many_threads_as_cores(monkeypatch, started):
    """None: those that the process may use, which need not be all; and 256 at most."""
    if hasattr(os, "sched_getaffinity"):
        assert as_n_threads(None) == len(os.sched_getaffinity(0))
        monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(300)))
        assert as_n_threads(None) == 256
        monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 5, 7})
    else:
        monkeypatch.setattr(os, "cpu_count", lambda: 3)
    X, y = data(WIDE, 10_000)
    net = network(WIDE)
    net.predict(X, n_threads=None)
    assert started() == 2
    net.fit(X[:1000], y[:1000], epochs=10, batch_size=None, n_threads=None)
    assert started() == 4
    assert as_n_threads(10**6) == 256
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert as_n_threads(None) == 1


@pytest.mark.long
@forking
@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("batch_size", [None, 200])
@pytest.mark.parametrize("beside", [False, True])
def test_a_forked_child(beside, batch_size, n_threads, started):
    """It trains and predicts, after a threaded fit and beside one, whose lock was not freed."""
    X, y = data(WIDE, 10_000)
    net = network(WIDE)
    assert trains_and_predicts(net, X, y, n_threads=2)
    before = started()
    options = {"epochs": 2**40 if beside else 1, "batch_size": batch_size, "n_threads": 3}
    thread = start(lambda: net.fit(X, y, **options))
    wait_until(lambda: started() - before == 2)
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
        monkeypatch.setattr("backprop_c._watcher.Progress.update", fail)
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
    assert started() == 2
    assert alive() == 0
    assert trains_and_predicts(net, X[:5], y[:5])


def test_stop_ends_a_threaded_fit(started):
    X, y = data(WIDE, 10_000)
    net = network(WIDE)
    fit = start(lambda: net.fit(X, y, epochs=2**40, batch_size=None, n_threads=3))
    wait_until(lambda: started() == 2)
    net.stop()
    fit.join(10)
    assert alive() == 0
    twin = network(WIDE)
    twin.fit(X, y, epochs=net.history.epochs, batch_size=None)
    assert net.parameters.tobytes() == twin.parameters.tobytes()


@pytest.mark.long
@pytest.mark.parametrize("use", USES)
def test_many_more_threads_than_cores(use):
    """Those without a task, or without a core, hold nobody up."""
    X, y = data(WIDE, 20_000)
    net = network(WIDE)

    def quickest(n_threads):
        return min(timeit.repeat(lambda: USES[use](net, X, y, n_threads), number=1, repeat=3))

    assert quickest(64) < 5 * quickest(1) + 0.05


@pytest.mark.long
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


CANNOT_START = """
import resource, sys, threading
from test_crew import USES, WIDE, data, network, thread_counts

use, after = sys.argv[1], int(sys.argv[2])
X, y = data(WIDE, 10_000)
net, twin = network(WIDE), network(WIDE)
expected = USES[use](twin, X, y, 1)
# Address space for so many stacks, and half a one more.
stack = 2**30
threading.stack_size(stack)
pages = int(open("/proc/self/statm").read().split()[0])
most = pages * resource.getpagesize() + stack * after + stack // 2
resource.setrlimit(resource.RLIMIT_AS, (most, most))
result = USES[use](net, X, y, 5)
assert thread_counts() == (after, after), thread_counts()
assert net.parameters.tobytes() == twin.parameters.tobytes()
assert use == "fit" or result.tobytes() == expected.tobytes()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc/self/statm")
@pytest.mark.skipif(CHECKED, reason="the sanitizers' own address space has no bounds")
@pytest.mark.parametrize("after", [0, 2])
@pytest.mark.parametrize("use", USES)
def test_the_others_do_the_work_of_threads_that_cannot_start(use, after):
    done = subprocess.run(
        [sys.executable, "-c", CANNOT_START, use, str(after)],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("use", USES)
def test_whatever_replaces_threads_of_python_concerns_no_crew(use, monkeypatch, started):
    """As gevent does, whose threads never run while a compiled loop waits for them."""

    def fail(*_):
        raise AssertionError("a thread of Python's was started")

    X, y = data(WIDE, 10_000)
    net, twin = network(WIDE), network(WIDE)
    USES[use](twin, X, y, 1)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        patch.setattr(_thread, "start_new_thread", fail)
        if hasattr(_thread, "start_joinable_thread"):
            patch.setattr(_thread, "start_joinable_thread", fail)
        USES[use](net, X, y, 3)
    assert started() == 2
    assert net.parameters.tobytes() == twin.parameters.tobytes()


@pytest.mark.long
@forking
def test_a_child_that_is_forked_in_the_midst_of_a_threaded_fit(monkeypatch):
    """It goes on with the fit alone: the crew's threads are in the parent."""
    X, y = data(WIDE, 10_000)
    net, twin = network(WIDE), network(WIDE)
    twin.fit(X, y, epochs=30, batch_size=None)
    codes = []

    class Forker:
        def __init__(self, epochs):
            pass

        def update(self, done, loss):
            if not codes:
                codes.append(os.fork())

        def close(self):
            pass

    monkeypatch.setattr("backprop_c._watcher.Progress", Forker)
    net.fit(X, y, epochs=30, batch_size=None, n_threads=3, verbose=True)
    same = net.parameters.tobytes() == twin.parameters.tobytes()
    if codes == [0]:
        os._exit(0 if same else 1)
    assert same
    assert os.waitstatus_to_exitcode(os.waitpid(codes[0], 0)[1]) == 0


DRAWS_IN_A_HANDLER = """
import signal, sys, threading
import numpy as np
from backprop_c import Network

class PlainLock(np.random.PCG64):
    # As NumPy 2.0 to 2.3 have it: no thread can take it twice.
    lock = property(lambda self: self.__dict__["plain"])

bits = PlainLock(0)
bits.plain = threading.Lock()
generator = np.random.Generator(bits)
net = Network((20, 48, 32), "tanh", random_state=generator)
X, y = np.ones((1000, 20)), np.zeros((1000, 32))
draws = []

def draw(*_):
    draws.append(generator.random())
    signal.setitimer(signal.ITIMER_REAL, 2e-4)

signal.signal(signal.SIGALRM, draw)
signal.setitimer(signal.ITIMER_REAL, 2e-4)
for _ in range(200):
    net.fit(X, y, epochs=4, batch_size=500, n_threads=3)
signal.setitimer(signal.ITIMER_REAL, 0)
assert len(draws) > 100, len(draws)
"""


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no setitimer")
def test_a_signal_handler_draws_from_the_generator_of_a_threaded_fit():
    done = subprocess.run(
        [sys.executable, "-c", DRAWS_IN_A_HANDLER],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
