"""The package on a Python without a GIL: the suite, the suite in threads, and ThreadSanitizer."""

import os
import shutil
import subprocess
from pathlib import Path

from . import debian
from .common import (
    ALONE,
    CACHE,
    HEADERS,
    PARALLEL,
    PLATFORMS,
    ROOT,
    WHOLE,
    build_requirements,
    debian_packages,
)

VERSIONS = ("3.15", "3.14", "3.13")
# Built where no such Python is found. NumPy has wheels for this one up to 2.3.
BUILT = "3.13"
NUMPY = {"3.13": "numpy >= 2.3, < 2.4"}
PURE = ["hypothesis < 6.156", "mpmath >= 1.3", "pytest >= 9", "pytest-run-parallel >= 0.8"]
PURE += ["pytest-xdist >= 3.6"]
# How pytest-run-parallel runs a test in several threads at once. Those marked thread_unsafe, and
# those that it knows to patch modules or to catch warnings, have run before in one thread.
IN_THREADS = ["--parallel-threads=4", "--iterations=1", "--skip-thread-unsafe=yes"]
GIL_IS_OFF = "import sys, backprop_c; assert not sys._is_gil_enabled()"
FITS = 60


def found():
    """A free-threaded Python on the PATH, and its version; or None twice."""
    for version in VERSIONS:
        python = shutil.which(f"python{version}t")
        if python:
            return python, version
    return None, None


def build(session):
    """A free-threaded Python from Debian's source package, in the cache."""
    home = CACHE / "freethreaded"
    python = home / "bin" / f"python{BUILT}t"
    if home.exists():
        return str(python)
    libraries = ["libffi-dev", "libssl-dev", "zlib1g-dev"]
    debian_packages(session, "gcc", "make", "xz-utils", *libraries)
    root = debian.make(session, "source", "ca-certificates", variant="apt")
    sources = root / "etc" / "apt" / "sources.list"
    (root / "etc/apt/sources.list.d/sources.list").write_text(
        sources.read_text().replace("deb ", "deb-src ")
    )
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    session.log("building a Python without a GIL, which takes some minutes")
    folder = CACHE / "python-source"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    inside = debian.inside(root)
    options = ["-o", "Acquire::Check-Valid-Until=false", "-o", "APT::Sandbox::User=root"]
    session.run(*inside, "apt-get", *options, "update", external=True, silent=True)
    session.run(
        *(*inside, "sh", "-c"),
        f"cd '{folder}' && apt-get {' '.join(options)} source --download-only --only-source "
        f"python{BUILT}",
        external=True,
        silent=True,
    )
    (archive,) = folder.glob("*.orig.tar.xz")
    session.run("tar", "-xf", str(archive), "-C", str(folder), external=True)
    (source,) = folder.glob("Python-*")
    with session.chdir(source):
        configure = ["./configure", "--quiet", "--disable-gil", f"--prefix={home}"]
        install = ["make", "--silent", "install", f"DESTDIR={folder}"]
        for command in (configure, ["make", "--silent", f"-j{os.cpu_count()}"], install):
            session.run(*command, external=True, silent=True)
    (folder / home.relative_to("/")).rename(home)
    shutil.rmtree(folder)
    return str(python)


def environment(session, python, version, name, built=None, started=None):
    """A fresh environment with the package; its Python.

    `built` are variables for the compiler, `started` those that the Python is started with.
    """
    folder = CACHE / f"env-{name}"
    session.run(python, "-m", "venv", "--clear", str(folder), external=True)
    inner = str(folder / "bin" / "python")
    numpy = NUMPY.get(version, "numpy")
    install = [inner, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    session.run(*install, "--only-binary=:all:", numpy, *PURE, external=True, silent=True)
    session.run(*install, *build_requirements(), external=True, silent=True)
    session.run(
        *(*install, "--no-build-isolation", "--no-cache-dir", str(ROOT)),
        env=built,
        external=True,
        silent=True,
    )
    session.run(inner, "-W", "error", "-c", GIL_IS_OFF, env=started, external=True)
    return inner


def suite(session, python):
    """All tests; and once more in several threads at once, where they can."""
    folder = Path(session.create_tmp()) / "suite"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "tests", folder / "tests")
    shutil.copy(ROOT / "pyproject.toml", folder)
    with session.chdir(folder):
        for words in ([*PARALLEL, *WHOLE], ALONE, IN_THREADS):
            command = [python, "-m", "pytest", "-q", *words, *session.posargs]
            # Where only some files are asked for, they may have no tests that count time.
            session.run(*command, external=True, success_codes=[0, 5] if session.posargs else [0])


def sanitizer(session, python, version):
    """No data race: in the protocol of sharing.h by itself, and in the modules."""
    library = subprocess.run(
        ["gcc", "-print-file-name=libtsan.so"], capture_output=True, text=True, check=True
    ).stdout.strip()
    include = session.run(
        *(python, "-c", "import sysconfig; print(sysconfig.get_path('include'))"),
        external=True,
        silent=True,
    ).strip()
    program = CACHE / "sharing_race"
    session.run(
        *("gcc", "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-fsanitize=thread", "-pthread"),
        *(*HEADERS, f"-I{include}", str(PLATFORMS / "sharing_race.c"), "-o", str(program)),
        external=True,
    )
    session.run(str(program), external=True)
    flags = dict.fromkeys(("CFLAGS", "LDFLAGS"), "-fsanitize=thread")
    # The interpreter and NumPy are not instrumented, and their accesses not looked at.
    options = "exitcode=66 history_size=4 ignore_noninstrumented_modules=1"
    watched = {
        "LD_PRELOAD": library,
        "TSAN_OPTIONS": f"{options} suppressions={PLATFORMS / 'sanitizer.txt'}",
    }
    inner = environment(session, python, version, "sanitizer", flags, watched)
    race = [inner, str(PLATFORMS / "race.py"), str(FITS)]
    session.run(*race, env=watched, external=True)


def race(session):
    """Threads that do everything with one network at once.

    Returns the Python that has the package, the Python that it was made by, and its version.
    """
    python, version = found()
    if python is None:
        python, version = build(session), BUILT
    plain = environment(session, python, version, "freethreaded")
    session.run(plain, str(PLATFORMS / "race.py"), str(10 * FITS), external=True)
    return plain, python, version


def run(session):
    """The race, the suite, and ThreadSanitizer."""
    plain, python, version = race(session)
    suite(session, plain)
    sanitizer(session, python, version)
