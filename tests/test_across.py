"""Weight gradients that are summed with a layer's inputs on the lanes: to the same bits."""

import numpy as np
import pytest
from helpers import check_network, lanes_of

from backprop_c import SGD, Network

every_dtype = pytest.mark.parametrize("dtype", ["float64", "float32"])
# Outputs that fill their vectors badly, and more that fill them, by the number of lanes; behind
# inputs that are no whole vectors, and more than one tile takes.
BADLY, WELL = {4: (5, 8), 8: (9, 16), 16: (33, 48)}, (150, 67)
ROWS = (2, 3, 5, 63, 64, 65, 511, 512, 513, 1100)


def network(n_out, dtype, *, dropout=0.0):
    return Network((*WELL, n_out), dtype=dtype, dropout=dropout, random_state=0)


@pytest.fixture
def widths(dtype):
    """How many outputs fill their vectors badly, and how many fill them."""
    lanes = lanes_of(dtype)
    if lanes not in BADLY:
        pytest.skip("with so few lanes outputs fill them well enough")
    return BADLY[lanes]


@every_dtype
def test_which_layers_are(widths, dtype):
    """Not the first one, whose rows are the caller's, and no layer that threads share."""
    badly, well = widths
    assert network(badly, dtype)._across == [False, True]
    assert network(well, dtype)._across == [False, False]
    assert Network((150, badly, 64), dtype=dtype)._across == [False, False]
    assert Network((150, 150, badly, 64), dtype=dtype)._across == [False, True, False]
    assert Network((8, 40000, badly), dtype=dtype)._across == [False, False]


@every_dtype
@pytest.mark.parametrize("n_samples", ROWS)
def test_the_gradient_is_that_of_the_reference(widths, n_samples, dtype, rng):
    check_network(network(widths[0], dtype), n_samples, rng)


@every_dtype
@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("n_samples", ROWS)
def test_the_same_bits(widths, n_samples, dropout, dtype, rng):
    """A column of the gradient is that of more outputs, which fill their vectors.

    One step of training, with outputs that do not depend on each other: so the columns that both
    networks have change alike.
    """
    badly, well = widths
    net, full = (network(n_out, dtype, dropout=dropout) for n_out in widths)
    for mine, others in zip(full.weights, net.weights, strict=True):
        others[:] = mine[:, : others.shape[1]]
    for one in (net, full):
        one._generator = np.random.default_rng(1)  # the same inputs are dropped
    X, y = rng.normal(size=(n_samples, WELL[0])), rng.normal(size=(n_samples, well))
    for one, targets in ((full, y), (net, y[:, :badly])):
        one.fit(X, targets, epochs=1, batch_size=None, optimizer=SGD(0.5))
    assert net._across[1]
    assert not full._across[1]
    np.testing.assert_array_equal(net.weights[1], full.weights[1][:, :badly])
    np.testing.assert_array_equal(net.biases[1], full.biases[1][:badly])


@every_dtype
def test_any_number_of_threads(widths, dtype, rng):
    """As many samples as two slabs have; the order is shuffled."""
    X, y = rng.normal(size=(3000, WELL[0])), rng.normal(size=(3000, widths[0]))
    trained = []
    for n_threads in (1, 3):
        net = network(widths[0], dtype)
        net.fit(X, y, epochs=3, batch_size=1100, optimizer=SGD(0.1), n_threads=n_threads)
        trained.append(net.parameters.tobytes())
    assert trained[0] == trained[1]
