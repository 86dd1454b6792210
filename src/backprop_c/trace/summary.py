"""What is printed of a trace that is too long for a page: ranges, and the largest derivatives."""

import numpy as np

from .losses import loss_formula
from .page import penalty_lines, step_line
from .writing import listed, number

# How many derivatives, targets or outputs are shown.
MOST_SHOWN = 10


def lines(trace):
    layers = list(enumerate(trace.layers, 1))
    sizes = "-".join(str(len(a)) for a in (trace.x, *(layer.a for layer in trace.layers)))
    yield f"Summary of {sizes}: a page of every number would be too long; the Trace holds them all"
    yield "Forward pass"
    yield f"  x {range_of(trace.x)}"
    for n, layer in layers:
        yield f"  layer {n}, {layer.activation}: z{n} {range_of(layer.z)}, a{n} {range_of(layer.a)}"
    yield "Error"
    yield f"  target {some(trace.target)}, prediction {some(trace.prediction)}"
    yield f"  loss = {loss_formula(trace)} = {number(trace.sample_loss)}"
    yield from penalty_lines(trace, layers)
    yield "Backward pass: delta = dloss/dz"
    for n, layer in reversed(layers):
        yield f"  layer {n}, {layer.activation}: delta{n} {range_of(layer.delta)}"
    yield from derivative_lines(trace, layers)
    yield "After the step"
    yield f"  prediction {some(trace.new_prediction)}, loss {number(trace.new_loss)}"


def range_of(values):
    return f"from {number(values.min())} to {number(values.max())}"


def some(values):
    """The numbers if they are few, else their range."""
    if len(values) <= MOST_SHOWN:
        return listed(values)
    return f"{len(values)} numbers {range_of(values)}"


def derivative_lines(trace, layers):
    """The largest derivatives, and the step; `layers` as of `penalty_lines`."""
    found = _largest_derivatives(layers)
    yield (
        f"The {len(found)} largest derivatives, and a step of {number(trace.learning_rate)} "
        "against them"
    )
    for n, layer, at in found:
        yield step_line(n, layer, trace.learning_rate, at)


def _largest_derivatives(layers):
    """(name, layer, index) of the weights and biases whose derivatives are largest."""
    found = []
    for n, layer in layers:
        for gradient in (layer.weights_gradient, layer.biases_gradient):
            if gradient is None:
                continue
            # What is not a number comes first: it is what one looks for.
            sizes = np.nan_to_num(np.abs(gradient), nan=np.inf, posinf=np.inf)
            for k in np.argsort(-sizes, axis=None, kind="stable")[:MOST_SHOWN]:
                at = tuple(map(int, np.unravel_index(k, gradient.shape)))
                found.append((sizes[at], n, layer, at))
    found.sort(key=lambda entry: -entry[0])
    return [entry[1:] for entry in found[:MOST_SHOWN]]
