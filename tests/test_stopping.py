"""Ctrl-C, stop(), callbacks and early stopping end a fit by steps of any kind."""

import _thread
import signal
import threading
import time

import numpy as np
import pytest
from helpers import CHECKED

from backprop_c import LBFGS, Adam, LevenbergMarquardt, Network, Rprop, callbacks

# None of them has an end of its own within so many epochs.
EPOCHS = 10**6
KINDS = {
    "adam": {"optimizer": Adam(0.003), "batch_size": None},
    "rprop": {"optimizer": Rprop()},
    "lbfgs": {"optimizer": LBFGS(tol=0)},
    "squares": {"optimizer": LevenbergMarquardt(tol=0)},
}
pytestmark = [
    pytest.mark.parametrize("kind", KINDS),
    pytest.mark.parametrize("n_threads", [1, 2]),
    pytest.mark.thread_unsafe(reason="signals come to the main thread"),
]


@pytest.fixture
def problem():
    """A network of 541 parameters and samples of noise, which it fits better and better."""
    rng = np.random.default_rng(0)
    net = Network((20, 20, 6), random_state=0)
    # The checked build is so much slower.
    n = 200 if CHECKED else 3000
    return net, rng.normal(size=(n, 20)), rng.normal(size=(n, 6))


def fit(problem, kind, n_threads, **options):
    net, X, y = problem
    return net.fit(X, y, epochs=EPOCHS, n_threads=n_threads, **KINDS[kind], **options)


def is_as_of(problem, kind, epochs):
    """Whether the network is that of so many epochs."""
    net, X, y = problem
    twin = Network((20, 20, 6), random_state=0)
    twin.fit(X, y, epochs=epochs, **KINDS[kind])
    return twin.parameters.tobytes() == net.parameters.tobytes()


def test_ctrl_c(problem, kind, n_threads):
    """It ends within an epoch, and what was achieved until then is kept."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    net = problem[0]

    def interrupt():
        while getattr(net.history, "epochs", 0) == 0:
            time.sleep(0.01)
        _thread.interrupt_main()

    thread = threading.Thread(target=interrupt, daemon=True)
    thread.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            fit(problem, kind, n_threads)
    finally:
        thread.join()
        signal.signal(signal.SIGINT, before)
    assert 0 < net.history.epochs < EPOCHS
    assert is_as_of(problem, kind, net.history.epochs)
    # And another fit may follow.
    assert net.fit(*problem[1:], epochs=1, optimizer=Adam()).epochs == 1


def test_stop(problem, kind, n_threads):
    timer = threading.Timer(0.2, problem[0].stop)
    timer.start()
    history = fit(problem, kind, n_threads)
    timer.join()
    assert 0 < history.epochs < EPOCHS
    assert is_as_of(problem, kind, history.epochs)


def test_a_callback(problem, kind, n_threads):
    """It sees each epoch, and True ends the fit."""
    seen = []

    class Third(callbacks.Callback):
        def on_epoch_end(self, epoch, logs, network):
            seen.append((epoch, logs["loss"]))
            return epoch == 3

    history = fit(problem, kind, n_threads, callbacks=[Third()])
    assert seen == list(enumerate(history["loss"], 1))
    assert history.epochs == 3
    assert is_as_of(problem, kind, 3)


def test_samples_held_out_end_it(problem, kind, n_threads):
    """Early stopping by samples that are all noise: the best epoch is restored."""
    _, X, y = problem
    early = callbacks.EarlyStopping(patience=3)
    options = {"validation_data": (X[:100], -y[:100]), "callbacks": [early]}
    history = fit(problem, kind, n_threads, **options)
    assert history.epochs == history.best_epoch + 3 < EPOCHS
    assert is_as_of(problem, kind, history.best_epoch)
