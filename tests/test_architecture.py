"""The architecture's promises: the file map, the direction of imports, one table, one version."""

import ast
import re

import pytest
from sources import ROOT, need

import backprop_c
from backprop_c import _validation, optimizers
from backprop_c._tables import update_table

need("src", "ARCHITECTURE.md")
SOURCE = ROOT / "src" / "backprop_c"
TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def between(name):
    return re.search(rf"<!-- {name}: begin -->(.*?)<!-- {name}: end -->", TEXT, re.DOTALL)[1]


def sources():
    """All files of the package but what a build or Python left behind."""
    return {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*")
        if path.is_file() and path.suffix not in (".so", ".pyd", ".pyc", ".c")
    }


def layers():
    """Module -> its place, 0 at the top."""
    lines = [line for line in between("layers").splitlines() if line and "```" not in line]
    return {module: place for place, line in enumerate(lines) for module in line.split()}


def imports(path):
    """The package's modules that a file imports, compiled ones too."""
    text = path.read_text(encoding="utf-8")
    found = set()
    if path.suffix == ".py":
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and node.level:
                names = [node.module] if node.module else [alias.name for alias in node.names]
                found |= {name.split(".")[0] for name in names}
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("backprop_c"):
                found |= {node.module.split(".")[1] if "." in node.module else node.names[0].name}
    else:
        found |= set(re.findall(r"^from backprop_c\.(\w+)", text, re.MULTILINE))
        found |= set(re.findall(r"^from backprop_c import (\w+)", text, re.MULTILINE))
    return found


def test_the_file_map_is_complete():
    listed = re.findall(r"^\| `(.+?)` \|", between("map"), re.MULTILINE)
    assert listed == sorted(set(listed), key=lambda name: (name.startswith("_kernels/"), name))
    assert set(listed) == sources()


@pytest.mark.parametrize(
    "file",
    sorted(
        name for name in sources() if name.endswith((".py", ".pyx", ".pxd")) and "/" not in name
    ),
)
def test_imports_run_downwards(file):
    places = layers()
    module = file.split(".")[0]
    for imported in imports(SOURCE / file) - {module}:
        if (module, imported) == ("history", "plotting"):
            continue  # asked for by a method, when it is called
        assert places[imported] > places[module], f"{module} imports {imported}"


def test_kernels_import_nothing_of_ours():
    for path in (SOURCE / "_kernels").iterdir():
        if path.suffix in (".py", ".pyx", ".pxi", ".pxd"):
            assert imports(path) <= {"_kernels", "cpu"}, path


def test_every_module_has_its_layer():
    modules = {name.split(".")[0].split("/")[0] for name in sources()} - {"data", "py"}
    assert set(layers()) == modules


def test_optimizers_and_update_rules_are_the_same_set():
    classes = {
        thing
        for thing in vars(optimizers).values()
        if isinstance(thing, type)
        and issubclass(thing, optimizers.Optimizer)
        and thing is not optimizers.Optimizer
    }
    rules = {made().rule for made in classes} | {optimizers.SGD(momentum=0.5).rule}
    assert rules == set(update_table())
    assert all(made.__name__ in backprop_c.__all__ for made in classes)


def test_names_come_from_the_table_alone():
    """No list of activations, losses or metrics in Python: only docs and formulas name them."""
    assert list(_validation.ACTIVATIONS) == ["identity", "sigmoid", "tanh", "relu", "softmax"]
    assert {name for name, (_, only) in _validation.ACTIVATIONS.items() if only} == {"softmax"}
    assert all(reads in ("a", "z", "-") for reads, _ in _validation.ACTIVATIONS.values())
    code = (SOURCE / "_validation.py").read_text(encoding="utf-8")
    for name in (*_validation.ACTIVATIONS, *_validation.LOSSES, *_validation.METRIC_NAMES):
        assert f'"{name}"' not in code


def test_the_version_stands_in_one_place():
    assert re.fullmatch(r"\d+\.\d+\.\d+", backprop_c.__version__)
    for path in (ROOT / "pyproject.toml", ROOT / "setup.py", *SOURCE.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert (f'"{backprop_c.__version__}"' in text) == (path.name == "_version.py"), path


def test_kernels_say_their_formula_and_shapes():
    """A kernel begins with its formula; one that takes arrays goes on with their shapes."""
    kernel = re.compile(
        r"^cdef ((?:inline )?[^=\n]*?\([^)]*\)[^:]*):\n((?: +#.*\n)*)", re.MULTILINE
    )
    for path in (SOURCE / "_kernels").glob("*.pxi"):
        for signature, comment in kernel.findall(path.read_text(encoding="utf-8")):
            assert comment, (path.name, signature)
            if "*" in signature and "block_rows" not in signature and "row_of" not in signature:
                assert re.search(r"# [\w, =]+: ?\(|block: |biases\[|r = ", comment), signature


def test_every_file_is_one_idea():
    """Nothing is long: 300 lines is a lot, and more than 500 are two files."""
    for path in [*SOURCE.rglob("*.p*"), *(ROOT / "tests").glob("*.py")]:
        if path.suffix in (".py", ".pyx", ".pxi", ".pxd"):
            assert len(path.read_text(encoding="utf-8").splitlines()) <= 500, path
