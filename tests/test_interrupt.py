"""Ctrl-C: answered within 100 ms, and what is left is a finished epoch."""

import subprocess
import sys
import textwrap

import pytest
from helpers import CHECKED

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no setitimer"),
    pytest.mark.thread_unsafe(reason="times processes of its own"),
    pytest.mark.alone,
]

# Seconds; the checked build is several times as slow.
LIMIT = 0.5 if CHECKED else 0.1
PRELUDE = """
import signal, sys, threading, time
import numpy as np
from backprop_c import SGD, Adam, Network

def interrupted(work, after):
    # Seconds from the signal to the exception.
    signal.setitimer(signal.ITIMER_REAL, after)
    start = time.perf_counter()
    try:
        work()
    except KeyboardInterrupt:
        return time.perf_counter() - start - after
    raise SystemExit("was not interrupted")

signal.signal(signal.SIGALRM, signal.default_int_handler)
"""


def run(code):
    """What a script prints, as words."""
    script = PRELUDE + textwrap.dedent(code)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def quickest(attempts):
    """The machine may be busy: the quickest of some attempts is what the code can do."""
    return min(float(word) for word in attempts)


def test_between_epochs():
    seconds, consistent = run("""
        net = Network((1, 3), "identity", biases=False, random_state=0)
        net.parameters[:] = 1
        fit = lambda: net.fit([[1.0]], np.zeros((1, 3)), epochs=2**40, optimizer=SGD(1e-7))
        times = [interrupted(fit, 0.3) for _ in range(3)]
        weight = np.sqrt(2 * net.history["loss"][-1] / 3)
        print(min(times), abs(net.parameters[0] / (weight * (1 - 1e-7)) - 1) < 1e-12)
    """)
    assert float(seconds) < LIMIT
    assert consistent == "True"


@pytest.mark.parametrize("n_threads", [1, 2, 8])
@pytest.mark.parametrize("batch_size", ["None", "1000"])
@pytest.mark.parametrize("busy", [False, True])
def test_in_the_middle_of_one_huge_epoch(batch_size, busy, n_threads):
    """With the full batch and with many small ones, alone and beside a busy Python thread."""
    *times, unchanged, epochs, threads = run(f"""
        def spin():
            while True:
                sum(range(1000))

        if {busy}:
            threading.Thread(target=spin, daemon=True).start()
        net = Network((50, 400, 400, 10), "tanh", random_state=0)
        X, y = np.ones((200_000, 50)), np.zeros((200_000, 10))
        before = net.parameters.copy()
        fit = lambda: net.fit(X, y, epochs=1000, batch_size={batch_size}, n_threads={n_threads})
        threads = threading.active_count()
        for _ in range(3):
            print(interrupted(fit, 0.3))
        # On a busy machine the signals may come before the training: there is no history then.
        print((net.parameters == before).all(), net.history.epochs if net.history else 0)
        print(threading.active_count() - threads)
    """)
    assert quickest(times) < LIMIT
    assert (unchanged, epochs, threads) == ("True", "0", "0")


@pytest.mark.parametrize(
    "call",
    [
        "net.predict(X)",
        "net.predict(X, n_threads=2)",
        "net.evaluate(X, y)",
        "net.loss_and_gradient(X, y)",
    ],
)
def test_in_long_passes(call):
    times = run(f"""
        net = Network((50, 800, 800, 10), "tanh", random_state=0)
        X, y = np.ones((400_000, 50)), np.zeros((400_000, 10))
        before = net.parameters.copy()
        for _ in range(2):
            print(interrupted(lambda: {call}, 1.0))
        net.fit(X[:5], y[:5], epochs=1)
    """)
    assert quickest(times) < LIMIT


@pytest.mark.parametrize("n_threads", [1, 2])
def test_history_and_optimizer_after_ctrl_c(n_threads):
    """The fit can be gone on with, as if it had asked for the epochs that it finished."""
    equal, steps = run(f"""
        X = np.random.default_rng(0).normal(size=(1500, 4))
        options = dict(batch_size=None, metrics=["mse"], optimizer=Adam(), n_threads={n_threads})
        net, twin = (Network((4, 16, 2), "tanh", random_state=3) for _ in range(2))
        interrupted(lambda: net.fit(X, X[:, :2], epochs=2**40, **options), 0.3)
        history = twin.fit(X, X[:, :2], epochs=net.history.epochs, **options)
        same = (net.parameters == twin.parameters).all() and net.history.epochs > 0
        print(same and (net.history["mse"] == history["mse"]).all())
        states, others = net._optimizer_state, twin._optimizer_state
        print(states.steps == others.steps and (states.vectors == others.vectors).all())
    """)
    assert (equal, steps) == ("True", "True")


def test_a_signal_handler_may_use_the_network():
    """Predict, fit, and wait for another thread's fit, in the midst of a long predict."""
    done = run("""
        net = Network((64, 64, 1), random_state=0)
        X, y = np.random.default_rng(0).normal(size=(400_000, 64)), np.zeros(400_000)
        calls = []

        def handler(*_):
            net.evaluate(X[:5000], y[:5000])
            net.fit(X[:10], y[:10], epochs=2)
            worker = threading.Thread(target=lambda: net.fit(X[:100], y[:100], epochs=2**40))
            worker.start()
            while not net._training:
                pass
            net.stop()
            worker.join()
            calls.append(1)

        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        while not calls:
            net.predict(X)
        print("fine")
    """)
    assert done == ["fine"]


def test_ctrl_c_beside_a_long_read():
    """The fit does not wait for another thread's predict."""
    times = run("""
        X = np.random.default_rng(0).normal(size=(1_000_000, 64))
        net = Network((64, 512, 1), random_state=0)
        threading.Thread(target=lambda: net.predict(X), daemon=True).start()
        time.sleep(0.1)
        for _ in range(2):
            print(interrupted(lambda: net.fit(X[:2000], np.zeros(2000), epochs=2**40), 0.3))
        import os
        sys.stdout.flush()
        os._exit(0)
    """)
    assert quickest(times) < 0.15
