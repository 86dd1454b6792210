"""train_step: one update with one sample or one batch, and the optimizer's state beside fits."""

import numpy as np
import pytest
from helpers import (
    assert_close,
    state_of,
)

from backprop_c import SGD, Adam, Nadam, Network, schedules

OPTIMIZERS = [SGD(0.05), SGD(0.05, momentum=0.9, nesterov=True), Adam(0.01), Nadam(0.01)]
# The smallest, narrow, with wide layers, and too much work to keep the GIL.
SIZES = [(2, 2, 1), (4, 16, 3), (20, 64, 32), (300, 200, 3)]
every_dtype = pytest.mark.parametrize("dtype", ["float64", "float32"])
every_size = pytest.mark.parametrize("sizes", SIZES)


def network(sizes=(4, 16, 3), dtype="float64", optimizer=None, **options):
    options = {"activations": ("tanh", "identity"), **options}
    net = Network(sizes, dtype=dtype, random_state=0, **options)
    net.optimizer = optimizer or Adam(0.01)
    return net


def data(sizes=(4, 16, 3), n_samples=12, dtype="float64"):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, sizes[0]))
    return X.astype(dtype), rng.normal(size=(n_samples, sizes[-1])).astype(dtype)


def everything(net):
    """Bits of the parameters and of the optimizer's state."""
    kept = net._optimizer_state
    state = (kept.rule, kept.steps, kept.vectors.tobytes(), kept.carried.tobytes()) if kept else ()
    return net.parameters.tobytes(), *state


def fitted(net, X, y, **options):
    """Online, in the order of the rows."""
    net.fit(X, y, epochs=1, batch_size=1, shuffle=False, **options)
    return net


@every_dtype
@every_size
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_steps_are_an_online_fit(optimizer, sizes, dtype):
    """To the bit: the parameters, and the optimizer's state."""
    X, y = data(sizes, dtype=dtype)
    net, twin = (network(sizes, dtype, optimizer) for _ in range(2))
    losses = [net.train_step(x, t) for x, t in zip(X, y, strict=True)]
    fitted(twin, X, y)
    assert everything(net) == everything(twin)
    assert np.mean(losses) == pytest.approx(twin.history["loss"][0], rel=1e-12)
    assert net.history is None


EXTRAS = [
    {"l2": 0.1},
    {"max_norm": 0.5},
    {"l2": (0.1, 0.0), "max_norm": (None, 0.3)},
    {"dropout": 0.0, "biases": False},
]
CLIPPED = [SGD(0.05, clip_norm=0.1), Adam(0.01, clip_norm=0.1), SGD(0.05, clip_value=0.1)]


@every_dtype
@pytest.mark.parametrize("sizes", SIZES[1:3])
@pytest.mark.parametrize("options", EXTRAS)
@pytest.mark.parametrize("optimizer", [Adam(0.01), *CLIPPED])
@pytest.mark.parametrize("batch", [False, True])
def test_with_penalties_bounds_and_clipping(batch, optimizer, options, sizes, dtype):
    X, y = data(sizes, dtype=dtype)
    net, twin = (network(sizes, dtype, optimizer, **options) for _ in range(2))
    if batch:
        losses = [net.train_step(X, y)]
        twin.fit(X, y, epochs=1, batch_size=None)
    else:
        losses = [net.train_step(x, t) for x, t in zip(X, y, strict=True)]
        fitted(twin, X, y)
    assert everything(net) == everything(twin)
    assert np.mean(losses) == pytest.approx(twin.history["loss"][0], rel=1e-12)


@pytest.mark.parametrize("batch", [False, True])
def test_with_dropout(batch):
    """Drawn as by a fit of one sample or one batch."""
    X, y = data()
    net, twin = (network(dropout=0.5) for _ in range(2))
    for _ in range(5):
        net.train_step(*((X, y) if batch else (X[0], y[0])))
        rows = X if batch else X[:1]
        twin.fit(rows, y[: len(rows)], epochs=1, batch_size=None, reset_optimizer=False)
    assert everything(net) == everything(twin)
    assert state_of(net._generator) == state_of(twin._generator)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@every_size
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("n_samples", [2, 12, 700])
def test_a_batch_is_a_fit_of_one_epoch(n_samples, optimizer, sizes, dtype):
    """Of several parts and slabs, too."""
    X, y = data(sizes, n_samples, dtype)
    net, twin = (network(sizes, dtype, optimizer) for _ in range(2))
    for _ in range(3):
        loss = net.train_step(X, y)
        twin.fit(X, y, epochs=1, batch_size=None, reset_optimizer=False)
        assert loss == twin.history["loss"][0]
    assert everything(net) == everything(twin)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("sizes", SIZES[1:])
@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
@pytest.mark.parametrize("of", [int, np.int64, np.int8, float, np.array, lambda k: np.array([k])])
def test_labels(of, loss, sizes, dtype):
    """A class index as an int, as NumPy's, as an array of one; and a batch of them."""
    X, _ = data(sizes, dtype=dtype)
    labels = X[:, : sizes[-1]].argmax(axis=1)
    options = {"activations": ("tanh", "softmax"), "loss": loss}
    net, twin, rows = (network(sizes, dtype, **options) for _ in range(3))
    for x, label in zip(X, labels, strict=True):
        net.train_step(x, of(label))
        rows.train_step(x, np.eye(sizes[-1], dtype=dtype)[label])
    fitted(twin, X, labels)
    assert everything(net) == everything(twin)
    assert_close(rows.parameters, net.parameters, dtype)
    net.train_step(X, labels.tolist())
    twin.fit(X, labels, epochs=1, batch_size=None, reset_optimizer=False)
    assert everything(net) == everything(twin)


@pytest.mark.parametrize("target", [0.5, 1, np.float32(1), [0.5], [[0.5]], np.array(0.5), True])
def test_one_output(target):
    """A number is the target, also an int: one output has no classes."""
    net, twin = (network((2, 2, 1)) for _ in range(2))
    net.train_step([1.0, 2.0], target)
    fitted(twin, [[1.0, 2.0]], np.array(target, float).reshape(1))
    assert everything(net) == everything(twin)


class Direct(Network):
    """Has the compiled checks alone."""

    def _as_step(self, X, y, sample_weight, output_gradient):
        raise AssertionError("Python has been asked")


DIRECT = [
    ((4, 16, 3), ("tanh", "identity"), [np.array([0.5, -2, 3])]),
    ((4, 16, 3), ("relu", "softmax"), [2, np.int64(1), np.uint8(0), np.array([0, 0.25, 0.75])]),
    ((4, 1), "sigmoid", [1, 0.5, np.float32(0.25), np.float64(1), np.int8(0), np.array([1.0])]),
    ((4, 1), "exponential", [7, 0.0, np.array([3.0])]),
]


@every_dtype
@pytest.mark.parametrize(("sizes", "activations", "targets"), DIRECT)
def test_targets_that_are_read_as_they_stand(sizes, activations, targets, dtype):
    """Neither Python's checks nor copies are made; the steps are the same."""
    loss = {"sigmoid": "binary_cross_entropy", "exponential": "poisson"}.get(activations)
    options = {"activations": activations, "loss": loss, "dtype": dtype, "random_state": 0}
    direct, twin = Direct(sizes, **options), Network(sizes, **options)
    x = np.array([1, -1, 0.5, 2], dtype)
    for target in targets:
        y = target.astype(dtype) if isinstance(target, np.ndarray) else target
        assert direct.train_step(x, y) == twin.train_step(x.tolist(), np.asarray(y).tolist())
    assert everything(direct) == everything(twin)
    X, y = np.tile(x, (3, 1)), np.tile(np.asarray(targets[-1], dtype), (3, 1))
    assert direct.train_step(X, y) == twin.train_step(X.tolist(), y.tolist())
    assert everything(direct) == everything(twin)


WRONG = [
    (("relu", "softmax"), "cross_entropy", [0.5, 0.5, 0.5], r"y\[0\] sums to 1.5"),
    (("relu", "softmax"), "cross_entropy", [1.5, -0.5, 0], r"y\[0, 0\] is 1.5"),
    (("relu", "sigmoid"), "binary_cross_entropy", [0.5, 2, 0], r"y\[0, 1\] is 2"),
    (("relu", "exponential"), "poisson", [-1, 0, 0], r"y\[0, 0\] is -1"),
    (("relu", "identity"), "squared_error", [0, np.nan, 0], "y must be finite"),
    (("relu", "identity"), "squared_error", [0, np.inf, 0], "y must be finite"),
]


@every_dtype
@pytest.mark.parametrize(("activations", "loss", "target", "message"), WRONG)
def test_targets_that_the_loss_does_not_take(activations, loss, target, message, dtype):
    net = network(dtype=dtype, activations=activations, loss=loss)
    before = everything(net)
    for x, y in ((np.ones(4, dtype), np.array(target, dtype)), ([1.0] * 4, target)):
        with pytest.raises(ValueError, match=message):
            net.train_step(x, y)
    assert everything(net) == before


@every_dtype
@pytest.mark.parametrize("number", [np.inf, np.nan, -0.5, 1.5, "0.5"])
def test_numbers_that_the_loss_does_not_take(number, dtype):
    """Of one output."""
    net = network((4, 1), dtype, activations="sigmoid", loss="binary_cross_entropy")
    before = everything(net)
    with pytest.raises((TypeError, ValueError), match="y"):
        net.train_step(np.ones(4, dtype), number)
    assert everything(net) == before


def test_one_row_and_a_batch_of_one():
    X, y = data()
    nets = [network() for _ in range(4)]
    nets[0].train_step(X[0], y[0])
    nets[1].train_step(X[:1], y[:1])
    nets[2].train_step(X[0].tolist(), y[0].tolist())
    nets[3].train_step(X[:1], y[:1], sample_weight=[7.0])
    assert len({everything(net) for net in nets[:3]}) == 1
    assert_close(nets[3].parameters, nets[0].parameters, "float64")


@every_dtype
@pytest.mark.parametrize("how", ["fortran", "strided", "readonly", "swapped", "wider", "list"])
def test_arrays_that_are_not_as_the_kernels_read_them(how, dtype):
    X, y = data(dtype=dtype)
    make = {
        "fortran": np.asfortranarray,
        "strided": lambda a: a.repeat(2, axis=1)[:, ::2],
        "readonly": lambda a: np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape),
        "swapped": lambda a: a.astype(a.dtype.newbyteorder()),
        "wider": lambda a: a.astype("longdouble"),
        "list": np.ndarray.tolist,
    }[how]
    net, twin = (network(dtype=dtype) for _ in range(2))
    assert net.train_step(make(X), make(y)) == twin.train_step(X, y)
    assert everything(net) == everything(twin)


@every_dtype
@pytest.mark.parametrize("sizes", SIZES[1:3])
@pytest.mark.parametrize("n_samples", [0, 1, 12, 700])
def test_an_output_gradient(n_samples, sizes, dtype):
    """Of the squared error it is a - t; the loss is what the penalties come to, and so here 0."""
    X, y = data(sizes, max(n_samples, 1), dtype)
    X, y = (X, y) if n_samples else (X[0], y[0])
    net, twin = (network(sizes, dtype, activations=("tanh", "tanh")) for _ in range(2))
    for _ in range(4):
        assert net.train_step(X, output_gradient=net.predict(X) - y) == 0
        twin.train_step(X, y)
    assert_close(net.parameters, twin.parameters, dtype)
    assert net._optimizer_state.steps == 4
    # From one kind of step to the other and back, with one optimizer's state.
    net.train_step(X, y)
    net.train_step(X, output_gradient=net.predict(X) - y)
    twin.train_step(X, y)
    twin.train_step(X, y)
    assert_close(net.parameters, twin.parameters, dtype)


def test_an_output_gradient_with_penalties_and_weights():
    X, y = data()
    weight = np.arange(12.0)
    net, twin = (network(l2=0.1) for _ in range(2))
    penalty = 0.05 * sum((weights**2).sum() for weights in net.weights)
    gradient = net.predict(X) - y
    loss = net.train_step(X, output_gradient=gradient, sample_weight=weight)
    assert loss == pytest.approx(penalty, rel=1e-12)
    twin.train_step(X, y, sample_weight=weight)
    assert_close(net.parameters, twin.parameters, "float64")


def test_an_output_gradient_takes_any_numbers():
    """Also where the loss would refuse them as targets, and the outputs are softmax."""
    options = {"activations": ("tanh", "softmax"), "loss": "cross_entropy"}
    X, _ = data()
    labels = X[:, :3].argmax(axis=1)
    net, twin = (network(**options) for _ in range(2))
    outputs = net.predict(X)
    net.train_step(X, output_gradient=-np.eye(3)[labels] / outputs)
    twin.train_step(X, labels)
    assert_close(net.parameters, twin.parameters, "float64")


@every_dtype
@pytest.mark.parametrize("sizes", SIZES[:3])
def test_sample_weights(sizes, dtype):
    """As in a fit of one batch."""
    X, y = data(sizes, dtype=dtype)
    weight = np.random.default_rng(1).integers(0, 3, 12)
    net, twin = (network(sizes, dtype) for _ in range(2))
    for _ in range(2):
        loss = net.train_step(X, y, sample_weight=weight)
        twin.fit(X, y, weight, epochs=1, batch_size=None, reset_optimizer=False)
        assert loss == twin.history["loss"][0]
    assert everything(net) == everything(twin)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_one_state_for_steps_and_fits(optimizer):
    """They go on where the other was, in any order."""
    X, y = data()
    net, twin = (network(optimizer=optimizer) for _ in range(2))
    net.train_step(X[0], y[0])
    net.train_step(X[1], y[1])
    fitted(net, X[2:7], y[2:7], reset_optimizer=False)
    net.train_step(X[7], y[7])
    fitted(net, X[8:11], y[8:11], reset_optimizer=False)
    net.train_step(X[11], y[11])
    fitted(twin, X, y)
    assert everything(net) == everything(twin)
    assert net._optimizer_state.steps == 12


def stepped_and_fresh(X, y):
    """A network after a step; and one with the same parameters whose optimizer has no state."""
    net, twin = network(), network()
    net.train_step(X[0], y[0])
    twin.parameters[:] = net.parameters
    return net, twin


def test_a_fit_that_resets_begins_anew():
    X, y = data()
    net, twin = stepped_and_fresh(X, y)
    for one in (net, twin):
        fitted(one, X, y)
    assert everything(net) == everything(twin)
    net.train_step(X[0], y[0])
    assert net._optimizer_state.steps == 13


def test_another_optimizer_begins_anew():
    X, y = data()
    net, twin = stepped_and_fresh(X, y)
    for one in (net, twin):
        one.optimizer = Adam(0.02)
        one.train_step(X[1], y[1])
    assert everything(net) == everything(twin)
    assert net._optimizer_state.steps == 1
    net.initialize(3)
    net.train_step(X[1], y[1])
    assert net._optimizer_state.steps == 1
    for one in (net, twin):
        one.parameters[:] = 0.1
        one.optimizer = SGD(0.5)
        one.train_step(X[1], y[1])
    assert everything(net) == everything(twin)


def test_the_parameters_may_be_written_between_steps():
    X, y = data()
    net, twin = network(optimizer=SGD(0.1)), network(optimizer=SGD(0.1))
    net.train_step(X[0], y[0])
    for one in (net, twin):
        one.parameters[:] = 0.25
        one.train_step(X[0], y[0])
    assert net.parameters.tobytes() == twin.parameters.tobytes()


@every_dtype
@pytest.mark.parametrize("rows", [0, slice(0, 1), slice(0, 12)])
@pytest.mark.parametrize("options", [{}, {"l2": 0.3}])
def test_the_loss_is_that_before_the_update(options, rows, dtype):
    X, y = data(dtype=dtype)
    net = network(dtype=dtype, **options)
    expected = net.evaluate(np.atleast_2d(X[rows]), np.atleast_2d(y[rows]))["loss"]
    loss = net.train_step(X[rows], y[rows])
    assert type(loss) is float
    assert loss == pytest.approx(expected, rel=1e-6 if dtype == "float32" else 1e-12)
    assert net.evaluate(np.atleast_2d(X[rows]), np.atleast_2d(y[rows]))["loss"] != loss


def test_a_schedule():
    """Each step is an epoch of it; and it needs a length."""
    X, y = data()
    net, twin = (network(optimizer=SGD(schedules.Cosine(0.1, epochs=9))) for _ in range(2))
    for _ in range(4):
        net.train_step(X, y)
    twin.fit(X, y, epochs=4, batch_size=None)
    assert everything(net) == everything(twin)
    net.optimizer = SGD(schedules.Cosine(0.1))
    before = everything(net)
    with pytest.raises(ValueError, match="train_step needs a schedule with a number of epochs"):
        net.train_step(X, y)
    assert everything(net) == before
    twin.optimizer = net.optimizer = SGD(0.1)
    assert net.train_step(X, y) == twin.train_step(X, y)
