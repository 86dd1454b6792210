"""Every kernel, at the level in use, against the naive algorithm."""

import copy

import numpy as np
import pytest
from helpers import LAYOUTS, any_targets, assert_close, check_network, measured, targets_for
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from reference import LOSSES as REFERENCE_LOSSES
from reference import ReferenceNetwork

from backprop_c import Adam, Network
from backprop_c._engine.evaluation import evaluate
from backprop_c._engine.trainer import Trainer
from backprop_c._validation.entries import ACTIVATIONS, LOSSES, UPDATES

DTYPES = ("float64", "float32")
# Both sides of every tile (2, 4, 6, 12) and of every vector (1, 2, 4, 8, 16 lanes).
EDGES = (1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 15, 16, 17, 23, 24, 25, 31, 32, 33)
COMBINATIONS = [
    (loss, output)
    for loss, entry in LOSSES.items()
    for output in ACTIVATIONS
    if entry.outputs in ("", output)
]


@st.composite
def networks(draw):
    width = st.one_of(st.sampled_from(EDGES), st.integers(1, 40))
    sizes = draw(st.lists(width, min_size=2, max_size=5))
    loss, output = draw(st.sampled_from(COMBINATIONS))
    hidden = st.sampled_from(
        [name for name, entry in ACTIVATIONS.items() if not entry.outputs_only]
    )
    activations = [draw(hidden) for _ in sizes[1:-1]] + [output]
    return Network(
        sizes,
        activations,
        loss,
        biases=draw(st.booleans()),
        dtype=draw(st.sampled_from(DTYPES)),
        random_state=draw(st.integers(0, 2**32 - 1)),
    )


@given(
    net=networks(),
    n_samples=st.integers(1, 200),
    layout=st.sampled_from(sorted(LAYOUTS)),
    seed=st.integers(0, 2**32 - 1),
)
@hypothesis_settings(max_examples=300)
def test_any_network(net, n_samples, layout, seed):
    check_network(net, n_samples, np.random.default_rng(seed), layout)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_samples", [1, 2, 40, 3000])
@pytest.mark.parametrize("sizes", [(3, 4, 2), (20, 48, 32), (40, 64, 2)])
def test_sample_weights(sizes, n_samples, dtype, rng):
    """The weighted mean: weights 2 and 0 by repetition."""
    net = Network(sizes, "tanh", dtype=dtype, random_state=2)
    X = rng.normal(size=(n_samples, sizes[0])).astype(dtype)
    y = rng.normal(size=(n_samples, sizes[-1])).astype(dtype)
    repeats = rng.integers(0, 3, n_samples)
    repeats[0] = 2
    values, gradient = evaluate(net, measured(net, X, y, repeats.astype(dtype), ("mse",)), True)
    repeated, targets = np.repeat(X, repeats, axis=0), np.repeat(y, repeats, axis=0)
    loss, expected, outputs = ReferenceNetwork(net).loss_gradient_outputs(repeated, targets)
    assert_close(values, [loss, ((outputs - targets) ** 2).mean()], dtype)
    assert_close(gradient, expected, dtype)


@any_targets
@pytest.mark.parametrize("batch_size", [1, 5])
@pytest.mark.parametrize("sizes", [(3, 4, 2), (20, 48, 32), (40, 64, 2)])
def test_a_batch_without_weight_makes_no_step(sizes, batch_size, rng):
    """The second of two: it is as if it were not there, in Adam's count of steps as well."""
    net = Network(sizes, "tanh", random_state=2)
    other = copy.deepcopy(net)
    X = rng.normal(size=(2 * batch_size, sizes[0]))
    y = rng.normal(size=(2 * batch_size, sizes[-1]))
    weights = np.ones(2 * batch_size)
    weights[batch_size:] = 0
    trainer = Trainer(net, measured(net, X, y, weights))
    rule = UPDATES["adam"]
    trainer.prepare(3, batch_size, rule, Adam().hyperparameters(), None, None)
    while trainer.run():
        pass
    trainer.close()
    assert trainer.optimizer_state.steps == 3
    other.fit(X[:batch_size], y[:batch_size], epochs=3, batch_size=batch_size, optimizer=Adam())
    np.testing.assert_allclose(net.parameters, other.parameters, rtol=1e-12)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("loss", "output"), COMBINATIONS)
@pytest.mark.parametrize("n_samples", [1, 2, 3, 17, 130])
def test_every_loss_and_output(loss, output, dtype, n_samples, rng):
    net = Network((3, 5, 4), ("tanh", output), loss, dtype=dtype, random_state=3)
    check_network(net, n_samples, rng)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("width", EDGES)
def test_every_width_around_an_edge(width, dtype, rng):
    """Each as inputs, as a hidden layer and as outputs, with samples around the vectors' ends."""
    for sizes in ((width, 3, 2), (3, width, 2), (3, 2, width), (width, width)):
        for n_samples in (1, 15, 16, 17, 33):
            check_network(
                Network(sizes, "sigmoid", dtype=dtype, random_state=width), n_samples, rng
            )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sizes", [(1, 1), (4, 2, 3), (6, 30, 1), (300, 40, 5)])
def test_many_blocks_and_slabs(sizes, dtype, rng):
    """More samples than a block holds, and more than are handed over between looks at the clock."""
    net = Network(sizes, "tanh", dtype=dtype, random_state=1)
    for n_samples in (999, 1000, 20_011 if sizes[0] < 100 else 3001):
        check_network(net, n_samples, rng)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("loss", "output"), COMBINATIONS)
def test_gradient_is_the_derivative_of_the_reported_loss(loss, output, dtype, rng):
    """Central differences of the float64 loss; float32 gives the same but for rounding."""
    hidden = [name for name, entry in ACTIVATIONS.items() if not entry.outputs_only]
    sizes = (3, *[4, 3] * len(hidden))[: len(hidden) + 1]
    net = Network((*sizes, 2), (*hidden, output), loss, random_state=5)
    net.parameters[:] = rng.normal(size=net.parameters.size)
    X, y = rng.normal(size=(7, 3)), targets_for(rng, loss, 7, 2)
    expected = np.empty(net.parameters.size)
    for k, value in enumerate(net.parameters.copy()):
        losses = []
        for step in (1e-6, -1e-6):
            net.parameters[k] = value + step
            losses.append(net.loss_and_gradient(X, y)[0])
        net.parameters[k] = value
        expected[k] = (losses[0] - losses[1]) / 2e-6
    other = Network(net.layer_sizes, net.activations, loss, dtype=dtype, random_state=0)
    other.parameters[:] = net.parameters
    _, gradient = other.loss_and_gradient(X, y)
    tolerance = 1e-7 if dtype == "float64" else 1e-4
    np.testing.assert_allclose(gradient, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("loss_name", "output"), [("binary_cross_entropy", "sigmoid"), ("cross_entropy", "softmax")]
)
def test_cross_entropies_of_enormous_pre_activations(loss_name, output, dtype):
    """Stable for z of +-1e4: the loss is the pre-activations' difference, the gradient finite."""
    net = Network((2, 2), output, loss_name, biases=False, dtype=dtype, random_state=0)
    net.weights[0][:] = np.eye(2)
    X = np.array([[1e4, -1e4], [-1e4, 1e4], [30.0, -30.0]])
    y = np.array([[0.0, 1.0]] * 3)
    loss, gradient = net.loss_and_gradient(X, y)
    zs, activations = ReferenceNetwork(net).forward(X)
    with np.errstate(all="ignore"):
        expected = REFERENCE_LOSSES[loss_name](zs[-1], activations[-1], y)[0].mean()
    np.testing.assert_allclose(loss, expected, rtol=1e-6)
    assert np.isfinite(gradient).all()
    for x, target, value in [(X[0], y[0], 2e4), (X[1], y[1], 0.0)]:
        got, _ = net.loss_and_gradient([x], [target])
        np.testing.assert_allclose(got, value, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("n_samples", [1, 20])
def test_the_cross_entropy_of_targets_whose_sum_is_nearly_one(n_samples, rng):
    """Their sum is in the gradient: it may be off by as much as targets are accepted with."""
    net = Network((3, 4), "softmax", "cross_entropy", random_state=3)
    X, y = rng.normal(size=(n_samples, 3)), targets_for(rng, "cross_entropy", n_samples, 4)
    y *= 1 + 9e-6
    loss, gradient = net.loss_and_gradient(X, y)
    expected_loss, expected, _ = ReferenceNetwork(net).loss_gradient_outputs(X, y)
    np.testing.assert_allclose(loss, expected_loss, rtol=1e-12)
    np.testing.assert_allclose(gradient, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shift", [0.0, 1e4, -1e4])
def test_softmax_does_not_mind_a_shift(shift, dtype):
    net = Network((2, 3), "softmax", biases=False, dtype=dtype, random_state=0)
    net.weights[0][:] = [[0.0, 1.0, 2.0], [1.0, 1.0, 1.0]]
    expected = np.exp([0.0, 1.0, 2.0]) / np.exp([0.0, 1.0, 2.0]).sum()
    for n_samples in (1, 20):
        outputs = net.predict([[1.0, shift]] * n_samples)
        np.testing.assert_allclose(outputs, [expected] * n_samples, rtol=1e-3)
        np.testing.assert_allclose(outputs.sum(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_samples", [1, 2, 3, 16, 17])
def test_an_infinite_loss_is_infinite(n_samples, dtype):
    """Not NaN, however many lanes are empty."""
    net = Network((1, 1), "identity", biases=False, dtype=dtype, random_state=0)
    net.parameters[:] = np.finfo(dtype).max / 2
    X = np.ones((n_samples, 1))
    values = net.evaluate(X, np.zeros((n_samples, 1)), metrics="mse")
    assert values == {"loss": np.inf, "mse": np.inf}


@pytest.mark.parametrize("dtype", DTYPES)
def test_cross_entropy_of_logits_that_differ_by_more_than_the_largest_number(dtype):
    net = Network((1, 2), "softmax", "cross_entropy", biases=False, dtype=dtype, random_state=0)
    net.parameters[:] = np.array([0.75, -0.75]) * np.finfo(dtype).max
    assert net.evaluate([[1.0]], [0]) == {"loss": 0.0}
    assert net.evaluate([[1.0]], [1]) == {"loss": np.inf}
    net.parameters[:] = [0.0, np.nan]
    assert np.isnan(net.evaluate([[1.0]], [0])["loss"])


def test_confident_binary_cross_entropy_keeps_its_digits():
    """log(1 + exp(-z)) is about exp(-z), not 0, where 1 + exp(-z) rounds to 1."""
    net = Network((1, 1), "sigmoid", "binary_cross_entropy", biases=False, random_state=0)
    net.weights[0][:] = 1
    loss, _ = net.loss_and_gradient([[45.0]], [[1.0]])
    np.testing.assert_allclose(loss, np.exp(-45.0), rtol=1e-13)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("n_samples", [1, 40])
def test_nan_propagates_and_nothing_else_is_touched(activation, dtype, n_samples, rng):
    """A NaN weight reaches exactly the outputs that depend on it (with softmax: all)."""
    net = Network((2, 3), activation, "squared_error", dtype=dtype, random_state=0)
    net.weights[0][1, 1] = np.nan
    X = rng.normal(size=(n_samples, 2))
    outputs = net.predict(X)
    expected = np.zeros((n_samples, 3), dtype=bool)
    expected[:, 1] = True
    if activation == "softmax":
        expected[:] = True
    np.testing.assert_array_equal(np.isnan(outputs), expected)
    loss, gradient = net.loss_and_gradient(X, np.zeros((n_samples, 3)))
    assert np.isnan(loss)
    assert np.isnan(gradient).any()


@pytest.mark.parametrize("dtype", DTYPES)
def test_nan_in_the_cross_entropies(dtype):
    for loss, output in (("binary_cross_entropy", "sigmoid"), ("cross_entropy", "softmax")):
        net = Network((1, 2), output, loss, dtype=dtype, random_state=0)
        net.parameters[:] = np.nan
        assert np.isnan(net.loss_and_gradient([[1.0]], [1])[0])


@pytest.mark.parametrize("dtype", DTYPES)
def test_infinite_weights(dtype):
    """sigmoid(inf) is 1, tanh(-inf) -1; softmax of an infinite z has no value."""
    for activation, expected in (("sigmoid", [1, 0]), ("tanh", [1, -1]), ("relu", [np.inf, 0])):
        net = Network((1, 2), activation, biases=False, dtype=dtype, random_state=0)
        net.parameters[:] = [np.inf, -np.inf]
        np.testing.assert_allclose(net.predict([1.0]), expected, atol=1e-37)


@pytest.mark.parametrize("dtype", DTYPES)
def test_accuracy_counts_the_first_largest(dtype):
    """Ties go to the first output, as in NumPy's argmax, and labels are read as indices."""
    net = Network((3, 3), "identity", biases=False, dtype=dtype, random_state=0)
    net.weights[0][:] = np.eye(3)
    X = np.array([[1.0, 1.0, 0.0], [0.0, 2.0, 2.0], [3.0, 1.0, 2.0], [0.0, 0.0, 0.0]] * 13)
    for y, expected in (([0, 1, 0, 0], 1.0), ([1, 2, 0, 0], 0.5), ([2, 2, 2, 2], 0.0)):
        labels = np.array(y * 13)
        for targets in (labels, np.eye(3)[labels]):
            assert net.evaluate(X, targets, metrics=["accuracy"])["accuracy"] == expected
    # Targets can tie, too.
    for n_samples in (1, 20):
        got = net.evaluate(
            X[:1].repeat(n_samples, 0), [[0.5, 0.5, 0]] * n_samples, metrics=["accuracy"]
        )
        assert got["accuracy"] == 1


@pytest.mark.parametrize("dtype", DTYPES)
def test_labels_are_the_one_hot_targets_to_the_bit(dtype, rng):
    net = Network((4, 6, 5), ("relu", "softmax"), "cross_entropy", dtype=dtype, random_state=2)
    for n_samples in (1, 2, 50):
        X, labels = rng.normal(size=(n_samples, 4)), rng.integers(0, 5, n_samples)
        by_label = net.loss_and_gradient(X, labels)
        by_target = net.loss_and_gradient(X, np.eye(5)[labels])
        assert by_label[0] == by_target[0]
        assert by_label[1].tobytes() == by_target[1].tobytes()
