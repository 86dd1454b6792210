"""The memory that fits work with: taken once, and left to the next one, of whatever network."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from backprop_c import (
    LBFGS,
    SGD,
    Adam,
    DivergenceWarning,
    EarlyStopping,
    LevenbergMarquardt,
    Network,
    Rprop,
)
from backprop_c._engine.memory import drop_spare, spare

pytestmark = pytest.mark.thread_unsafe(reason="counts the memory of all fits")

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(700, 20)), RNG.integers(0, 32, 700)
VALIDATED = {
    "validation_data": (X[:300], Y[:300]),
    "callbacks": [EarlyStopping(patience=9)],
    "metrics": ("mse", "accuracy"),
}


@pytest.fixture(autouse=True)
def nothing_is_there():
    """No piece of memory is left from other tests."""
    drop_spare()


def network(sizes=(20, 64, 32), **options):
    return Network(sizes, ("tanh", "softmax"), random_state=0, **options)


class Calling:
    """A callback that calls a function."""

    def __init__(self, function):
        self.function = function

    def on_epoch_end(self, epoch, logs, network):
        self.function()


def during_a_fit(look):
    """A network is trained for an epoch, and `look` called in the midst of it."""
    network().fit(X, Y, epochs=1, callbacks=[Calling(look)])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("batch_size", [1, 32, None])
@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("options", [{}, VALIDATED, {"sample_weight": np.ones(700)}])
@pytest.mark.parametrize("optimizer", [SGD(0.01), Adam(clip_norm=1.0)])
def test_further_fits_of_the_same_shape(optimizer, options, n_threads, batch_size, dtype):
    """They allocate nothing, whatever the numbers are, and whichever network it is."""
    options = {"optimizer": optimizer, "batch_size": batch_size, "n_threads": n_threads, **options}
    for net in [network(dtype=dtype, l2=0.01) for _ in range(2)]:
        for reset_optimizer in (True, True, False):
            net.fit(X, Y, epochs=2, reset_optimizer=reset_optimizer, **options)
            net.fit(X[::-1], Y[::-1], epochs=1, reset_optimizer=reset_optimizer, **options)
    net.fit(X[:50], Y[:50], epochs=1, batch_size=batch_size)
    (memory,) = spare()
    assert memory.allocations == 1


def test_what_is_larger_takes_more():
    net = network()
    counts = []
    for n_samples in (10, 200, 10, 700, 200):
        net.fit(X[:n_samples], Y[:n_samples], epochs=1, batch_size=None)
        (memory,) = spare()
        counts.append(memory.allocations)
    assert counts == [1, 2, 2, 3, 3]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    "optimizer", [SGD(0.01, clip_norm=1.0), Adam(), Rprop(), LBFGS(), LevenbergMarquardt()]
)
def test_memory_that_was_used_does_not_matter(optimizer, dtype):
    """The same bits after a fit that diverged, and left numbers that are not finite."""
    targets = RNG.normal(size=(77, 4))
    nets = [Network((20, 16, 4), dtype=dtype, random_state=0) for _ in range(2)]
    batch_size = "auto" if optimizer.full_batch else 10
    nets[0].fit(X[:77], targets, epochs=3, batch_size=batch_size, optimizer=optimizer)
    spoilt = Network((20, 300, 300, 40), "relu", dtype=dtype, random_state=0)
    large = X * np.finfo(dtype).max ** 0.5
    with pytest.warns(DivergenceWarning):
        spoilt.fit(large, np.zeros((700, 40)), batch_size=None, optimizer=SGD(1.0))
    (memory,) = spare()
    nets[1].fit(X[:77], targets, epochs=3, batch_size=batch_size, optimizer=optimizer)
    assert spare() == [memory]
    assert nets[0].parameters.tobytes() == nets[1].parameters.tobytes()
    assert nets[0].history == nets[1].history


def test_while_a_fit_has_it():
    """Nobody else gets it, not a fit in a callback either; and afterwards it is back."""
    network().fit(X, Y, epochs=1)
    (memory,) = spare()

    def look():
        assert spare() == []
        network().fit(X, Y, epochs=1)
        (other,) = spare()
        assert other is not memory

    during_a_fit(look)
    assert len(spare()) == 2
    assert spare()[-1] is memory
    assert memory.allocations == 1


def test_after_an_error_it_is_back():
    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        during_a_fit(interrupt)
    assert len(spare()) == 1


def test_evaluations_use_it_too():
    net = network()
    expected = net.loss_and_gradient(X, Y)
    (memory,) = spare()
    for _ in range(3):
        loss, gradient = net.loss_and_gradient(X, Y)
        net.evaluate(X, Y)
    assert spare() == [memory]
    assert memory.allocations == 1
    assert loss == expected[0]
    np.testing.assert_array_equal(gradient, expected[1])


def test_fits_in_several_threads():
    """Each has a piece of its own: the bits are those of a fit alone."""

    def trained(width):
        net = network((20, width, 32))
        net.fit(X, Y, epochs=20, batch_size=64)
        return net.parameters.tobytes()

    widths = [8, 64, 90, 33] * 4
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(trained, widths))
    assert together == [trained(width) for width in widths]


def test_a_large_one_is_not_kept():
    """Nothing holds on to more than 64 MB, once its fit is over."""
    net = Network((2000, 2000), random_state=0)
    for _ in range(2):
        net.fit(np.zeros((2, 2000)), np.zeros((2, 2000)), epochs=1, optimizer=SGD())
        assert spare() == []
    assert net.history.epochs == 1


def test_not_too_much_is_kept_in_all():
    """Two pieces of 40 MB are more than 64."""
    X, y = np.zeros((2, 1000)), np.zeros((2, 1000))
    options = {"epochs": 1, "batch_size": None, "optimizer": SGD()}
    inner, outer = (Network((1000, 1000), random_state=0) for _ in range(2))
    inner.fit(X, y, **options)
    assert len(spare()) == 1
    outer.fit(X, y, callbacks=[Calling(lambda: inner.fit(X, y, **options))], **options)
    assert len(spare()) == 1


def test_not_too_many_are_kept():
    """As many fits as are under way at once have one each, and eight of these are kept."""

    def one_within_another(n_fits):
        if n_fits > 1:
            during_a_fit(lambda: one_within_another(n_fits - 1))

    one_within_another(12)
    assert len(spare()) == 8
