"""The network as an object: its parts, views, copies, pickles, predict and out."""

import copy
import pickle

import numpy as np
import pytest
from helpers import assert_same_network

from backprop_c import SGD, Network, trace
from backprop_c._engine.samples import SampleSet


def trained(**options):
    rng = np.random.default_rng(0)
    net = Network((3, 4, 2), ("relu", "softmax"), "cross_entropy", random_state=1, **options)
    net.fit(rng.normal(size=(20, 3)), rng.integers(0, 2, 20), epochs=3, optimizer=SGD(0.1))
    return net


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("biases", [True, False])
def test_views_of_one_buffer(dtype, biases):
    net = Network((3, 4, 2), biases=biases, dtype=dtype, random_state=0)
    assert [w.shape for w in net.weights] == [(3, 4), (4, 2)]
    assert [b.shape for b in net.biases] == ([(4,), (2,)] if biases else [])
    assert net.parameters.shape == (26,) if biases else (20,)
    net.parameters[:] = np.arange(net.parameters.size)
    at = 0
    for k, weights in enumerate(net.weights):
        np.testing.assert_array_equal(weights.ravel(), np.arange(at, at + weights.size))
        at += weights.size
        if biases:
            np.testing.assert_array_equal(net.biases[k], np.arange(at, at + len(net.biases[k])))
            at += len(net.biases[k])
    net.weights[1][2, 1] = -5
    assert net.parameters[(16 if biases else 12) + 5] == -5
    for view in (net.parameters, *net.weights, *net.biases):
        assert view.dtype == dtype
        assert view.flags.c_contiguous
        assert view.flags.writeable
        assert np.shares_memory(view, net.parameters)


def test_views_outlive_the_network():
    weights = Network((200, 300), random_state=0).weights[0]
    total = weights.sum()
    others = [Network((200, 300), random_state=1) for _ in range(3)]
    assert weights.sum() == total
    assert len(others) == 3


def test_attributes_are_read_only():
    net = Network((3, 2), "sigmoid", random_state=0)
    for name in ("layer_sizes", "activations", "loss", "dtype", "parameters", "weights", "biases"):
        with pytest.raises(AttributeError):
            setattr(net, name, None)
    assert net.layer_sizes == (3, 2)
    assert net.activations == ("sigmoid",)
    assert net.loss == "squared_error"
    assert net.dtype == np.float64


def test_repr():
    net = Network((4, 2, 3), ("tanh", "sigmoid"), biases=False, dtype="float32", random_state=0)
    assert repr(net) == (
        "<Network 4-2-3: tanh, sigmoid; squared_error; float32; no biases; 14 parameters>"
    )
    assert "17 parameters" in repr(Network((2, 3, 2), random_state=0))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("biases", [True, False])
@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy]
    + [lambda net, p=p: pickle.loads(pickle.dumps(net, p)) for p in range(2, 6)],
)
def test_copies_are_equal_and_independent(copied, dtype, biases):
    net = trained(dtype=dtype, biases=biases)
    other = copied(net)
    assert_same_network(net, other)
    X, y = np.ones((9, 3)), np.arange(9) % 2
    before = net.parameters.copy()
    other.fit(X, y, epochs=2, batch_size=2)
    np.testing.assert_array_equal(net.parameters, before)
    # Both draw the same numbers from here on, each from its own generator.
    net.fit(X, y, epochs=2, batch_size=2)
    assert_same_network(net, other)


def test_a_subclass_keeps_its_kind_and_attributes():
    net = Described((3, 2), random_state=0)
    net.note = "kept"
    other = pickle.loads(pickle.dumps(net))
    assert type(other) is Described
    assert other.note == "kept"


class Described(Network):
    """A user's subclass."""


def test_a_network_is_constructed_once():
    net = Network((3, 2), random_state=0)
    before = net.parameters.copy()
    with pytest.raises(RuntimeError, match="constructed once"):
        net.__init__((4, 2))
    np.testing.assert_array_equal(net.parameters, before)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("sizes", [(4, 2, 3), (50, 40, 7), (1, 1)])
@pytest.mark.parametrize("n_samples", [0, 1, 2, 100, 5000])
def test_predict_into_out(dtype, sizes, n_samples):
    rng = np.random.default_rng(1)
    net = Network(sizes, "tanh", dtype=dtype, random_state=0)
    X = rng.normal(size=(n_samples, sizes[0])).astype(dtype)
    expected = net.predict(X)
    assert expected.shape == (n_samples, sizes[-1])
    assert expected.dtype == dtype
    out = np.full((n_samples + 2, sizes[-1]), 7, dtype=dtype)
    assert net.predict(X, out=out[1:-1]).base is out
    np.testing.assert_array_equal(out[1:-1], expected)
    assert (out[[0, -1]] == 7).all()
    if n_samples:
        row = np.empty(sizes[-1], dtype=dtype)
        assert net.predict(X[0], out=row) is row
        np.testing.assert_allclose(row, expected[0], rtol=1e-4 if dtype == "float32" else 1e-12)


def test_predict_into_a_file(tmp_path):
    """Subclasses of ndarray are arrays, too."""
    net = Network((4, 3), random_state=0)
    X = np.random.default_rng(0).normal(size=(9, 4))
    out = np.memmap(tmp_path / "out", dtype=float, mode="w+", shape=(9, 3))
    assert net.predict(X, out=out) is out
    np.testing.assert_array_equal(out, net.predict(X))


def test_predict_into_part_of_the_array_that_holds_x():
    """Neighbours in memory do not overlap."""
    net = Network((2, 2), random_state=0)
    both = np.ones((2, 6, 2))
    net.predict(both[0], out=both[1])
    np.testing.assert_array_equal(both[1], net.predict(np.ones((6, 2))))
    rows = np.ones((7, 2))
    net.predict(rows[::4], out=rows[1:3])
    np.testing.assert_array_equal(rows[1:3], both[1, :2])


def test_wide_networks_do_not_need_wide_workspaces():
    """A block is bounded in bytes and in work; the results do not depend on it."""
    wide = Network((30_000, 3), "identity", dtype="float32", random_state=0)
    assert wide.workspace_bytes < 4_000_000
    X = np.random.default_rng(0).normal(size=(40, 30_000)).astype("float32")
    np.testing.assert_allclose(
        wide.predict(X), X @ wide.weights[0], rtol=0, atol=1e-3 * abs(X @ wide.weights[0]).max()
    )
    deep = Network((3000, 3000, 2), "identity", random_state=0)
    assert deep.workspace_bytes < 4_000_000


class Forgetful(Network):
    """A subclass whose constructor does not call the one above."""

    def __init__(self):
        pass


@pytest.mark.parametrize("make", [Forgetful, lambda: Network.__new__(Network)])
def test_a_network_that_was_not_constructed(make):
    """An error in words, never a crash."""
    net = make()
    with pytest.raises(RuntimeError, match="__init__ has not been called"):
        net.predict([1.0])
    for use in (net.fit, net.evaluate, net.loss_and_gradient):
        with pytest.raises(RuntimeError, match="__init__ has not been called"):
            use([[1.0]], [1.0])
    assert repr(net) == f"<{type(net).__name__}: __init__ has not been called>"
    for use in (
        copy.copy,
        pickle.dumps,
        Network.initialize,
        lambda net: net.activations,
        lambda net: net.loss,
        lambda net: net.optimizer,
        lambda net: setattr(net, "optimizer", SGD()),
        lambda net: trace(net, [1.0], [1.0]),
    ):
        with pytest.raises(RuntimeError, match="__init__ has not been called"):
            use(net)
    net.stop()
    with pytest.raises(RuntimeError, match="has not been called"):
        SampleSet(net, np.ones((1, 1)), np.ones((1, 1)), None)


def test_garbage_is_collected():
    """A network in a cycle goes, and its memory with it."""
    import gc
    import weakref

    net = Network((3, 2), random_state=0)
    net.itself = net
    gone = weakref.ref(net)
    del net
    gc.collect()
    assert gone() is None


def test_a_subclass_that_is_compared_by_value():
    """And so has no hash: it trains and predicts nevertheless."""

    class ByValue(Network):
        def __eq__(self, other):
            return bool((self.parameters == other.parameters).all())

    net = ByValue((40, 60, 5), random_state=0)
    with pytest.raises(TypeError, match="unhashable"):
        hash(net)
    net.fit(np.ones((4, 40)), np.ones((4, 5)), epochs=2)
    assert net.predict(np.ones((1000, 40))).shape == (1000, 5)
    assert net == copy.deepcopy(net)


class Slotted(Network):
    """A subclass with attributes outside of its dictionary."""

    __slots__ = ("label", "unset")


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))]
)
def test_slots_of_a_subclass_are_copied(copied):
    net = Slotted((3, 2), random_state=0)
    net.label, net.note = ["kept"], "too"
    other = copied(net)
    assert (other.label, other.note) == (["kept"], "too")
    assert other.label is not net.label
    assert not hasattr(other, "unset")
    assert_same_network(net, other)
