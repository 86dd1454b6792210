"""train_step: what it refuses, what it does beside other threads, and what it leaves alone."""

import copy
import math
import pickle
import threading
import tracemalloc
import warnings

import numpy as np
import pytest
from helpers import (
    exit_code_of_a_child,
    fitting,
    forking,
    start,
    state_of,
    wait_until,
)
from test_train_step import OPTIMIZERS, data, every_dtype, everything, network

from backprop_c import SGD, Adam, DivergenceWarning, Nadam, Network

OVERFLOWS = {
    "loss": (1.0, 1e200, SGD(0.1)),
    "update": (1.0, 1e100, SGD(1e300)),
    "momentum": (1.0, 1e100, SGD(1e300, momentum=0.9)),
    "adam": (1.0, 1e200, Adam()),
    "nadam": (1.0, 1e200, Nadam()),
}


@pytest.mark.parametrize("case", OVERFLOWS)
@pytest.mark.parametrize("stepped", [False, True])
@pytest.mark.parametrize("batch", [False, True])
def test_not_finite(batch, stepped, case):
    """Nothing changes, and the warning says what was not finite; then all goes on."""
    x, target, optimizer = OVERFLOWS[case]
    net = network((1, 1), activations="identity", optimizer=optimizer)
    good = np.zeros((2, 1)), np.zeros((2, 1))
    if stepped:
        net.train_step(*good)
    before = everything(net)
    bad = (np.full((2, 1), x), np.full((2, 1), target)) if batch else ([x], target)
    with pytest.warns(DivergenceWarning) as caught:
        loss = net.train_step(*bad)
    assert everything(net) == before
    message = str(caught[0].message)
    assert "the step was not made, and nothing has changed" in message
    assert repr(optimizer) in message
    assert caught[0].filename == __file__
    if case in ("update", "momentum"):
        assert math.isfinite(loss)
        assert message.startswith("the update is not finite")
    else:
        assert math.isinf(loss)
        assert message.startswith("the loss is inf")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert math.isfinite(net.train_step(*good))
        with pytest.raises(DivergenceWarning):
            net.train_step(*bad)
    assert not net._training
    assert net._optimizer_state.steps == 1 + stepped


@pytest.mark.parametrize("fails", ["loss", "update", "exception"])
def test_a_step_that_is_not_made_draws_nothing(fails):
    """Nor does it where a loss of one's own raises an exception."""

    def own(y_true, y_pred):
        if fails == "exception":
            raise KeyError("mine")
        return np.full(1, math.inf if fails == "loss" else 0.0), np.full((1, 1), 1e300)

    options = {"activations": "identity", "optimizer": SGD(1e300), "dropout": 0.5}
    net = network((3, 4, 1), loss=own, **options)
    before = everything(net), state_of(net._generator)
    with pytest.raises(KeyError) if fails == "exception" else pytest.warns(DivergenceWarning):
        net.train_step(np.ones(3), 1.0)
    assert (everything(net), state_of(net._generator)) == before


X, Y = data()


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((X,), {}, TypeError, "train_step needs y or output_gradient, but has neither"),
        ((X, Y), {"output_gradient": Y}, TypeError, "needs y or output_gradient, but has both"),
        ((X[0, :3], Y[0]), {}, ValueError, "X has 3 features, but the network has 4 inputs"),
        ((X[:, :3], Y), {}, ValueError, "X has 3 features, but the network has 4 inputs"),
        ((X[0, 0], Y[0]), {}, ValueError, "X must be"),
        ((X[np.newaxis], Y), {}, ValueError, "X must be"),
        ((X[:0], Y[:0]), {}, ValueError, "X must have at least one sample"),
        ((X, Y[:3]), {}, ValueError, "y has 3 samples, but X has 12"),
        ((X, Y[:, :2]), {}, ValueError, r"y must be .*, but has shape \(12, 2\)"),
        ((X[0], Y[0, :2]), {}, ValueError, r"y must be .*, but has shape \(1, 2\)"),
        ((X[0], Y), {}, ValueError, "y must be"),
        ((X[0], Y[0] * np.nan), {}, ValueError, r"y\[0, 0\] is nan; y must be finite"),
        ((X[0] * np.inf, Y[0]), {}, ValueError, "X must be finite"),
        ((X * np.nan, Y), {}, ValueError, r"X\[0, 0\] is nan; X must be finite"),
        ((X[0], 3), {}, ValueError, r"y\[0\] is 3, but class indices are 0 to 2"),
        ((X[0], -1), {}, ValueError, r"y\[0\] is -1, but class indices are 0 to 2"),
        ((X[0], 2**70), {}, (TypeError, ValueError), "y"),
        ((X[0], 0.5), {}, ValueError, r"y\[0\] is 0.5, but class indices are whole numbers"),
        ((X, [5] * 12), {}, ValueError, r"y\[0\] is 5, but class indices"),
        ((X[0], "a"), {}, TypeError, "y must hold real numbers"),
        ((X[0], 1j), {}, TypeError, "y must hold real numbers"),
        ((["a"] * 4, Y[0]), {}, TypeError, "X must hold real numbers"),
        ((None, Y[0]), {}, TypeError, "X must hold real numbers"),
        ((X[0],), {"output_gradient": Y[0, :2]}, ValueError, r"shape \(3,\), but has shape \(2,\)"),
        ((X,), {"output_gradient": Y[:5]}, ValueError, r"shape \(12, 3\), but has shape \(5, 3\)"),
        ((X[0],), {"output_gradient": 1}, ValueError, "output_gradient must have shape"),
        (
            (3.0,),
            {"output_gradient": Y[0]},
            ValueError,
            r"X must be \(n_samples, 4\), but has shape",
        ),
        ((X,), {"output_gradient": Y * np.inf}, ValueError, "output_gradient must be finite"),
        ((X,), {"output_gradient": "a"}, TypeError, "output_gradient must hold real numbers"),
        ((X, Y), {"sample_weight": Y[:, 0] - 9}, ValueError, "weights are at least 0"),
        ((X, Y), {"sample_weight": [1.0]}, ValueError, r"sample_weight must have shape \(12,\)"),
        ((X, Y), {"sample_weight": np.zeros(12)}, ValueError, "is 0 for all samples"),
        ((X, Y, Y), {}, TypeError, "positional"),
    ],
)
@pytest.mark.parametrize("stepped", [False, True])
def test_bad_input_changes_nothing(stepped, arguments, options, error, message):
    net, twin = network(), network()
    if stepped:
        for one in (net, twin):
            one.train_step(X[0], Y[0])
    with pytest.raises(error, match=message):
        net.train_step(*arguments, **options)
    assert everything(net) == everything(twin)
    assert state_of(net._generator) == state_of(twin._generator)
    assert not net._training
    assert net.train_step(X[0], Y[0]) == twin.train_step(X[0], Y[0])
    assert everything(net) == everything(twin)


@pytest.mark.parametrize(
    ("loss", "output", "target", "message"),
    [
        ("binary_cross_entropy", "sigmoid", [0.5, 1.5, 0.0], "between 0 and 1"),
        ("cross_entropy", "softmax", [0.5, 0.1, 0.1], "must sum to 1"),
        ("poisson", "exponential", [1.0, 2.0, -1.0], "at least 0"),
    ],
)
def test_targets_that_the_loss_does_not_take(loss, output, target, message):
    net = network(activations=("tanh", output), loss=loss)
    before = everything(net)
    with pytest.raises(ValueError, match=message):
        net.train_step(X[0], np.array(target))
    assert everything(net) == before


@pytest.mark.parametrize("name", ["parameters", "weights[1]", "biases[0]"])
def test_read_only_parameters(name):
    net = network()
    before = everything(net)
    array = eval(f"net.{name}")
    array.flags.writeable = False
    with pytest.raises(ValueError, match=r"is read-only, and train_step would write to it"):
        net.train_step(X[0], Y[0])
    assert everything(net) == before
    array.flags.writeable = True
    net.train_step(X[0], Y[0])


def test_while_another_thread_fits():
    net = network()
    with fitting(net, X, Y):
        state = net._optimizer_state
        with pytest.raises(RuntimeError, match="this network is being trained"):
            net.train_step(X[0], Y[0])
        assert net._optimizer_state is state
        assert net._training
    net.train_step(X[0], Y[0])


@pytest.mark.parametrize("sizes", [(4, 16, 3), (300, 400, 3)])
def test_from_many_threads(sizes):
    """Each step is made as a whole, or refused since another thread makes one."""
    x, y = data(sizes, 20)
    net = network(sizes, optimizer=SGD(1e-4))
    made, refused, together = [], [], threading.Barrier(8)

    def work():
        together.wait()
        for k in range(50):
            try:
                net.train_step(x, y) if k % 2 else net.train_step(x[0], y[0])
                made.append(True)
            except RuntimeError as error:
                refused.append(str(error))

    for thread in [start(work) for _ in range(8)]:
        thread.join()
    assert len(made) + len(refused) == 400
    assert net._optimizer_state.steps == len(made) > 0
    assert all("is being trained" in message for message in refused)
    assert np.isfinite(net.parameters).all()


def test_readers_see_whole_steps():
    """While one thread makes steps, others read parameters of one step only."""
    # As in test_threads: the outputs of a network in the midst of being written would differ.
    net = network((1, 3000), activations="identity", biases=False, optimizer=SGD(2.0**-20))
    net.parameters[:] = 1
    x, y, over, torn, seen = np.ones((2, 1)), np.zeros((2, 3000)), threading.Event(), [], set()

    def read():
        while not over.is_set():
            outputs = net.predict(x[0])
            seen.add(float(outputs[0]))
            if not (outputs == outputs[0]).all():
                torn.append(outputs)

    readers = [start(read) for _ in range(3)]
    wait_until(lambda: net.train_step(x, y) and len(seen) > 5, 60)
    over.set()
    for reader in readers:
        reader.join()
    assert not torn


@pytest.mark.parametrize("batch", [False, True])
def test_views_of_the_weights_as_input(batch):
    """The step reads what was there before it."""
    net, twin = (network((3, 3, 3)) for _ in range(2))
    weights = net.weights[0]
    rows = slice(None) if batch else 1
    loss = net.train_step(weights[rows], net.weights[1][rows])
    assert loss == twin.train_step(twin.weights[0][rows].copy(), twin.weights[1][rows].copy())
    assert everything(net) == everything(twin)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("batch", [False, True])
@every_dtype
@pytest.mark.thread_unsafe(reason="counts Python's memory")
def test_nothing_is_allocated(dtype, batch, optimizer):
    """After the first call, neither Python's memory nor the engine's: but for the float."""
    x, y = data(dtype=dtype)
    x, y = (x, y) if batch else (x[0], y[0])
    net = network(dtype=dtype, optimizer=optimizer)
    assert net._step_memory is None
    for _ in range(3):
        net.train_step(x, y)
    memory, state = net._step_memory, net._optimizer_state
    assert memory.allocations == 1
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        for _ in range(50):
            net.train_step(x, y)
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The smallest array would be more than a hundred bytes.
    assert after - before < 100
    assert peak - before < 500
    assert net._step_memory is memory
    assert net._optimizer_state is state
    assert memory.allocations == 1


def test_memory_grows_only():
    """From one row to a batch and back, and from one kind of targets to another."""
    net = network()
    for rows in (0, slice(0, 3), slice(0, 12)):
        net.train_step(X[rows], Y[rows])
    memory = net._step_memory
    allocations = memory.allocations
    for rows in (0, slice(0, 3), 1, slice(0, 12)):
        net.train_step(X[rows], Y[rows])
        net.train_step(X[rows], output_gradient=Y[rows])
    net.fit(X, Y, epochs=1)
    net.train_step(X, Y)
    assert net._step_memory is memory
    assert memory.allocations == allocations <= 3


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))]
)
def test_a_copy_goes_on(copied, optimizer):
    """With the state as of then, and apart from the network that it was made of."""
    net, twin = (network(optimizer=optimizer) for _ in range(2))
    for one in (net, twin):
        one.train_step(X[0], Y[0])
    other = copied(net)
    assert everything(other) == everything(net)
    other.train_step(X[1], Y[1])
    assert everything(net) == everything(twin)
    net.train_step(X[1], Y[1])
    assert everything(other) == everything(net)


@forking
def test_a_forked_child():
    """It goes on where the parent was, also beside a fit of the parent's."""
    net = network()
    net.train_step(X[0], Y[0])
    expected = copy.copy(net)
    expected.train_step(X[1], Y[1])

    def steps():
        net.train_step(X[1], Y[1])
        return everything(net) == everything(expected)

    assert exit_code_of_a_child(steps) == 0
    with fitting(net, X, Y):
        assert exit_code_of_a_child(lambda: math.isfinite(net.train_step(X[1], Y[1]))) == 0


def test_a_network_without_its_constructor():
    with pytest.raises(RuntimeError, match="has not been called"):
        Network.__new__(Network).train_step([1.0], [1.0])


class Careless(Network):
    """A subclass whose own validation lets everything through."""

    def _as_step(self, X, y, sample_weight, output_gradient):
        return X, y, sample_weight


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (np.zeros((2, 3)), Y[:2]),
        (X[:, ::-1], Y),
        (X.astype("float32"), Y),
        (X, Y[:3]),
        (X, np.full(12, 7)),
        (X[0], Y[0].tolist()),
        ([1.0], 1),
    ],
)
def test_what_was_not_validated_is_refused(x, y):
    """The kernels read nothing that does not fit them."""
    net = Careless((4, 3), random_state=0)
    before = net.parameters.tobytes()
    with pytest.raises((TypeError, ValueError)):
        net.train_step(x, y)
    assert net.parameters.tobytes() == before
