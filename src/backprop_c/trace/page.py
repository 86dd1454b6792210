"""A trace laid out as a textbook would: line by line, from its numbers alone.

Layers have numbers in their units' names: a1[2] is the second unit of layer 1, w1[3,2] the weight
from its third input. Most lines are an equation by names, then by numbers, then its result.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise

from .formulas import ACTIVATION_FORMULAS

# The parameters of losses whose targets, or whose values, are not taken as they are.
SMOOTHING, BOUND = "label_smoothing", "largest_loss"


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
    target = _smoothed(trace)
    constants = {k: value for k, value in trace.loss_constants.items() if k != SMOOTHING}
    of_delta = {k: value for k, value in constants.items() if k != BOUND}
    numbers = loss.by_numbers(trace.layers[-1], target, **constants)
    yield f"  loss = {loss_formula(trace)} = {numbers} = {number(trace.sample_loss)}"
    yield from penalty_lines(trace)
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


# -- Numbers, names and equations ------------------------------------------------------------


def number(value):
    return f"{value:.10g}"


def _factor(value):
    """A number that can be raised to a power or taken away."""
    return f"({number(value)})" if value < 0 else number(value)


def _shown(constants):
    """An activation's or a loss's parameters, as they are written."""
    return {name: number(value) for name, value in constants.items()}


def listed(values):
    return ", ".join(map(number, values))


def _equation(*sides):
    """The sides with = between them; one that repeats the side before it is left out."""
    return " = ".join(side for side, _ in groupby(sides))


def _source(n):
    """What layer n's inputs are called."""
    return "x" if n == 1 else f"a{n - 1}"


# -- Forward ---------------------------------------------------------------------------------


def _forward_lines(n, layer):
    for j, (z, a) in enumerate(zip(layer.z, layer.a, strict=True), 1):
        terms = [f"{_source(n)}[{i}] w{n}[{i},{j}]" for i in range(1, len(layer.x) + 1)]
        values = [
            f"{number(x)} * {number(w)}"
            for x, w in zip(layer.x, layer.weights[:, j - 1], strict=True)
        ]
        if layer.biases is not None:
            terms.append(f"b{n}[{j}]")
            values.append(number(layer.biases[j - 1]))
        sums = " + ".join(terms), " + ".join(values)
        yield f"    {_equation(f'z{n}[{j}]', *sums, number(z))}"
        by_names = _value(
            layer,
            f"z{n}[{j}]",
            f"-z{n}[{j}]",
            [f"z{n}[{k}]" for k in range(1, len(layer.z) + 1)],
        )
        yield f"    {_equation(f'a{n}[{j}]', by_names, _value_by_numbers(layer, z), number(a))}"


def _value(layer, z, minus_z, layer_z):
    value, _ = ACTIVATION_FORMULAS[layer.activation]
    sum_of_exp = " + ".join(f"exp({other})" for other in layer_z)
    return value.format(z=z, minus_z=minus_z, sum_of_exp=sum_of_exp, **_shown(layer.constants))


def _value_by_numbers(layer, z):
    return _value(layer, number(z), number(-z), map(number, layer.z))


# -- Losses ----------------------------------------------------------------------------------


def _squared_error(layer, target):
    squares = [f"({number(a)} - {_factor(t)})^2" for a, t in zip(layer.a, target, strict=True)]
    return f"1/2 ({' + '.join(squares)})"


def _binary_cross_entropy(layer, target, largest_loss):
    of_outputs = []
    for a, z, t in zip(layer.a, layer.z, target, strict=True):
        terms = []
        # What is multiplied by 0 counts for nothing, be its logarithm infinite.
        by_z = not _has_logarithms(a)
        if t != 0:
            terms.append(f"{number(t)} * log({_value_by_numbers(layer, z) if by_z else number(a)})")
        if t != 1:
            # 1 - sigmoid(z) = sigmoid(-z)
            rest = _value_by_numbers(layer, -z) if by_z else f"1 - {number(a)}"
            terms.append(f"(1 - {number(t)}) * log({rest})")
        of_outputs.append(" + ".join(terms))
    if largest_loss == math.inf:
        return f"-({' + '.join(of_outputs)})"
    return " + ".join(_bounded(f"-({one})", largest_loss) for one in of_outputs)


def _bounded(loss, largest_loss):
    return loss if largest_loss == math.inf else f"min({loss}, {number(largest_loss)})"


def _cross_entropy(layer, target, largest_loss):
    terms = [
        f"{number(t)} * log({number(a) if _has_logarithms(a) else _value_by_numbers(layer, z)})"
        for a, z, t in zip(layer.a, layer.z, target, strict=True)
        if t != 0
    ]
    return _bounded(f"-({' + '.join(terms)})", largest_loss)


def _huber(layer, target, delta):
    terms = []
    for a, t in zip(layer.a, target, strict=True):
        difference = f"{number(a)} - {_factor(t)}"
        if abs(a - t) <= delta:
            terms.append(f"1/2 ({difference})^2")
        else:
            terms.append(f"{number(delta)} * (abs({difference}) - {number(delta)}/2)")
    return " + ".join(terms)


def _poisson(layer, target):
    return " + ".join(
        f"exp({number(z)}) - {number(t)} * {_factor(z)}"
        for z, t in zip(layer.z, target, strict=True)
    )


def _absolute_error(layer, target):
    return " + ".join(
        f"abs({number(a)} - {_factor(t)})" for a, t in zip(layer.a, target, strict=True)
    )


def _log_cosh(layer, target):
    return " + ".join(
        f"log(cosh({number(a)} - {_factor(t)}))" for a, t in zip(layer.a, target, strict=True)
    )


def _quantile(layer, target, quantile):
    return " + ".join(
        f"max({number(quantile)} * ({number(t)} - {_factor(a)}), "
        f"({number(quantile)} - 1) * ({number(t)} - {_factor(a)}))"
        for a, t in zip(layer.a, target, strict=True)
    )


def _gamma(layer, target):
    return " + ".join(
        f"{number(z)} + {number(t)} * exp({number(-z)})"
        for z, t in zip(layer.z, target, strict=True)
    )


def _has_logarithms(a):
    """Whether the digits shown of a are enough for log(a) and log(1 - a).

    Those of an a near 0 or 1 are not. There its formula by z stands in the logarithm, which is
    how the kernels see it, too.
    """
    return 1e-30 < a < 0.999


# -- Backward --------------------------------------------------------------------------------


def _slope(layer, **names):
    """The derivative by names."""
    _, derivative = ACTIVATION_FORMULAS[layer.activation]
    return derivative.replace(" * ", " ").format(**names, **_shown(layer.constants))


def _slope_line(n, layer, j):
    """The elementwise derivative of unit j, counted from 0."""
    _, derivative = ACTIVATION_FORMULAS[layer.activation]
    z, a = f"z{n}[{j + 1}]", f"a{n}[{j + 1}]"
    by_numbers = derivative.format(
        z=number(layer.z[j]),
        minus_z=number(-layer.z[j]),
        base=_factor(layer.z[j]),
        a=_factor(layer.a[j]),
        **_shown(layer.constants),
    )
    by_names = _slope(layer, z=z, minus_z=f"-{z}", base=z, a=a)
    sides = by_names, by_numbers, number(layer.slope[j])
    return f"    {_equation(f'd{a}/d{z}', *sides)}"


def _dependence_line(n, layer):
    """The derivative where every output of a layer depends on every z of it."""
    one, other = (_slope(layer, a=f"a{n}[k]", a_j=f"a{n}[j]", same=same) for same in (1, 0))
    return f"    da{n}[k]/dz{n}[j] = {one} where k = j, else {other}"


def _squared_error_deltas(n, layer, target):
    yield from _error_deltas(n, layer, target, "({a} - {t})")


def _huber_deltas(n, layer, target, delta):
    yield from _error_deltas(
        n, layer, target, f"max(-{number(delta)}, min({number(delta)}, {{a}} - {{t}}))"
    )


def _absolute_error_deltas(n, layer, target):
    yield from _error_deltas(n, layer, target, "sign({a} - {t})")


def _log_cosh_deltas(n, layer, target):
    yield from _error_deltas(n, layer, target, "tanh({a} - {t})")


def _quantile_deltas(n, layer, target, quantile):
    slope = f"((1 + sign({{a}} - {{t}})) / 2 - {number(quantile)})"
    yield from _error_deltas(n, layer, target, slope)


def _error_deltas(n, layer, target, error):
    """Deltas by dloss/da, which is written as `error`, and da/dz."""
    if layer.slope is None:
        yield from _dependent_deltas(n, layer, target, error)
        return
    for j, (a, t, delta) in enumerate(zip(layer.a, target, layer.delta, strict=True)):
        yield _slope_line(n, layer, j)
        unit = f"[{j + 1}]"
        yield (
            f"    delta{n}{unit} = {error.format(a=f'a{n}{unit}', t=f't{unit}')} "
            f"da{n}{unit}/dz{n}{unit} = {error.format(a=number(a), t=_factor(t))} * "
            f"{number(layer.slope[j])} = {number(delta)}"
        )


def _dependent_deltas(n, layer, target, error):
    _, derivative = ACTIVATION_FORMULAS[layer.activation]
    yield _dependence_line(n, layer)
    for j, delta in enumerate(layer.delta):
        terms = []
        for k, (a, t) in enumerate(zip(layer.a, target, strict=True)):
            slope = derivative.format(a=number(a), a_j=number(layer.a[j]), same=int(k == j))
            terms.append(f"{error.format(a=number(a), t=_factor(t))} * {slope}")
        yield (
            f"    delta{n}[{j + 1}] = sum over k of {error.format(a=f'a{n}[k]', t='t[k]')} "
            f"da{n}[k]/dz{n}[{j + 1}] = {' + '.join(terms)} = {number(delta)}"
        )


def _binary_cross_entropy_deltas(n, layer, target):
    slope = _slope(layer, z=f"z{n}[j]", a=f"a{n}[j]")
    yield (
        f"    dloss/da{n}[j] = (a{n}[j] - t[j]) / ({slope}) times da{n}[j]/dz{n}[j] = {slope} "
        f"leaves a{n}[j] - t[j]"
    )
    yield from _plain_deltas(n, layer, target)


def _poisson_deltas(n, layer, target):
    slope = _slope(layer, z=f"z{n}[j]", a=f"a{n}[j]")
    yield (
        f"    dloss/da{n}[j] = 1 - t[j] / a{n}[j] times da{n}[j]/dz{n}[j] = {slope} "
        f"leaves a{n}[j] - t[j]"
    )
    yield from _plain_deltas(n, layer, target)


def _gamma_deltas(n, layer, target):
    slope = _slope(layer, z=f"z{n}[j]", a=f"a{n}[j]")
    yield (
        f"    dloss/da{n}[j] = (1 - t[j] / a{n}[j]) / a{n}[j] times da{n}[j]/dz{n}[j] = {slope} "
        f"leaves 1 - t[j] / a{n}[j]"
    )
    for j, (a, t, delta) in enumerate(zip(layer.a, target, layer.delta, strict=True), 1):
        yield (
            f"    delta{n}[{j}] = 1 - t[{j}] / a{n}[{j}] = 1 - {number(t)} / {number(a)} = "
            f"{number(delta)}"
        )


def _plain_deltas(n, layer, target):
    for j, (a, t, delta) in enumerate(zip(layer.a, target, layer.delta, strict=True), 1):
        yield (
            f"    delta{n}[{j}] = a{n}[{j}] - t[{j}] = {number(a)} - {number(t)} = {number(delta)}"
        )


def _cross_entropy_deltas(n, layer, target):
    total = number(target.sum())
    yield _dependence_line(n, layer)
    yield (
        f"    dloss/da{n}[k] = -t[k] / a{n}[k] times that, summed over k, leaves "
        f"a{n}[j] sum(t) - t[j]"
    )
    yield f"    {_equation('sum(t)', ' + '.join(map(number, target)), total)}"
    for j, (a, t, delta) in enumerate(zip(layer.a, target, layer.delta, strict=True), 1):
        yield (
            f"    delta{n}[{j}] = a{n}[{j}] sum(t) - t[{j}] = {number(a)} * {total} - "
            f"{number(t)} = {number(delta)}"
        )


def _hidden_delta_lines(n, layer, following):
    for i, delta in enumerate(layer.delta):
        yield _slope_line(n, layer, i)
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


@dataclass(frozen=True)
class LossFormula:
    """How a loss is written.

    By symbols; by the numbers of the last layer and the target; and the lines of the last layer's
    deltas, from its number, the layer and the target. All three also get the loss's parameters,
    but for label smoothing: the target that they get is smoothed. Deltas know of no largest loss.
    `classes` says of how many outputs how many classes share what smoothing takes away.
    """

    formula: str
    by_numbers: Callable[..., str]
    delta_lines: Callable[..., Iterator[str]]
    classes: Callable[[int], int] = lambda n_out: 0


LOSS_FORMULAS = {
    "squared_error": LossFormula("1/2 sum (a - t)^2", _squared_error, _squared_error_deltas),
    "binary_cross_entropy": LossFormula(
        "-sum (t log a + (1 - t) log(1 - a))",
        _binary_cross_entropy,
        _binary_cross_entropy_deltas,
        classes=lambda n_out: 2,  # yes and no
    ),
    "cross_entropy": LossFormula(
        "-sum t log a", _cross_entropy, _cross_entropy_deltas, classes=lambda n_out: n_out
    ),
    "huber": LossFormula(
        "sum (1/2 (a - t)^2 where |a - t| <= {delta}, else {delta} (|a - t| - {delta}/2))",
        _huber,
        _huber_deltas,
    ),
    "absolute_error": LossFormula("sum |a - t|", _absolute_error, _absolute_error_deltas),
    "log_cosh": LossFormula("sum log(cosh(a - t))", _log_cosh, _log_cosh_deltas),
    "quantile": LossFormula(
        "sum max({quantile} (t - a), ({quantile} - 1) (t - a))", _quantile, _quantile_deltas
    ),
    "poisson": LossFormula("sum (exp(z) - t z)", _poisson, _poisson_deltas),
    "gamma": LossFormula("sum (z + t exp(-z))", _gamma, _gamma_deltas),
}


def loss_formula(trace):
    """The loss by symbols."""
    formula = LOSS_FORMULAS[trace.loss_name].formula.format(**_shown(trace.loss_constants))
    bound = trace.loss_constants.get(BOUND, math.inf)
    return formula if bound == math.inf else f"{formula} (at most {number(bound)} each)"


def _smoothed(trace):
    """The target, with what label smoothing makes of it."""
    share = trace.loss_constants.get(SMOOTHING, 0)
    if not share:
        return trace.target
    return (1 - share) * trace.target + share / _n_classes(trace)


def _n_classes(trace):
    return LOSS_FORMULAS[trace.loss_name].classes(len(trace.target))


def smoothing_lines(trace):
    """The targets as label smoothing makes them, where there is any: those of what follows."""
    share = number(trace.loss_constants.get(SMOOTHING, 0))
    if share != "0":
        yield "  smoothed target"
        for j, (given, t) in enumerate(zip(trace.target, _smoothed(trace), strict=True), 1):
            kept, spread = f"(1 - {share}) * {number(given)}", f"{share} / {_n_classes(trace)}"
            yield f"    t[{j}] = {kept} + {spread} = {number(t)}"


def penalty_lines(trace):
    """The penalty on the weights, and the loss with it, where there is one."""
    terms = []
    for n, layer in enumerate(trace.layers, 1):
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
            names = f"{_source(n)}[{i + 1}] delta{n}[{j + 1}]"
            values = f"{number(layer.x[i])} * {number(delta)}"
            if layer.l2:
                names += f" + {number(layer.l2)} w{n}[{i + 1},{j + 1}]"
                values += f" + {number(layer.l2)} * {number(layer.weights[i, j])}"
            if layer.l1:
                names, values = _with_l1(layer, names, values, f"w{n}[{i + 1},{j + 1}]", (i, j))
            derivative = f"{names} = {values}"
            yield step_line(n, layer, rate, (i, j), derivative)
    if layer.biases is not None:
        for j in range(len(layer.delta)):
            yield step_line(n, layer, rate, (j,), f"delta{n}[{j + 1}]")


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
    return f"    {_equation(*sides)};  {name}: {step} = {new_value}"
