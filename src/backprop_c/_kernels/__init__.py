"""The compiled kernels, and the choice of the instruction-set level: once, at import.

The best level that was built and that both processor and operating system support is taken;
the environment variable ``BACKPROP_C_SIMD`` names another one.
"""

import importlib
import os
from functools import cache

from .._system import cpu

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
# The build for single rows of layers that are too narrow for lanes: one lane, with the
# instructions that the level has.
single = "v3_single" if level in ("v3", "v4") else "scalar"


@cache
def table(dtype_name, build=level):
    """The capsule with the kernels for "float32" or "float64", of the level in use or `single`."""
    return importlib.import_module(f"{__name__}.builds.{build}_{dtype_name}").table
