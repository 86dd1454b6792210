"""A trace laid out as a textbook would: line by line, from its numbers alone.

Layers have numbers in their units' names: a1[2] is the second unit of layer 1, w1[3,2] the weight
from its third input. Most lines are an equation by names, then by numbers, then its result.
"""

from itertools import pairwise

from .losses import BOUND, LOSS_FORMULAS, SMOOTHING, loss_formula, smoothed, smoothing_lines
from .writing import activation_by, equation, listed, number, slope_line, source, value_by_numbers


def lines(trace):
    """The forward pass, the error, the backward pass and the step."""
    layers = list(enumerate(trace.layers, 1))
    yield "Forward pass"
    for n, layer in layers:
        yield f"  layer {n}, {layer.activation}"
        yield from _forward_lines(n, layer)
    yield "Error"
    yield f"  target {listed(trace.target)}, prediction {listed(trace.prediction)}"
    loss = LOSS_FORMULAS[trace.loss_name]
    yield from smoothing_lines(trace)
    target = smoothed(trace)
    constants = {k: value for k, value in trace.loss_constants.items() if k != SMOOTHING}
    of_delta = {k: value for k, value in constants.items() if k != BOUND}
    numbers = loss.by_numbers(trace.layers[-1], target, **constants)
    yield f"  loss = {loss_formula(trace)} = {numbers} = {number(trace.sample_loss)}"
    yield from penalty_lines(trace, layers)
    yield "Backward pass: delta = dloss/dz"
    yield f"  layer {len(layers)}, {trace.layers[-1].activation}"
    yield from loss.delta_lines(*layers[-1], target, **of_delta)
    for (n, layer), (_, following) in reversed(list(pairwise(layers))):
        yield f"  layer {n}, {layer.activation}"
        yield from _hidden_delta_lines(n, layer, following)
    yield f"Derivatives of the weights, and a step of {number(trace.learning_rate)} against them"
    for n, layer in layers:
        yield f"  layer {n}"
        yield from _step_lines(n, layer, trace.learning_rate)
    yield "After the step"
    yield f"  prediction {listed(trace.new_prediction)}, loss {number(trace.new_loss)}"


# -- Layers ----------------------------------------------------------------------------------


def _forward_lines(n, layer):
    for j, (z, a) in enumerate(zip(layer.z, layer.a, strict=True), 1):
        terms = [f"{source(n)}[{i}] w{n}[{i},{j}]" for i in range(1, len(layer.x) + 1)]
        values = [
            f"{number(x)} * {number(w)}"
            for x, w in zip(layer.x, layer.weights[:, j - 1], strict=True)
        ]
        if layer.biases is not None:
            terms.append(f"b{n}[{j}]")
            values.append(number(layer.biases[j - 1]))
        sums = " + ".join(terms), " + ".join(values)
        yield f"    {equation(f'z{n}[{j}]', *sums, number(z))}"
        by_names = activation_by(
            layer,
            f"z{n}[{j}]",
            f"-z{n}[{j}]",
            [f"z{n}[{k}]" for k in range(1, len(layer.z) + 1)],
        )
        yield f"    {equation(f'a{n}[{j}]', by_names, value_by_numbers(layer, z), number(a))}"


def _hidden_delta_lines(n, layer, following):
    for i, delta in enumerate(layer.delta):
        yield slope_line(n, layer, i)
        unit = f"[{i + 1}]"
        names = [
            f"delta{n + 1}[{j}] w{n + 1}[{i + 1},{j}]" for j in range(1, len(following.delta) + 1)
        ]
        values = [
            f"{number(d)} * {number(w)}"
            for d, w in zip(following.delta, following.weights[i], strict=True)
        ]
        yield (
            f"    delta{n}{unit} = ({' + '.join(names)}) da{n}{unit}/dz{n}{unit} = "
            f"({' + '.join(values)}) * {number(layer.slope[i])} = {number(delta)}"
        )


def penalty_lines(trace, layers):
    """The penalty on the weights, and the loss with it, where there is one.

    `layers` are pairs of what stands behind the names of a layer and the layer.
    """
    terms = []
    for n, layer in layers:
        terms += [f"{number(layer.l1)} sum |w{n}|"] if layer.l1 else []
        terms += [f"{number(layer.l2)}/2 sum w{n}^2"] if layer.l2 else []
    if terms:
        yield f"  penalty = {' + '.join(terms)} = {number(trace.penalty)}"
        both = f"{number(trace.sample_loss)} + {number(trace.penalty)}"
        yield f"  loss with it = {both} = {number(trace.loss)}"


# -- The step --------------------------------------------------------------------------------


def _step_lines(n, layer, rate):
    for i in range(len(layer.x)):
        for j, delta in enumerate(layer.delta):
            names = f"{source(n)}[{i + 1}] delta{n}[{j + 1}]"
            values = f"{number(layer.x[i])} * {number(delta)}"
            yield weight_line(n, layer, rate, (i, j), names, values)
    if layer.biases is not None:
        for j in range(len(layer.delta)):
            yield step_line(n, layer, rate, (j,), f"delta{n}[{j + 1}]")


def weight_line(n, layer, rate, at, names, values):
    """A weight's line, from the derivative without penalties by names and by numbers."""
    i, j = at
    weight = f"w{n}[{i + 1},{j + 1}]"
    if layer.l2:
        names += f" + {number(layer.l2)} {weight}"
        values += f" + {number(layer.l2)} * {number(layer.weights[at])}"
    if layer.l1:
        names, values = _with_l1(layer, names, values, weight, at)
    return step_line(n, layer, rate, at, f"{names} = {values}")


def _with_l1(layer, names, values, weight, at):
    """The derivative with that of l1: where a weight is 0, the smallest that is possible."""
    strength, value = number(layer.l1), layer.weights[at]
    if value != 0:
        return (
            f"{names} + {strength} sign({weight})",
            f"{values} + {strength} * sign({number(value)})",
        )
    return tuple(f"{side} - max(-{strength}, min({strength}, {side}))" for side in (names, values))


def step_line(n, layer, rate, at, derivative=None):
    """A weight's line, or a bias's: its derivative, and the step against it."""
    kind = "biases" if len(at) == 1 else "weights"
    name = f"{kind[0]}{n}[{','.join(str(i + 1) for i in at)}]"
    value, gradient, new_value = (
        number(getattr(layer, field)[at]) for field in (kind, f"{kind}_gradient", f"new_{kind}")
    )
    sides = [side for side in (f"dloss/d{name}", derivative, gradient) if side]
    step = f"{value} - {number(rate)} * {gradient}"
    if kind == "weights" and layer.l1 and layer.new_weights[at] == 0 != layer.weights[at]:
        # It stops at 0, where the step would go through it.
        step = f"{'max' if layer.weights[at] > 0 else 'min'}(0, {step})"
    return f"    {equation(*sides)};  {name}: {step} = {new_value}"
