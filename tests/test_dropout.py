"""Dropout: the very inputs that the random bits say, against masked passes in NumPy."""

import copy
import pickle

import numpy as np
import pytest
from helpers import any_targets, assert_close, lanes_of, measured, state_of
from reference import ReferenceNetwork, dropout_bits
from reference_order import permutation

from backprop_c import SGD, Adam, Network
from backprop_c._engine.trainer import Trainer

DTYPES = ("float64", "float32")
# Narrow, wide, narrow layers behind a wide one, and some layers of each kind.
SIZES = [(3, 4, 2), (20, 48, 32), (40, 64, 2), (64, 64, 64, 10), (7, 9, 5, 3)]
every_dtype = pytest.mark.parametrize("dtype", DTYPES)
every_size = pytest.mark.parametrize("sizes", SIZES)


def network(sizes, dropout, dtype="float64", hidden="tanh", seed=3, **options):
    """With softmax outputs, and biases other than 0."""
    activations = (hidden,) * (len(sizes) - 2) + ("softmax",)
    options = {"dtype": dtype, "random_state": seed, **options}
    net = Network(sizes, activations, dropout=dropout, **options)
    for biases in net.biases:
        biases[:] = np.random.default_rng(seed).normal(size=biases.shape)
    return net


def data(sizes, n_samples=40):
    rng = np.random.default_rng(1)
    return rng.normal(size=(n_samples, sizes[0])), rng.integers(0, sizes[-1], n_samples)


def draws(net, n_samples, batch_size, epochs, shuffle=True):
    """The keys and orders that a fit of the network will draw: in each epoch first its key."""
    generator = copy.deepcopy(net._generator)
    interface = generator.bit_generator.ctypes
    keys, orders = [], []
    for _ in range(epochs):
        keys.append(interface.next_uint64(interface.state))
        drawn = shuffle and batch_size < n_samples
        orders.append(permutation(generator, n_samples) if drawn else np.arange(n_samples))
    return keys, orders, generator


def check(net, batch_size, n_samples=40, epochs=3, sample_weight=None, shuffle=True):
    """A fit, and the naive one with the inputs dropped that the bits of its keys say."""
    X, y = data(net.layer_sizes, n_samples)
    keys, orders, generator = draws(net, n_samples, batch_size or n_samples, epochs, shuffle)
    reference = ReferenceNetwork(net)
    expected = reference.fit(X, y, orders, batch_size or n_samples, 0.02, sample_weight, keys)
    history = net.fit(
        X,
        y,
        sample_weight,
        epochs=epochs,
        batch_size=batch_size,
        shuffle=shuffle,
        optimizer=SGD(0.02),
        metrics=("mse", "accuracy"),
    )
    for name in ("loss", "mse"):
        assert_close(history[name], expected[name], net.dtype)
    if net.dtype == np.float64:
        np.testing.assert_allclose(history["accuracy"], expected["accuracy"], rtol=1e-14)
    assert_close(net.parameters, reference.parameters, net.dtype)
    assert state_of(net._generator) == state_of(generator)


def test_the_layers_are_of_all_kinds():
    """Wide, narrow and both, on lanes that are enough for that."""
    n_wide = [network(sizes, 0.5)._n_wide for sizes in SIZES]
    assert n_wide[0] == 0
    assert n_wide[1] == 2
    if lanes_of("float64") >= 4:
        assert 0 < n_wide[2] < 2
        assert n_wide[3] > 0


@every_dtype
@pytest.mark.parametrize("batch_size", [1, 5, None])
@pytest.mark.parametrize("hidden", ["tanh", "relu", "gelu"])
@pytest.mark.parametrize("all_layers", [False, True])
@every_size
def test_by_the_reference(sizes, all_layers, hidden, batch_size, dtype):
    """One number for all layers but the first, and one for each, the first one's above 0."""
    shares = [0.25, 0.5, 0.125, 0.3]
    net = network(sizes, tuple(shares[: len(sizes) - 1]) if all_layers else 0.4, dtype, hidden)
    expected = tuple(shares[: len(sizes) - 1]) if all_layers else (0.0,) + (0.4,) * (len(sizes) - 2)
    assert net.dropout == expected
    check(net, batch_size)


@every_dtype
@pytest.mark.parametrize("batch_size", [1, 5, None])
@every_size
def test_some_layers_drop_nothing(sizes, batch_size, dtype):
    """Each layer's inputs, and those of each layer alone."""
    for k in range(len(sizes) - 1):
        net = network(sizes, tuple(0.5 * (n == k) for n in range(len(sizes) - 1)), dtype)
        check(net, batch_size, epochs=2)


@pytest.mark.parametrize("batch_size", [1, 7, None])
@every_size
def test_weights_of_samples(sizes, batch_size):
    weights = np.random.default_rng(2).integers(0, 3, 40).astype(float)
    check(network(sizes, 0.4), batch_size, sample_weight=weights)


@pytest.mark.parametrize("batch_size", [300, None])
@pytest.mark.parametrize("sizes", [(3, 4, 2), (20, 48, 32), (40, 64, 2)])
def test_batches_of_several_parts_and_slabs(sizes, batch_size):
    check(network(sizes, (0.25, 0.5)), batch_size, n_samples=1100, epochs=2)


@every_dtype
@pytest.mark.parametrize("width", [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33])
def test_widths_around_the_ends_of_vectors(width, dtype):
    for sizes in ((width, width, 2), (3, width, 33), (200, width + 200, 64)):
        for batch_size in (1, 6):
            check(network(sizes, (0.5, 0.5), dtype), batch_size, n_samples=12, epochs=1)


@pytest.mark.parametrize("batch_size", [1, 5, None])
def test_rows_as_they_stand(batch_size):
    """Then the key alone is drawn, as it is for the full batch."""
    check(network((3, 4, 2), 0.4), batch_size, shuffle=False)


@pytest.mark.parametrize("batch_size", [1, 5, None])
def test_without_biases_and_with_one_output(batch_size):
    net = Network((3, 6, 1), "identity", biases=False, dropout=0.5, random_state=0)
    X, y = data((3, 2))
    keys, orders, _ = draws(net, 40, batch_size or 40, 2)
    reference = ReferenceNetwork(net)
    reference.fit(X, y, orders, batch_size or 40, 0.02, keys=keys)
    net.fit(X, y, epochs=2, batch_size=batch_size, optimizer=SGD(0.02))
    assert_close(net.parameters, reference.parameters, "float64")


def bits(net):
    state = net._optimizer_state
    return net.parameters.tobytes(), state.vectors.tobytes(), state.steps, state_of(net._generator)


@every_dtype
@pytest.mark.parametrize(
    ("sizes", "n_samples"), [((20, 48, 32), 1500), ((50, 96, 2), 1500), ((4, 16, 3), 9000)]
)
def test_the_same_bits_whatever_the_threads(sizes, n_samples, dtype):
    X, y = data(sizes, n_samples)
    results = set()
    for n_threads in (1, 2, 3):
        net = network(sizes, (0.2, 0.5), dtype)
        options = {"batch_size": n_samples // 2, "optimizer": Adam(0.01)}
        history = net.fit(X, y, epochs=4, n_threads=n_threads, **options)
        results.add((*bits(net), history["loss"].tobytes()))
    assert len(results) == 1


def trained_in_runs(seconds, batch_size, dtype):
    """Parameters, recorded values and the number of runs, of a fit in runs of so many seconds."""
    net = network((30, 40, 3), (0.2, 0.5), dtype)
    X, y = data((30, 3), 5000)
    trainer = Trainer(net, measured(net, X.astype(dtype), y, None, ("mse", "accuracy")))
    trainer.prepare(3, batch_size, 0, (0.1,), np.random.PCG64(5), None)
    runs = 1
    while trainer.run(seconds):
        runs += 1
    trainer.close()
    return net.parameters.tobytes(), trainer.record.values().tobytes(), runs


@every_dtype
@pytest.mark.parametrize("batch_size", [1, 77, 5000])
def test_a_run_can_stop_anywhere(batch_size, dtype):
    """An epoch that goes on in another run keeps its key."""
    *whole, runs = trained_in_runs(1e9, batch_size, dtype)
    assert runs == 1
    *pieces, runs = trained_in_runs(-1.0, batch_size, dtype)
    assert runs > 3
    assert pieces == whole


@every_dtype
@pytest.mark.parametrize("batch_size", [1, 7, None])
@every_size
def test_two_fits_are_one_long_fit(sizes, batch_size, dtype):
    """In place, and through a copy or a pickle, which keep the shares."""
    X, y = data(sizes)
    long, first = (network(sizes, 0.4, dtype) for _ in range(2))
    options = {"batch_size": batch_size, "optimizer": Adam(0.01)}
    long.fit(X, y, epochs=5, **options)
    first.fit(X, y, epochs=2, **options)
    for other in (copy.copy(first), copy.deepcopy(first), pickle.loads(pickle.dumps(first)), first):
        assert other.dropout == long.dropout
        other.fit(X, y, epochs=3, reset_optimizer=False, **options)
        assert bits(other) == bits(long)


@every_size
def test_nothing_is_dropped_outside_of_training(sizes):
    """And nothing is drawn."""
    X, y = data(sizes)
    net, plain = network(sizes, 0.4), network(sizes, 0.0)
    before = state_of(net._generator)
    for rows in (X, X[:1]):
        np.testing.assert_array_equal(net.predict(rows), plain.predict(rows))
        labels = y[: len(rows)]
        assert net.evaluate(rows, labels) == plain.evaluate(rows, labels)
        for one, other in zip(
            net.loss_and_gradient(rows, labels), plain.loss_and_gradient(rows, labels), strict=True
        ):
            np.testing.assert_array_equal(one, other)
    assert state_of(net._generator) == before


@pytest.mark.parametrize("batch_size", [1, 7, None])
@every_size
def test_validation_drops_nothing(sizes, batch_size):
    X, y = data(sizes)
    net = network(sizes, 0.4)
    for rows in (X, X[:1]):
        labels = y[: len(rows)]
        history = net.fit(
            X, y, epochs=2, batch_size=batch_size, validation_data=(rows, labels), metrics=["mse"]
        )
        expected = net.evaluate(rows, labels, metrics=["mse"])
        for name, value in expected.items():
            np.testing.assert_allclose(history[f"val_{name}"][-1], value, rtol=1e-13)


@every_size
@pytest.mark.parametrize("batch_size", [1, 7, None])
def test_a_share_of_0_changes_nothing(sizes, batch_size):
    """Not even what is drawn."""
    X, y = data(sizes)
    none = (0.0,) * (len(sizes) - 1)
    nets = [network(sizes, 0.0), network(sizes, none), Network.__new__(Network)]
    nets[2].__init__(sizes, nets[0].activations, random_state=3)
    nets[2].parameters[:] = nets[0].parameters
    for net in nets:
        net.fit(X, y, epochs=3, batch_size=batch_size)
    assert bits(nets[0]) == bits(nets[1]) == bits(nets[2])


@every_size
def test_single_steps_draw_a_key_each(sizes):
    """As a fit of one epoch does."""
    X, y = data(sizes, 6)
    net, twin = (network(sizes, 0.4) for _ in range(2))
    net.optimizer = twin.optimizer = SGD(0.1)
    for rows, labels in ((X, y), (X[:1], y[:1])):
        loss = net.train_step(rows, labels)
        history = twin.fit(rows, labels, epochs=1, batch_size=None, reset_optimizer=False)
        np.testing.assert_allclose(history["loss"], loss, rtol=1e-15)
        assert bits(net) == bits(twin)


def half_square(y_true, y_pred):
    d = y_pred - y_true
    return (d**2).sum(axis=1) / 2, d


@any_targets
@every_dtype
@pytest.mark.parametrize("batch_size", [1, 5, 300, None])
@every_size
def test_a_loss_of_ones_own_sees_what_dropout_leaves(sizes, batch_size, dtype):
    """Its value, its derivatives and the metrics are those of the entry of the same formula."""
    n_samples = 1100 if batch_size == 300 else 40
    X, labels = data(sizes, n_samples)
    weights = np.random.default_rng(2).integers(1, 4, n_samples)
    activations = (*("gelu",) * (len(sizes) - 2), "tanh")
    nets, histories = [], []
    for loss in ("squared_error", half_square):
        net = Network(sizes, activations, loss, dropout=0.4, dtype=dtype, random_state=0)
        options = {"epochs": 2, "batch_size": batch_size, "metrics": ("mse", "accuracy")}
        histories.append(net.fit(X, labels, weights, optimizer=SGD(0.05), **options))
        net.train_step(X[0], np.eye(sizes[-1])[0])
        net.train_step(X, labels, sample_weight=weights)
        nets.append(net)
    for name in histories[0]:
        assert_close(histories[1][name], histories[0][name], dtype)
    assert_close(nets[1].parameters, nets[0].parameters, dtype)
    assert state_of(nets[0]._generator) == state_of(nets[1]._generator)


@pytest.mark.parametrize("share", [1e-3, 0.1, 0.5, 0.9])
def test_the_share_of_the_bits_that_drop(share):
    """Within 5 standard deviations of the binomial distribution, by rows and by units too."""
    rows, units = 2000, 100
    dropped = dropout_bits(0x0123456789ABCDEF, np.arange(rows), np.arange(units)) < share * 2.0**32
    for axis, n in ((None, rows * units), (0, rows), (1, units)):
        deviation = np.sqrt(share * (1 - share) / n)
        assert (abs(dropped.mean(axis=axis) - share) < 6 * deviation + 2 / n).all()
    first, second = dropped[:, :-1] - share, dropped[:, 1:] - share
    correlation = (first * second).mean() / (share * (1 - share))
    assert abs(correlation) < 5 / np.sqrt(first.size)


@every_dtype
@pytest.mark.parametrize("batch_size", [1, None])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_what_is_dropped_in_a_fit_is_anew_in_each_epoch(share, batch_size, dtype):
    """The weights of a linear network stay all but as they are, and its loss tells its outputs.

    With all inputs and weights 1 the output is the number of inputs kept, over 1 - share: its mean
    is their number.
    """
    n_in, epochs = 100, 300
    net = Network(
        (n_in, 1), "identity", biases=False, dropout=(share,), dtype=dtype, random_state=1
    )
    net.parameters[:] = 1
    X, y = np.ones((4, n_in)), np.zeros(4)
    history = net.fit(X, y, epochs=epochs, batch_size=batch_size, optimizer=SGD(1e-20))
    # Half the mean square of the outputs of 4 samples, each binomial / (1 - share).
    variance = n_in * share / (1 - share)
    expected = (n_in**2 + variance) / 2
    deviation = n_in * np.sqrt(variance / (4 * epochs))
    assert abs(history["loss"].mean() - expected) < 5 * deviation
    assert len(np.unique(history["loss"])) > epochs // 4


@any_targets
def test_the_expected_output_is_that_without_dropout():
    """Of a linear network, over many epochs whose steps are too small to matter."""
    net = Network((6, 5, 1), "identity", dropout=(0.3, 0.5), random_state=2)
    x = np.random.default_rng(0).normal(size=(1, 6))
    output = net.predict(x)[0, 0]
    losses = [
        net.fit(x, [target], epochs=20_000, batch_size=None, optimizer=SGD(1e-20))["loss"].mean()
        for target in (0.0, 1.0)
    ]
    # E (a**2) / 2 - E ((a - 1)**2) / 2 = E a - 1 / 2
    assert abs(losses[0] - losses[1] + 0.5 - output) < 0.05
    assert abs(output) > 0.2


@pytest.mark.parametrize(
    ("dropout", "error", "message"),
    [
        (1.0, ValueError, r"dropout must be at least 0 and below 1, but is 1\.0"),
        (-0.1, ValueError, r"dropout must be at least 0 and below 1, but is -0\.1"),
        (np.nan, ValueError, "dropout must be at least 0 and below 1, but is nan"),
        ((0.1, 1.0), ValueError, r"dropout must be at least 0 and below 1, but is 1\.0"),
        ((0.1,), ValueError, "dropout has 1 entries, but the network has 2 layers"),
        ((0.1,) * 3, ValueError, "dropout has 3 entries, but the network has 2 layers"),
        (None, TypeError, "dropout must be a number, but is None"),
        (True, TypeError, "dropout must be a number, but is True"),
        (("a", "b"), TypeError, "dropout must be a number, but is 'a'"),
    ],
)
def test_bad_shares(dropout, error, message):
    with pytest.raises(error, match=message):
        Network((3, 4, 2), dropout=dropout)


def test_a_share_that_is_all_but_1():
    """Then all is dropped, all but surely, and the outputs are those of the biases."""
    net = Network((3, 4, 2), "identity", dropout=np.nextafter(1, 0), random_state=0)
    net.biases[1][:] = 1, 2
    assert net.fit(np.ones((5, 3)), np.zeros((5, 2)), epochs=1)["loss"] == 2.5
