"""The memory that fits work with: taken once, and used again by the network's next fit."""

import copy
import pickle

import numpy as np
import pytest

from backprop_c import SGD, Adam, EarlyStopping, Network

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(700, 20)), RNG.integers(0, 32, 700)
VALIDATED = {
    "validation_data": (X[:300], Y[:300]),
    "callbacks": [EarlyStopping(patience=9)],
    "metrics": ("mse", "accuracy"),
}


def network(sizes=(20, 64, 32), **options):
    return Network(sizes, ("tanh", "softmax"), random_state=0, **options)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("batch_size", [1, 32, None])
@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("options", [{}, VALIDATED, {"sample_weight": np.ones(700)}])
@pytest.mark.parametrize("optimizer", [SGD(0.01), Adam(clip_norm=1.0)])
def test_a_second_fit_of_the_same_shape(optimizer, options, n_threads, batch_size, dtype):
    """It allocates nothing, whatever the numbers are."""
    net = network(dtype=dtype, l2=0.01)
    assert net._memory is None
    options = {"optimizer": optimizer, "batch_size": batch_size, "n_threads": n_threads, **options}
    for reset_optimizer in (True, True, False):
        net.fit(X, Y, epochs=2, reset_optimizer=reset_optimizer, **options)
        net.fit(X[::-1], Y[::-1], epochs=1, reset_optimizer=reset_optimizer, **options)
        memory = net._memory
        assert memory.allocations == 1
    net.fit(X[:50], Y[:50], epochs=1, batch_size=batch_size)
    assert net._memory is memory
    assert memory.allocations == 1


def test_what_is_larger_takes_more():
    net = network()
    counts = []
    for n_samples in (10, 200, 10, 700, 200):
        net.fit(X[:n_samples], Y[:n_samples], epochs=1, batch_size=None)
        counts.append(net._memory.allocations)
    assert counts == [1, 2, 2, 3, 3]


def test_memory_that_was_used_does_not_matter():
    """The same bits in a network that was trained with something larger before."""
    nets = [network() for _ in range(2)]
    nets[0].fit(X, Y, epochs=1, batch_size=None, **VALIDATED)
    nets[0].initialize(0)
    nets[1].initialize(0)
    for net in nets:
        net.fit(X[:77], Y[:77], epochs=3, batch_size=10)
    assert nets[0]._memory.allocations == 1
    assert nets[0].parameters.tobytes() == nets[1].parameters.tobytes()
    assert nets[0].history == nets[1].history


def test_while_a_fit_has_it():
    """Nobody else gets it, also not a copy that is made meanwhile, and afterwards it is back."""
    seen = []

    class Look:
        def on_epoch_end(self, epoch, logs, network):
            seen.append(network._memory)
            for other in (copy.copy(network), pickle.loads(pickle.dumps(network))):
                assert other._memory is None
            if epoch == 2:
                raise KeyboardInterrupt

    net = network()
    net.fit(X, Y, epochs=1)
    memory = net._memory
    with pytest.raises(KeyboardInterrupt):
        net.fit(X, Y, epochs=9, callbacks=[Look()])
    assert seen == [None, None]
    assert net._memory is memory
    assert memory.allocations == 1


def test_a_large_one_is_not_kept():
    """A network does not hold on to more than 64 MB."""
    net = Network((2000, 2000), random_state=0)
    net.fit(np.zeros((2, 2000)), np.zeros((2, 2000)), epochs=1, optimizer=SGD())
    assert net._memory is None
    net.fit(np.zeros((2, 2000)), np.zeros((2, 2000)), epochs=1, optimizer=SGD())
    assert net.history.epochs == 1
