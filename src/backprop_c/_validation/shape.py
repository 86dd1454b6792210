"""What a network is made of: its layers, their activations, the loss."""

import itertools
import sys

from .entries import ACTIVATIONS, LOSSES
from .scalars import as_count, as_known_name


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
    """One activation name a layer."""
    names = (value,) * n_layers if isinstance(value, str) else value
    try:
        names = tuple(names)
    except TypeError:
        raise TypeError(f"activations must be a name or names, but is {value!r}") from None
    if len(names) != n_layers:
        raise ValueError(
            f"activations has {len(names)} entries, but the network has {n_layers} layers"
        )
    names = tuple(as_known_name(name, "activation", ACTIVATIONS) for name in names)
    for k, name in enumerate(names[:-1]):
        if ACTIVATIONS[name].outputs_only:
            raise ValueError(
                f"activation {name!r} is for the outputs only, but activations[{k}] is hidden"
            )
    return names


def as_loss(value, output_activation):
    """A loss name that goes with the outputs' activation."""
    name = as_known_name(value, "loss", LOSSES)
    needed = LOSSES[name].outputs
    if needed and output_activation != needed:
        raise ValueError(
            f"loss {name!r} needs {needed!r} outputs, "
            f"but the last activation is {output_activation!r}"
        )
    return name
