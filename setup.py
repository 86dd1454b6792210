"""The compiled modules: which there are, and how each compiler is told to build them.

Everything else stands in pyproject.toml. ``BACKPROP_C_CHECKED=1`` makes the checked build:
sanitizers and C assertions.
"""

import os
import shutil
import sys
import sysconfig
import tempfile
from pathlib import Path

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError

sys.path.insert(0, str(Path(__file__).parent / "tools"))
import targets

PACKAGE = "src/backprop_c"
KERNELS = f"{PACKAGE}/_kernels"
CHECKED = os.environ.get("BACKPROP_C_CHECKED", "") not in ("", "0")
# On Windows, Clang stands in for Microsoft's compiler, which has no vector types. It takes GCC's
# flags behind a prefix, and builds for its own machine unless it is told the target.
CLANG_CL = shutil.which("clang-cl") if os.name == "nt" else None
CLANG_CL_TARGETS = {"win-amd64": "x86_64", "win-arm64": "aarch64", "win32": "i686"}
BUILDS = targets.builds(
    sysconfig.get_platform(),
    os.environ.get("ARCHFLAGS", ""),
    vectors=os.name != "nt" or CLANG_CL is not None,
)
LEVELS = [name for name, build in BUILDS.items() if build.is_level]

UNIX_FLAGS = ["-O3", "-g0", "-fno-trapping-math", "-fno-math-errno", "-fvisibility=hidden"]
UNIX_FLAGS += ["-Wno-psabi"]
# The auto-vectoriser only gets in the way of the lanes; GCC and Clang have a name each for it.
OPTIONAL_FLAGS = ["-fno-tree-loop-vectorize", "-fno-vectorize"]
CHECKED_FLAGS = ["-O1", "-g", "-UNDEBUG", "-fsanitize=address,undefined", "-fno-wrapv"]
CHECKED_FLAGS += ["-fstrict-overflow", "-fno-sanitize-recover=undefined", "-Wno-psabi"]
CLANG_CL_FLAGS = ["-O3", "-fno-trapping-math", "-fno-math-errno", "-fno-vectorize"]
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
        prefix = ""
        if self.compiler.compiler_type == "msvc":
            common, link = ["/O2"], []
            if CLANG_CL:
                prefix = "/clang:"
                self.compiler.initialize(self.plat_name)
                self.compiler.cc = CLANG_CL
                common.append(f"--target={CLANG_CL_TARGETS[self.plat_name]}-pc-windows-msvc")
                common += [prefix + flag for flag in CLANG_CL_FLAGS]
            else:
                self.warn("no clang-cl is found: the kernels get no vectors, only level scalar")
        else:
            common = CHECKED_FLAGS if CHECKED else UNIX_FLAGS + self.accepted(OPTIONAL_FLAGS)
            link = ["-fsanitize=address,undefined"] if CHECKED else []
            self.compiler.linker_so = [
                word for word in self.compiler.linker_so if "-rpath" not in word
            ]
        for extension in self.extensions:
            build = BUILDS.get(getattr(extension, "build", None))
            flags = [prefix + flag for flag in build.flags] if build else []
            extension.extra_compile_args = common + flags
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
    for name, build in BUILDS.items():
        for dtype in ("float32", "float64"):
            module = extension(
                f"_kernels/kernels_{name}_{dtype}",
                LANE_BYTES=build.lane_bytes,
                REAL_IS_FLOAT=int(dtype == "float32"),
            )
            module.build = name
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
    made.build = getattr(given, "build", None)

setup(ext_modules=modules, cmdclass={"build_ext": BuildExt})
