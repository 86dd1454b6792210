"""The compiled modules: which there are, and how each compiler is told to build them.

Everything else stands in pyproject.toml. ``BACKPROP_C_CHECKED=1`` makes the checked build:
sanitizers and C assertions.
"""

import os
import platform
import sys

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

PACKAGE = "src/backprop_c"
KERNELS = f"{PACKAGE}/_kernels"
CHECKED = os.environ.get("BACKPROP_C_CHECKED", "") not in ("", "0")
X86_64 = platform.machine().lower() in ("x86_64", "amd64")

# Each level: the bytes of a vector (0: one lane), and the flags of GCC and Clang.
LEVELS = {"scalar": (0, []), "baseline": (16, [])}
if X86_64 and sys.platform != "win32":
    LEVELS["v3"] = (32, ["-march=x86-64-v3"])
    LEVELS["v4"] = (64, ["-march=x86-64-v4", "-mprefer-vector-width=512"])

UNIX_FLAGS = ["-O3", "-g0", "-fno-trapping-math", "-fno-math-errno", "-fvisibility=hidden"]
UNIX_FLAGS += ["-Wno-psabi", "-fno-tree-loop-vectorize"]
CHECKED_FLAGS = ["-O1", "-g", "-UNDEBUG", "-fsanitize=address,undefined", "-fno-wrapv"]
CHECKED_FLAGS += ["-fstrict-overflow", "-fno-sanitize-recover=undefined", "-Wno-psabi"]
DIRECTIVES = {
    "language_level": 3,
    "cdivision": True,
    "initializedcheck": False,
    "binding": True,
}


class BuildExt(build_ext):
    """Flags by the compiler's kind; no path of the building Python in the modules."""

    def finalize_options(self):
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count()

    def build_extensions(self):
        if self.compiler.compiler_type == "msvc":
            flags = {name: [] for name in LEVELS}
            common, link = ["/O2"], []
        else:
            flags = {name: level_flags for name, (_, level_flags) in LEVELS.items()}
            common = CHECKED_FLAGS if CHECKED else UNIX_FLAGS
            link = ["-fsanitize=address,undefined"] if CHECKED else []
            self.compiler.linker_so = [
                word for word in self.compiler.linker_so if "-rpath" not in word
            ]
        for extension in self.extensions:
            level = getattr(extension, "level", None)
            extension.extra_compile_args = common + flags.get(level, [])
            extension.extra_link_args = link
        super().build_extensions()


def extension(path, **macros):
    return Extension(
        "backprop_c." + path.replace("/", "."),
        [f"{PACKAGE}/{path}.pyx"],
        include_dirs=[KERNELS, numpy.get_include()],
        define_macros=[("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION")]
        + [(name, str(value)) for name, value in macros.items()],
    )


def kernels():
    for name, (lane_bytes, _) in LEVELS.items():
        for dtype in ("float32", "float64"):
            module = extension(
                f"_kernels/kernels_{name}_{dtype}",
                LEVEL=f'"{name}"',
                LANE_BYTES=lane_bytes,
                REAL_IS_FLOAT=int(dtype == "float32"),
            )
            module.level = name
            yield module


EXTENSIONS = [
    extension("_kernels/cpu", LEVELS_BUILT='"{}"'.format(" ".join(LEVELS))),
    *kernels(),
    extension("_loop"),
    extension("_engine"),
    extension("_trainer"),
]

# cythonize returns extensions of its own making: what it does not know is carried over.
modules = cythonize(EXTENSIONS, build_dir="build/cython", compiler_directives=DIRECTIVES)
for made, given in zip(modules, EXTENSIONS, strict=True):
    made.level = getattr(given, "level", None)

setup(ext_modules=modules, cmdclass={"build_ext": BuildExt})
