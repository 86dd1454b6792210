"""Several threads, one network: every reader sees a finished epoch."""

import contextlib
import copy
import pickle
import sys
import threading
import time
import weakref

import numpy as np
import pytest
from helpers import (
    CHECKED,
    any_targets,
    exit_code_of_a_child,
    fitting,
    forking,
    start,
    trains_and_predicts,
    wait_until,
)

from backprop_c import SGD, Network
from backprop_c.callbacks import Callback

pytestmark = pytest.mark.thread_unsafe(reason="starts threads of its own, some of them by time")


class Line:
    """A network whose parameters tell which epoch they are of.

    One weight, one sample of 1 with target 0, no biases: each epoch multiplies the weight by the
    same factor, so that after epoch n it is ``start * factor**n``. The other outputs repeat it:
    a network in the midst of being written would have outputs of different epochs.
    """

    RATE = 2.0**-20  # the product with it is exact, with or without fused multiply-add

    def __init__(self, width=1, n_samples=1):
        self.net = Network((1, width), "identity", biases=False, random_state=0)
        self.net.parameters[:] = 1.0
        self.X, self.y = np.ones((n_samples, 1)), np.zeros((n_samples, width))

    def fit(self, epochs):
        return self.net.fit(
            self.X, self.y, epochs=epochs, batch_size=None, optimizer=SGD(self.RATE)
        )

    def expected(self, epochs):
        weight, weights = 1.0, {1.0}
        for _ in range(epochs):
            weight -= self.RATE * weight
            weights.add(weight)
        return weights


def enough(seen):
    """Values of three epochs at least, and not only the start's."""
    return len(seen) > 3


@pytest.mark.parametrize("rows", [1, 20_000])
def test_readers_see_finished_epochs(rows):
    """Eight threads predict, by the short way and the long one, while another fits."""
    line = Line(width=50)
    X = np.ones((rows, 1))
    seen, torn, done = set(), [], threading.Event()

    def predict():
        while not done.is_set():
            outputs = line.net.predict(X)
            if not (outputs == outputs[0, 0]).all():
                torn.append(outputs)
            seen.add(float(outputs[0, 0]))

    trainer = start(line.fit, 2**40)
    readers = [start(predict) for _ in range(8)]
    wait_until(lambda: enough(seen), 60)
    line.net.stop()
    trainer.join()
    done.set()
    for reader in readers:
        reader.join()
    assert not torn
    assert seen <= line.expected(line.net.history.epochs)


@pytest.mark.parametrize("copied", [copy.copy, lambda net: pickle.loads(pickle.dumps(net))])
def test_copies_while_training(copied):
    line = Line(width=2000)
    trainer = start(line.fit, 2**40)
    copies, weights = [], set()
    end = time.perf_counter() + 60
    while not enough(weights):
        assert time.perf_counter() < end
        copies.append(copied(line.net))
        weights.add(float(copies[-1].parameters[0]))
    line.net.stop()
    trainer.join()
    assert weights <= line.expected(line.net.history.epochs)
    assert all((net.parameters == net.parameters[0]).all() for net in copies)
    # A copy made meanwhile is not being trained.
    copies[-1].fit(line.X, line.y, epochs=1)


@pytest.mark.parametrize("n_samples", [1, 30_000])
def test_loss_and_gradient_while_training(n_samples):
    """The loss and its gradient are of one epoch, also over many samples."""
    line = Line(width=3)
    trainer = start(line.fit, 2**40)
    X, y = np.ones((n_samples, 1)), np.zeros((n_samples, 3))
    losses = set()
    end = time.perf_counter() + 60
    while not enough(losses):
        assert time.perf_counter() < end
        loss, gradient = line.net.loss_and_gradient(X, y)
        np.testing.assert_allclose(loss, 1.5 * gradient[0] ** 2, rtol=1e-12)
        losses.add(loss)
    line.net.stop()
    trainer.join()


@pytest.mark.long
def test_a_long_read_does_not_hold_up_a_fit():
    """A fit that begins and ends during another thread's long predict, without waiting for it."""
    net = Network((60, 500, 10), "tanh", random_state=0)
    X = np.ones((150_000, 60))
    expected = net.predict(X[:1])
    outputs, begun = [], threading.Event()

    def read():
        begun.set()
        outputs.append(net.predict(X))

    reader = start(read)
    begun.wait()
    time.sleep(0.1)
    net.fit(X[:10], np.zeros((10, 10)), epochs=3)
    assert reader.is_alive()
    reader.join()
    # The read is of the network that it began with.
    np.testing.assert_allclose(outputs[0], expected.repeat(len(X), axis=0), rtol=1e-9)
    assert not np.allclose(net.predict(X[:1]), expected, rtol=1e-9)


@pytest.mark.long
@forking
@pytest.mark.parametrize(("busy", "n_samples"), [("fit", 1000), ("predict", 100_000)])
def test_a_forked_child_is_free(busy, n_samples):
    """Threads of the parent that train or predict are not in the child: it can train.

    A long read is one call; a fit goes on until it is told to stop, after an epoch.
    """
    net = Network((60, 500, 10), "tanh", random_state=0)
    X, y = np.ones((n_samples, 60)), np.zeros((n_samples, 10))
    work = {"fit": lambda: net.fit(X, y, epochs=2**40), "predict": lambda: net.predict(X)}[busy]
    thread = start(work)
    time.sleep(0.02)  # a long read has no copy yet
    try:
        assert exit_code_of_a_child(lambda: trains_and_predicts(net, X[:5], y[:5])) == 0
    finally:
        net.stop()
        thread.join()


@forking
@pytest.mark.parametrize("gone", [(), (0,), (2,), (4,), (1, 2, 3), (0, 1, 3, 4)])
def test_a_forked_child_is_free_of_all_fits(gone):
    """Of networks that are fitted within each other's callbacks, after others are gone."""
    X, y = np.ones((4, 2)), np.zeros((4, 1))
    nets = [Network((2, 3, 1), random_state=0) for _ in range(5)]
    for net in nets:
        net.fit(X, y, epochs=1)
    removed = [weakref.ref(nets[place]) for place in gone]
    del net
    for place in reversed(gone):
        del nets[place]
    assert not any(one() for one in removed)
    codes = []

    class Within(Callback):
        def __init__(self, others):
            self.others = others

        def on_epoch_end(self, epoch, logs, network):
            if self.others:
                self.others[0].fit(X, y, epochs=1, callbacks=[Within(self.others[1:])])
                return
            codes.append(
                exit_code_of_a_child(lambda: all(trains_and_predicts(net, X, y) for net in nets))
            )

    Within(nets).on_epoch_end(0, {}, None)
    assert codes == [0]
    assert all(trains_and_predicts(net, X, y) for net in nets)


def test_short_and_long_reads_at_the_same_time():
    """Each has a workspace of its own."""
    net = Network((20, 30, 5), "tanh", random_state=0)
    X = np.random.default_rng(0).normal(size=(20_000, 20))
    many = net.predict(X)
    rows = [net.predict(x) for x in X[:50]]
    wrong, done = [], threading.Event()

    def read_long():
        while not done.is_set():
            if not np.array_equal(net.predict(X), many):
                wrong.append("long")

    threads = [start(read_long) for _ in range(2)]
    end = time.perf_counter() + 2
    while time.perf_counter() < end:
        for x, row in zip(X, rows, strict=False):
            if not np.array_equal(net.predict(x), row):
                wrong.append("short")
    done.set()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_second_fit_is_refused():
    line = Line()
    trainer = start(line.fit, 2**40)
    wait_until(lambda: line.net._training)
    optimizer = line.net.optimizer
    with pytest.raises(RuntimeError, match="being trained by another fit or step"):
        line.net.fit(line.X, line.y, epochs=1, optimizer=SGD(0.7))
    with pytest.raises(RuntimeError, match="while a fit trains"):
        line.net.initialize(3)
    assert line.net.optimizer is optimizer
    line.net.stop()
    trainer.join(10)
    assert not trainer.is_alive()
    line.net.fit(line.X, line.y, epochs=1)


def test_stop_ends_at_a_finished_epoch():
    line = Line()
    results = []
    trainer = start(lambda: results.append(line.fit(2**40)))
    wait_until(lambda: line.net.predict([[1.0]])[0, 0] < 1)
    stopped = time.perf_counter()
    line.net.stop()
    trainer.join(10)
    assert time.perf_counter() - stopped < 1
    history = results[0]
    assert history is line.net.history
    assert 0 < history.epochs < 2**40
    weight = 1.0
    for loss in history["loss"]:
        assert loss == 0.5 * (weight * weight)
        weight -= line.RATE * weight
    assert line.net.parameters[0] == weight


@pytest.mark.long
def test_stop_waits_for_the_end_of_a_long_epoch():
    """An epoch of many runs of the driver is finished, not thrown away."""
    # The checked build is many times as slow.
    n_samples = 12_000 if CHECKED else 120_000
    net = Network((60, 300, 10), "tanh", random_state=0)
    X, y = np.ones((n_samples, 60)), np.zeros((n_samples, 10))
    before = net.parameters.copy()
    trainer = start(lambda: net.fit(X, y, epochs=2**40, batch_size=None))
    wait_until(lambda: net._training)
    time.sleep(0.02)  # into the epoch
    net.stop()
    trainer.join(60)
    assert not trainer.is_alive()
    assert net.history.epochs == 1
    assert not np.array_equal(net.parameters, before)


def test_stop_without_a_fit_does_nothing():
    line = Line()
    line.net.stop()
    assert line.fit(3).epochs == 3


@any_targets
def test_two_networks_train_at_the_same_time():
    """Nothing is shared: each comes out as alone."""
    X = np.random.default_rng(0).normal(size=(500, 3))
    nets = [Network((3, 8, 2), "tanh", random_state=k) for k in range(4)]
    twins = [copy.copy(net) for net in nets]
    threads = [start(lambda net=net: net.fit(X, X[:, :2], epochs=200)) for net in nets]
    for thread in threads:
        thread.join()
    for net, twin in zip(nets, twins, strict=True):
        twin.fit(X, X[:, :2], epochs=200)
        assert net.parameters.tobytes() == twin.parameters.tobytes()


def test_a_shared_generator_is_locked():
    """Two fits that draw from one generator take turns and both end."""
    generator = np.random.default_rng(0)
    X = np.ones((50, 1))
    nets = [Network((1, 1), random_state=generator) for _ in range(2)]
    threads = [
        start(lambda net=net: net.fit(X, X[:, 0], epochs=2000, batch_size=1)) for net in nets
    ]
    for thread in threads:
        thread.join()
    assert all(net.history.epochs == 2000 for net in nets)


def reads_at_the_same_time(net):
    """Whether two threads that predict at once each get their own outputs."""
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=(20_000, 40)) for _ in range(2)]
    fresh = Network(net.layer_sizes, random_state=0)
    fresh.parameters[:] = net.parameters
    expected = [fresh.predict(X) for X in inputs]
    outputs = {}
    together = threading.Barrier(2)

    def read(k):
        together.wait()
        outputs[k] = net.predict(inputs[k])

    for thread in [start(read, k) for k in range(2)]:
        thread.join()
    return all(np.array_equal(outputs[k], expected[k]) for k in range(2))


@pytest.mark.long
@pytest.mark.parametrize("made", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_the_first_reads_of_a_copy(made):
    """No constructor has run, and nothing that a constructor does may be needed."""
    for _ in range(5):
        assert reads_at_the_same_time(made(Network((40, 64, 5), random_state=0)))


@pytest.mark.long
@forking
def test_the_first_reads_of_a_forked_child():
    net = Network((40, 64, 5), random_state=0)
    net.predict(np.zeros((20_000, 40)))
    for _ in range(3):
        assert exit_code_of_a_child(lambda: reads_at_the_same_time(net)) == 0


@forking
@pytest.mark.parametrize("touch", [True, False])
def test_a_forked_child_of_a_forked_child(touch):
    """The generator's lock is free there, too, whether the child has used the network or not."""
    net = Network((60, 50, 10), "tanh", random_state=0)
    X, y = np.ones((1000, 60)), np.zeros((1000, 10))

    def child():
        if touch:
            net.loss_and_gradient(X[:5], y[:5])
        return exit_code_of_a_child(lambda: net.fit(X[:5], y[:5], batch_size=2), 5) == 0

    with fitting(net, X, y):
        for _ in range(5):
            assert exit_code_of_a_child(child) == 0


@forking
def test_a_forked_child_with_a_shared_generator():
    """Another network draws from it in the child."""
    generator = np.random.default_rng(0)
    net, other = (Network((60, 50, 10), "tanh", random_state=generator) for _ in range(2))
    X, y = np.ones((1000, 60)), np.zeros((1000, 10))
    with fitting(net, X, y):
        for _ in range(5):
            assert exit_code_of_a_child(lambda: other.fit(X[:5], y[:5], batch_size=2), 5) == 0


@pytest.mark.skipif(
    not getattr(sys, "_is_gil_enabled", lambda: True)(),
    reason="without a GIL, NumPy does not allow two threads to set one array's shape",
)
@pytest.mark.filterwarnings("ignore:.*shape.*:DeprecationWarning")
def test_a_shape_that_changes_while_it_is_checked():
    """The GIL is free meanwhile; nothing is read past the end of the array."""
    net = Network((4, 3), random_state=0)
    X = np.ones((1_000_000, 4))
    expected = net.predict(X[:1])
    over = threading.Event()

    def turn():
        while not over.is_set():
            X.shape = (4_000_000, 1)
            time.sleep(0.0003)

    thread = start(turn)
    try:
        for _ in range(20):
            X.shape = (1_000_000, 4)
            with contextlib.suppress(ValueError):  # it has 1 feature
                outputs = net.predict(X)
                np.testing.assert_allclose(outputs, expected.repeat(len(outputs), axis=0))
    finally:
        over.set()
        thread.join()
