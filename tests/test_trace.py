"""trace: for every activation and loss, the numbers of the reference and of one step of fit."""

import copy
import re

import numpy as np
import pytest
from helpers import any_targets, targets_for
from reference import ACTIVATIONS as REFERENCE_ACTIVATIONS
from reference import ReferenceNetwork
from trace_pages import by_units, check_arithmetic, listed, value_of

from backprop_c import SGD, Network, Trace, losses, trace
from backprop_c._validation.entries import ACTIVATIONS, LOSSES
from backprop_c.demo import steps_network
from backprop_c.trace.formulas import ACTIVATION_FORMULAS
from backprop_c.trace.losses import LOSS_FORMULAS

COMBINATIONS = [
    (loss, hidden, output)
    for loss, entry in LOSSES.items()
    for hidden, between in ACTIVATIONS.items()
    for output in ACTIVATIONS
    if entry.outputs in ("", output) and not between.outputs_only
    # Each hidden activation with one output, and each output with one hidden activation.
    if hidden == "tanh" or output in ("identity", entry.outputs)
]


# Without biases for one loss alone: they are the same to all.
CASES = [(*names, True) for names in COMBINATIONS]
CASES += [(*names, False) for names in COMBINATIONS if names[0] == "squared_error"]


@any_targets
@pytest.mark.parametrize(("loss", "hidden", "output", "biases"), CASES)
def test_every_activation_and_loss(loss, hidden, output, biases, rng):
    net = Network((3, 4, 2), (hidden, output), loss, biases=biases, random_state=2)
    net.parameters[:] = rng.normal(size=net.parameters.size)
    x, y = rng.normal(size=3), targets_for(rng, loss, 1, 2)[0]
    before, generator = net.parameters.copy(), net._generator.bit_generator.state
    steps = trace(net, x, y, learning_rate=0.3, verbose=False)
    np.testing.assert_array_equal(net.parameters, before)
    assert net._generator.bit_generator.state == generator

    reference = ReferenceNetwork(net)
    zs, activations = reference.forward(x[None])
    expected_loss, gradient, _ = reference.loss_gradient_outputs(x[None], y[None])
    np.testing.assert_allclose(steps.loss, expected_loss, rtol=1e-12)
    np.testing.assert_array_equal(steps.target, y)
    trained = copy.copy(net)
    trained.fit([x], [y], epochs=1, optimizer=SGD(0.3))
    parts = []
    for k, layer in enumerate(steps.layers):
        np.testing.assert_allclose(layer.x, activations[k][0], rtol=1e-12)
        np.testing.assert_allclose(layer.z, zs[k][0], rtol=1e-12)
        np.testing.assert_allclose(layer.a, activations[k + 1][0], rtol=1e-12)
        np.testing.assert_allclose(
            layer.weights_gradient, np.outer(layer.x, layer.delta), rtol=1e-12
        )
        np.testing.assert_array_equal(layer.weights, net.weights[k])
        np.testing.assert_allclose(layer.new_weights, trained.weights[k], rtol=1e-12)
        parts.append(layer.weights_gradient.ravel())
        if biases:
            np.testing.assert_array_equal(layer.biases_gradient, layer.delta)
            np.testing.assert_allclose(layer.new_biases, trained.biases[k], rtol=1e-12)
            parts.append(layer.biases_gradient)
        else:
            assert layer.biases is layer.new_biases is layer.biases_gradient is None
        if layer.slope is not None:
            _, backward = REFERENCE_ACTIVATIONS[layer.activation]
            slope = backward(np.ones(len(layer.z)), layer.z, layer.a)
            # That of tanh is 1 - a^2, which is rounded as 1 is.
            np.testing.assert_allclose(layer.slope, slope, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(np.concatenate(parts), gradient, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(steps.new_prediction, trained.predict(x), rtol=1e-12)
    np.testing.assert_allclose(steps.new_loss, trained.evaluate([x], [y])["loss"], rtol=1e-12)
    check_arithmetic(steps)


@pytest.mark.parametrize("make", [losses.CrossEntropy, losses.BinaryCrossEntropy])
@pytest.mark.parametrize("sizes", [(3, 4, 3), (3, 2)])
def test_smoothed_targets(sizes, make, rng):
    """The page says how they are made, and goes on with them."""
    output = "softmax" if make is losses.CrossEntropy else "sigmoid"
    activations = ("tanh",) * (len(sizes) - 2) + (output,)
    net = Network(sizes, activations, make(label_smoothing=0.25), random_state=2)
    y = np.eye(sizes[-1])[1]
    steps = trace(net, rng.normal(size=3), y, learning_rate=0.1, verbose=False)
    np.testing.assert_array_equal(steps.target, y)
    assert str(steps).count("(1 - 0.25) *") == sizes[-1]
    check_arithmetic(steps)


@pytest.mark.parametrize("make", [losses.CrossEntropy, losses.BinaryCrossEntropy])
@pytest.mark.parametrize("bound", [0.125, 4.5])
def test_a_bounded_loss(bound, make, rng):
    output = "softmax" if make is losses.CrossEntropy else "sigmoid"
    net = Network((3, 4, 3), ("tanh", output), make(0, bound), random_state=2)
    steps = trace(net, rng.normal(size=3), np.eye(3)[1], learning_rate=0.1, verbose=False)
    assert f"(at most {bound:g} each) = min(-(" in str(steps)
    check_arithmetic(steps)


@pytest.mark.parametrize("sizes", [(3, 4, 2), (30, 8, 3)])
@pytest.mark.parametrize("l1", [0.0, 0.1, (0.3, 0.0)])
@pytest.mark.parametrize("l2", [0.0, 0.3, (0.0, 0.5), (0.2, 0.0)])
def test_penalties(l2, l1, sizes, rng):
    """They are in the loss, in the derivatives and in the step, on a page and in a summary."""
    if l1 == l2 == 0:
        return
    net = Network(sizes, l1=l1, l2=l2, dropout=0.5, random_state=2)
    # Weights that are 0, stay there or leave, and some that a step would carry through 0.
    net.weights[0][0, ::2] = 0
    net.weights[1][:] *= 0.1
    x, y = rng.normal(size=sizes[0]), rng.normal(size=sizes[-1])
    steps = trace(net, x, y, learning_rate=0.1, verbose=False)
    loss, gradient = net.loss_and_gradient([x], [y])
    assert steps.loss == pytest.approx(loss, rel=1e-12)
    assert steps.sample_loss + steps.penalty == steps.loss
    assert steps.sample_loss == pytest.approx(((net.predict(x) - y) ** 2).sum() / 2, rel=1e-12)
    parts = [
        part.ravel()
        for layer in steps.layers
        for part in (layer.weights_gradient, layer.biases_gradient)
    ]
    np.testing.assert_allclose(np.concatenate(parts), gradient, rtol=1e-10, atol=1e-14)
    assert tuple(layer.l2 for layer in steps.layers) == net.l2
    assert tuple(layer.l1 for layer in steps.layers) == net.l1
    trained = Network(sizes, l1=l1, l2=l2, random_state=2)
    trained.parameters[:] = net.parameters
    trained.fit([x], [y], epochs=1, optimizer=SGD(0.1))
    np.testing.assert_allclose(steps.new_loss, trained.evaluate([x], [y])["loss"], rtol=1e-12)
    both = f"{steps.sample_loss:.10g} + {steps.penalty:.10g} = {steps.loss:.10g}"
    assert f"  loss with it = {both}\n" in str(steps)
    if sizes == (3, 4, 2):
        check_arithmetic(steps)


def test_slopes_of_large_numbers():
    """A slope is the kernels' own, not a difference that would lose its digits."""
    for dtype in ("float64", "float32"):
        net = Network((1, 1), "identity", dtype=dtype, random_state=0)
        net.parameters[:] = [1, 0]
        steps = trace(net, [3e30], [0.0], learning_rate=0.1, verbose=False)
        np.testing.assert_array_equal(steps.layers[0].slope, [1])


def test_bad_verbose():
    with pytest.raises(TypeError, match="verbose must be True or False, but is 'no'"):
        trace(steps_network(), [8, 12], 4, verbose="no")


def test_a_class_index_and_float32():
    net = Network((2, 3), "softmax", "cross_entropy", dtype="float32", random_state=0)
    steps = trace(net, [1.0, 2.0], 2, learning_rate=0.1, verbose=False)
    np.testing.assert_array_equal(steps.target, [0, 0, 1])
    assert steps.layers[0].z.dtype == np.float32
    assert steps.new_loss < steps.loss


def test_the_rate_is_the_optimizers_by_default():
    net = steps_network()
    net.optimizer = SGD(0.05)
    assert trace(net, [8, 12], 4, verbose=False).new_loss == pytest.approx(49.24728928473661)


def test_it_prints_the_page(capsys):
    steps = trace(steps_network(), [8, 12], 4, learning_rate=0.05)
    page = capsys.readouterr().out
    assert page == f"{steps}\n"
    for line in (
        "z1[1] = x[1] w1[1,1] + x[2] w1[2,1] = 8 * 0.21 + 12 * 0.56 = 8.4",
        "loss = 1/2 sum (a - t)^2 = 1/2 ((2.2136 - 4)^2) = 1.59561248",
        "da2[1]/dz2[1] = 1",
        "delta2[1] = (a2[1] - t[1]) da2[1]/dz2[1] = (2.2136 - 4) * 1 = -1.7864",
        "delta1[1] = (delta2[1] w2[1,1]) da1[1]/dz1[1] = (-1.7864 * 0.23) * 1 = -0.410872",
        "dloss/dw2[1,1] = a1[1] delta2[1] = 8.4 * -1.7864 = -15.00576;  "
        "w2[1,1]: 0.23 - 0.05 * -15.00576 = 0.980288",
        "prediction 13.92444349, loss 49.24728928",
    ):
        assert line in page
    assert isinstance(steps, Trace)
    assert repr(steps) == "<Trace of 2 layers: loss 1.59561, after one step 49.2473>"


def test_every_loss_has_its_formula():
    assert set(LOSS_FORMULAS) == set(LOSSES)


def test_every_activation_has_its_formulas():
    assert set(ACTIVATION_FORMULAS) == set(ACTIVATIONS)


@pytest.mark.parametrize(
    ("activation", "value", "slope"),
    [
        ("identity", "z1[1] = -0.5", "1"),
        (
            "sigmoid",
            "1 / (1 + exp(-z1[1])) = 1 / (1 + exp(0.5)) = 0.3775406688",
            "a1[1] (1 - a1[1]) = 0.3775406688 * (1 - 0.3775406688) = 0.2350037122",
        ),
        (
            "tanh",
            "tanh(z1[1]) = tanh(-0.5) = -0.4621171573",
            "1 - a1[1]^2 = 1 - (-0.4621171573)^2 = 0.786447733",
        ),
        (
            "relu",
            "max(0, z1[1]) = max(0, -0.5) = 0",
            "1 where z1[1] > 0, else 0 = 1 where -0.5 > 0, else 0 = 0",
        ),
        (
            "leaky_relu",
            "z1[1] where z1[1] > 0, else 0.01 * z1[1] = "
            "-0.5 where -0.5 > 0, else 0.01 * -0.5 = -0.005",
            "1 where z1[1] > 0, else 0.01 = 1 where -0.5 > 0, else 0.01 = 0.01",
        ),
        (
            "gelu",
            "z1[1] * erfc(-z1[1] / sqrt(2)) / 2 = -0.5 * erfc(0.5 / sqrt(2)) / 2 = -0.1542687694",
            "erfc(-z1[1] / sqrt(2)) / 2 + z1[1] exp(-z1[1]^2 / 2) / sqrt(2 pi) = "
            "erfc(0.5 / sqrt(2)) / 2 + -0.5 * exp(-(-0.5)^2 / 2) / sqrt(2 * pi) = 0.1325048753",
        ),
        ("exponential", "exp(z1[1]) = exp(-0.5) = 0.6065306597", "a1[1] = 0.6065306597"),
    ],
)
def test_a_formula_stands_before_its_number(activation, value, slope):
    net = Network((1, 1), activation, biases=False, random_state=0)
    net.parameters[:] = -0.5
    page = str(trace(net, [1.0], 1, verbose=False)).splitlines()
    assert f"    a1[1] = {value}" in page
    assert f"    da1[1]/dz1[1] = {slope}" in page


def three_outputs(activation, loss, z, t):
    net = Network((1, 3), activation, loss, biases=False, random_state=0)
    net.parameters[:] = z
    return trace(net, [1.0], t, learning_rate=0.1, verbose=False)


def test_softmax_is_a_sum():
    steps = three_outputs("softmax", "squared_error", [0.5, -1, 2], [0.25, -1, 0.5])
    by_names = "exp(z1[2]) / (exp(z1[1]) + exp(z1[2]) + exp(z1[3]))"
    by_numbers = "exp(-1) / (exp(0.5) + exp(-1) + exp(2))"
    first, second, third = (f"{a:.10g}" for a in steps.prediction)
    assert f"a1[2] = {by_names} = {by_numbers} = {second}\n" in str(steps)
    assert (
        "da1[k]/dz1[j] = a1[k] (1 - a1[j]) where k = j, else a1[k] (0 - a1[j])\n"
        "    delta1[1] = sum over k of (a1[k] - t[k]) da1[k]/dz1[1] = "
        f"({first} - 0.25) * {first} * (1 - {first}) + "
        f"({second} - (-1)) * {second} * (0 - {first}) + "
        f"({third} - 0.5) * {third} * (0 - {first}) = {steps.layers[0].delta[0]:.10g}\n"
    ) in str(steps)


@pytest.mark.parametrize(
    ("activation", "loss", "z", "t", "numbers"),
    [
        ("softmax", "cross_entropy", [0, 0, 0], 1, "-(1 * log(0.3333333333))"),
        # Where a rounds to 0 or 1 its logarithm can only be told by z.
        (
            "softmax",
            "cross_entropy",
            [0, 700, 9],
            [0.5, 0, 0.5],
            "-(0.5 * log(exp(0) / (exp(0) + exp(700) + exp(9))) + "
            "0.5 * log(exp(9) / (exp(0) + exp(700) + exp(9))))",
        ),
        (
            "sigmoid",
            "binary_cross_entropy",
            [0, 0, 0],
            [0, 0.25, 1],
            "-((1 - 0) * log(1 - 0.5) + 0.25 * log(0.5) + (1 - 0.25) * log(1 - 0.5) + "
            "1 * log(0.5))",
        ),
        (
            "sigmoid",
            "binary_cross_entropy",
            [-700, 40, 24],
            [0, 0, 1],
            "-((1 - 0) * log(1 / (1 + exp(-700))) + (1 - 0) * log(1 / (1 + exp(40))) + "
            "1 * log(1 / (1 + exp(-24))))",
        ),
    ],
)
def test_the_loss_by_its_numbers(activation, loss, z, t, numbers):
    steps = three_outputs(activation, loss, z, t)
    assert f" = {numbers} = {steps.loss:.10g}\n" in str(steps)
    np.testing.assert_allclose(by_units(numbers), steps.loss, rtol=1e-8)


def test_cross_entropy_with_the_sum_of_the_targets():
    """Targets may sum to a little more than 1: the derivative has their sum."""
    steps = three_outputs("softmax", "cross_entropy", [0, 1, 2], [0.000009, 0, 1])
    assert "sum(t) = 9e-06 + 0 + 1 = 1.000009" in str(steps)
    assert "delta1[3] = a1[3] sum(t) - t[3] = 0.6652409558 * 1.000009 - 1 = " in str(steps)
    check_arithmetic(steps)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([[1.0, 2.0]], [[0, 0, 1]]),
        (np.array([[1.0, 2.0]]), [0, 0, 1]),
        ([1.0, 2.0], [2]),
    ],
)
def test_one_sample_in_every_form(x, y):
    check_one_sample(x, y)


def test_one_sample_in_a_frame():
    pandas = pytest.importorskip("pandas")
    check_one_sample(pandas.DataFrame([[1.0, 2.0]]), 2)


def check_one_sample(x, y):
    net = Network((2, 3), "softmax", "cross_entropy", random_state=0)
    expected = str(trace(net, [1.0, 2.0], 2, verbose=False))
    assert str(trace(net, x, y, verbose=False)) == expected
    one = Network((2, 1), random_state=0)
    expected = str(trace(one, [1.0, 2.0], 1, verbose=False))
    for number in ([1], [[1]], np.float32(1)):
        assert str(trace(one, x, number, verbose=False)) == expected


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.ones((4, 2)), 1, "x must be one sample, but has shape (4, 2); pass a single row, "),
        (np.ones((2, 1)), 1, "x must be .* shape (2, 1); pass .* of shape (2,) or (1, 2)"),
        (1.0, 1, "x must be one sample, but has shape ()"),
        (np.ones(2), np.ones((2, 3)), "y must be .* (2, 3); pass .* of shape (3,) or (1, 3)"),
    ],
)
def test_more_or_less_than_one_sample(x, y, message):
    net = Network((2, 3), random_state=0)
    pattern = ".*".join(map(re.escape, message.split(".*")))
    with pytest.raises(ValueError, match=pattern):
        trace(net, x, y, verbose=False)


def test_a_summary_of_many_units(rng):
    net = Network((30, 8, 3), ("tanh", "softmax"), "cross_entropy", random_state=0)
    x = rng.normal(size=30)
    steps = trace(net, x, 1, learning_rate=0.5, verbose=False)
    head, *lines = str(steps).splitlines()
    assert head.startswith("Summary of 30-8-3: ")
    hidden, outputs = steps.layers
    for line in (
        f"  x from {x.min():.10g} to {x.max():.10g}",
        f"  layer 1, tanh: z1 from {hidden.z.min():.10g} to {hidden.z.max():.10g}, "
        f"a1 from {hidden.a.min():.10g} to {hidden.a.max():.10g}",
        f"  target 0, 1, 0, prediction {listed(outputs.a)}",
        f"  loss = -sum t log a = {steps.loss:.10g}",
        f"  layer 2, softmax: delta2 from {outputs.delta.min():.10g} to {outputs.delta.max():.10g}",
        f"  prediction {listed(steps.new_prediction)}, loss {steps.new_loss:.10g}",
    ):
        assert line in lines
    assert lines.index(f"  layer 2, softmax: delta2 {lines[8].split('delta2 ')[1]}") == 8
    pattern = r"    (dloss/d([wb].*)) = (\S+);  \2: (\S+) - 0.5 \* \3 = (\S+)"
    found = [match for line in lines if (match := re.fullmatch(pattern, line))]
    gradient = net.loss_and_gradient([x], [1])[1]
    shown = [float(match[3]) for match in found]
    largest = np.sort(np.abs(gradient))[::-1][:10]
    np.testing.assert_allclose(np.abs(shown), largest, rtol=1e-9)
    for match in found:
        np.testing.assert_allclose(value_of(match[1], steps), float(match[3]), rtol=1e-9)
        np.testing.assert_allclose(value_of(match[2], steps), float(match[4]), rtol=1e-9)
        np.testing.assert_allclose(value_of(match[2], steps, "new_"), float(match[5]), rtol=1e-9)
    assert hidden.weights_gradient.shape == (30, 8)


def test_where_the_summary_begins():
    for n, summed_up in ((39, False), (40, True)):
        steps = trace(Network((n, 1), random_state=0), np.ones(n), 1, verbose=False)
        assert str(steps).startswith("Summary") == summed_up


def test_a_summary_of_many_outputs_and_few_derivatives():
    steps = trace(
        Network((1, 50), "sigmoid", biases=False, random_state=0), [1.0], 3, verbose=False
    )
    assert "target 50 numbers from 0 to 1, prediction 50 numbers from 0." in str(steps)
    assert len(str(steps)) < 3000


def test_a_summary_shows_what_is_no_number():
    net = Network((2, 50, 1), "identity", biases=False, random_state=0)
    net.parameters[:] = 1e-3
    net.weights[1][7] = 1e300
    steps = trace(net, [1e2, 0.0], 0.0, learning_rate=1e-9, verbose=False)
    assert np.isnan(steps.layers[0].weights_gradient[1, 7])
    assert "    dloss/dw1[2,8] = nan;  " in str(steps)
