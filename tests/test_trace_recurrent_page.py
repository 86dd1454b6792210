"""trace of a recurrent network, printed: pages whose every equation holds, and summaries."""

import re

import numpy as np
from recurrent_problems import made, three_units
from trace_recurrent_pages import check_arithmetic

from backprop_c import SGD, trace

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
    np.testing.assert_allclose(steps.new_parameters, net.parameters, rtol=0, atol=1e-12)
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
