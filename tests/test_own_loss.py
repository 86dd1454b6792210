"""A loss of the caller's own: a Python function in the place of a compiled loss."""

import pickle
import signal
import threading

import numpy as np
import pytest
from helpers import assert_close, squared, state_of

from backprop_c import SGD, Adam, DivergenceWarning, Network, trace

EPOCHS = 4
# Narrow, and with wide layers.
SIZES = [(3, 8, 2), (20, 64, 32)]
every_dtype = pytest.mark.parametrize("dtype", ["float64", "float32"])


def huber(y_true, y_pred):
    difference = y_pred - y_true
    clipped = np.clip(difference, -1, 1)
    return (clipped * (difference - clipped / 2)).sum(axis=1), clipped


OWN = {"squared_error": squared, "huber": huber}


def data(sizes, n_samples=50, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_samples, sizes[0])), 2 * rng.normal(size=(n_samples, sizes[-1]))


def pair(loss="squared_error", sizes=(3, 8, 2), activations=("tanh", "identity"), **options):
    """The same network with a loss of the caller's and with the compiled one."""
    return [
        Network(sizes, activations, one, random_state=0, **options) for one in (OWN[loss], loss)
    ]


def assert_same_values(one, other, dtype):
    assert list(one) == list(other)
    for name in one:
        assert_close(one[name], other[name], dtype)


@every_dtype
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("loss", OWN)
@pytest.mark.parametrize("batch_size", [1, 7, None])
def test_a_fit(batch_size, loss, sizes, dtype):
    """Shuffled, with weights, penalties, clipping, validation and metrics."""
    X, y = data(sizes)
    x_val, y_val = data(sizes, 30, 1)
    own, built_in = pair(loss, sizes, dtype=dtype, l2=0.01)
    for net in (own, built_in):
        rng = np.random.default_rng(2)
        net.fit(
            X,
            y,
            rng.random(len(X)),
            epochs=EPOCHS,
            batch_size=batch_size,
            optimizer=SGD(0.01, momentum=0.5, clip_norm=1.0),
            metrics=["mse"],
            validation_data=(x_val, y_val, rng.random(len(x_val))),
        )
    assert_same_values(own.history, built_in.history, dtype)
    assert_close(own.parameters, built_in.parameters, dtype)
    assert state_of(own._generator) == state_of(built_in._generator)
    assert own._optimizer_state.steps == built_in._optimizer_state.steps


@every_dtype
@pytest.mark.parametrize("n_samples", [1, 2, 50, 3000])
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("weighted", [False, True])
def test_evaluate_and_gradient(weighted, sizes, n_samples, dtype):
    """Of several slabs, too: the function is called once for all of them."""
    X, y = data(sizes, n_samples)
    weight = np.random.default_rng(2).random(n_samples) if weighted else None
    own, built_in = pair("huber", sizes, dtype=dtype, l2=0.01)
    values = own.evaluate(X, y, sample_weight=weight, metrics=["mse"])
    expected = built_in.evaluate(X, y, sample_weight=weight, metrics=["mse"])
    assert_same_values(values, expected, dtype)
    (loss, gradient), (other_loss, other_gradient) = (
        net.loss_and_gradient(X, y, sample_weight=weight) for net in (own, built_in)
    )
    assert_close(loss, other_loss, dtype)
    assert_close(gradient, other_gradient, dtype)
    assert gradient.dtype == own.dtype


@every_dtype
@pytest.mark.parametrize("sizes", SIZES)
def test_train_step(sizes, dtype):
    X, y = data(sizes)
    own, built_in = pair("huber", sizes, dtype=dtype, l2=0.01)
    for net in (own, built_in):
        net.optimizer = Adam(0.01)
    for rows in (0, 1, slice(2, 9), slice(2, 9), slice(0, 1)):
        losses = [net.train_step(X[rows], y[rows]) for net in (own, built_in)]
        assert_close(*losses, dtype)
    assert_close(own.parameters, built_in.parameters, dtype)
    assert own._optimizer_state.steps == 5


@every_dtype
@pytest.mark.parametrize("output", ["sigmoid", "tanh", "softmax", "exponential"])
@pytest.mark.parametrize("batch_size", [1, 7, None])
def test_outputs_that_are_not_linear(batch_size, output, dtype):
    """The derivative is by the outputs; what follows to z is the network's affair."""
    X, y = data((3, 8, 3))
    y = abs(y) / abs(y).sum(axis=1, keepdims=True)
    own, built_in = pair(sizes=(3, 8, 3), activations=("tanh", output), dtype=dtype)
    for net in (own, built_in):
        net.fit(X, y, epochs=EPOCHS, batch_size=batch_size, optimizer=SGD(0.1))
    assert_same_values(own.history, built_in.history, dtype)
    assert_close(own.parameters, built_in.parameters, dtype)


@every_dtype
def test_cross_entropy_by_hand(dtype):
    """Labels come as rows with a 1, and metrics know the classes."""
    X, _ = data((3, 8, 3))
    labels = X.argmax(axis=1)

    def cross_entropy(y_true, y_pred):
        assert y_true.dtype == y_pred.dtype == dtype
        assert set(np.unique(y_true)) <= {0, 1}
        assert (y_true.sum(axis=1) == 1).all()
        return -(y_true * np.log(y_pred)).sum(axis=1), -y_true / y_pred

    options = {"batch_size": 8, "metrics": ["mse", "accuracy"], "validation_data": (X, labels)}
    nets = [
        Network((3, 8, 3), ("tanh", "softmax"), loss, dtype=dtype, random_state=0)
        for loss in (cross_entropy, "cross_entropy")
    ]
    for net in nets:
        net.fit(X, labels, epochs=30, optimizer=Adam(0.02), **options)
    assert_same_values(nets[0].history, nets[1].history, dtype)
    assert nets[0].history["accuracy"][-1] > 0.8
    assert nets[0].evaluate(X, labels, metrics=["accuracy"])["accuracy"] > 0.8


class Counting:
    """The squared error, with what it was called with."""

    def __init__(self, action=None, at=None):
        self.shapes, self.action, self.at = [], action, at

    def __call__(self, y_true, y_pred):
        self.shapes.append((y_true.shape, y_pred.shape))
        if len(self.shapes) == self.at:
            result = self.action(y_true, y_pred)
            if result is not None:
                return result
        return squared(y_true, y_pred)


def test_once_a_batch():
    loss = Counting()
    net = Network((3, 2), loss=loss, random_state=0)
    X, y = data((3, 2), 50)
    net.fit(X, y, epochs=2, batch_size=20, validation_data=(X[:7], y[:7]), metrics=["mse"])
    epoch = [((size, 2), (size, 2)) for size in (20, 20, 10, 7)]
    assert loss.shapes == 2 * epoch
    loss.shapes.clear()
    net.evaluate(X, y)
    net.loss_and_gradient(X, y)
    net.train_step(X, y)
    net.train_step(X[0], y[0])
    assert loss.shapes == 3 * [((50, 2), (50, 2))] + [((1, 2), (1, 2))]
    net.predict(X)
    assert len(loss.shapes) == 4


@every_dtype
@pytest.mark.parametrize("batch_size", [1, 4, None])
@pytest.mark.parametrize("shuffle", [True, False])
def test_what_the_function_is_given(shuffle, batch_size, dtype):
    """The caller's targets cannot be written to; the outputs are the function's own."""
    X, y = data((3, 2), 9)
    X, y = X.astype(dtype), y.astype(dtype)
    before, seen = y.copy(), []

    def loss(y_true, y_pred):
        assert (y_true.dtype, y_pred.dtype) == (dtype, dtype)
        with pytest.raises(ValueError, match="read-only"):
            y_true[:] = 0
        seen.extend(y_true.tolist())
        result = squared(y_true, y_pred)
        y_pred[:] = np.nan
        return result

    net = Network((3, 2), loss=loss, dtype=dtype, random_state=0)
    net.fit(X, y, epochs=1, batch_size=batch_size, shuffle=shuffle)
    assert np.isfinite(net.parameters).all()
    assert (y == before).all()
    assert y.flags.writeable
    assert sorted(seen) == sorted(y.tolist())
    assert (seen == y.tolist()) == (not shuffle or batch_size is None)


@pytest.mark.parametrize(
    ("result", "error", "message"),
    [
        (None, TypeError, "returned NoneType"),
        (1.0, TypeError, "returned float"),
        ((np.zeros(4),), TypeError, "returned tuple"),
        ((np.zeros(4), np.zeros((4, 2)), 0), TypeError, "returned tuple"),
        ((["a"] * 4, np.zeros((4, 2))), TypeError, "arrays of dtypes <U1 and float64"),
        ((np.zeros(4), [["a", "b"]] * 4), TypeError, "arrays of dtypes float64 and <U1"),
        ((np.zeros(4), np.full((4, 2), 1j)), TypeError, "dtypes float64 and complex128"),
        ((0.0, np.zeros((4, 2))), ValueError, r"returned shapes \(\) and \(4, 2\)"),
        ((np.zeros((4, 2)), np.zeros((4, 2))), ValueError, r"shapes \(4, 2\) and \(4, 2\)"),
        ((np.zeros(3), np.zeros((4, 2))), ValueError, r"shapes \(3,\) and \(4, 2\)"),
        ((np.zeros(4), np.zeros(4)), ValueError, r"shapes \(4,\) and \(4,\)"),
        ((np.zeros(4), np.zeros((2, 4))), ValueError, r"here \(4,\) and \(4, 2\), but"),
    ],
)
def test_what_it_must_return(result, error, message):
    """The message says it; nothing has changed."""

    def loss(y_true, y_pred):
        return result

    net = Network((3, 2), loss=loss, random_state=0)
    before = net.parameters.tobytes()
    X, y = data((3, 2), 4)
    expected = r"^a loss must return real numbers: its values, of shape \(n,\), and derivatives.*"
    for use in (net.fit, net.evaluate, net.loss_and_gradient, net.train_step):
        with pytest.raises(error, match=expected + message):
            use(X, y)
    assert net.parameters.tobytes() == before
    assert net.history.epochs == 0
    assert not net._training


@pytest.mark.parametrize("what", ["values", "derivatives"])
def test_divergence(what):
    """NaN ends the fit, and the last finite epoch's start is kept."""

    def loss(y_true, y_pred):
        values, derivatives = squared(y_true, y_pred)
        calls.append(True)
        if len(calls) == 8:
            (values if what == "values" else derivatives)[:] = np.nan
        return values, derivatives

    calls = []
    X, y = data((3, 2), 10)
    net, twin = Network((3, 2), loss=loss, random_state=0), pair(sizes=(3, 2), activations=None)[1]
    with pytest.warns(DivergenceWarning, match="stopped being finite in epoch 4"):
        net.fit(X, y, epochs=9, batch_size=5)
    # A value that is no number is of epoch 4 alone; the start of the epoch before it is kept.
    twin.fit(X, y, epochs=2 if what == "values" else 3, batch_size=5)
    assert_close(net.parameters, twin.parameters, "float64")
    calls[:] = [True] * 7
    before = net.parameters.tobytes(), net._optimizer_state.steps
    with pytest.warns(DivergenceWarning):
        net.train_step(X, y)
    assert (net.parameters.tobytes(), net._optimizer_state.steps) == before


class Mine(Exception):
    pass


@pytest.mark.parametrize("error", [Mine, KeyboardInterrupt])
@pytest.mark.parametrize("at", [1, 3, 4, 8, 9])
def test_an_exception_ends_the_fit(at, error):
    """As Ctrl-C does, with the last finished epoch; three batches an epoch, and the validation."""

    def fail(*_):
        raise raised

    raised = error("mine")
    net = Network((3, 2), loss=Counting(fail, at), random_state=0)
    twin = Network((3, 2), loss=squared, random_state=0)
    X, y = data((3, 2), 12)
    options = {"batch_size": 4, "validation_data": (X, y), "optimizer": Adam()}
    with pytest.raises(error) as info:
        net.fit(X, y, epochs=9, **options)
    assert info.value is raised
    twin.fit(X, y, epochs=(at - 1) // 4, **options)
    assert net.history == twin.history
    assert net.parameters.tobytes() == twin.parameters.tobytes()
    assert net._optimizer_state.steps == twin._optimizer_state.steps
    assert net._optimizer_state.vectors.tobytes() == twin._optimizer_state.vectors.tobytes()
    assert not net._training
    net.fit(X, y, epochs=1)


@pytest.mark.parametrize("name", ["evaluate", "loss_and_gradient", "train_step"])
def test_an_exception_elsewhere(name):
    def fail(*_):
        raise Mine

    net = Network((3, 2), loss=Counting(fail, 1), random_state=0)
    before = net.parameters.tobytes()
    X, y = data((3, 2), 12)
    with pytest.raises(Mine):
        getattr(net, name)(X, y)
    assert net.parameters.tobytes() == before
    assert net._optimizer_state is None
    net.fit(X, y, epochs=1)


@pytest.mark.thread_unsafe(reason="signals go to the main thread")
def test_ctrl_c_inside():
    """It comes out at once, from the midst of an epoch."""
    interrupt = Counting(lambda *_: signal.raise_signal(signal.SIGINT), 6)
    net = Network((3, 2), loss=interrupt, random_state=0)
    X, y = data((3, 2), 12)
    with pytest.raises(KeyboardInterrupt):
        net.fit(X, y, epochs=2**40, batch_size=4)
    assert net.history.epochs == 1
    assert len(interrupt.shapes) == 6


@pytest.mark.parametrize("batch_size", [1, 4, None])
def test_the_network_may_be_used_inside(batch_size):
    """Its generator, whose lock a fit holds elsewhere, and its outputs, of a finished epoch."""

    def use(y_true, y_pred):
        net._generator.normal(size=3)
        net.predict(X)
        with pytest.raises(RuntimeError, match="trained"):
            net.fit(X, y)
        with pytest.raises(RuntimeError, match="trained"):
            net.train_step(X, y)
        return squared(y_true, y_pred)

    X, y = data((3, 2), 12)
    net = Network((3, 2), loss=use, random_state=0)
    thread = threading.Thread(
        target=lambda: net.fit(X, y, epochs=3, batch_size=batch_size), daemon=True
    )
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
    assert net.history.epochs == 3


def test_without_epochs_nothing_is_drawn():
    """Nor called."""
    loss = Counting()
    net = Network((3, 2), loss=loss, random_state=0)
    before = state_of(net._generator)
    net.fit(*data((3, 2)), epochs=0)
    assert state_of(net._generator) == before
    assert loss.shapes == []


def test_stop_between_epochs():
    """stop() in a callback ends the fit at that very epoch, and draws nothing for another."""

    class Stop:
        def on_epoch_end(self, epoch, logs, network):
            if epoch == 3:
                network.stop()

    X, y = data((3, 2))
    net, twin = (Network((3, 2), loss=squared, random_state=0) for _ in range(2))
    net.fit(X, y, epochs=9, callbacks=[Stop()])
    twin.fit(X, y, epochs=3)
    assert net.history == twin.history
    assert net.parameters.tobytes() == twin.parameters.tobytes()
    assert state_of(net._generator) == state_of(twin._generator)


@every_dtype
@pytest.mark.parametrize("sizes", SIZES)
def test_threads_come_to_the_same_bits(sizes, dtype):
    X, y = data(sizes, 6000)
    results = set()
    for n_threads in (1, 2, 5):
        net = Network(sizes, loss=huber, dtype=dtype, random_state=0)
        history = net.fit(
            X,
            y,
            epochs=3,
            batch_size=2500,
            validation_data=(X, y),
            metrics=["mse"],
            n_threads=n_threads,
        )
        values = (history[name].tobytes() for name in history)
        results.add((net.parameters.tobytes(), *values))
    assert len(results) == 1


def test_a_pickle():
    """It holds the function by its name, as pickles do."""
    net = Network((3, 2), loss=squared, random_state=0)
    X, y = data((3, 2))
    net.fit(X, y, epochs=2)
    copied = pickle.loads(pickle.dumps(net))
    assert copied.loss is squared
    for one in (net, copied):
        one.fit(X, y, epochs=2, reset_optimizer=False)
    assert net.parameters.tobytes() == copied.parameters.tobytes()
    with pytest.raises((AttributeError, pickle.PicklingError)):
        pickle.dumps(Network((3, 2), loss=lambda *_: None))


def test_what_it_says_of_itself():
    net = Network((3, 2), loss=squared, random_state=0)
    assert net.loss is squared
    assert "squared" in repr(net)
    assert net.activations == ("identity",)


def test_trace_refuses():
    net = Network((3, 2), loss=squared, random_state=0)
    with pytest.raises((TypeError, ValueError), match="loss"):
        trace(net, np.zeros(3), np.zeros(2))


def test_a_class_is_no_function():
    class Loss:
        pass

    with pytest.raises(TypeError, match="loss must be"):
        Network((3, 2), loss=Loss)


def test_targets_may_be_anything():
    """A loss of the caller's has no interval; labels beyond the outputs are refused."""
    net = Network((3, 2), ("sigmoid",), loss=squared, random_state=0)
    X, y = data((3, 2))
    net.fit(X, 1e3 * y, epochs=1, optimizer=SGD(1e-3))
    with pytest.raises(ValueError, match="class indices are 0 to 1"):
        net.fit(X, np.full(50, 2))
