"""trace of a recurrent network: the kernels' numbers, and pages whose every equation holds."""

import doctest
import inspect
import re
import subprocess
import sys
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from trace_pages import check_arithmetic

from backprop_c import SGD, RecurrentNetwork, losses, trace
from backprop_c.trace.settling import PartTrace, SettlingTrace

MASK = np.array([[1, 1, 0, 1], [1, 0, 1, 0], [0, 1, 1, 1], [0, 0, 1, 0]], bool)
INPUT_MASK = np.array([[1, 0, 1, 0], [0, 0, 1, 1]], bool)
BOTH_MASKS = {"connections": MASK, "input_connections": INPUT_MASK}
SIGMOID = {"activation": "sigmoid", "loss": "binary_cross_entropy"}
READOUT = {"output_activation": "softmax", "loss": "cross_entropy"}
KINDS = {
    "plain": {},
    "damping": {"damping": 0.5},
    "masks": BOTH_MASKS,
    "symmetric": {"symmetric": True},
    "symmetric with masks": {"symmetric": True, "connections": MASK & MASK.T},
    "no biases": {"biases": False},
    "readout": READOUT,
    "readout with masks, no biases": READOUT | BOTH_MASKS | {"biases": False},
    "linear readout": {"output_activation": "identity", "loss": "huber"},
    "sigmoid": SIGMOID,
    "sigmoid, hardly settled": SIGMOID | {"tolerance": 0.1},
    "smoothed": SIGMOID | {"loss": losses.BinaryCrossEntropy(0.25)},
    "gelu, which reads z": {"activation": "gelu", "output_activation": "tanh"},
    "penalties": {"l1": 0.1, "l2": (0.2, 0.3)},
    "penalties with masks": {"l1": (0.1, 0.2), "symmetric": True, "connections": MASK & MASK.T},
    "penalties with a readout": READOUT | {"l1": (0, 0, 0.3), "l2": 0.1},
    "float32": {"dtype": "float32"},
    "float32 readout": READOUT | {"dtype": "float32"},
    "anderson": {"solver": "anderson"},
    "anderson, and errors by relaxation": {"solver": "anderson", "backward_solver": "relaxation"},
    "a wide tolerance": {"tolerance": 0.3},
    "few iterations": {"max_iterations": 3, "tolerance": 1e-9},
}


def made(rng, sizes=(2, 4, 2), **options):
    """A network whose biases are not 0."""
    net = RecurrentNetwork(*sizes, random_state=3, **options)
    for biases in (net.biases, net.readout_biases):
        if biases is not None:
            biases[:] = rng.normal(size=biases.shape)
    return net


def close(got, expected, dtype="float64"):
    tolerance = 1e-12 if dtype == "float64" else 1e-5
    np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance)


@pytest.mark.filterwarnings("ignore:.*did not settle")
@pytest.mark.parametrize("kind", KINDS)
def test_the_numbers_are_those_of_the_network(kind, rng):
    options = KINDS[kind]
    net = made(rng, **options)
    if "penalties" in kind:
        net.recurrent_weights[::2] = 0
    x, y = rng.normal(size=2), np.array([1.0, 0.0])
    before = net.parameters.copy()
    steps = trace(net, x, y, learning_rate=0.3, verbose=False)
    np.testing.assert_array_equal(net.parameters, before)
    dtype = net.dtype.name
    assert isinstance(steps, SettlingTrace)

    units, info = net.settle(x, return_info=True)
    close(steps.units, units, dtype)
    assert (steps.iterations, steps.units_settled) == (info["iterations"], info["settled"])
    loss, gradient = net.loss_and_gradient([x], [y])
    close(steps.loss, loss, dtype)
    close(steps.gradient, gradient, dtype)
    assert steps.gradient.dtype == steps.states.dtype == net.dtype
    close(steps.outputs, net.predict(x), dtype)
    close(steps.sample_loss + steps.penalty, steps.loss, dtype)
    np.testing.assert_array_equal(steps.target, y)

    trained = made(np.random.default_rng(), **options)
    trained.parameters[:] = before
    trained.fit([x], [y], epochs=1, optimizer=SGD(0.3))
    close(steps.new_parameters, trained.parameters, dtype)
    close(steps.new_loss, trained.evaluate([x], [y])["loss"], dtype)
    close(steps.new_outputs, trained.predict(x), dtype)
    check_arithmetic(steps)
    assert ("  smoothed target\n    t[1] = (1 - 0.25) * 1" in str(steps)) == (kind == "smoothed")


@pytest.mark.filterwarnings("ignore:.*did not settle")
@pytest.mark.parametrize("kind", ["plain", "damping", "masks", "symmetric", "readout", "sigmoid"])
def test_each_iteration_is_the_kernels(kind, rng):
    """A network that stops after k iterations has the values of row k; and so have its errors."""
    net = made(rng, **KINDS[kind])
    x, y = rng.normal(size=2), np.array([0.0, 1.0])
    steps = trace(net, x, y, learning_rate=0.1, verbose=False)
    assert steps.settled
    assert steps.errors_settled
    iterations = net.settle(x, return_info=True)[1]["iterations"]
    assert len(steps.changes) == len(steps.states) - 1 == iterations > 5
    for k in range(1, len(steps.states)):
        shorter = made(rng, **KINDS[kind] | {"max_iterations": k})
        shorter.parameters[:] = net.parameters
        units, info = shorter.settle(x, return_info=True)
        close(steps.found[k - 1], units)
        close(steps.changes[k - 1], info["residual"])
    for k in range(1, len(steps.errors)):
        shorter = made(rng, **KINDS[kind] | {"backward_max_iterations": k})
        shorter.parameters[:] = net.parameters
        _, gradient = shorter.loss_and_gradient([x], [y])
        start = net.input_weights.size + net.recurrent_weights.size
        last = k + 1 == len(steps.errors)
        close(steps.errors[k] if last else steps.errors_found[k - 1], gradient[start : start + 4])
    np.testing.assert_array_equal(steps.states[0], 0)
    np.testing.assert_array_equal(steps.errors[0], steps.seed)
    np.testing.assert_array_equal(steps.delta, steps.errors[-1])
    close(steps.changes, np.abs(steps.found - steps.states[:-1]).max(axis=1))
    close(steps.error_changes, np.abs(steps.errors_found - steps.errors[:-1]).max(axis=1))


def test_the_slopes_are_those_of_the_settled_values(rng):
    """Of tanh they are told from the values, also where those have hardly settled."""
    net = made(rng, tolerance=0.3, output_activation="identity")
    steps = trace(net, rng.normal(size=2), [0.5, 1.0], learning_rate=0.1, verbose=False)
    close(steps.slopes, 1 - steps.units**2)
    by_outputs = steps.outputs - steps.target
    close(steps.output_delta, by_outputs)
    close(steps.seed, steps.slopes * (net.readout_weights @ by_outputs))
    net = made(rng)
    steps = trace(net, rng.normal(size=2), [0.5, 1.0], learning_rate=0.1, verbose=False)
    np.testing.assert_array_equal(steps.seed[:2], 0)
    close(steps.seed[2:], steps.slopes[2:] * (steps.units[2:] - [0.5, 1.0]))


def test_errors_that_are_solved_for(rng):
    pytest.importorskip("scipy")
    net = made(rng, backward_solver="direct")
    steps = trace(net, rng.normal(size=2), [0.5, 1.0], learning_rate=0.1, verbose=False)
    matrix = np.eye(4) - steps.slopes[:, None] * net.recurrent_weights
    close(steps.delta, np.linalg.solve(matrix, steps.seed))
    np.testing.assert_allclose(steps.errors[-1], steps.delta, rtol=0, atol=1e-5)
    assert "the network's solver of the errors, direct, goes on with\n    delta[1] = " in str(steps)
    check_arithmetic(steps)


def test_stored_weights_that_do_not_count(rng):
    """Those without a connection, and what differs from the transpose in a symmetric network."""
    net = made(rng, symmetric=True, connections=MASK & MASK.T, input_connections=INPUT_MASK)
    net.parameters[:] = rng.normal(size=net.parameters.size) / 4
    x, y = rng.normal(size=2), [0.5, 1.0]
    steps = trace(net, x, y, learning_rate=0.1, verbose=False)
    between = np.where(net.connections, net.recurrent_weights, 0)
    close(steps.recurrent_weights, (between + between.T) / 2)
    close(steps.input_weights, np.where(INPUT_MASK, net.input_weights, 0))
    close(steps.gradient, net.loss_and_gradient([x], [y])[1])
    page = str(steps)
    assert "w_in[1,2]" not in page
    assert "w[1,3]" not in page
    assert "w_in[1,3]" in page
    assert "\n  w is the mean of the recurrent weights and their transpose\n" in page
    check_arithmetic(steps)


# Where plain relaxation goes to and fro between two values, and Anderson finds the one between.
def swinging(**options):
    net = RecurrentNetwork(1, 1, 1, biases=False, **options)
    net.parameters[:] = [0.5, -3.0]
    return net


def test_anderson_where_relaxation_does_not_settle():
    net = swinging(solver="anderson")
    steps = trace(net, [1.0], [0.5], learning_rate=0.1, verbose=False)
    assert not steps.settled
    assert steps.units_settled
    assert len(steps.changes) == 200
    close(steps.units, net.settle([1.0]))
    assert abs(steps.units[0] - steps.states[-1, 0]) > 0.1
    close(steps.gradient, net.loss_and_gradient([[1.0]], [0.5])[1])
    page = str(steps)
    assert "\n  plain relaxation has not settled after 200 iterations: the largest " in page
    assert (
        f"\n  the network's solver, anderson, has settled after {steps.iterations} iterations, and "
        f"it goes on with\n    s[1] = {steps.units[0]:.10g}\n"
    ) in page
    check_arithmetic(steps)


def test_what_does_not_settle_at_all():
    net = swinging()
    steps = trace(net, [1.0], [0.5], learning_rate=0.1, verbose=False)
    assert not steps.units_settled
    close(steps.units, net.settle([1.0]))
    np.testing.assert_array_equal(steps.units, steps.states[-1])
    close(steps.gradient, net.loss_and_gradient([[1.0]], [0.5])[1])
    assert "\n  the network goes on with these values\n" in str(steps)
    check_arithmetic(steps)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("damping", [1.0, 0.5])
def test_what_is_no_number(damping):
    net = RecurrentNetwork(1, 2, 1, activation="identity", biases=False, damping=damping)
    net.parameters[:] = [1.0, 1e300, 1e300, -1e300, 0.0, 1e300]
    steps = trace(net, [1.0], [0.5], learning_rate=0.1, verbose=False)
    assert not np.isfinite(steps.states[-1, 0])
    assert not np.isfinite(steps.gradient).all()
    assert not steps.settled
    assert "nan" in str(steps)


# -- The page --------------------------------------------------------------------------------


def three_units(**options):
    net = RecurrentNetwork(1, 3, 1, **options)
    net.input_weights[:] = [[0.5, -0.25, 1.0]]
    net.recurrent_weights[:] = [[0.0, 0.5, 0.25], [-0.5, 0.0, 0.5], [0.25, -0.5, 0.0]]
    return net


BEGINNING = """\
What the inputs send to the units: it stays the same while they settle
  c[1] = x[1] w_in[1,1] + b[1] = 2 * 0.5 + 0.25 = 1.25
  c[2] = x[1] w_in[1,2] + b[2] = 2 * -0.25 + 0 = -0.5
  c[3] = x[1] w_in[1,3] + b[3] = 2 * 1 + 0 = 2
Settling: z = c + s w, and s becomes f(z)
  w[i,j] is the weight from unit i to unit j, and s = 0 before the first iteration
  iteration 1
    z[1] = {} = 1.25 + 0 * 0 + 0 * -0.5 + 0 * 0.25 = 1.25
    f(z[1]) = z[1] = 1.25
    z[2] = {} = -0.5 + 0 * 0.5 + 0 * 0 + 0 * -0.5 = -0.5
    f(z[2]) = z[2] = -0.5
    z[3] = {} = 2 + 0 * 0.25 + 0 * 0.5 + 0 * 0 = 2
    f(z[3]) = z[3] = 2
  iteration 2
    z[1] = {} = 1.25 + 1.25 * 0 + -0.5 * -0.5 + 2 * 0.25 = 2
    f(z[1]) = z[1] = 2
"""
TABLE = """\
iteration  s[1]      s[2]        s[3]        largest change
0          0         0           0
1          1.25      -0.5        2           2
2          2         -0.875      2.0625      0.75
3          2.203125  -0.53125    2.0625      0.34375
4          2.03125   -0.4296875  2.28515625  0.22265625
"""


def test_a_page_of_three_units():
    """Word for word, but for numbers with many digits."""
    net = three_units(activation="identity", tolerance=1e-3)
    net.biases[:] = [0.25, 0, 0]
    steps = trace(net, [2.0], [1.0], learning_rate=0.5, verbose=False)
    page = str(steps)
    sums = [f"c[{j}] + s[1] w[1,{j}] + s[2] w[2,{j}] + s[3] w[3,{j}]" for j in (1, 2, 3, 1)]
    assert page.startswith(BEGINNING.format(*sums))
    lines = page.splitlines()
    start = next(k for k, line in enumerate(lines) if line.startswith("  iteration  s[1] "))
    table = [line.split() for line in lines[start:]]
    assert table[:6] == [line.split() for line in TABLE.splitlines()]
    s, a, t = steps.units, steps.outputs[0], steps.delta
    n = len(steps.changes)
    for line in (
        "Outputs: the last unit",
        f"  z_out[1] = z[3] = {steps.z[2]:.10g}",
        f"  settled in iteration {n}: no unit changed by more than 0.001, and f(z) is where they "
        "end",
        f"  a_out[1] = s[3] = {s[2]:.10g}",
        f"  target 1, prediction {a:.10g}",
        f"  loss = 1/2 sum (a - t)^2 = 1/2 (({a:.10g} - 1)^2) = {(a - 1) ** 2 / 2:.10g}",
        "Backward pass: delta = dloss/dz",
        "  of the outputs, identity",
        "    delta_out[1] = (a_out[1] - t[1]) da_out[1]/dz_out[1] = "
        f"({a:.10g} - 1) * 1 = {a - 1:.10g}",
        "    ds[2]/dz[2] = 1",
        "  seed: what the loss sends to each unit, before the units send it to each other",
        "    seed[1] = 0",
        f"    seed[3] = delta_out[1] = {a - 1:.10g}",
        "Settling of the errors: g = ds/dz (delta w.T) + seed, and delta becomes g",
        "  delta = seed before the first iteration",
        "    g[1] = ds[1]/dz[1] (delta[1] w[1,1] + delta[2] w[1,2] + delta[3] w[1,3]) + seed[1] = "
        f"1 * (0 * 0 + 0 * 0.5 + {a - 1:.10g} * 0.25) + 0 = {(a - 1) / 4:.10g}",
        "Derivatives of the weights, and a step of 0.5 against them",
        "  weights of the inputs",
        f"    dloss/dw_in[1,2] = x[1] delta[2] = 2 * {t[1]:.10g} = {2 * t[1]:.10g};  "
        f"w_in[1,2]: -0.25 - 0.5 * {2 * t[1]:.10g} = {-0.25 - t[1]:.10g}",
        "  weights between the units",
        f"    dloss/dw[1,3] = s[1] delta[3] = {s[0]:.10g} * {t[2]:.10g} = {s[0] * t[2]:.10g};  "
        f"w[1,3]: 0.25 - 0.5 * {s[0] * t[2]:.10g} = {0.25 - 0.5 * s[0] * t[2]:.10g}",
        f"    dloss/db[1] = delta[1] = {t[0]:.10g};  "
        f"b[1]: 0.25 - 0.5 * {t[0]:.10g} = {0.25 - 0.5 * t[0]:.10g}",
        "After the step",
        f"  prediction {steps.new_outputs[0]:.10g}, loss {steps.new_loss:.10g}",
    ):
        assert line in lines, line
    check_arithmetic(steps)


def test_damping_and_symmetry_on_a_page():
    net = three_units(activation="identity", damping=0.5, symmetric=True, biases=False)
    steps = trace(net, [2.0], [1.0], learning_rate=0.5, verbose=False)
    s, t = steps.units, steps.delta
    page = str(steps).splitlines()
    derivative = (s[0] * t[2] + s[2] * t[0]) / 2
    for line in (
        "Settling: z = c + s w, and s becomes s + 0.5 (f(z) - s)",
        "  the largest change is that from s to f(z), of which damping takes a share",
        "    new s[3] = s[3] + 0.5 (f(z[3]) - s[3]) = 0 + 0.5 * (2 - 0) = 1",
        "  c[3] = x[1] w_in[1,3] = 2 * 1 = 2",
        f"    dloss/dw[1,3] = (s[1] delta[3] + s[3] delta[1]) / 2 = ({s[0]:.10g} * {t[2]:.10g} + "
        f"{s[2]:.10g} * {t[0]:.10g}) / 2 = {derivative:.10g};  "
        f"w[1,3]: 0.25 - 0.5 * {derivative:.10g} = {0.25 - 0.5 * derivative:.10g}",
    ):
        assert line in page, line
    assert not any("b[1]" in line for line in page)
    check_arithmetic(steps)


def test_a_readout_on_a_page():
    net = three_units(output_activation="sigmoid", loss="binary_cross_entropy")
    net.readout_weights[:] = [[1.0], [2.0], [-1.0]]
    net.readout_biases[:] = 0.5
    steps = trace(net, [2.0], [1.0], learning_rate=0.5, verbose=False)
    s, d = (f"{value:.10g}" for value in (steps.units[0], steps.output_delta[0]))
    page = str(steps)
    assert "\nOutputs: a readout of all units, sigmoid\n" in page
    by_names = "s[1] w_out[1,1] + s[2] w_out[2,1] + s[3] w_out[3,1] + b_out[1]"
    assert f"\n  z_out[1] = {by_names} = " in page
    assert f"\n    delta_out[1] = a_out[1] - t[1] = {steps.outputs[0]:.10g} - 1 = {d}\n" in page
    assert (
        f"\n    seed[2] = (delta_out[1] w_out[2,1]) ds[2]/dz[2] = ({d} * 2) * "
        f"{steps.slopes[1]:.10g} = {steps.seed[1]:.10g}\n"
    ) in page
    assert f"\n    dloss/dw_out[1,1] = s[1] delta_out[1] = {s} * {d} = " in page
    assert f"\n    dloss/db_out[1] = delta_out[1] = {d};  b_out[1]: 0.5 - " in page
    check_arithmetic(steps)


def test_a_long_run_is_cut():
    net = three_units(damping=0.25)
    steps = trace(net, [2.0], [1.0], learning_rate=0.5, verbose=False)
    lines = str(steps).splitlines()
    start = lines.index(next(line for line in lines if line.startswith("  iteration  s[1]")))
    end = len(steps.changes)
    numbers = [line.split()[0] for line in lines[start + 1 : start + 11]]
    assert numbers == [*"012345", f"({end - 8}", str(end - 2), str(end - 1), str(end)]
    assert lines[start + 7] == f"  ({end - 8} iterations are left out here)"
    check_arithmetic(steps)


def test_the_largest_penalized_weight_stops_at_zero(rng):
    """A step that l1 would carry through 0 ends there, as in a fit."""
    net = made(rng, l1=0.5)
    net.recurrent_weights[:] *= 0.1
    x, y = rng.normal(size=2), [0.5, 1.0]
    steps = trace(net, x, y, learning_rate=1.0, verbose=False)
    _, between = steps.parts
    stopped = (between.new_weights == 0) & (between.weights != 0)
    assert stopped.any()
    assert " = 0\n" in str(steps)
    net.fit([x], [y], epochs=1, optimizer=SGD(1.0))
    close(steps.new_parameters, net.parameters)
    check_arithmetic(steps)


# -- The summary -----------------------------------------------------------------------------


def test_a_summary_of_many_units(rng):
    net = made(rng, (20, 20, 1), l2=0.1, solver="anderson")
    x = rng.normal(size=20)
    steps = trace(net, x, 0.5, learning_rate=0.5, verbose=False)
    assert not str(steps).startswith("Summary")
    net = made(rng, (21, 20, 1), l2=0.1, solver="anderson")
    x = rng.normal(size=21)
    steps = trace(net, x, 0.5, learning_rate=0.5, verbose=False)
    head, *lines = str(steps).splitlines()
    assert head.startswith("Summary of 21 inputs, 20 units, 1 output: ")
    assert len(lines) < 40
    for line in (
        f"  x from {x.min():.10g} to {x.max():.10g}",
        f"  the network's solver, anderson, has settled after {steps.iterations} iterations",
        f"  loss = 1/2 sum (a - t)^2 = {steps.sample_loss:.10g}",
        f"  loss with it = {steps.sample_loss:.10g} + {steps.penalty:.10g} = {steps.loss:.10g}",
        f"  units: delta from {steps.delta.min():.10g} to {steps.delta.max():.10g}",
        "The 10 largest derivatives, and a step of 0.5 against them",
        f"  prediction {steps.new_outputs[0]:.10g}, loss {steps.new_loss:.10g}",
    ):
        assert line in lines, line
    shown = [float(found[1]) for found in re.finditer(r"dloss/d.* = (\S+);", "\n".join(lines))]
    largest = np.sort(np.abs(net.loss_and_gradient([x], [0.5])[1]))[::-1][:10]
    np.testing.assert_allclose(np.abs(shown), largest, rtol=1e-8)


def test_a_readout_counts_for_the_summary(rng):
    for n_outputs, summed_up in ((2, False), (3, True)):
        net = made(rng, (18, 20, n_outputs), output_activation="identity")
        steps = trace(net, np.ones(18), np.ones(n_outputs), learning_rate=0.1, verbose=False)
        assert str(steps).startswith("Summary") == summed_up


# -- The call --------------------------------------------------------------------------------


def test_it_prints_the_page(capsys):
    steps = trace(three_units(), [[2.0]], 1.0)
    assert capsys.readouterr().out == f"{steps}\n"
    assert steps.learning_rate == 0.001
    assert repr(steps) == (
        f"<SettlingTrace of 3 units: settled after {steps.iterations} iterations, "
        f"loss {steps.loss:.6g}, after one step {steps.new_loss:.6g}>"
    )


def test_a_class_index(rng):
    steps = trace(made(rng, **READOUT), [1.0, 2.0], 1, learning_rate=0.1, verbose=False)
    np.testing.assert_array_equal(steps.target, [0, 1])


def test_it_is_frozen():
    steps = trace(three_units(), [2.0], 1.0, verbose=False)
    for one in (steps, steps.parts[0]):
        with pytest.raises(FrozenInstanceError):
            one.x = 3
    assert steps != trace(three_units(), [2.0], 1.0, verbose=False)


def test_it_belongs_to_nobody_else():
    """Writing to the trace changes no network, and training changes no trace."""
    net = three_units()
    steps = trace(net, [2.0], 1.0, verbose=False)
    page = str(steps)
    net.parameters[:] = 7
    assert str(steps) == page
    for part in steps.parts:
        part.weights[:] = 3
    assert (net.parameters == 7).all()


def own_loss(y_true, y_pred):
    return abs(y_pred - y_true).sum(axis=1), np.sign(y_pred - y_true)


@pytest.mark.parametrize(
    ("options", "x", "y", "message"),
    [
        ({}, [1.0, 2.0], 1.0, "X has 2 features, but the network has 1 inputs"),
        ({}, np.ones((2, 1)), 1.0, "x must be one sample, but has shape (2, 1)"),
        ({}, [1.0], np.ones((2, 1)), "y must be one sample, but has shape (2, 1)"),
        ({}, [np.nan], 1.0, "X[0, 0] is nan"),
        ({"loss": own_loss}, [1.0], 1.0, "trace knows the losses of this package"),
    ],
)
def test_bad_arguments(options, x, y, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        trace(three_units(**options), x, y, verbose=False)


def test_a_bad_learning_rate():
    net = three_units()
    with pytest.raises(ValueError, match="learning_rate must be positive"):
        trace(net, [1.0], 1.0, learning_rate=0, verbose=False)
    net.optimizer = "lbfgs"
    with pytest.raises(ValueError, match="learning_rate is needed here: LBFGS"):
        trace(net, [1.0], 1.0, verbose=False)


# -- Its documentation -----------------------------------------------------------------------


@pytest.mark.thread_unsafe(reason="doctest redirects what is printed")
def test_the_docstring_is_true():
    found = doctest.DocTestFinder(recurse=False).find(SettlingTrace, "SettlingTrace")
    results = doctest.DocTestRunner(verbose=False).run(found[0])
    assert results.attempted == 6
    assert results.failed == 0


@pytest.mark.parametrize("kind", [PartTrace, SettlingTrace])
def test_every_attribute_is_documented(kind):
    named = re.findall(r"^([\w, ]+) : ", inspect.getdoc(kind), re.MULTILINE)
    documented = [name for names in named for name in names.split(", ")]
    assert sorted(documented) == sorted(kind.__annotations__)


@pytest.mark.thread_unsafe(reason="starts a process")
def test_it_is_imported_when_it_is_asked_for():
    code = (
        "import sys, backprop_c; "
        "print([name for name in sys.modules if 'settling' in name or 'recurrent' in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
