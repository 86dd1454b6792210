"""A recurrent network's trace as a textbook's page: line by line, from its numbers alone.

Names are those of `settling_tables`. What belongs to the weights of the inputs or to the outputs
has _in or _out behind its name.
"""

import numpy as np

from .._validation.entries import LOSSES
from .losses import BOUND, LOSS_FORMULAS, SMOOTHING, loss_formula, smoothed, smoothing_lines
from .page import penalty_lines, step_line, weight_line
from .settling_tables import Layer, error_settling_lines, settling_lines, sums, units_of
from .writing import activation_by, equation, listed, number, slope_sides, value_by_numbers

# What stands behind the names of the weights of the inputs, between the units, and of the readout.
PLACES = ("_in", "", "_out")


def _outputs_of(trace):
    """What the loss is a loss of."""
    return Layer(
        trace.output_activation,
        trace.output_constants,
        trace.output_z,
        trace.outputs,
        trace.output_slope,
        trace.output_delta,
    )


def lines(trace):
    """What the inputs send, the settling, the error, its way back, and the step."""
    yield from _drive_lines(trace)
    yield from settling_lines(trace)
    yield from _output_lines(trace)
    yield from _error_lines(trace)
    yield from _seed_lines(trace)
    yield from error_settling_lines(trace)
    yield from _step_lines(trace)
    yield "After the step"
    yield f"  prediction {listed(trace.new_outputs)}, loss {number(trace.new_loss)}"


# -- Forward ---------------------------------------------------------------------------------


def _drive_lines(trace):
    yield "What the inputs send to the units: it stays the same while they settle"
    part, biases = trace.parts[0], trace.parts[1].biases
    for j, c in enumerate(trace.drive):
        sources = np.flatnonzero(part.connections[:, j])
        names = [f"x[{i + 1}] w_in[{i + 1},{j + 1}]" for i in sources]
        values = [f"{number(trace.x[i])} * {number(trace.input_weights[i, j])}" for i in sources]
        if biases is not None:
            names.append(f"b[{j + 1}]")
            values.append(number(biases[j]))
        yield f"  {equation(f'c[{j + 1}]', *sums(names, values), number(c))}"


# -- The outputs and the loss ----------------------------------------------------------------


def _output_lines(trace):
    n, n_outputs = len(trace.units), len(trace.outputs)
    if len(trace.parts) == 2:
        yield f"Outputs: the last {'unit' if n_outputs == 1 else f'{n_outputs} units'}"
        for k, (z, a) in enumerate(zip(trace.output_z, trace.outputs, strict=True)):
            unit = n - n_outputs + k + 1
            yield f"  z_out[{k + 1}] = z[{unit}] = {number(z)}"
            yield f"  a_out[{k + 1}] = s[{unit}] = {number(a)}"
        return
    yield f"Outputs: a readout of all units, {trace.output_activation}"
    layer, part = _outputs_of(trace), trace.parts[2]
    every_z = [f"z_out[{k + 1}]" for k in range(n_outputs)]
    for k, (z, a) in enumerate(zip(trace.output_z, trace.outputs, strict=True)):
        names = [f"s[{i + 1}] w_out[{i + 1},{k + 1}]" for i in range(n)]
        values = [f"{number(trace.units[i])} * {number(part.weights[i, k])}" for i in range(n)]
        if part.biases is not None:
            names.append(f"b_out[{k + 1}]")
            values.append(number(part.biases[k]))
        yield f"  {equation(every_z[k], *sums(names, values), number(z))}"
        by_names = activation_by(layer, every_z[k], f"-{every_z[k]}", every_z)
        sides = by_names, value_by_numbers(layer, z), number(a)
        yield f"  {equation(f'a_out[{k + 1}]', *sides)}"


def _error_lines(trace):
    """The loss by symbols and by numbers."""
    yield "Error"
    yield f"  target {listed(trace.target)}, prediction {listed(trace.outputs)}"
    yield from smoothing_lines(trace)
    layer = _outputs_of(trace)
    if LOSSES[trace.loss_name].outputs and len(trace.parts) == 2:
        # The kernels compute such a loss from z, and s is f(z) only as far as it has settled.
        # The formulas write an a of 1 by its z.
        layer = layer._replace(a=np.ones_like(layer.a))
    constants = {k: value for k, value in trace.loss_constants.items() if k != SMOOTHING}
    numbers = LOSS_FORMULAS[trace.loss_name].by_numbers(layer, smoothed(trace), **constants)
    yield f"  loss = {loss_formula(trace)} = {numbers} = {number(trace.sample_loss)}"
    yield from penalty_lines(trace, zip(PLACES, trace.parts, strict=False))


# -- Backward --------------------------------------------------------------------------------


def _seed_lines(trace):
    yield "Backward pass: delta = dloss/dz"
    yield f"  of the outputs, {trace.output_activation}"
    constants = {k: v for k, v in trace.loss_constants.items() if k not in (SMOOTHING, BOUND)}
    deltas = LOSS_FORMULAS[trace.loss_name].delta_lines
    yield from deltas("_out", _outputs_of(trace), smoothed(trace), **constants)
    yield f"  slopes of the units, {trace.activation}"
    layer = units_of(trace)
    for j in range(len(trace.units)):
        sides = slope_sides(layer, j, f"z[{j + 1}]", f"s[{j + 1}]")
        yield f"    {equation(f'ds[{j + 1}]/dz[{j + 1}]', *sides)}"
    yield "  seed: what the loss sends to each unit, before the units send it to each other"
    n_before = len(trace.units) - len(trace.outputs)
    for j, seed in enumerate(trace.seed):
        if len(trace.parts) == 3:
            yield _seed_line(trace, j)
        elif j < n_before:
            yield f"    seed[{j + 1}] = 0"
        else:
            yield f"    seed[{j + 1}] = delta_out[{j - n_before + 1}] = {number(seed)}"


def _seed_line(trace, j):
    """That of a unit which a readout reads."""
    weights = trace.parts[2].weights[j]
    names = [f"delta_out[{k + 1}] w_out[{j + 1},{k + 1}]" for k in range(len(weights))]
    values = [
        f"{number(d)} * {number(w)}" for d, w in zip(trace.output_delta, weights, strict=True)
    ]
    return (
        f"    seed[{j + 1}] = ({' + '.join(names)}) ds[{j + 1}]/dz[{j + 1}] = "
        f"({' + '.join(values)}) * {number(trace.slopes[j])} = {number(trace.seed[j])}"
    )


# -- The step --------------------------------------------------------------------------------


def _step_lines(trace):
    rate = trace.learning_rate
    yield f"Derivatives of the weights, and a step of {number(rate)} against them"
    s, delta = ("s", trace.units), ("delta", trace.delta)
    yield "  weights of the inputs"
    yield from _weight_lines("_in", trace.parts[0], rate, ("x", trace.x), delta)
    yield "  weights between the units"
    yield from _weight_lines("", trace.parts[1], rate, s, delta, trace.symmetric)
    if len(trace.parts) == 3:
        yield "  readout"
        delta = "delta_out", trace.output_delta
        yield from _weight_lines("_out", trace.parts[2], rate, s, delta)


def _weight_lines(n, part, rate, source, delta, symmetric=False):
    for i, j in np.argwhere(part.connections).tolist():
        pairs = [(i, j), (j, i)] if symmetric and i != j else [(i, j)]
        names = [f"{source[0]}[{p + 1}] {delta[0]}[{q + 1}]" for p, q in pairs]
        values = [f"{number(source[1][p])} * {number(delta[1][q])}" for p, q in pairs]
        sides = [" + ".join(names), " + ".join(values)]
        if len(pairs) == 2:
            sides = [f"({side}) / 2" for side in sides]
        yield weight_line(n, part, rate, (i, j), *sides)
    if part.biases is not None:
        for j in range(len(part.biases)):
            yield step_line(n, part, rate, (j,), f"{delta[0]}[{j + 1}]")
