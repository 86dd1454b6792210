"""Every module compiles for macOS and for Windows on arm64, which cannot be run here."""

import re

from .common import (
    CACHE,
    HEADERS,
    INCLUDE,
    PLATFORMS,
    compile_modules,
    generate,
    modules,
    wheels,
)

PYTHON = "3.13"  # of the NumPy wheels whose headers are read
# A target of zig's -> what setup.py calls it, and the tag of a NumPy wheel.
MACOS = {
    "aarch64-macos": ("macosx-11.0-arm64", "macosx_14_0_arm64"),
    "x86_64-macos": ("macosx-10.15-x86_64", "macosx_14_0_x86_64"),
}
WINDOWS = "aarch64-windows-gnu"
# Windows' own headers come first, as they do with Python's: their macros meet our names.
WINDOWS_HEADERS = ["-include", str(PLATFORMS / "pyconfig_windows.h"), "-include", "windows.h"]
# Microsoft's compiler, imitated: the headers know their real compiler, and the code after them
# does not.
MICROSOFT = """
#include <stdint.h>
#include <stdlib.h>
#include <malloc.h>
#include <windows.h>
#undef __GNUC__
#undef __clang__
#include "platform.h"
int load(const int *flag) { return load_flag(flag); }
void set(int *flag) { set_flag(flag, 1); }
"""
# What orders a load or a store on arm64: a barrier, or an access that acquires or releases.
ORDERED = re.compile(r"\b(dmb|ldar|ldaxr|stlr|stlxr|swpal?|casal?|__aarch64_\w+_acq_rel)\b")


def compiler(session, target):
    return [f"{session.bin}/python", "-m", "ziglang", "cc", "-target", target, "-fno-sanitize=all"]


def compile_all(session, target, platform, headers):
    chosen = modules(platform)
    compile_modules(session, compiler(session, target), chosen, "-c", "-O1", *headers)
    session.log(f"{target}: {len(chosen)} modules without a warning")


def flags_are_ordered(session):
    """Flags between threads without GCC's builtins, on a processor that reorders them."""
    source, out = CACHE / "flags.c", CACHE / "flags.s"
    source.write_text(MICROSOFT)
    command = [*compiler(session, WINDOWS), "-S", "-O2", *HEADERS]
    session.run(*command, str(source), "-o", str(out), log=False)
    text = out.read_text()
    for name in ("load", "set"):
        body = re.search(rf"^{name}:.*?\tret\b", text, re.M | re.S)
        if not ORDERED.search(body[0]):
            session.error(
                f"{name}_flag orders nothing on arm64 for Microsoft's compiler: {body[0]}"
            )
    session.log("flags between threads are ordered for Microsoft's compiler on arm64")


def run(session):
    """The session."""
    session.install("ziglang")
    generate(session)
    for target, (platform, tag) in MACOS.items():
        numpy = wheels(session, CACHE / f"numpy-{tag}", "numpy", platform=[tag], python=PYTHON)
        headers = [f"-I{INCLUDE}", f"-I{numpy}/numpy/_core/include"]
        compile_all(session, target, platform, headers)
    numpy = wheels(session, CACHE / "numpy-win", "numpy", platform=["win_arm64"], python=PYTHON)
    headers = [*WINDOWS_HEADERS, f"-I{INCLUDE}", f"-I{numpy}/numpy/_core/include"]
    compile_all(session, WINDOWS, "win-arm64", headers)
    flags_are_ordered(session)
