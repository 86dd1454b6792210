"""The compiled modules: which there are, and how each compiler is told to build them.

Everything else stands in pyproject.toml. ``BACKPROP_C_CHECKED=1`` makes the checked build:
sanitizers and C assertions.
"""

import os
import platform
import sys
import tempfile

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError

PACKAGE = "src/backprop_c"
KERNELS = f"{PACKAGE}/_kernels"
CHECKED = os.environ.get("BACKPROP_C_CHECKED", "") not in ("", "0")
X86_64 = platform.machine().lower() in ("x86_64", "amd64")

# Each level: the bytes of a vector (0: one lane), and the flags of GCC and Clang.
LEVELS = {"scalar": (0, []), "baseline": (16, [])}
BUILDS = {}
if X86_64 and sys.platform != "win32":
    # Feature by feature: compilers older than the names x86-64-v3 and x86-64-v4 know these.
    V3 = ["-mavx2", "-mfma", "-mbmi", "-mbmi2", "-mf16c", "-mlzcnt", "-mmovbe", "-mpopcnt"]
    V4 = ["-mavx512f", "-mavx512bw", "-mavx512cd", "-mavx512dq", "-mavx512vl"]
    LEVELS["v3"] = (32, V3)
    LEVELS["v4"] = (64, [*V3, *V4, "-mprefer-vector-width=512"])
    # One lane, with the instructions of v3: what v3 and v4 take for single rows of narrow layers.
    BUILDS["v3_single"] = (0, V3)
BUILDS.update(LEVELS)

UNIX_FLAGS = ["-O3", "-g0", "-fno-trapping-math", "-fno-math-errno", "-fvisibility=hidden"]
UNIX_FLAGS += ["-Wno-psabi"]
# The auto-vectoriser only gets in the way of the lanes; GCC and Clang have a name each for it.
OPTIONAL_FLAGS = ["-fno-tree-loop-vectorize", "-fno-vectorize"]
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
        # What an earlier build left may be of the other kind, and times do not tell.
        self.force = True

    def accepted(self, flags):
        """The flags that the compiler knows."""
        with tempfile.TemporaryDirectory() as folder:
            source = os.path.join(folder, "empty.c")
            with open(source, "w", encoding="ascii") as file:
                file.write("int nothing;\n")
            known = []
            for flag in flags:
                try:
                    self.compiler.compile([source], folder, extra_postargs=["-Werror", flag])
                except CompileError:
                    continue
                known.append(flag)
        return known

    def build_extensions(self):
        if self.compiler.compiler_type == "msvc":
            flags = {}
            common, link = ["/O2"], []
        else:
            flags = {name: level_flags for name, (_, level_flags) in BUILDS.items()}
            common = CHECKED_FLAGS if CHECKED else UNIX_FLAGS + self.accepted(OPTIONAL_FLAGS)
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
    for name, (lane_bytes, _) in BUILDS.items():
        for dtype in ("float32", "float64"):
            module = extension(
                f"_kernels/kernels_{name}_{dtype}",
                LANE_BYTES=lane_bytes,
                REAL_IS_FLOAT=int(dtype == "float32"),
            )
            module.level = name
            yield module


EXTENSIONS = [
    extension("_kernels/cpu", LEVELS_BUILT='"{}"'.format(" ".join(LEVELS))),
    *kernels(),
    extension("_tables"),
    extension("_crew"),
    extension("_plan"),
    extension("_loop"),
    extension("_shared"),
    extension("_outcome"),
    extension("_engine"),
    extension("_trainer"),
]

# cythonize returns extensions of its own making: what it does not know is carried over.
modules = cythonize(EXTENSIONS, build_dir="build/cython", compiler_directives=DIRECTIVES)
for made, given in zip(modules, EXTENSIONS, strict=True):
    made.level = getattr(given, "level", None)

setup(ext_modules=modules, cmdclass={"build_ext": BuildExt})
