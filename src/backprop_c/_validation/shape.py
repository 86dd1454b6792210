"""What a network is made of: its layers, their activations, the loss."""

import itertools
import math
import sys
from collections.abc import Mapping

from .._frozen import all_subclasses
from ..activations import Activation
from ..losses import FunctionLoss, Loss
from ..metrics import Metric
from .entries import ACTIVATIONS, LOSSES, NO_CODE, loss_entry
from .scalars import REAL, as_count, as_in_range, as_known_name, as_positive


def classes_of(kind):
    """The classes of a kind of entries, by the entries' names."""
    return {made.name: made for made in all_subclasses(kind) if isinstance(made.name, str)}


CLASSES = {kind: classes_of(kind) for kind in (Activation, Loss, Metric)}
# The entries' places in the kernels' tables.
PLACES = {
    kind: {name: place for place, name in enumerate(table)}
    for kind, table in ((Activation, ACTIVATIONS), (Loss, LOSSES))
}


def as_layer_sizes(value):
    """A tuple of at least two positive integers."""
    try:
        sizes = tuple(value)
        if isinstance(value, (str, bytes)):
            raise TypeError
    except TypeError:
        raise TypeError(f"layer_sizes must be a sequence of integers, but is {value!r}") from None
    if len(sizes) < 2:
        raise ValueError(
            f"layer_sizes must have at least 2 entries, inputs and outputs, but has {len(sizes)}"
        )
    sizes = tuple(as_count(size, f"layer_sizes[{k}]", 1) for k, size in enumerate(sizes))
    total = sum((n_in + 1) * n_out for n_in, n_out in itertools.pairwise(sizes))
    limit = min(2**48, sys.maxsize // 16)
    if total >= limit:
        raise ValueError(f"layer_sizes {sizes} make {total} parameters, but {limit} are too many")
    return sizes


def check_parameters(array, layer_sizes, biases, dtype):
    """Raise unless there is one number of the dtype for each weight and bias."""
    size = sum((n_in + bool(biases)) * n_out for n_in, n_out in itertools.pairwise(layer_sizes))
    if array.shape != (size,) or array.dtype.name != dtype:
        raise ValueError(
            f"parameters of layer_sizes {layer_sizes} must have shape ({size},) and dtype {dtype}, "
            f"but have shape {array.shape} and dtype {array.dtype}"
        )


def as_activations(value, n_layers):
    """One activation a layer, as objects."""
    given = (value,) * n_layers if isinstance(value, (str, Activation, type)) else value
    try:
        given = tuple(given)
    except TypeError:
        raise TypeError(
            "activations must be a name, an object such as ReLU(), or one of these for each layer, "
            f"but is {value!r}"
        ) from None
    if len(given) != n_layers:
        raise ValueError(
            f"activations has {len(given)} entries, but the network has {n_layers} layers"
        )
    found = tuple(as_entry(one, "activation", Activation, ACTIVATIONS) for one in given)
    for k, activation in enumerate(found[:-1]):
        if ACTIVATIONS[activation.name].outputs_only:
            raise ValueError(
                f"activation {name_or_object(activation)!r} is for the outputs only, "
                f"but activations[{k}] is hidden"
            )
    return found


def as_loss(value):
    """A loss as an object; a function of the caller's becomes one."""
    if callable(value) and not isinstance(value, type):
        return FunctionLoss(value)
    return as_entry(value, "loss", Loss, LOSSES)


def check_loss(loss, output_activation):
    """Raise unless the loss goes with the outputs' activation."""
    needed = loss_entry(loss.name).outputs
    if needed and output_activation.name != needed:
        raise ValueError(
            f"loss {name_or_object(loss)!r} needs {needed!r} outputs, "
            f"but the last activation is {name_or_object(output_activation)!r}"
        )


def as_entry(value, name, kind, table):
    """The object itself, or the one that its name stands for."""
    classes = CLASSES[kind]
    if isinstance(value, str):
        return classes[as_known_name(value, name, table)]()
    if isinstance(value, type) and value in classes.values():
        raise TypeError(
            f"{name} must be an object, but is the class {value.__name__}: "
            f"write {value.__name__}(), with brackets"
        )
    if not isinstance(value, kind):
        example = next(iter(classes.values()))
        raise TypeError(
            f"{name} must be a name or an object such as {example()!r}, but is {value!r}; "
            f"known: {', '.join(table)}"
        )
    if type(value) not in classes.values():
        raise ValueError(f"{name} {value!r} is not known to the kernels; known: {', '.join(table)}")
    return value


def name_or_object(entry):
    """The name where it says all, as the user may have typed it; else the object."""
    if isinstance(entry, FunctionLoss):
        return entry.function
    return entry.name if entry.has_defaults() else entry


def coded(entry):
    """An activation or a loss as the engine takes it: its place in the table, its parameters."""
    if isinstance(entry, FunctionLoss):
        return NO_CODE, ()
    places = PLACES[Activation] if isinstance(entry, Activation) else PLACES[Loss]
    return places[entry.name], entry.constants()


def as_per_layer(value, name, n_layers, below=math.inf, none=None):
    """A float of at least 0 for each layer: one number for all, or one a layer.

    `none` is what None stands for, where it is allowed. Numbers are above 0 there.
    """
    given = (value,) * n_layers
    if not (value is None or isinstance(value, REAL)):
        try:
            if isinstance(value, (str, bytes, Mapping)):
                raise TypeError
            given = tuple(value)
        except TypeError:
            raise TypeError(
                f"{name} must be a number, or one for each layer, but is {value!r}"
            ) from None
    if len(given) != n_layers:
        raise ValueError(f"{name} has {len(given)} entries, but the network has {n_layers} layers")
    if none is not None:
        return tuple(none if one is None else as_positive(one, name) for one in given)
    return tuple(as_in_range(one, name, 0, below) for one in given)
