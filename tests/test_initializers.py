"""Initializers: what they draw, what stands for them, and what is refused."""

import copy
import pickle
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from backprop_c import Network, activations, initializers
from backprop_c._validation.entries import ACTIVATIONS
from backprop_c._validation.initializers import initializers_by_name
from backprop_c._validation.shape import CLASSES

SIZES = (200, 300, 150)
# Name -> the variance for (n_in, n_out), and the largest number, where there is one.
DRAWN = {
    "glorot_uniform": (lambda n, m: 2 / (n + m), lambda n, m: np.sqrt(6 / (n + m))),
    "glorot_normal": (lambda n, m: 2 / (n + m), None),
    "he_uniform": (lambda n, m: 2 / n, lambda n, m: np.sqrt(6 / n)),
    "he_normal": (lambda n, m: 2 / n, None),
    "lecun_uniform": (lambda n, m: 1 / n, lambda n, m: np.sqrt(3 / n)),
    "lecun_normal": (lambda n, m: 1 / n, None),
    "uniform": (lambda n, m: 0.05**2 / 3, lambda n, m: 0.05),
    "normal": (lambda n, m: 0.05**2, None),
}


def network(sizes=SIZES, seed=0, **options):
    return Network(sizes, random_state=seed, **options)


def test_every_initializer_is_here():
    assert set(initializers_by_name()) == {*DRAWN, "zeros", "orthogonal"}


# Without a GIL, Python 3.13 keeps all classes for good from the first thread on: so this is for a
# process that has started none.
A_CLASS_AND_ITS_END = """
import gc
import numpy as np
from backprop_c import Network, initializers

class Halves(initializers.Constant):
    name = "halves"
    value: float = 0.5

net = Network((2, 3), initializer="halves")
np.testing.assert_array_equal(net.weights[0], np.full((2, 3), 0.5))
del Halves, net
gc.collect()
try:
    Network((2, 3), initializer="halves")
except ValueError as error:
    print(error)
"""


@pytest.mark.thread_unsafe(reason="starts a process")
def test_a_class_of_the_callers_has_a_name():
    """What is known by name are the classes that are there: not one that is gone."""
    code = [sys.executable, "-c", A_CLASS_AND_ITS_END]
    done = subprocess.run(code, capture_output=True, text=True, check=False)
    assert "'halves' is not known" in done.stdout, done.stderr


@pytest.mark.parametrize("name", DRAWN)
def test_mean_variance_and_limit(name):
    """Within what chance allows for so many numbers; biases are 0."""
    variance, limit = DRAWN[name]
    net = network(initializer=name)
    for (n_in, n_out), weights in zip(pairwise(SIZES), net.weights, strict=True):
        expected = variance(n_in, n_out)
        assert abs(weights.mean()) < 4 * np.sqrt(expected / weights.size)
        assert abs(weights.var() / expected - 1) < 0.03
        if limit is not None:
            largest = limit(n_in, n_out)
            assert 0.99 * largest < abs(weights).max() <= largest
        else:
            assert abs(weights).max() > 3 * np.sqrt(expected)
    assert all((biases == 0).all() for biases in net.biases)


@pytest.mark.parametrize("name", [*DRAWN, "orthogonal"])
def test_draws_are_the_same_for_both_dtypes_and_anew_each_time(name):
    double, single = (network(initializer=name, dtype=dtype) for dtype in ("float64", "float32"))
    np.testing.assert_array_equal(double.parameters.astype("float32"), single.parameters)
    first = double.parameters.copy()
    double.initialize()
    assert not (double.parameters == first).all()
    double.initialize(0)
    np.testing.assert_array_equal(double.parameters, first)


@pytest.mark.parametrize("sizes", [(5, 5), (30, 7), (7, 30), (1, 4), (4, 1)])
@pytest.mark.parametrize("gain", [1.0, 2.5])
def test_orthogonal(gain, sizes):
    """Whichever of columns and rows are fewer have the length `gain`, at right angles."""
    (weights,) = network(sizes, initializer=initializers.Orthogonal(gain)).weights
    products = weights.T @ weights if sizes[0] >= sizes[1] else weights @ weights.T
    np.testing.assert_allclose(products, gain**2 * np.eye(min(sizes)), atol=1e-12)


def test_orthogonal_matrices_have_no_preferred_sign():
    signs = [network((1, 1), seed, initializer="orthogonal").weights[0][0, 0] for seed in range(40)]
    assert {-1.0, 1.0} == set(signs)


def test_numbers_functions_and_arrays():
    rng = np.random.default_rng(0)
    given = rng.normal(size=(3, 2))
    net = network(
        (2, 3, 2, 2, 1),
        initializer=[initializers.Constant(0.5), given, None, lambda rng, shape: np.ones(shape)],
    )
    np.testing.assert_array_equal(net.weights[0], np.full((2, 3), 0.5))
    np.testing.assert_array_equal(net.weights[1], given)
    assert (abs(net.weights[2]) <= np.sqrt(6 / 4)).all()
    np.testing.assert_array_equal(net.weights[3], np.ones((2, 1)))
    given[:] = 7
    net.initialize()
    assert not (net.weights[1] == 7).any()
    np.testing.assert_array_equal(network(initializer="zeros").parameters, 0)


def test_a_function_draws_from_the_networks_generator():
    def drawn(rng, shape):
        return rng.normal(size=shape)

    net, twin = (network((2, 3), initializer=drawn) for _ in range(2))
    np.testing.assert_array_equal(net.parameters, twin.parameters)
    expected = np.random.default_rng(0).normal(size=(2, 3))
    np.testing.assert_array_equal(net.weights[0], expected)


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name != "softmax"])
def test_the_default_suits_the_activation(name):
    kin = {"relu", "leaky_relu", "elu", "gelu", "gelu_tanh", "silu", "mish"}
    expected = "he_uniform" if name in kin else "glorot_uniform"
    expected = "lecun_normal" if name == "selu" else expected
    made = CLASSES[activations.Activation][name]()
    assert made.initializer == expected
    output = (name,) if ACTIVATIONS[name].outputs_only else (name, "identity")
    sizes = (30, 20, 10)[: len(output) + 1]
    net = network(sizes, activations=output)
    twin = network(
        sizes, activations=output, initializer=[expected, "glorot_uniform"][: len(output)]
    )
    np.testing.assert_array_equal(net.parameters, twin.parameters)


def test_copies_and_pickles_draw_alike():
    net = network((3, 4), initializer=initializers.Normal(0.5))
    others = [copy.copy(net), copy.deepcopy(net), pickle.loads(pickle.dumps(net))]
    for other in (net, *others):
        other.initialize(7)
        np.testing.assert_array_equal(other.parameters, net.parameters)


BAD = [
    ("glorot", ValueError, "initializer 'glorot' is not known; known: glorot_uniform"),
    ("constant", ValueError, "initializer 'constant' is not known"),
    (initializers.HeNormal, TypeError, "but is the class HeNormal: write HeNormal"),
    (3.0, TypeError, "initializer must be a name, an object such as HeNormal"),
    (["zeros"], ValueError, "initializer has 1 entries, but the network has 2 layers"),
    (np.zeros((2, 3)), ValueError, r"weights' shape \(2, 4\), but has \(2, 3\)"),
    (["zeros", np.full((4, 1), np.nan)], ValueError, "must be finite, but has infinity or NaN"),
    (["zeros", np.full((4, 1), "x")], TypeError, "must be real numbers, but is of <U1"),
    (lambda rng, shape: np.zeros(3), ValueError, r"weights' shape \(2, 4\), but has \(3,\)"),
    (lambda rng, shape: None, TypeError, "must be real numbers, but is of object"),
]


@pytest.mark.parametrize(("value", "error", "message"), BAD)
def test_bad_initializers(value, error, message):
    with pytest.raises(error, match=message):
        network((2, 4, 1), initializer=value)


def test_a_function_that_fails_changes_nothing():
    """Neither weights that come before, nor the generator, nor the optimizer's state."""
    fails = [False]

    def sometimes(rng, shape):
        rng.normal()
        return np.zeros(5) if fails[0] else np.zeros(shape)

    net = network((2, 4, 1), initializer=["glorot_uniform", sometimes])
    net.fit(np.ones((3, 2)), np.ones(3), epochs=2)
    before, kept = net.parameters.copy(), net._optimizer_state
    state = net._generator.bit_generator.state
    fails[0] = True
    for random_state in (None, np.random.default_rng(5)):
        with pytest.raises(ValueError, match="the weights' shape"):
            net.initialize(random_state)
        np.testing.assert_array_equal(net.parameters, before)
        assert net._optimizer_state is kept
        assert net._generator.bit_generator.state == state


@pytest.mark.parametrize(
    ("make", "value", "error", "message"),
    [
        (initializers.Uniform, 0, ValueError, "limit must be positive and finite, but is 0.0"),
        (initializers.Normal, -1, ValueError, "deviation must be positive and finite, but is -1.0"),
        (
            initializers.Orthogonal,
            np.inf,
            ValueError,
            "gain must be positive and finite, but is inf",
        ),
        (initializers.Constant, np.nan, ValueError, "value must be finite, but is nan"),
        (initializers.Constant, "1", TypeError, "value must be a number, but is '1'"),
    ],
)
def test_parameters_out_of_range(make, value, error, message):
    with pytest.raises(error, match=message):
        make(value)
