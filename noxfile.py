"""What developers and CI run: ``nox`` for all that a change must pass, ``nox -l`` for the list.

Each session makes its own environment. The tests run against an installed wheel, in an empty
folder's view of the package: never against the sources.
"""

import os
import subprocess
import sys
from pathlib import Path

import nox

sys.path.insert(0, str(Path(__file__).parent))
import platforms.aarch64
import platforms.dispatch
import platforms.macos
import platforms.windows

nox.options.sessions = ["lint", "wheel", "tests", "checked"]
nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = False

ROOT = Path(__file__).parent
DIST = ROOT / "dist"
LARGEST_WHEEL = 3_000_000
SOURCES = (".py", ".pyx", ".pxd", ".pxi", ".h", ".pyi", ".csv")
PYTHONS = ["3.11", "3.12", "3.13", "3.14", "3.14t", "3.15"]
OWN = f"{sys.version_info.major}.{sys.version_info.minor}"
LEVELS = """
from backprop_c._kernels import cpu
print(*[level for level in cpu.levels_supported() if level in cpu.levels_built])
"""


@nox.session(python=OWN)
def lint(session):
    """Ruff, cython-lint, mypy, and stubtest on the built modules."""
    session.install(".[dev]")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("cython-lint", "src")
    session.run("mypy")
    with session.chdir(session.create_tmp()):
        session.run(
            "stubtest",
            "backprop_c",
            "--concise",
            "--allowlist",
            str(ROOT / "tests" / "stubtest_allowlist.txt"),
            "--mypy-config-file",
            str(ROOT / "pyproject.toml"),
        )


@nox.session(python=OWN)
def wheel(session):
    """The sdist, and the wheel from the sdist, into dist/."""
    session.install("build")
    for old in DIST.glob("backprop_c-*"):
        old.unlink()
    session.run("python", "-m", "build", "--outdir", str(DIST), str(ROOT))
    for made in DIST.glob("*.whl"):
        if made.stat().st_size > LARGEST_WHEEL:
            session.error(f"{made.name} has {made.stat().st_size} bytes, more than {LARGEST_WHEEL}")


def built_wheel(session):
    """The wheel for this session's Python: the one in dist/, or one built from the sdist."""
    abi = f"cp{str(session.python).replace('.', '')}"
    pattern = f"backprop_c-*-{abi.removesuffix('t')}-{abi}-*.whl"
    sdists = list(DIST.glob("backprop_c-*.tar.gz"))
    sources = [path for path in (ROOT / "src").rglob("*") if path.suffix in SOURCES]
    newest = max(
        path.stat().st_mtime
        for path in [*sources, ROOT / "setup.py", ROOT / "tools" / "targets.py"]
    )
    if not sdists or sdists[0].stat().st_mtime < newest:
        session.error("dist/ is older than the sources: run `nox -s wheel` first")
    found = list(DIST.glob(pattern))
    if not found:
        session.run(
            "python", "-m", "pip", "wheel", "--no-deps", "--wheel-dir", str(DIST), str(sdists[0])
        )
        found = list(DIST.glob(pattern))
    return found[0]


@nox.session(python=PYTHONS)
def tests(session):
    """The suite on the installed wheel: at every level for this Python, at the best for others."""
    session.install(f"{built_wheel(session)}[test]")
    levels = [None]
    if session.python == OWN:
        out = session.run("python", "-c", LEVELS, silent=True)
        levels = out.split()
    for level in levels:
        session.run("pytest", *session.posargs, env={"BACKPROP_C_SIMD": level or ""})


@nox.session(python=OWN)
def checked(session):
    """The suite on a build with address and undefined-behaviour sanitizers and C assertions."""
    session.install("--no-cache-dir", ".[test]", env={"BACKPROP_C_CHECKED": "1"})
    # The C++ library too: the sanitizer looks for its functions when it is loaded, and
    # matplotlib throws.
    compiler = os.environ.get("CC", "gcc")
    libraries = [
        subprocess.run(
            [compiler, f"-print-file-name={name}"], capture_output=True, text=True, check=True
        ).stdout.strip()
        for name in ("libasan.so", "libstdc++.so")
    ]
    session.run(
        "pytest",
        *session.posargs,
        env={
            "LD_PRELOAD": " ".join(libraries),
            # CPython's own objects live to the end.
            "ASAN_OPTIONS": "detect_leaks=0",
            "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
            "BACKPROP_C_CHECKED": "1",
        },
    )


@nox.session(python=OWN)
def benchmark(session):
    """Speed against NumPy's, on the installed wheel; with arguments, against everybody's."""
    session.install(f"{built_wheel(session)}[{'benchmark' if session.posargs else 'test'}]")
    session.run("python", str(ROOT / "benchmarks" / "run.py"), *(session.posargs or ["--quick"]))


@nox.session(python=OWN)
def dispatch(session):
    """Processors and their levels under qemu; the kernels compiled for other processors."""
    platforms.dispatch.run(session, built_wheel(session))


@nox.session(python=OWN)
def macos(session):
    """All modules compiled for macOS on both processors, and for Windows on arm64."""
    platforms.macos.run(session)


@nox.session(python=OWN)
def aarch64(session):
    """The wheel for Linux on arm64, cross-built and tested under an emulator."""
    platforms.aarch64.run(session)


@nox.session(python=OWN)
def windows(session):
    """All modules for Windows on x86-64, by mingw-w64, tested under Wine."""
    platforms.windows.run(session)
