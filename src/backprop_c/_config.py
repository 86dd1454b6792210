"""What is installed and what it runs on."""

import platform

import numpy as np

from ._kernels import VARIABLE, level
from ._system import cpu
from ._version import __version__

MEANING = {
    "scalar": "one lane",
    "baseline": "16-byte vectors",
    "v3": "AVX2, FMA",
    "v4": "AVX-512",
}


def show_config() -> None:
    """Print versions, compiler, the instruction-set levels, and the one in use.

    Examples
    --------
    >>> import backprop_c
    >>> backprop_c.show_config()  # doctest: +ELLIPSIS
    backprop_c        ...
    """
    # In the order in which they are built: from one lane to the widest vectors.
    supported = [name for name in cpu.levels_built if name in cpu.levels_supported()]
    rows = {
        "backprop_c": __version__,
        "NumPy": np.__version__,
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": platform.platform(),
        "compiler": cpu.compiler,
        "levels built": ", ".join(f"{name} ({MEANING[name]})" for name in cpu.levels_built),
        "levels supported": ", ".join(supported),
        "level in use": f"{level} ({VARIABLE} chooses another one)",
    }
    for name, value in rows.items():
        print(f"{name:<18}{value}")
