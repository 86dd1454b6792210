"""What developers and CI run: ``nox`` for all that a change must pass, ``nox -l`` for the list.

Each session makes its own environment. The tests run against an installed wheel, never against the
sources.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nox

sys.path.insert(0, str(Path(__file__).parent))
import platforms.aarch64
import platforms.dispatch
import platforms.freethreaded
import platforms.macos
import platforms.pyodide
import platforms.windows
from platforms.common import AGAIN, ALONE, PARALLEL, WHOLE

nox.options.sessions = ["wheel", "lint", "configuration", "tests", "recipes", "checked"]
nox.options.default_venv_backend = "uv|venv"
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False

ROOT = Path(__file__).parent
DIST = ROOT / "dist"
SOURCES = (".py", ".pyx", ".pxd", ".pxi", ".h", ".pyi", ".csv")
PYTHONS = ["3.11", "3.12", "3.13", "3.14", "3.14t", "3.15", "3.15t"]
OWN = f"{sys.version_info.major}.{sys.version_info.minor}"
# What these compare with NumPy is computed by C alone: one Python is enough for them.
OF_KERNELS = ["clip_value", "clipping", "dropout", "elementary", "jacobian", "kernels", "l1"]
OF_KERNELS += [
    "levenberg_marquardt",
    "losses",
    "metrics",
    "optimizers",
    "penalties",
    "regularization",
    "sklearn_same",
    "trace",
    "wide",
]
# For other Pythons: tests of both dtypes run for one, and the demos and examples, which take long,
# for no other Python.
OF_PYTHON = ["-k", "not float64 and not test_demo and not test_examples_run"]
# These start programs, look at sources, or ask how exact a formula is, over arrays that others go
# through, too: the sanitizers have nothing to find there.
OF_PROGRAMS = ["architecture", "benchmarks", "check_wheel", "cli", "elementary", "every_level"]
OF_PROGRAMS += ["headers", "plotting", "sklearn", "sklearn_beyond", "sklearn_same", "targets"]
OF_PROGRAMS += ["wheels", "workflows"]

nox.needs_version = ">= 2025.11.12"


def groups(*names):
    """The requirements of pyproject.toml's dependency groups."""
    return nox.project.dependency_groups(nox.project.load_toml(ROOT / "pyproject.toml"), *names)


def current_sdist(session):
    """The sdist in dist/, which must be of the sources as they are."""
    sdists = list(DIST.glob("backprop_c-*.tar.gz"))
    sources = [path for path in (ROOT / "src").rglob("*") if path.suffix in SOURCES]
    newest = max(
        path.stat().st_mtime
        for path in [*sources, ROOT / "setup.py", ROOT / "tools" / "targets.py"]
    )
    if not sdists or sdists[0].stat().st_mtime < newest:
        session.error("dist/ is older than the sources: run `nox -s wheel` first")
    return sdists[0]


def wheel_of(session, sdist, **environment):
    """Build the wheel of an sdist for this session's Python, in a folder of the session's."""
    source, out = Path(session.create_tmp()) / "source", Path(session.create_tmp()) / "wheel"
    for folder in (source, out):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.unpack_archive(sdist, source, filter="data")
    (unpacked,) = source.iterdir()
    command = ["python", "-m", "build", "--wheel", "--installer", "uv", "--outdir", str(out)]
    session.run(*command, str(unpacked), env=environment)
    return next(out.glob("*.whl"))


def repair(session, wheel):
    """Put a wheel into dist/: on Linux with the tag of the oldest systems that it runs on."""
    if sys.platform == "linux":
        session.run("auditwheel", "repair", "--wheel-dir", str(DIST), str(wheel))
    else:
        shutil.copy(wheel, DIST)


@nox.session(python=OWN)
def wheel(session):
    """The sdist, and the wheel from it, into dist/; and all that is asked of a wheel."""
    session.install(*groups("wheel"))
    # Any time will do: what is built twice must have the same.
    session.env["SOURCE_DATE_EPOCH"] = os.environ.get("SOURCE_DATE_EPOCH", "1577836800")
    once = Path(session.create_tmp()) / "once"
    for old in [*DIST.glob("backprop_c-*"), *once.glob("*")]:
        old.unlink()
    session.run("python", "-m", "build", "--installer", "uv", "--outdir", str(once), str(ROOT))
    (sdist,), (made,) = once.glob("*.tar.gz"), once.glob("*.whl")
    DIST.mkdir(exist_ok=True)
    shutil.copy(sdist, DIST)
    check = [str(ROOT / "tools" / "check_wheel.py")]
    session.run("python", *check, str(made), str(wheel_of(session, sdist)))
    repair(session, made)
    session.run("twine", "check", "--strict", *map(str, DIST.glob("backprop_c-*")))
    for path in map(str, DIST.glob("backprop_c-*.whl")):
        session.run("check-wheel-contents", path)
        if sys.platform == "linux":
            session.run("python", *check, path)


@nox.session(python=OWN)
def configuration(session):
    """The workflows, pyproject.toml, and the list of wheels that cibuildwheel would build."""
    session.install(*groups("configuration"))
    session.run("validate-pyproject", "pyproject.toml")
    session.run("actionlint")
    session.run("zizmor", "--offline", "--strict-collection", "--persona=auditor", ".github")
    files = ["tests/test_workflows.py", "tests/test_wheels.py"]
    session.run("pytest", "--noconftest", "-o", "pythonpath=tests", *files)


def built_wheel(session):
    """The wheel for this session's Python: the one in dist/, or one built from the sdist."""
    abi = f"cp{str(session.python).replace('.', '')}"
    pattern = f"backprop_c-*-{abi.removesuffix('t')}-{abi}-*.whl"
    sdist = current_sdist(session)
    if not list(DIST.glob(pattern)):
        session.install(*groups("build"))
        repair(session, wheel_of(session, sdist))
    return next(DIST.glob(pattern))


@nox.session(python=OWN)
def lint(session):
    """Ruff, cython-lint, mypy, and stubtest on the built modules."""
    session.install(f"{built_wheel(session)}[dev]")
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


def without(names):
    """Words for pytest, which leave these files out."""
    return [f"--ignore=tests/test_{name}.py" for name in names]


def suite(session, *command, alone=()):
    """Tests by a command that takes pytest's words, and then those that count time.

    Of the latter those of some files, if there are any in `alone`.
    """
    session.run(*command, *PARALLEL, *session.posargs)
    # Where only some files are asked for, they may have no such tests.
    codes = [0, 5] if session.posargs else [0]
    session.run("pytest", *ALONE, *(session.posargs or alone), success_codes=codes)


@nox.session(python=PYTHONS)
def tests(session):
    """The suite on the installed wheel, at the best level.

    For this Python, what can depend on the level is run at the others, too; for others, what can
    depend on the Python is run.
    """
    session.install(f"{built_wheel(session)}[test]")
    if session.python == OWN:
        suite(session, "python", str(ROOT / "tests" / "every_level.py"), "--quick", *WHOLE)
    else:
        # How long an import takes depends on the Python.
        words = [*WHOLE, *OF_PYTHON, *without(OF_KERNELS)]
        suite(session, "pytest", *words, alone=[str(ROOT / "tests" / "test_package.py")])


@nox.session(python=OWN)
def oldest(session):
    """The estimators with the oldest scikit-learn that is supported."""
    session.install(f"{built_wheel(session)}[test]", "scikit-learn==1.6.*")
    files = [f"tests/test_sklearn{name}.py" for name in ("", "_beyond", "_errors", "_same")]
    # It has a generator where pytest wants a list.
    words = [*PARALLEL, "-W", "ignore::pytest.PytestRemovedIn10Warning"]
    session.run("pytest", *words, *files, *session.posargs)


@nox.session(python=OWN)
def recipes(session):
    """CONTRIBUTING's recipes, followed on a copy of the sources, which is built and tested."""
    session.install(f"{built_wheel(session)}[test]")
    files = ["tests/test_recipes.py"]
    session.run("pytest", *files, *session.posargs, env={"BACKPROP_C_RECIPES": "1"})


@nox.session(python=OWN)
def checked(session):
    """The suite on a build with address and undefined-behaviour sanitizers and C assertions."""
    session.install(*groups("build"))
    built = wheel_of(session, current_sdist(session), BACKPROP_C_CHECKED="1")
    session.install(f"{built}[test]")
    # The C++ library too: the sanitizer looks for its functions when it is loaded, and
    # matplotlib throws.
    compiler = os.environ.get("CC", "gcc")
    libraries = [
        subprocess.run(
            [compiler, f"-print-file-name={name}"], capture_output=True, text=True, check=True
        ).stdout.strip()
        for name in ("libasan.so", "libstdc++.so")
    ]
    environment = {
        "LD_PRELOAD": " ".join(libraries),
        # CPython's own objects live to the end, and more memory than there is is NULL.
        "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1",
        "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
        "BACKPROP_C_CHECKED": "1",
    }
    # Tests that count time are left out: the sanitizers make everything several times as slow.
    words = [*PARALLEL, *AGAIN, *without(OF_PROGRAMS)]
    session.run("pytest", *words, *session.posargs, env=environment)


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


@nox.session(python=OWN)
def race(session):
    """Threads that share one network, on a Python without a GIL; a part of `freethreaded`."""
    platforms.freethreaded.race(session)


@nox.session(python=OWN)
def freethreaded(session):
    """On a Python without a GIL, which is built where none is found; and ThreadSanitizer."""
    platforms.freethreaded.run(session)


@nox.session(python=OWN)
def pyodide(session):
    """All modules compiled and linked for WebAssembly; none is run."""
    platforms.pyodide.run(session)
