"""The compiled modules, and for each processor the levels, their vectors and compiler flags.

setup.py asks, and it asks about the processor that the modules are to run on, which a
cross-compiler does not share with the machine that it runs on.
"""

import re
from pathlib import Path
from typing import NamedTuple

# Feature by feature: compilers older than the names x86-64-v3 and x86-64-v4 know these. cpu.pyx
# looks for each of them before it chooses a level.
V3 = ["-mavx2", "-mfma", "-mbmi", "-mbmi2", "-mf16c", "-mlzcnt", "-mmovbe", "-mpopcnt"]
V4 = [*V3, "-mavx512f", "-mavx512bw", "-mavx512cd", "-mavx512dq", "-mavx512vl"]
SOURCE = Path(__file__).resolve().parents[1] / "src" / "backprop_c"
# Modules that are built for each level, or about levels: the others are built once.
OF_LEVELS = ("_kernels", "_system")


class Build(NamedTuple):
    """How the kernels of one name are compiled."""

    lane_bytes: int  # of a vector; 0 for one lane
    flags: list[str]  # of GCC and Clang
    is_level: bool = True  # a name that users can choose


class Module(NamedTuple):
    """One compiled module: a Cython source, and how it is compiled."""

    path: str  # below the package's folder, without an ending
    macros: dict[str, str]
    flags: list[str]  # of GCC and Clang


def processor(platform, archflags=""):
    """The processor that a build is for: "x86_64", "wasm32", or "other".

    Parameters
    ----------
    platform : str
        As of ``sysconfig.get_platform()``, which knows the target: "linux-x86_64", "win-arm64",
        "macosx-11.0-universal2".
    archflags : str
        The environment's ARCHFLAGS, which on macOS replaces what the platform says. A build for
        several processors is one for "other".
    """
    named = set()
    if platform.startswith("macosx"):
        named = set(re.findall(r"-arch\s+(\w+)", archflags))
    name = " and ".join(named) or platform
    if re.search("x86_64|amd64", name) and len(named) <= 1:
        return "x86_64"
    return "wasm32" if "wasm32" in name else "other"


def builds(platform, archflags="", vectors=True):
    """Name -> Build for a target; without `vectors`, for a compiler that has no vector types."""
    found = {"scalar": Build(0, [])}
    if not vectors:
        return found
    target = processor(platform, archflags)
    found["baseline"] = Build(16, ["-msimd128"] if target == "wasm32" else [])
    if target == "x86_64":
        found["v3"] = Build(32, V3)
        found["v4"] = Build(64, [*V4, "-mprefer-vector-width=512"])
        # One lane with the instructions of v3: what v3 and v4 take for single rows of narrow
        # layers.
        found["v3_single"] = Build(0, V3, is_level=False)
    return found


def modules(found):
    """All modules of the package, for the builds of a target."""
    levels = " ".join(name for name, build in found.items() if build.is_level)
    made = [Module("_system/cpu", {"LEVELS_BUILT": f'"{levels}"'}, [])]
    for name, build in found.items():
        for dtype in ("float32", "float64"):
            macros = {
                "LANE_BYTES": f"{build.lane_bytes}",
                "SINGLE_ROWS_ALONE": "0" if build.is_level else "1",
                "REAL_IS_FLOAT": f"{int(dtype == 'float32')}",
            }
            made.append(Module(f"_kernels/builds/{name}_{dtype}", macros, build.flags))
    paths = [path.relative_to(SOURCE).with_suffix("") for path in sorted(SOURCE.rglob("*.pyx"))]
    return made + [
        Module(path.as_posix(), {}, []) for path in paths if path.parts[0] not in OF_LEVELS
    ]
