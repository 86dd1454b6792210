"""trace: for every activation and loss, the numbers of the reference and of one step of fit."""

import copy
import re

import numpy as np
import pytest
from helpers import targets_for
from reference import ACTIVATIONS as REFERENCE_ACTIVATIONS
from reference import ReferenceNetwork

from backprop_c import SGD, Network, Trace, trace
from backprop_c._page import LOSS_FORMULAS
from backprop_c._validation import ACTIVATIONS, LOSSES
from backprop_c.demo import steps_network

COMBINATIONS = [
    (loss, hidden, output)
    for loss, (needed, _) in LOSSES.items()
    for hidden, (_, outputs_only) in ACTIVATIONS.items()
    for output in ACTIVATIONS
    if needed in ("", output) and not outputs_only
]


@pytest.mark.parametrize("biases", [True, False])
@pytest.mark.parametrize(("loss", "hidden", "output"), COMBINATIONS)
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
            np.testing.assert_allclose(
                layer.slope, backward(np.ones(len(layer.z)), layer.z, layer.a), rtol=1e-9
            )
    np.testing.assert_allclose(np.concatenate(parts), gradient, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(steps.new_prediction, trained.predict(x), rtol=1e-12)
    np.testing.assert_allclose(steps.new_loss, trained.evaluate([x], [y])["loss"], rtol=1e-12)
    check_arithmetic(str(steps))


def check_arithmetic(text):
    """Each printed product, sum and difference has the printed result."""
    checked = 0
    for line in text.splitlines():
        for part in line.split(";"):
            pieces = part.split(" = ")
            if len(pieces) < 2 or "sum over k" in part:
                continue
            expression = pieces[-2].split(": ")[-1]
            if re.fullmatch(r"[-+*() .0-9e]+", expression):
                np.testing.assert_allclose(
                    eval(expression), float(pieces[-1]), rtol=1e-6, atol=1e-8, err_msg=part
                )
                checked += 1
    assert checked > 20


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
        "z[1] = x[1] w[1,1] + x[2] w[2,1] = 8 * 0.21 + 12 * 0.56 = 8.4",
        "loss = 1/2 sum (a - t)^2 = 1.59561248",
        "delta[1] = (a[1] - t[1]) f'(z[1]) = -1.7864 * 1 = -1.7864",
        "dloss/dw[1,1] = a1[1] delta[1] = 8.4 * -1.7864 = -15.00576;  "
        "w[1,1]: 0.23 - 0.05 * -15.00576 = 0.980288",
        "prediction 13.92444349, loss 49.24728928",
    ):
        assert line in page
    assert isinstance(steps, Trace)
    assert repr(steps) == "<Trace of 2 layers: loss 1.59561, after one step 49.2473>"


def test_every_loss_has_its_formula():
    assert set(LOSS_FORMULAS) == set(LOSSES)
