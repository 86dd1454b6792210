"""Weight gradients that are summed with a layer's inputs on the lanes: to the same bits."""

import numpy as np
import pytest
from helpers import check_network, lanes_of

from backprop_c import SGD, Network

every_dtype = pytest.mark.parametrize("dtype", ["float64", "float32"])
# By the number of lanes: outputs that fill their vectors badly, and more that fill them. One lane
# is always full.
OUTPUTS = {1: (5, 8), 2: (5, 8), 4: (5, 8), 8: (9, 16), 16: (33, 48)}
# The layers before: 67 units are not whole vectors, and more than one tile takes.
BEFORE = (150, 67)
ROWS = (2, 3, 5, 63, 64, 65, 511, 512, 513, 1100)


def network(n_out, dtype, *, dropout=0.0):
    return Network((*BEFORE, n_out), dtype=dtype, dropout=dropout, random_state=0)


@pytest.fixture
def outputs(dtype):
    """How many outputs fill their vectors badly, and how many fill them."""
    return OUTPUTS[lanes_of(dtype)]


@every_dtype
def test_which_layers_are(outputs, dtype):
    """Not the first one, whose rows are the caller's, and none that is cut into ranges."""
    badly, well = outputs
    pays = lanes_of(dtype) > 1
    assert network(badly, dtype)._across == [False, pays]
    assert network(well, dtype)._across == [False, False]
    assert Network((150, badly, 64), dtype=dtype)._across == [False, False]
    assert Network((150, 150, badly, 64), dtype=dtype)._across == [False, pays, False]
    assert Network((8, 40000, badly), dtype=dtype)._across == [False, False]


@every_dtype
@pytest.mark.parametrize("n_samples", ROWS)
def test_the_gradient_is_that_of_the_reference(outputs, n_samples, dtype, rng):
    check_network(network(outputs[0], dtype), n_samples, rng)


@every_dtype
@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("n_samples", ROWS)
def test_the_same_bits(outputs, n_samples, dropout, dtype, rng):
    """A column of the gradient is that of more outputs, which fill their vectors.

    One step of training, with outputs that do not depend on each other: so the columns that both
    networks have change alike.
    """
    badly, well = outputs
    net, full = (network(n_out, dtype, dropout=dropout) for n_out in outputs)
    for mine, others in zip(full.weights, net.weights, strict=True):
        others[:] = mine[:, : others.shape[1]]
    for one in (net, full):
        one._generator = np.random.default_rng(1)  # the same inputs are dropped
    X, y = rng.normal(size=(n_samples, BEFORE[0])), rng.normal(size=(n_samples, well))
    for one, targets in ((full, y), (net, y[:, :badly])):
        one.fit(X, targets, epochs=1, batch_size=None, optimizer=SGD(0.5))
    assert net._across[1] == (lanes_of(dtype) > 1)
    assert not full._across[1]
    np.testing.assert_array_equal(net.weights[1], full.weights[1][:, :badly])
    np.testing.assert_array_equal(net.biases[1], full.biases[1][:badly])


@every_dtype
def test_any_number_of_threads(outputs, dtype, rng):
    """Batches of more samples than a slab has; the order is shuffled."""
    X, y = rng.normal(size=(3000, BEFORE[0])), rng.normal(size=(3000, outputs[0]))
    trained = []
    for n_threads in (1, 3):
        net = network(outputs[0], dtype)
        net.fit(X, y, epochs=3, batch_size=1100, optimizer=SGD(0.1), n_threads=n_threads)
        trained.append(net.parameters.tobytes())
    assert trained[0] == trained[1]
