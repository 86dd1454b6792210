"""Other Cython code can cimport the engine and predict without Python and without the GIL."""

import signal
import time

import numpy as np
import pytest
from helpers import build_cython, cython_blocks, exit_code_of_a_child, forking, start, wait_until

from backprop_c import Network
from backprop_c._engine import parameters

pytestmark = pytest.mark.long

# What the example leaves out: reading that lasts.
READING = """

def begin(Engine net):
    return <uintptr_t>net.begin_reading()

def first_number(uintptr_t held):
    return (<const double*>held)[0]

def end(Engine net, uintptr_t held):
    net.end_reading(<const char*>held)
"""


@pytest.fixture(scope="module")
def embedded(tmp_path_factory):
    """The example at the head of __init__.pxd, as it stands there, built and imported."""
    pytest.importorskip("Cython")
    source, _ = cython_blocks("__init__.pxd")
    yield from build_cython(tmp_path_factory.mktemp("embedded"), "embedded", source + READING)


@pytest.mark.parametrize("rows", [1, 9, 1000])
def test_the_example_predicts(embedded, rows):
    net = Network((4, 5, 3), "tanh", random_state=0)
    X, out = np.random.default_rng(0).normal(size=(rows, 4)), np.empty((rows, 3))
    embedded.predict(net, X, out)
    np.testing.assert_array_equal(out, net.predict(X if rows > 1 else X[0]).reshape(rows, 3))
    net.fit(X, out, epochs=1)


def test_a_fit_does_not_write_beside_a_reader(embedded):
    """It publishes after `end_reading`: until then the reader's parameters stay as they are."""
    net = Network((2, 1), random_state=0)
    before = net.parameters.copy()
    X, y = np.ones((1000, 2)), np.zeros(1000)
    held = embedded.begin(net)
    fit = start(lambda: net.fit(X, y, epochs=20_000))
    end = time.perf_counter() + 0.5
    while time.perf_counter() < end:
        assert embedded.first_number(held) == before[0]
        assert fit.is_alive()
    embedded.end(net, held)
    fit.join(30)
    assert not fit.is_alive()
    assert not np.array_equal(net.parameters, before)


def test_ctrl_c_ends_the_waiting_for_a_forgotten_end(embedded, monkeypatch):
    """The fit says what it waits for, and nothing of what it did is lost."""
    monkeypatch.setattr(parameters, "PATIENCE", 0.1)
    net, twin = (Network((2, 1), random_state=0) for _ in range(2))
    X, y = np.ones((5, 2)), np.zeros(5)
    held = embedded.begin(net)
    caught = pytest.warns(RuntimeWarning, match="1 begin_reading of this network had no end_read")

    def interrupt():
        wait_until(lambda: len(caught) > 0, 60)
        signal.raise_signal(signal.SIGINT)

    interrupter = start(interrupt)
    with pytest.raises(KeyboardInterrupt), caught:
        net.fit(X, y, epochs=3)
    interrupter.join()
    assert [warning.filename for warning in caught] == [__file__]
    twin.fit(X, y, epochs=3)
    assert net.parameters.tobytes() == twin.parameters.tobytes()
    assert net.history == twin.history
    embedded.end(net, held)
    net.fit(X, y, epochs=1)


@forking
def test_a_child_that_is_forked_in_the_midst_of_reading(embedded):
    """Nobody reads there, and so its fits wait for nobody."""
    net = Network((2, 1), random_state=0)

    def ends_and_trains():
        embedded.end(net, held)
        net.fit([[1.0, 2.0]], [0.5], epochs=2)
        return net.history.epochs == 2

    held = embedded.begin(net)
    try:
        assert exit_code_of_a_child(ends_and_trains, 10) == 0
    finally:
        embedded.end(net, held)
