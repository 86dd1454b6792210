"""The kernels' C headers, as compilers read them that this machine may not have.

What such a compiler defines is imitated: the system's headers are read first, since they need the
real names, and the compiler's own names are changed after that.
"""

import shutil
import subprocess
import sys

import pytest
from sources import ROOT, need

PACKAGE = ROOT / "src" / "backprop_c"
HEADERS = [f"-I{PACKAGE / folder}" for folder in ("_kernels/lanes", "_system")]
COMPILER = shutil.which("gcc")
SYSTEM = "float.h malloc.h math.h sched.h stddef.h stdint.h stdlib.h string.h time.h unistd.h"
GCC = ""
CLANG_FOR_MSVC = "#undef __GNUC__\n#define __clang__ 1\n"
MSVC = "#undef __GNUC__\n#define _MSC_VER 1944\n"

need("src/backprop_c")
pytestmark = pytest.mark.skipif(
    COMPILER is None or not sys.platform.startswith("linux"),
    reason="the headers are read by gcc, among the system headers of Linux",
)


def translate(names, code, folder, **macros):
    """What the compiler says to some code after the system's headers and some names."""
    source = folder / "source.c"
    includes = "".join(f"#include <{header}>\n" for header in SYSTEM.split())
    source.write_text(includes + names + code)
    flags = [f"-D{name}={value}" for name, value in macros.items()]
    return subprocess.run(
        [COMPILER, "-fsyntax-only", "-Wno-psabi", "-Werror", *HEADERS, *flags, str(source)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("names", [GCC, CLANG_FOR_MSVC])
@pytest.mark.parametrize("lane_bytes", [0, 16, 32, 64])
@pytest.mark.parametrize(("is_float", "real"), [(0, "double"), (1, "float")])
def test_gcc_and_clang_have_vectors(names, lane_bytes, is_float, real, tmp_path):
    """Clang for Windows' own C library defines __clang__ and not __GNUC__."""
    code = f"""
#include "lanes.h"
_Static_assert(LANES == ({lane_bytes} ? {lane_bytes} / sizeof({real}) : 1), "LANES");
_Static_assert(sizeof(lanes) == LANES * sizeof({real}), "size");
_Static_assert(_Alignof(lanes) == sizeof({real}), "alignment");
"""
    done = translate(names, code, tmp_path, LANE_BYTES=lane_bytes, REAL_IS_FLOAT=is_float)
    assert done.returncode == 0, done.stderr


def test_a_compiler_without_vectors_builds_one_lane_or_says_so(tmp_path):
    code = '#include "lanes.h"\n_Static_assert(LANES == 1, "LANES");\n'
    assert translate(MSVC, code, tmp_path, LANE_BYTES=0, REAL_IS_FLOAT=0).returncode == 0
    done = translate(MSVC, code, tmp_path, LANE_BYTES=16, REAL_IS_FLOAT=0)
    assert done.returncode != 0
    assert "build with LANE_BYTES=0" in done.stderr


@pytest.mark.parametrize("names", [GCC, CLANG_FOR_MSVC])
def test_gcc_and_clang_have_atomics(names, tmp_path):
    done = translate(names, '#include "platform.h"\n', tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_headers_leave_windows_names_alone(tmp_path):
    """Names that windows.h defines, as of its graphics, are no macros of ours."""
    taken = "".join(f"#define {name} 1\n" for name in ("ABSOLUTE", "RELATIVE", "IN", "OUT"))
    code = taken + '#include "lanes.h"\n#include "platform.h"\n'
    done = translate(GCC, code, tmp_path, LANE_BYTES=16, REAL_IS_FLOAT=1)
    assert done.returncode == 0, done.stderr
