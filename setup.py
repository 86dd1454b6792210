"""How each compiler is told to build the compiled modules, which tools/targets.py names.

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
HEADERS = [f"{PACKAGE}/_kernels/lanes", f"{PACKAGE}/_system"]
CHECKED = os.environ.get("BACKPROP_C_CHECKED", "") not in ("", "0")
# On Windows, Clang stands in for Microsoft's compiler, which has no vector types. It takes GCC's
# flags behind a prefix, and builds for its own machine unless it is told the target.
CLANG_CL_TARGETS = {"win-amd64": "x86_64", "win-arm64": "aarch64"}
CLANG_CL = shutil.which("clang-cl") if sysconfig.get_platform() in CLANG_CL_TARGETS else None
BUILDS = targets.builds(
    sysconfig.get_platform(),
    os.environ.get("ARCHFLAGS", ""),
    vectors=os.name != "nt" or CLANG_CL is not None,
)
MODULES = targets.modules(BUILDS)

UNIX_FLAGS = ["-O3", "-g0", "-fno-trapping-math", "-fno-math-errno", "-fvisibility=hidden"]
UNIX_FLAGS += ["-Wno-psabi"]
# The auto-vectoriser only gets in the way of the lanes; GCC and Clang have a name each for it.
OPTIONAL_FLAGS = ["-fno-tree-loop-vectorize", "-fno-vectorize"]
# Nothing is thrown: tables for unwinding are a part of the modules' size that nobody reads.
OPTIONAL_FLAGS += ["-fno-asynchronous-unwind-tables", "-fno-unwind-tables"]
# With one lane, numbers are stored one by one, and a wide load has to wait for all of its numbers.
# So no vectors are made of neighbouring statements, and no memcpy of loops.
ONE_LANE_FLAGS = ["-fno-tree-slp-vectorize", "-fno-slp-vectorize"]
ONE_LANE_FLAGS += ["-fno-tree-loop-distribute-patterns"]
CHECKED_FLAGS = ["-O1", "-g1", "-UNDEBUG", "-fsanitize=address,undefined", "-fno-wrapv"]
CHECKED_FLAGS += ["-fstrict-overflow", "-fno-sanitize-recover=undefined", "-Wno-psabi"]
CLANG_CL_FLAGS = ["-O3", "-fno-trapping-math", "-fno-math-errno", "-fno-vectorize"]
DIRECTIVES = {
    "language_level": 3,
    "cdivision": True,
    "initializedcheck": False,
    "binding": True,
    "freethreading_compatible": True,
}


EXTENSIONS = [
    Extension(
        "backprop_c." + module.path.replace("/", "."),
        [f"{PACKAGE}/{module.path}.pyx"],
        include_dirs=[*HEADERS, numpy.get_include()],
        define_macros=[
            ("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION"),
            *module.macros.items(),
        ],
    )
    for module in MODULES
]


def generate():
    """The modules' C files, by Cython: their paths, in the order of MODULES."""
    made = cythonize(
        EXTENSIONS,
        build_dir="build/cython",
        compiler_directives=DIRECTIVES,
        nthreads=os.cpu_count(),
    )
    return [extension.sources for extension in made]


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

    def stripped(self):
        """Flags that make modules smaller: no names of functions, no padding between code and data.

        They are an eighth of the modules' size, and a twentieth. A sanitizer needs the names for
        its reports, and to know what it is told not to report.
        """
        sanitized = "-fsanitize" in os.environ.get("LDFLAGS", "")
        if not self.plat_name.startswith("linux") or sanitized:
            return []
        return ["-Wl,--strip-all", "-Wl,-z,noseparate-code"]

    def build_extensions(self):
        prefix, one_lane = "", []
        if self.compiler.compiler_type == "msvc":
            common, link = ["/O2"], []
            if CLANG_CL:
                prefix = "/clang:"
                self.compiler.initialize(self.plat_name)
                self.compiler.cc = CLANG_CL
                common.append(f"--target={CLANG_CL_TARGETS[self.plat_name]}-pc-windows-msvc")
                common += [prefix + flag for flag in CLANG_CL_FLAGS]
                one_lane = [prefix + "-fno-slp-vectorize"]
            else:
                self.warn(
                    "without clang-cl and 64 bits the kernels get no vectors, only level scalar"
                )
        else:
            common = CHECKED_FLAGS if CHECKED else UNIX_FLAGS + self.accepted(OPTIONAL_FLAGS)
            one_lane = [] if CHECKED else self.accepted(ONE_LANE_FLAGS)
            link = ["-fsanitize=address,undefined"] if CHECKED else self.stripped()
            self.compiler.linker_so = [
                word for word in self.compiler.linker_so if "-rpath" not in word
            ]
        # Only now: a request for the package's name or for its sdist needs no C files.
        for extension, module, sources in zip(self.extensions, MODULES, generate(), strict=True):
            extension.sources = sources
            of_lanes = one_lane if module.macros.get("LANE_BYTES") == "0" else []
            own = [prefix + flag for flag in module.flags]
            extension.extra_compile_args = common + of_lanes + own
            extension.extra_link_args = link
        super().build_extensions()


# Cython's processes may import this file.
if __name__ == "__main__":
    setup(ext_modules=EXTENSIONS, cmdclass={"build_ext": BuildExt})
