"""Bad input: the message says which argument, what was expected and what came; nothing changes."""

import re

import numpy as np
import pytest
from helpers import state_of

from backprop_c import SGD, Network, trace
from backprop_c._validation.targets import as_targets

X = np.arange(12.0).reshape(4, 3) / 10
Y = np.zeros((4, 2))
LABELS = np.array([0, 1, 1, 0])


def spoilt(value, at=(2, 1)):
    array = X.copy()
    array[at] = value
    return array


BAD_X = [
    (np.ones((4, 5)), ValueError, "X has 5 features, but the network has 3 inputs"),
    (np.ones((4, 3, 1)), ValueError, "X must be (n_samples, 3)"),
    (np.float64(3), ValueError, "X must be (n_samples, 3)"),
    (spoilt(np.nan), ValueError, "X[2, 1] is nan; X must be finite"),
    (spoilt(np.inf), ValueError, "X[2, 1] is inf; X must be finite"),
    (spoilt(-np.inf, (0, 0)), ValueError, "X[0, 0] is -inf; X must be finite"),
    ([["a", "b", "c"]] * 4, TypeError, "X must hold real numbers, but its dtype is <U1"),
    (X.astype(object), TypeError, "X must hold real numbers, but its dtype is object"),
    (X + 0j, TypeError, "X must hold real numbers, but its dtype is complex128"),
    (np.array([["2020-01-01"] * 3] * 4, dtype="M8[D]"), TypeError, "its dtype is datetime64[D]"),
    ([[1.0, 2.0, 3.0], [1.0, 2.0]], ValueError, "X must be a rectangular array"),
    (None, TypeError, "X must hold real numbers, but its dtype is object"),
    (
        [["a", "b", "c"]] * 4,
        TypeError,
        "it holds text: give each category a column of 0 and 1, by pandas.get_dummies(X, ",
    ),
    (np.ma.masked_equal(X, 0.5), ValueError, "X has masked entries"),
    ([np.ma.masked_array([1.0, 2.0, 3.0], [0, 1, 0])] * 4, ValueError, "X has masked entries"),
    ([[1.0, 2.0, 10**20]] * 4, TypeError, "is object, and X[0, 2] is 100000000000000000000: pass"),
    ([[1.0, None, 3.0]] * 4, TypeError, "is object, and X[0, 1] is None: pass floats"),
    (np.empty((0, 3), object), TypeError, "X must hold real numbers, but its dtype is object"),
]
BAD_Y = [
    (np.zeros((4, 3)), ValueError, "y must be (4, 2) or (4,) class indices, but has shape (4, 3)"),
    (
        np.zeros((4, 2, 1)),
        ValueError,
        "y must be (4, 2) or (4,) class indices, but has shape (4, 2, 1)",
    ),
    (np.zeros((3, 2)), ValueError, "y has 3 samples, but X has 4"),
    (np.zeros(3, dtype=int), ValueError, "y has 3 samples, but X has 4"),
    (np.full((4, 2), np.nan), ValueError, "y[0, 0] is nan; y must be finite"),
    ([0, 1, 2, 0], ValueError, "y[2] is 2, but class indices are 0 to 1"),
    ([0, -1, 1, 0], ValueError, "y[1] is -1, but class indices are 0 to 1"),
    ([0.0, 1.0, 0.5, 1.0], ValueError, "y[2] is 0.5, but class indices are whole numbers 0 to 1"),
    ([0.0, np.nan, 1.0, 0.0], ValueError, "y[1] is nan, but class indices are whole numbers"),
    (["a", "b", "a", "b"], TypeError, "y must hold real numbers, but its dtype is <U1"),
    (
        ["a", "b", "a", "b"],
        TypeError,
        "it holds text: number the classes, names, y = numpy.unique(y, return_inverse=True)",
    ),
    (
        np.array(["a", "b", "a", "b"], dtype=object),
        TypeError,
        "its dtype is object, and it holds text: number the classes, names, y = numpy.unique(y",
    ),
    (np.zeros((4, 2), dtype=complex), TypeError, "its dtype is complex128"),
]
BAD_THREADS = [
    ({"n_threads": 0}, ValueError, "n_threads must be at least 1, but is 0"),
    ({"n_threads": -1}, ValueError, "n_threads must be at least 1, but is -1"),
    ({"n_threads": 1.5}, TypeError, "n_threads must be an integer, but is 1.5"),
    ({"n_threads": True}, TypeError, "n_threads must be an integer, but is True"),
    ({"n_threads": "2"}, TypeError, "n_threads must be an integer, but is '2'"),
    ({"n_threads": np.ones(2)}, TypeError, "n_threads must be an integer, but is array(["),
    ({"n_threads": 10**30}, ValueError, "n_threads must be at most "),
]
BAD_FIT = [
    ({"epochs": -1}, ValueError, "epochs must be at least 0, but is -1"),
    ({"epochs": 1.5}, TypeError, "epochs must be an integer, but is 1.5"),
    ({"epochs": True}, TypeError, "epochs must be an integer, but is True"),
    ({"epochs": "3"}, TypeError, "epochs must be an integer, but is '3'"),
    ({"epochs": 10**30}, ValueError, "epochs must be at most "),
    ({"batch_size": 0}, ValueError, "batch_size must be at least 1, but is 0"),
    ({"batch_size": -3}, ValueError, "batch_size must be at least 1, but is -3"),
    ({"batch_size": "all"}, ValueError, "batch_size must be an integer, 'auto' or None, but is"),
    ({"batch_size": 2.0}, TypeError, "batch_size must be an integer, but is 2.0"),
    ({"shuffle": 1}, TypeError, "shuffle must be True or False, but is 1"),
    ({"verbose": "yes"}, TypeError, "verbose must be True or False, but is 'yes'"),
    ({"reset_optimizer": 0}, TypeError, "reset_optimizer must be True or False, but is 0"),
    ({"metrics": ["mape"]}, ValueError, "metric 'mape' is not known; known: mse, rmse, mae, r2"),
    ({"metrics": 3}, TypeError, "metric must be a name or an object such as "),
    ({"metrics": [3]}, TypeError, "metric must be a name or an object such as "),
    (
        {"optimizer": 0.1},
        TypeError,
        "optimizer must be a name or an optimizer such as SGD()",
    ),
    ({"optimizer": SGD}, TypeError, "optimizer must be a name or an optimizer such as SGD()"),
    *BAD_THREADS,
]
BAD_NETWORKS = [
    ({"layer_sizes": (3,)}, ValueError, "layer_sizes must have at least 2 entries"),
    ({"layer_sizes": ()}, ValueError, "inputs and outputs, but has 0"),
    ({"layer_sizes": 3}, TypeError, "layer_sizes must be a sequence of integers, but is 3"),
    ({"layer_sizes": (3, 0, 2)}, ValueError, "layer_sizes[1] must be at least 1, but is 0"),
    ({"layer_sizes": (3, -2)}, ValueError, "layer_sizes[1] must be at least 1, but is -2"),
    ({"layer_sizes": (3.0, 2)}, TypeError, "layer_sizes[0] must be an integer, but is 3.0"),
    ({"layer_sizes": "32"}, TypeError, "layer_sizes must be a sequence of integers, but is '32'"),
    ({"layer_sizes": b"ab"}, TypeError, "layer_sizes must be a sequence of integers"),
    ({"layer_sizes": (2**40, 2**40)}, ValueError, "are too many"),
    (
        {"activations": "swish"},
        ValueError,
        "activation 'swish' is not known; known: identity, sigmoid, tanh, softsign, hard_sigmoid, "
        "hard_tanh, relu, leaky_relu, elu, selu, softplus, gelu, gelu_tanh, silu, mish, "
        "exponential, softmax",
    ),
    (
        {"activations": ("relu",)},
        ValueError,
        "activations has 1 entries, but the network has 2 layers",
    ),
    ({"activations": 3}, TypeError, "for each layer, but is 3"),
    ({"activations": (None, "relu")}, TypeError, "such as Identity(), but is None; known: ident"),
    (
        {"activations": ("softmax", "relu")},
        ValueError,
        "activation 'softmax' is for the outputs only, but activations[0] is hidden",
    ),
    (
        {"loss": "hinge"},
        ValueError,
        "loss 'hinge' is not known; known: squared_error, absolute_error, huber, log_cosh, "
        "quantile, binary_cross_entropy, cross_entropy, poisson, gamma",
    ),
    ({"loss": 3}, TypeError, "loss must be a name or an object such as SquaredError(), but is"),
    (
        {"loss": 3, "activations": "tanh"},
        TypeError,
        "loss must be a name or an object such as SquaredError(), but is",
    ),
    (
        {"loss": "cross_entropy", "activations": "sigmoid"},
        ValueError,
        "loss 'cross_entropy' needs 'softmax' outputs, but the last activation is 'sigmoid'",
    ),
    (
        {"loss": "binary_cross_entropy", "activations": "tanh"},
        ValueError,
        "loss 'binary_cross_entropy' needs 'sigmoid' outputs, but the last activation is 'tanh'",
    ),
    ({"biases": "no"}, TypeError, "biases must be True or False, but is 'no'"),
    ({"dtype": "float16"}, ValueError, "dtype must be one of float32, float64, but is 'float16'"),
    ({"dtype": "number"}, TypeError, "dtype must be one of float32, float64, but is 'number'"),
    ({"dtype": "\ud800"}, TypeError, "dtype must be one of float32, float64"),
    ({"dtype": None}, ValueError, "dtype must be one of float32, float64, but is None"),
    ({"dtype": ">f8"}, ValueError, "dtype must be one of float32, float64, but is '>f8'"),
    ({"random_state": -1}, ValueError, "random_state must be at least 0, but is -1"),
    ({"random_state": "seed"}, TypeError, "random_state must be None, an integer, or a numpy"),
    ({"random_state": 1.5}, TypeError, "RandomState, but is 1.5"),
]
BAD_RATES = [
    (0, ValueError, "learning_rate must be positive and finite, but is 0.0"),
    (-0.1, ValueError, "learning_rate must be positive and finite, but is -0.1"),
    (np.nan, ValueError, "learning_rate must be positive and finite, but is nan"),
    (np.inf, ValueError, "learning_rate must be positive and finite, but is inf"),
    ("0.1", TypeError, "learning_rate must be a number, but is '0.1'"),
    (None, TypeError, "learning_rate must be a number, but is None"),
    (True, TypeError, "learning_rate must be a number, but is True"),
    (1j, TypeError, "learning_rate must be a number, but is 1j"),
    (np.complex128(1), TypeError, "learning_rate must be a number"),
    (np.array("0.1"), TypeError, "learning_rate must be a number"),
    (10**400, ValueError, "learning_rate must be positive and finite, but is inf"),
]


@pytest.fixture(params=["float64", "float32"])
def net(request):
    """A network; afterwards it must be what it was, to the bit."""
    net = Network((3, 2), random_state=1, dtype=request.param)
    net.fit(X, Y, epochs=1)
    before = net.parameters.tobytes(), state_of(net._generator), net.optimizer, net.history
    yield net
    after = net.parameters.tobytes(), state_of(net._generator), net.optimizer, net.history
    assert after == before
    assert after[3] is before[3]


def raises(error, message):
    return pytest.raises(error, match=re.escape(message))


@pytest.mark.parametrize(("bad", "error", "message"), BAD_X)
def test_bad_x(net, bad, error, message):
    with raises(error, message):
        net.predict(bad)
    for use in (net.fit, net.evaluate, net.loss_and_gradient):
        with raises(error, message):
            use(bad, Y)


@pytest.mark.parametrize(("bad", "error", "message"), BAD_Y)
def test_bad_y(net, bad, error, message):
    for use in (net.fit, net.evaluate, net.loss_and_gradient):
        with raises(error, message):
            use(X, bad)


@pytest.mark.parametrize(("bad", "error", "message"), BAD_FIT)
def test_bad_arguments_of_fit(net, bad, error, message):
    with raises(error, message):
        net.fit(X, Y, **bad)


@pytest.mark.parametrize(("bad", "error", "message"), BAD_NETWORKS)
def test_bad_networks(bad, error, message):
    generator = np.random.default_rng(0)
    arguments = {"layer_sizes": (3, 4, 2), "random_state": generator, **bad}
    with raises(error, message):
        Network(**arguments)
    assert state_of(generator) == state_of(np.random.default_rng(0))


@pytest.mark.parametrize(("bad", "error", "message"), BAD_RATES)
def test_bad_learning_rates(net, bad, error, message):
    with raises(error, message):
        SGD(learning_rate=bad)
    if bad is not None:
        with raises(error, message):
            trace(net, X[0], Y[0], learning_rate=bad, verbose=False)


@pytest.mark.parametrize(("bad", "error", "message"), BAD_THREADS)
@pytest.mark.parametrize("rows", [X, X[0], X.repeat(100_000, axis=0)])
def test_bad_numbers_of_threads_for_predict(net, rows, bad, error, message):
    """Whether or not there is work for several threads."""
    with raises(error, message):
        net.predict(rows, **bad)


def test_no_samples(net):
    for use in (net.fit, net.evaluate, net.loss_and_gradient):
        with raises(ValueError, "X must have at least one sample, but has none"):
            use(np.ones((0, 3)), np.ones((0, 2)))
        with raises(
            ValueError,
            "X must be (n_samples, 3), but has shape (3,); one sample is X[numpy.newaxis, :], "
            "samples of one input X[:, numpy.newaxis]",
        ):
            use(X[0], Y[0])
    assert net.predict(np.ones((0, 3))).shape == (0, 2)


def test_numbers_too_large_for_float32():
    net = Network((3, 2), dtype="float32", random_state=1)
    before = net.parameters.tobytes(), state_of(net._generator)
    for use in (net.fit, net.evaluate, net.loss_and_gradient):
        with raises(ValueError, "X[2, 1] is 1e+300, which float32 cannot hold"):
            use(spoilt(1e300), Y)
    with raises(ValueError, "X[2, 1] is 1e+300, which float32 cannot hold"):
        net.predict(spoilt(1e300))
    with raises(ValueError, "y[3, 1] is -1e+300, which float32 cannot hold"):
        bad = Y.copy()
        bad[3, 1] = -1e300
        net.fit(X, bad)
    assert (net.parameters.tobytes(), state_of(net._generator)) == before


def test_numpy_told_to_raise_does_not_make_good_calls_fail():
    small, smaller = X * 1e-300, X * 1e-310
    with np.errstate(all="raise"):
        net = Network((3, 2), dtype="float32", random_state=1)
        net.predict([1e-300, 0, 1])
        net.fit(small, Y, epochs=2)
        Network((3, 2), random_state=1).loss_and_gradient(smaller, Y)
        with raises(ValueError, "X[2, 1] is 1e+300, which float32 cannot hold"):
            net.predict(spoilt(1e300))


def test_more_than_all_samples_in_a_batch(net):
    twin = Network((3, 2), random_state=5)
    other = Network((3, 2), random_state=5)
    twin.fit(X, Y, epochs=2, batch_size=None)
    other.fit(X, Y, epochs=2, batch_size=10**6)
    assert twin.parameters.tobytes() == other.parameters.tobytes()


def test_numbers_too_small_for_float32_are_zero():
    net = Network((3, 2), dtype="float32", random_state=1)
    np.testing.assert_array_equal(net.predict(X * 0), net.predict(X * 1e-300))


def test_targets_of_the_cross_entropies():
    binary = Network((3, 2), "sigmoid", "binary_cross_entropy", random_state=1)
    start = binary.parameters.tobytes(), state_of(binary._generator)
    with raises(
        ValueError, "y[1, 0] is 1.5, but targets of 'binary_cross_entropy' are between 0 and 1"
    ):
        binary.fit(X, [[0, 1], [1.5, 0], [0, 0], [0, 0]])
    assert (binary.parameters.tobytes(), state_of(binary._generator)) == start
    soft = Network((3, 2), "softmax", "cross_entropy", random_state=1)
    generator = state_of(soft._generator)
    start = soft.parameters.tobytes()
    with raises(ValueError, "y[2] sums to 0.75, but targets of 'cross_entropy' must sum to 1"):
        soft.fit(X, [[0.5, 0.5], [1, 0], [0.5, 0.25], [0, 1]])
    with raises(ValueError, "y[0, 1] is -0.5, but targets of 'cross_entropy' are between 0 and 1"):
        soft.fit(X, [[1.0, -0.5], [1, 0], [0.5, 0.5], [0, 1]])
    assert (soft.parameters.tobytes(), state_of(soft._generator)) == (start, generator)
    before = soft.parameters.copy()
    soft.fit(X, np.full((4, 2), 0.5) + 1e-8)
    assert not np.array_equal(soft.parameters, before)


@pytest.mark.parametrize("metrics", [(), ("accuracy",)])
def test_how_far_a_sum_of_targets_may_be_from_one(metrics):
    """By 1e-5, in the cross-entropy and in what is a class to the accuracy."""
    loss = "squared_error" if metrics else "cross_entropy"
    net = Network((3, 2), "softmax", loss, random_state=1)
    for sign in (-1, 1):
        net.fit(X, np.full((4, 2), 0.5 + sign * 0.45e-5), epochs=1, metrics=metrics)
        with pytest.raises(ValueError, match="sum to 1"):
            net.fit(X, np.full((4, 2), 0.5 + sign * 0.55e-5), epochs=1, metrics=metrics)


@pytest.mark.parametrize("dtype", [int, np.uint8, np.int64, bool, float])
def test_labels_of_any_dtype(dtype):
    net = Network((3, 2), "softmax", "cross_entropy", random_state=1)
    assert net.evaluate(X, LABELS.astype(dtype)) == net.evaluate(X, np.eye(2)[LABELS])


def test_labels_are_copied():
    """Whoever changes them during a fit cannot make the kernels write where they must not."""
    labels = LABELS.copy()
    assert not np.shares_memory(as_targets(labels, 4, 2, "squared_error", np.dtype(float)), labels)


def test_one_output_takes_targets_of_one_dimension():
    net = Network((3, 1), "identity", random_state=1)
    y = [0.5, 1.5, -2.0, 7.0]
    assert net.evaluate(X, y) == net.evaluate(X, np.array(y)[:, None])
    with raises(ValueError, "y must be (4, 1) or (4,), but has shape (4, 2)"):
        net.fit(X, Y)


def test_bad_out(net):
    good = np.empty((4, 2), dtype=net.dtype)
    other = "float32" if net.dtype == np.float64 else "float64"
    readonly = good.copy()
    readonly.flags.writeable = False
    inputs = np.ones((4, 3), dtype=net.dtype)
    overlapping = inputs.ravel()[2:10].reshape(4, 2)
    bad = [
        (good.astype(other), TypeError, f"out must be an array of {net.dtype}, but is an array of"),
        (good.tolist(), TypeError, f"out must be an array of {net.dtype}, but is <class 'list'>"),
        (good[:3], ValueError, "out must have shape (4, 2), but has shape (3, 2)"),
        (good.ravel(), ValueError, "out must have shape (4, 2), but has shape (8,)"),
        (np.asfortranarray(good), ValueError, "out must be C-contiguous, aligned and writable"),
        (readonly, ValueError, "out must be C-contiguous, aligned and writable"),
        (overlapping, ValueError, "out must not overlap X"),
    ]
    for out, error, message in bad:
        before = np.array(out, copy=True)
        for given in (inputs, memoryview(inputs), inputs.tolist()):
            if out is overlapping and isinstance(given, list):
                continue
            with raises(error, message):
                net.predict(given, out=out)
        np.testing.assert_array_equal(out, before)
    square = Network((2, 2), random_state=0)
    before = square.parameters.copy()
    with raises(ValueError, "out must not overlap the network's parameters"):
        square.predict(np.ones((2, 2)), out=square.weights[0])
    np.testing.assert_array_equal(square.parameters, before)
    net.predict(inputs, out=good)


def test_out_stays_as_it_was_when_x_is_bad(net):
    out = np.full((4, 2), 7, dtype=net.dtype)
    with raises(ValueError, "X[2, 1] is nan"):
        net.predict(spoilt(np.nan).astype(net.dtype), out=out)
    assert (out == 7).all()


def test_bad_optimizer(net):
    with raises(TypeError, "optimizer must be a name or an optimizer such as SGD(), but is 3"):
        net.optimizer = 3
    with raises(ValueError, "optimizer 'SGD' is not known; known: sgd, "):
        net.optimizer = "SGD"
    with raises(AttributeError, "learning_rate"):
        net.optimizer.learning_rate = 3


def test_bad_arguments_of_trace(net):
    with raises(TypeError, "net must be a Network or a RecurrentNetwork, but is 3"):
        trace(3, X[0], Y[0])
    with raises(ValueError, "x must be one sample, but has shape (4, 3)"):
        trace(net, X, Y[0])
    with raises(ValueError, "X has 2 features, but the network has 3 inputs"):
        trace(net, [1.0, 2.0], Y[0])
