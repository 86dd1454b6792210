"""Initializers as callers name them, and objects of them."""

from dataclasses import MISSING
from typing import Any

import numpy as np

from .._frozen import all_subclasses
from ..initializers import FromArray, FromFunction, Initializer


def initializers_by_name() -> dict[str, Any]:
    """The initializers that a name can stand for: name -> class."""
    return {
        made.name: made
        for made in all_subclasses(Initializer)
        if isinstance(made.name, str) and all(one.default is not MISSING for one in made._fields)
    }


# Those of this package; the caller's classes are looked for anew.
OF_PACKAGE = initializers_by_name()


def as_initializers(value: Any, activations: tuple[Any, ...]) -> tuple[Initializer, ...]:
    """One initializer a layer; None stands for that of the layer's activation."""
    if isinstance(value, (list, tuple)):
        if len(value) != len(activations):
            raise ValueError(
                f"initializer has {len(value)} entries, but the network has {len(activations)} "
                "layers"
            )
        given = value
    else:
        given = (value,) * len(activations)
    return tuple(
        as_initializer(activation.initializer if one is None else one)
        for one, activation in zip(given, activations, strict=True)
    )


def as_initializer(value: Any) -> Initializer:
    """An initializer of a name, an object, an array or a function."""
    if isinstance(value, Initializer):
        return value
    if isinstance(value, str):
        known = OF_PACKAGE if value in OF_PACKAGE else initializers_by_name()
        if value not in known:
            raise ValueError(f"initializer {value!r} is not known; known: {', '.join(known)}")
        return known[value]()
    if isinstance(value, type):
        raise TypeError(
            f"initializer must be an object, but is the class {value.__name__}: write "
            f"{value.__name__}(), with brackets"
        )
    if isinstance(value, np.ndarray):
        return FromArray(value)
    if callable(value):
        return FromFunction(value)
    raise TypeError(
        "initializer must be a name, an object such as HeNormal(), a function of (rng, shape), an "
        "array, or one of these for each layer, but is "
        f"{value!r}; known: {', '.join(initializers_by_name())}"
    )
