"""How losses are written on a page of a trace: by symbols, by numbers, and their derivatives."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .formulas import ACTIVATION_FORMULAS
from .writing import (
    dependence_line,
    equation,
    factor,
    number,
    shown,
    slope_by_names,
    slope_line,
    value_by_numbers,
)

# The parameters of losses whose targets, or whose values, are not taken as they are.
SMOOTHING, BOUND = "label_smoothing", "largest_loss"


# -- By numbers ------------------------------------------------------------------------------


def _squared_error(layer, target):
    squares = [f"({number(a)} - {factor(t)})^2" for a, t in zip(layer.a, target, strict=True)]
    return f"1/2 ({' + '.join(squares)})"


def _binary_cross_entropy(layer, target, largest_loss):
    of_outputs = []
    for a, z, t in zip(layer.a, layer.z, target, strict=True):
        terms = []
        # What is multiplied by 0 counts for nothing, be its logarithm infinite.
        by_z = not _has_logarithms(a)
        if t != 0:
            terms.append(f"{number(t)} * log({value_by_numbers(layer, z) if by_z else number(a)})")
        if t != 1:
            # 1 - sigmoid(z) = sigmoid(-z)
            rest = value_by_numbers(layer, -z) if by_z else f"1 - {number(a)}"
            terms.append(f"(1 - {number(t)}) * log({rest})")
        of_outputs.append(" + ".join(terms))
    if largest_loss == math.inf:
        return f"-({' + '.join(of_outputs)})"
    return " + ".join(_bounded(f"-({one})", largest_loss) for one in of_outputs)


def _bounded(loss, largest_loss):
    return loss if largest_loss == math.inf else f"min({loss}, {number(largest_loss)})"


def _cross_entropy(layer, target, largest_loss):
    terms = [
        f"{number(t)} * log({number(a) if _has_logarithms(a) else value_by_numbers(layer, z)})"
        for a, z, t in zip(layer.a, layer.z, target, strict=True)
        if t != 0
    ]
    return _bounded(f"-({' + '.join(terms)})", largest_loss)


def _huber(layer, target, delta):
    terms = []
    for a, t in zip(layer.a, target, strict=True):
        difference = f"{number(a)} - {factor(t)}"
        if abs(a - t) <= delta:
            terms.append(f"1/2 ({difference})^2")
        else:
            terms.append(f"{number(delta)} * (abs({difference}) - {number(delta)}/2)")
    return " + ".join(terms)


def _poisson(layer, target):
    return " + ".join(
        f"exp({number(z)}) - {number(t)} * {factor(z)}"
        for z, t in zip(layer.z, target, strict=True)
    )


def _absolute_error(layer, target):
    return " + ".join(
        f"abs({number(a)} - {factor(t)})" for a, t in zip(layer.a, target, strict=True)
    )


def _log_cosh(layer, target):
    return " + ".join(
        f"log(cosh({number(a)} - {factor(t)}))" for a, t in zip(layer.a, target, strict=True)
    )


def _quantile(layer, target, quantile):
    return " + ".join(
        f"max({number(quantile)} * ({number(t)} - {factor(a)}), "
        f"({number(quantile)} - 1) * ({number(t)} - {factor(a)}))"
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


# -- The last layer's deltas -----------------------------------------------------------------


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
        yield slope_line(n, layer, j)
        unit = f"[{j + 1}]"
        yield (
            f"    delta{n}{unit} = {error.format(a=f'a{n}{unit}', t=f't{unit}')} "
            f"da{n}{unit}/dz{n}{unit} = {error.format(a=number(a), t=factor(t))} * "
            f"{number(layer.slope[j])} = {number(delta)}"
        )


def _dependent_deltas(n, layer, target, error):
    _, derivative = ACTIVATION_FORMULAS[layer.activation]
    yield dependence_line(n, layer)
    for j, delta in enumerate(layer.delta):
        terms = []
        for k, (a, t) in enumerate(zip(layer.a, target, strict=True)):
            slope = derivative.format(a=number(a), a_j=number(layer.a[j]), same=int(k == j))
            terms.append(f"{error.format(a=number(a), t=factor(t))} * {slope}")
        yield (
            f"    delta{n}[{j + 1}] = sum over k of {error.format(a=f'a{n}[k]', t='t[k]')} "
            f"da{n}[k]/dz{n}[{j + 1}] = {' + '.join(terms)} = {number(delta)}"
        )


def _binary_cross_entropy_deltas(n, layer, target):
    slope = slope_by_names(layer, z=f"z{n}[j]", a=f"a{n}[j]")
    yield (
        f"    dloss/da{n}[j] = (a{n}[j] - t[j]) / ({slope}) times da{n}[j]/dz{n}[j] = {slope} "
        f"leaves a{n}[j] - t[j]"
    )
    yield from _plain_deltas(n, layer, target)


def _poisson_deltas(n, layer, target):
    slope = slope_by_names(layer, z=f"z{n}[j]", a=f"a{n}[j]")
    yield (
        f"    dloss/da{n}[j] = 1 - t[j] / a{n}[j] times da{n}[j]/dz{n}[j] = {slope} "
        f"leaves a{n}[j] - t[j]"
    )
    yield from _plain_deltas(n, layer, target)


def _gamma_deltas(n, layer, target):
    slope = slope_by_names(layer, z=f"z{n}[j]", a=f"a{n}[j]")
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
    yield dependence_line(n, layer)
    yield (
        f"    dloss/da{n}[k] = -t[k] / a{n}[k] times that, summed over k, leaves "
        f"a{n}[j] sum(t) - t[j]"
    )
    yield f"    {equation('sum(t)', ' + '.join(map(number, target)), total)}"
    for j, (a, t, delta) in enumerate(zip(layer.a, target, layer.delta, strict=True), 1):
        yield (
            f"    delta{n}[{j}] = a{n}[{j}] sum(t) - t[{j}] = {number(a)} * {total} - "
            f"{number(t)} = {number(delta)}"
        )


# -- The table -------------------------------------------------------------------------------


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
    formula = LOSS_FORMULAS[trace.loss_name].formula.format(**shown(trace.loss_constants))
    bound = trace.loss_constants.get(BOUND, math.inf)
    return formula if bound == math.inf else f"{formula} (at most {number(bound)} each)"


def smoothed(trace):
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
        for j, (given, t) in enumerate(zip(trace.target, smoothed(trace), strict=True), 1):
            kept, spread = f"(1 - {share}) * {number(given)}", f"{share} / {_n_classes(trace)}"
            yield f"    t[{j}] = {kept} + {spread} = {number(t)}"
