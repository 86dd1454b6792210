"""fit: batches, order, seeds, going on; evaluate and loss_and_gradient."""

import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest
from helpers import LAYOUTS, any_targets, assert_close, state_of, targets_for
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from reference import ReferenceNetwork
from reference_order import permutation

from backprop_c import SGD, Adam, Network, Rprop

EXACT = {"loss": 1e-11, "mse": 1e-11, "accuracy": 1e-15}


def data(n_samples, n_in=3, n_out=2, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_samples, n_in)), rng.normal(size=(n_samples, n_out))


@given(
    n_samples=st.integers(1, 200),
    batch_size=st.one_of(st.none(), st.integers(1, 200)),
    shuffle=st.booleans(),
    dtype=st.sampled_from(["float64", "float32"]),
    seed=st.integers(0, 1000),
)
@hypothesis_settings(max_examples=80)
def test_sgd_by_the_reference(n_samples, batch_size, shuffle, dtype, seed):
    """Every batch, the last shorter one too, in the order that the bit generator gives."""
    X, _ = data(n_samples, seed=seed)
    y = np.eye(2)[np.random.default_rng(seed).integers(0, 2, n_samples)]
    net = Network((3, 4, 2), ("tanh", "identity"), dtype=dtype, random_state=seed)
    reference = ReferenceNetwork(net)
    generator = np.random.default_rng(seed + 1)
    net.initialize(generator)
    reference = ReferenceNetwork(net)
    twin = np.random.default_rng(seed + 1)
    for weights in net.weights:
        twin.uniform(size=weights.shape)
    full = batch_size is None or batch_size >= n_samples
    orders = [
        permutation(twin, n_samples) if shuffle and not full else np.arange(n_samples)
        for _ in range(3)
    ]
    history = net.fit(
        X,
        y,
        epochs=3,
        batch_size=batch_size,
        shuffle=shuffle,
        optimizer=SGD(0.05),
        metrics=("accuracy", "mse"),
    )
    expected = reference.fit(X, y, orders, n_samples if full else batch_size, 0.05)
    assert list(history) == ["loss", "accuracy", "mse"]
    for name in expected:
        tolerance = EXACT[name] if dtype == "float64" else 1e-4
        if name != "accuracy" or dtype == "float64":
            np.testing.assert_allclose(history[name], expected[name], rtol=tolerance)
    assert_close(net.parameters, reference.parameters, dtype)
    assert state_of(generator) == state_of(twin)


@pytest.mark.parametrize("batch_size", [1, 3])
@pytest.mark.parametrize("bit_generator", ["PCG64", "MT19937", "Philox", "SFC64"])
def test_any_bit_generator_is_respected_and_advanced(bit_generator, batch_size):
    make = getattr(np.random, bit_generator)
    passed, twin = make(5), np.random.Generator(make(5))
    net = Network((3, 2), "identity", random_state=passed)
    np.testing.assert_array_equal(
        net.weights[0], twin.uniform(-np.sqrt(6 / 5), np.sqrt(6 / 5), (3, 2))
    )
    X, y = data(20)
    reference = ReferenceNetwork(net)
    net.fit(X, y, epochs=2, batch_size=batch_size, optimizer=SGD(0.01))
    reference.fit(X, y, [permutation(twin, 20) for _ in range(2)], batch_size, 0.01)
    np.testing.assert_allclose(net.parameters, reference.parameters, rtol=1e-12)
    assert passed.random_raw() == twin.bit_generator.random_raw()


def test_random_states():
    """What can be passed, and that an old RandomState is advanced, too."""
    by_int = Network((3, 2), random_state=7).parameters
    np.testing.assert_array_equal(
        by_int, Network((3, 2), random_state=np.random.default_rng(7)).parameters
    )
    old = np.random.RandomState(3)
    first = Network((3, 2), random_state=old).parameters
    assert not np.array_equal(first, Network((3, 2), random_state=old).parameters)
    assert old.random_sample() != np.random.RandomState(3).random_sample()
    assert not np.array_equal(Network((3, 2)).parameters, Network((3, 2)).parameters)


@pytest.mark.parametrize("batch_size", [1, 3, 20])
def test_shuffled_labels_stay_with_their_samples(batch_size):
    """By class index and by one-hot target, to the same bits."""
    X, _ = data(20)
    labels = np.arange(20) % 3
    one, other = (Network((3, 3), "softmax", "cross_entropy", random_state=4) for _ in range(2))
    by_label = one.fit(X, labels, epochs=3, batch_size=batch_size, metrics="accuracy")
    by_target = other.fit(X, np.eye(3)[labels], epochs=3, batch_size=batch_size, metrics="accuracy")
    assert one.parameters.tobytes() == other.parameters.tobytes()
    assert by_label.to_dict() == by_target.to_dict()


def test_the_order_is_fresh_each_epoch_and_fair():
    """Online steps of rate 1 leave the last sample's target: all are as often last."""
    n_samples, epochs = 5, 4000
    net = Network((1, 1), "identity", biases=False, random_state=11)
    last = np.zeros(n_samples)
    for _ in range(epochs):
        net.fit(
            np.ones((n_samples, 1)),
            np.arange(n_samples),
            epochs=1,
            batch_size=1,
            optimizer=SGD(1.0),
        )
        last[round(net.parameters[0])] += 1
    expected = epochs / n_samples
    assert ((last - expected) ** 2 / expected).sum() < 25  # chi-squared, 4 degrees: p = 5e-5


@any_targets
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("batch_size", [1, 7, None])
def test_the_same_seed_gives_the_same_bits(dtype, batch_size):
    X, y = data(50)
    nets = [Network((3, 9, 2), "tanh", dtype=dtype, random_state=4) for _ in range(2)]
    histories = [net.fit(X, y, epochs=20, batch_size=batch_size) for net in nets]
    assert nets[0].parameters.tobytes() == nets[1].parameters.tobytes()
    assert histories[0]["loss"].tobytes() == histories[1]["loss"].tobytes()


@any_targets
@pytest.mark.parametrize("batch_size", [1, 7, None])
def test_two_fits_are_one_long_fit(batch_size):
    X, y = data(50)
    one = Network((3, 5, 2), "tanh", random_state=4)
    two = Network((3, 5, 2), "tanh", random_state=4)
    long = one.fit(X, y, epochs=30, batch_size=batch_size, optimizer=SGD(0.1))
    first = two.fit(X, y, epochs=11, batch_size=batch_size, optimizer=SGD(0.1))
    second = two.fit(
        X, y, epochs=19, batch_size=batch_size, optimizer=SGD(0.1), reset_optimizer=False
    )
    state = two._optimizer_state
    assert state.steps == 30 * -(-50 // (batch_size or 50))
    assert state.vectors.size == 0
    assert one.parameters.tobytes() == two.parameters.tobytes()
    np.testing.assert_array_equal(long["loss"], [*first["loss"], *second["loss"]])


def test_more_epochs_than_a_run_records():
    """The driver hands its values over by the ten thousand."""
    X, y = data(2)
    one = Network((3, 1), "identity", random_state=4)
    two = Network((3, 1), "identity", random_state=4)
    options = {"batch_size": None, "optimizer": SGD()}
    history = one.fit(X, y[:, 0], epochs=40_000, **options)
    assert history.epochs == 40_000
    two.fit(X, y[:, 0], epochs=20_000, **options)
    later = two.fit(X, y[:, 0], epochs=20_000, **options)
    np.testing.assert_array_equal(history["loss"][20_000:], later["loss"])


def test_no_epochs():
    X, y = data(5)
    net = Network((3, 2), random_state=1)
    before = net.parameters.copy()
    history = net.fit(X, y, epochs=0, metrics=["mse"])
    assert history.epochs == 0
    assert list(history) == ["loss", "mse"]
    np.testing.assert_array_equal(net.parameters, before)


def test_values_of_an_epoch_are_those_of_its_forward_passes():
    """With the full batch the first epoch's values are those of the untrained network."""
    X, _ = data(30)
    y = np.arange(30) % 2
    net = Network((3, 4, 2), "tanh", random_state=1)
    before = net.evaluate(X, y, metrics=["mse", "accuracy"])
    history = net.fit(X, y, epochs=2, batch_size=None, metrics=["mse", "accuracy"])
    for name, value in before.items():
        np.testing.assert_allclose(history[name][0], value, rtol=1e-14)


def test_the_optimizer_of_a_fit_stays():
    X, y = data(5)
    net = Network((3, 2), random_state=1)
    assert net.optimizer == Adam(learning_rate=0.001)
    net.fit(X, y, epochs=1, optimizer=SGD(0.5))
    assert net.optimizer == SGD(0.5)
    net.optimizer = SGD(0.25)
    assert net.optimizer.learning_rate == 0.25


@any_targets
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("layout", [*LAYOUTS, "int"])
def test_layouts_of_inputs(layout, dtype):
    """Whatever holds the numbers, the result is that of a plain array, and it is not written to."""
    X, y = data(40)
    X, y = np.round(4 * X).astype(dtype), y.astype(dtype)
    arrange = LAYOUTS.get(layout, lambda a: a.astype(int) if (a == np.round(a)).all() else a)
    plain, other = (Network((3, 4, 2), "tanh", dtype=dtype, random_state=1) for _ in range(2))
    held = arrange(X), arrange(y)
    copies = [np.array(part, copy=True) for part in held]
    plain.fit(X, y, epochs=2, batch_size=7)
    other.fit(*held, epochs=2, batch_size=7)
    assert plain.parameters.tobytes() == other.parameters.tobytes()
    np.testing.assert_array_equal(plain.predict(X), other.predict(held[0]))
    for part, copied in zip(held, copies, strict=True):
        np.testing.assert_array_equal(part, copied)


@any_targets
def test_data_frames():
    pandas = pytest.importorskip("pandas")
    X, y = data(40)
    one, other = (Network((3, 4, 2), "tanh", random_state=1) for _ in range(2))
    one.fit(X, y, epochs=2)
    other.fit(pandas.DataFrame(X), pandas.DataFrame(y), epochs=2)
    assert one.parameters.tobytes() == other.parameters.tobytes()
    labels = pandas.Series(np.arange(40) % 2)
    assert other.evaluate(pandas.DataFrame(X), labels)["loss"] > 0


@given(
    st.sampled_from(["squared_error", "binary_cross_entropy", "cross_entropy"]), st.integers(1, 60)
)
def test_evaluate_is_the_loss_of_loss_and_gradient(loss, n_samples):
    output = {"squared_error": "identity", "binary_cross_entropy": "sigmoid"}.get(loss, "softmax")
    rng = np.random.default_rng(n_samples)
    net = Network((2, 3), output, loss, random_state=1)
    X, y = rng.normal(size=(n_samples, 2)), targets_for(rng, loss, n_samples, 3)
    before = net.parameters.copy()
    assert net.evaluate(X, y) == {"loss": net.loss_and_gradient(X, y)[0]}
    np.testing.assert_array_equal(net.parameters, before)


def test_initialization():
    """Glorot-uniform, He-uniform for rectifiers, zero biases, the same draws for both dtypes."""
    net = Network((300, 200, 100), ("relu", "tanh"), random_state=0)
    for weights, limit in zip(net.weights, (np.sqrt(6 / 300), np.sqrt(6 / 300)), strict=True):
        assert limit * 0.999 < abs(weights).max() <= limit
        assert abs(weights.mean()) < limit / 50
        np.testing.assert_allclose(weights.std(), limit / np.sqrt(3), rtol=0.02)
    for biases in net.biases:
        assert not biases.any()
    single = Network((300, 200, 100), ("relu", "tanh"), dtype="float32", random_state=0)
    np.testing.assert_array_equal(net.parameters.astype("float32"), single.parameters)
    glorot = Network((20, 300), "sigmoid", random_state=0)
    assert abs(glorot.weights[0]).max() <= np.sqrt(6 / 320)
    for rectifier in ("relu", "leaky_relu", "elu", "gelu", "gelu_tanh", "silu", "mish"):
        he = Network((20, 300), rectifier, random_state=0)
        assert abs(he.weights[0]).max() > np.sqrt(6 / 320)


@pytest.mark.thread_unsafe(reason="memory is counted for all threads")
def test_initialize_needs_no_second_copy_of_the_weights():
    tracemalloc.start()
    try:
        net = Network((2**20, 2), dtype="float32", random_state=0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < net.parameters.nbytes + 2**21
    twin = np.random.default_rng(0).uniform(-1, 1, (2**20, 2)) * np.sqrt(6 / (2**20 + 2))
    np.testing.assert_allclose(net.weights[0], twin, rtol=1e-6)


def test_initialize_draws_anew_or_from_a_seed():
    net = Network((3, 2), random_state=1)
    first = net.parameters.copy()
    net.initialize()
    assert not np.array_equal(net.parameters, first)
    net.initialize(1)
    np.testing.assert_array_equal(net.parameters, first)


def test_a_progress_bar_that_fails_changes_nothing(monkeypatch):
    def fail(epochs):
        raise OSError(f"no terminal for {epochs} epochs")

    net = Network((2, 1), random_state=0)
    net.fit([[1.0, 2.0]], [0.5], epochs=3, optimizer=Adam())
    before = net.optimizer, net._optimizer_state, net.parameters.tobytes(), net.history
    monkeypatch.setattr("backprop_c._watcher.Progress", fail)
    with pytest.raises(OSError, match="no terminal for 5 epochs"):
        net.fit([[1.0, 2.0]], [0.5], epochs=5, optimizer=SGD(), verbose=True)
    assert (net.optimizer, net._optimizer_state, net.parameters.tobytes(), net.history) == before
    assert not net._training
    assert net.fit([[1.0, 2.0]], [0.5], epochs=1).epochs == 1


def test_samples_that_are_the_parameters_are_those_of_the_beginning():
    """A fit writes to its parameters now and then: its samples may not change with them."""

    class Nothing:
        def on_epoch_end(self, *_):
            pass

    found = []
    for callbacks in ([], [Nothing()]):
        net = Network((3, 3, 1), random_state=0)
        options = {"epochs": 5, "batch_size": 1, "optimizer": SGD(0.1), "callbacks": callbacks}
        found.append(net.fit(net.weights[0], [1.0, 2.0, 3.0], **options))
    assert found[0] == found[1]


@pytest.mark.parametrize(
    "give",
    [
        lambda X, y: (X, y),
        lambda X, y: (X, y[:, 0]),
        lambda X, y: (X.tolist(), y),
        lambda X, y: (np.asfortranarray(X), y),
        lambda X, y: (X.astype(np.float32), y.astype(np.float32)),
        lambda X, y: (np.repeat(X, 2, axis=1)[:, ::2], y),
        lambda X, y: (np.ma.array(X), y),
    ],
)
def test_what_is_converted_trains_like_what_need_not_be(give):
    """Arrays that kernels can read as they stand go a shorter way to them."""
    rng = np.random.default_rng(0)
    X = rng.integers(-4, 5, size=(12, 3)).astype(float)
    y = rng.integers(-4, 5, size=(12, 1)).astype(float)
    first, second = (Network((3, 4, 1), random_state=0) for _ in range(2))
    first.fit(X, y, epochs=3)
    second.fit(*give(X, y), epochs=3)
    assert first.parameters.tobytes() == second.parameters.tobytes()


@pytest.mark.parametrize("of", ["X", "y"])
def test_samples_that_are_views_of_the_parameters(of):
    """They are what they were when the fit began, whatever it writes."""
    other, net = (Network((2, 3, 1), random_state=0) for _ in range(2))
    given = {"X": np.ones((2, 2)), "y": np.ones((2, 1))}
    copied = dict(given)
    size = given[of].size
    given[of] = net.parameters[-size:].reshape(given[of].shape)
    copied[of] = given[of].copy()
    # With a callback, parameters are written after each epoch.
    callbacks = [SimpleNamespace(on_epoch_end=lambda *_: None)]
    net.fit(**given, epochs=20, batch_size=1, callbacks=callbacks)
    other.fit(**copied, epochs=20, batch_size=1, callbacks=callbacks)
    assert net.parameters.tobytes() == other.parameters.tobytes()


@pytest.mark.parametrize(("optimizer", "epochs"), [(Adam(), 100), (Rprop(), 1000)])
def test_epochs_by_default(optimizer, epochs):
    """Who makes one step an epoch needs more of them."""
    X, y = data(10)
    net = Network((3, 5, 2), random_state=0)
    assert net.fit(X, y, optimizer=optimizer).epochs == epochs
    assert net.fit(X, y, optimizer=optimizer, epochs=2).epochs == 2
