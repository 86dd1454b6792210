"""The compiled kernels, and the choice of the instruction-set level: once, at import.

The best level that was built and that both processor and operating system support is taken;
the environment variable ``BACKPROP_C_SIMD`` names another one.
"""

import importlib
import os

from . import cpu

VARIABLE = "BACKPROP_C_SIMD"


def choose_level(asked, built=cpu.levels_built, supported=None):
    """The level to use: the one asked for, or the best."""
    supported = cpu.levels_supported() if supported is None else supported
    usable = [level for level in supported if level in built]
    if not asked:
        return usable[0]
    if asked not in usable:
        reason = (
            "this build does not have it"
            if asked in supported
            else "this machine does not support it"
            if asked in built
            else "there is no such level"
        )
        raise ValueError(
            f"{VARIABLE} is {asked!r}, but {reason}; it can be {', '.join(usable)}, or unset"
        )
    return asked


level = choose_level(os.environ.get(VARIABLE))


def table(dtype_name, level=level):
    """The capsule with the kernels for "float32" or "float64" at the level in use, or another."""
    return importlib.import_module(f"{__name__}.kernels_{level}_{dtype_name}").table
