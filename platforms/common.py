"""What the platforms' sessions share: the cache, Debian's packages, the C files, wheels."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))
import targets

ROOT = Path(__file__).parent.parent
PLATFORMS = ROOT / "platforms"
CACHE = ROOT / "build" / "platforms"
PACKAGE = ROOT / "src" / "backprop_c"
# pytest on all processors, an idle one of which takes over tests of the others.
PARALLEL = ["--numprocesses=auto", "--dist=worksteal"]
# Tests that count time have no other test beside them.
WHOLE = ["-m", "not alone"]
ALONE = ["-m", "alone"]
# The suite where it runs once more: without what takes long, and of tests of both dtypes those of
# float32, which has more numbers in a vector. The source is the same for both.
AGAIN = ["-m", "not alone and not long", "-k", "not float64"]
# Where the C headers are.
HEADERS = [f"-I{PACKAGE / folder}" for folder in ("_kernels/lanes", "_system")]
INCLUDE = sysconfig.get_path("include")  # of the Python that runs nox
GENERATED = ROOT / "build" / "cython" / "src" / "backprop_c"
WARNINGS = ["-Wall", "-Wextra", "-Werror"]
# What Cython writes is full of these.
OF_CYTHON = ["unused-function", "unused-parameter", "unused-but-set-variable", "sign-compare"]
OF_CYTHON += ["missing-field-initializers", "cast-function-type"]
WARNINGS += [f"-Wno-{name}" for name in OF_CYTHON]


def debian_packages(session, *names):
    """Install Debian's packages; skip the session where that cannot be done."""
    missing = [name for name in names if not installed(name)]
    if not missing:
        return
    wanted = f"it needs the Debian packages {', '.join(missing)}"
    if not shutil.which("apt-get"):
        session.skip(f"{wanted}, and this system has no apt-get")
    if os.geteuid() != 0:
        session.skip(f"{wanted}, and only root can install them")
    session.run("apt-get", "update", external=True, silent=True)
    session.run(
        *("apt-get", "install", "--yes", "--no-install-recommends", *missing),
        env={"DEBIAN_FRONTEND": "noninteractive"},
        external=True,
        silent=True,
    )


def installed(package):
    """Whether Debian's package is there."""
    if not shutil.which("dpkg-query"):
        return False
    done = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout == "installed"


def build_requirements():
    """What pyproject.toml says that a build needs."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)["build-system"]["requires"]


def generate(session):
    """The package's C files, by the session's Cython."""
    session.install(*build_requirements())
    CACHE.mkdir(parents=True, exist_ok=True)
    with session.chdir(ROOT):
        session.run("python", "-c", "import setup; setup.generate()", silent=True)


def modules(platform, vectors=True):
    """The modules of a target; `vectors` is false for a compiler that has no vector types."""
    return targets.modules(targets.builds(platform, vectors=vectors))


def object_file(module):
    return CACHE / f"{module.path.replace('/', '.')}.o"


def compile_modules(
    session, compiler, chosen, *flags, folder=GENERATED, out=object_file, libraries=()
):
    """The C files of modules in a folder, without warnings; as many at a time as processors.

    `out` says where the compiler's output for a module goes.
    """

    def compile_one(module):
        macros = [f"-D{name}={value}" for name, value in module.macros.items()]
        macros.append("-DNPY_NO_DEPRECATED_API=NPY_2_0_API_VERSION")
        session.run(
            *(*compiler, *WARNINGS, *macros, *module.flags, *HEADERS, *flags),
            *(str(folder / f"{module.path}.c"), "-o", str(out(module)), *libraries),
            external=True,
            log=False,
        )

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(compile_one, chosen))


def wheels(session, folder, *packages, platform, python):
    """Wheels of another platform, unpacked into a folder; one that is there is kept."""
    session.install("pip")
    if folder.exists():
        return folder
    unfinished = folder.with_name(f"{folder.name}-unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    session.run(
        *("python", "-m", "pip", "install", "--quiet", "--only-binary=:all:"),
        *("--target", str(unfinished), "--python-version", python, "--implementation", "cp"),
        *(word for name in platform for word in ("--platform", name)),
        *packages,
        silent=True,
    )
    return unfinished.rename(folder)


def unpack(wheel, folder):
    """A wheel's files, installed by hand for a Python that has no pip."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)


def python_headers(name, undefine=(), define=None):
    """A flag for a copy of Python's headers, with another platform's names in pyconfig.h."""
    folder = CACHE / f"include-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(INCLUDE, folder)
    lines = [f"#undef {name}" for name in (*undefine, *(define or {}))]
    lines += [f"#define {name} {value}" for name, value in (define or {}).items()]
    with (folder / "pyconfig.h").open("a") as file:
        file.write("\n".join([*lines, ""]))
    return f"-I{folder}"
