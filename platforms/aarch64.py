"""The wheel for Linux on arm64: cross-built by GCC and by Clang, and tested under an emulator.

All of it happens in a Debian that is newer than most: GCC 14 and later fail where older ones do
not. Beside it lies the arm64 Debian whose Python the wheel is for.
"""

import shutil
from pathlib import Path

from . import debian
from .common import (
    AGAIN,
    CACHE,
    ROOT,
    build_requirements,
    compile_modules,
    modules,
    unpack,
    wheels,
)

PYTHON = "3.13"  # Debian's
TOOLS = ["gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross", "clang", "qemu-user"]
# With the default processor of qemu, NumPy's own matrix product is wrong.
PROCESSOR = "cortex-a72"
TESTS = ["kernels", "wide", "elementary", "network", "optimizers", "levels", "targets"]
TESTS += ["optimizer_state", "crew", "metrics", "threads"]
SLOW_FORMULAS = ["softplus", "selu", "mish", "hard_sigmoid", "softsign", "elu", "silu"]
# What an emulator is too slow for, beside what takes long everywhere.
LEFT_OUT = [
    # The emulator does not bound its program's address space.
    "test_crew.py::test_the_others_do_the_work_of_threads_that_cannot_start",
    # These take a quarter of a minute or more, and less of the same is in other tests.
    "test_crew.py::test_a_fit_has_the_same_bits[sizes1",
    "test_crew.py::test_predict_has_the_same_bits",
    # Formulas of the same lanes as those that are left: mpmath is slow there.
    *(f"test_elementary.py::test_ulp[{name}-" for name in SLOW_FORMULAS),
    "test_elementary.py::test_ulp_of_gelus_slope",
    "test_kernels.py::test_any_network",
    "test_levels.py::test_levels_agree",
    "test_levels.py::test_the_variable_decides_at_import",
    "test_optimizers.py::test_several_ranges_of_parameters",
    "test_wide.py::test_any_network",
    "test_wide.py::test_every_activation_and_loss",
    "test_wide.py::test_dense_products",
    "test_wide.py::test_sums_longer_than_a_panel_is_deep",
]
PYTEST = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2", "--dist=worksteal"]
PYTEST += ["--durations=20"]
PYTEST += AGAIN
PYTEST += [f"--deselect=tests/{name}" for name in LEFT_OUT]
SOURCES = ["src", "tools", "setup.py", "pyproject.toml", "README.md", "LICENSE"]
GLIBC = ["manylinux_2_28", "manylinux2014", "manylinux_2_17"]


def platforms(machine):
    return [f"{name}_{machine}" for name in GLIBC]


def build(session, host, target):
    """The wheel, from a copy of the sources, by the cross-compiler."""
    source, out = CACHE / "aarch64-source", CACHE / "aarch64-wheel"
    for folder in (source, out):
        shutil.rmtree(folder, ignore_errors=True)
    source.mkdir(parents=True)
    made = shutil.ignore_patterns("*.so", "*.c", "__pycache__", "*.egg-info")
    for name in SOURCES:
        path = ROOT / name
        copy = shutil.copytree if path.is_dir() else shutil.copy
        copy(path, source / name, **({"ignore": made} if path.is_dir() else {}))
    names = wheels(
        *(session, CACHE / "build-tools", "pip", *build_requirements()),
        platform=platforms("x86_64"),
        python=PYTHON,
    )
    # What Python's own build tells of the compiler: that of the target's Python.
    data = CACHE / "aarch64-sysconfig"
    data.mkdir(exist_ok=True)
    (name,) = target.glob(f"usr/lib/python{PYTHON}/_sysconfigdata__aarch64-*.py")
    shutil.copy(name, data)
    # The host's headers of Python ask for the target's pyconfig.h.
    compiler = f"aarch64-linux-gnu-gcc -idirafter {target}/usr/include"
    command = debian.inside(
        host,
        PYTHONPATH=f"{names}:{data}",
        _PYTHON_HOST_PLATFORM="linux-aarch64",
        _PYTHON_SYSCONFIGDATA_NAME=name.stem,
        CC=compiler,
        LDSHARED=f"{compiler} -shared",
    )
    session.run(
        *(*command, f"python{PYTHON}", "-m", "pip", "wheel", "--quiet", "--no-build-isolation"),
        *("--no-deps", "--no-index", "--wheel-dir", str(out), str(source)),
        external=True,
        log=False,
    )
    (wheel,) = out.glob("*.whl")
    session.log(f"GCC built {wheel.name}")
    return wheel


def compile_by_clang(session, host, target):
    """The kernels, from the C files that the wheel was built from."""
    compiler = [*debian.inside(host), "clang", "--target=aarch64-linux-gnu"]
    python = f"{target}/usr/include"
    numpy = CACHE / "build-tools" / "numpy" / "_core" / "include"
    headers = [f"-I{python}/python{PYTHON}", "-idirafter", python, f"-I{numpy}"]
    folder = CACHE / "aarch64-source" / "build" / "cython" / "src" / "backprop_c"
    chosen = [module for module in modules("linux-aarch64") if module.path.startswith("_kernels/")]
    compile_modules(session, compiler, chosen, "-c", "-O2", *headers, folder=folder)
    session.log("Clang compiled the kernels without a warning")


def emulated_python(target, site):
    """A command that is the target's Python.

    Tests start a Python by the path in sys.executable: it must be this command's, not that of the
    target's program, which the machine cannot run.
    """
    (target / "lib").unlink(missing_ok=True)
    (target / "lib").symlink_to("usr/lib")
    command = CACHE / "python-aarch64"
    command.write_text(
        "#!/bin/sh\n"
        f"export PYTHONHOME={target}/usr PYTHONPATH={site} PYTHONDONTWRITEBYTECODE=1\n"
        f'exec qemu-aarch64 -cpu {PROCESSOR} -0 "$0" -L {target} '
        f"-E LD_LIBRARY_PATH={target}/usr/lib/aarch64-linux-gnu "
        f'{target}/usr/bin/python{PYTHON} "$@"\n'
    )
    command.chmod(0o755)
    return command


def run(session):
    """The session."""
    host = debian.make(session, "host", f"python{PYTHON}-dev", *TOOLS, variant="apt")
    target = debian.make(
        *(session, "arm64", f"python{PYTHON}-dev", f"python{PYTHON}", "libstdc++6"),
        variant="extract",
        architecture="arm64",
    )
    wheel = build(session, host, target)
    compile_by_clang(session, host, target)
    site = CACHE / "aarch64-site"
    wheels(
        *(session, site, "numpy", "pytest", "pytest-xdist", "hypothesis", "mpmath"),
        platform=platforms("aarch64"),
        python=PYTHON,
    )
    shutil.rmtree(site / "backprop_c", ignore_errors=True)
    unpack(wheel, site)
    # Bytecode, which the same Python on this processor writes in no time.
    libraries = [str(site), f"{target}/usr/lib/python{PYTHON}"]
    session.run(
        *(*debian.inside(host), f"python{PYTHON}", "-m", "compileall", "-q", *libraries),
        external=True,
        log=False,
        success_codes=[0, 1],
    )
    command = [*debian.inside(host), str(emulated_python(target, site))]
    show = ["-c", "import backprop_c; backprop_c.show_config()"]
    tests = [str(Path("tests") / f"test_{name}.py") for name in TESTS]
    for words in (show, [*PYTEST, *session.posargs, *tests]):
        session.run(*command, *words, external=True, log=False)
