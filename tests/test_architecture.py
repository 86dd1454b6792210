"""The architecture's promises: the file map, the direction of imports, one table, one version."""

import ast
import re
from dataclasses import fields

import pytest
from helpers import optimizer_classes
from sources import ROOT, need

import backprop_c
from backprop_c import optimizers
from backprop_c._engine.tables import update_table
from backprop_c._validation import entries

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


def module_of(name):
    """The module of a file: "_engine/plan.pyx" is _engine.plan, "trace/__init__.py" is trace.

    The builds of the kernels, of one line each, count as one.
    """
    path = name.rsplit(".", 1)[0]
    if path.startswith("_kernels/builds/"):
        return "_kernels.builds"
    return path.removesuffix("/__init__").replace("/", ".")


# What a build compiles or Python imports; the kernels' .pxi files are parts of modules.
MODULES = sorted(name for name in sources() if name.endswith((".py", ".pyx", ".pxd", ".pyi")))


def layers():
    """Module -> its place, 0 at the top."""
    lines = [line for line in between("layers").splitlines() if line and "```" not in line]
    return {module: place for place, line in enumerate(lines) for module in line.split()}


def named(module, names):
    """The package's modules that ``from module import names`` means: submodules, or itself."""
    known = layers()
    found = {f"{module}.{name}".lstrip(".") for name in names}
    submodules = found & known.keys()
    return submodules if submodules == found else submodules | {module or "__init__"}


def imports_of_python(name, text):
    folder = name.split("/")[:-1]
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            names = [alias.name for alias in node.names]
            if node.level:
                base = folder[: len(folder) - node.level + 1]
                found |= named(".".join([*base, node.module] if node.module else base), names)
            elif (node.module or "").split(".")[0] == "backprop_c":
                found |= named(node.module.removeprefix("backprop_c").lstrip("."), names)
        elif isinstance(node, ast.Import):
            absolute = [alias.name for alias in node.names if "backprop_c" in alias.name]
            assert not absolute, f"{name}: import parts of the package by from ... import"
    return found


def imports_of_cython(text):
    found = set()
    pattern = r"^ *from backprop_c([\w.]*) c?import (?:\(([^)]*)\)|(.+))$"
    for module, several, one in re.findall(pattern, text, re.MULTILINE):
        names = [name.split(" as ")[0].strip() for name in (several or one).split(",")]
        found |= named(module.lstrip("."), [name for name in names if name])
    assert not re.search(r"^ *c?import backprop_c|^from \.", text, re.MULTILINE)
    return found


def imports(name):
    """The package's modules that a file imports, compiled ones too."""
    text = (SOURCE / name).read_text(encoding="utf-8")
    if name.endswith((".py", ".pyi")):
        return imports_of_python(name, text)
    # An example in a docstring is code of somebody else.
    return imports_of_cython(re.sub(r'^""".*?"""', "", text, flags=re.DOTALL))


def test_the_file_map_is_complete():
    listed = re.findall(r"^\| `(.+?)` \|", between("map"), re.MULTILINE)
    assert listed == sorted(set(listed), key=lambda name: ("/" in name, name))
    assert set(listed) == sources()


def test_every_module_has_its_layer():
    assert set(layers()) == {module_of(name) for name in MODULES}


@pytest.mark.parametrize("name", MODULES)
def test_imports_run_downwards(name):
    places = layers()
    module = module_of(name)
    for imported in imports(name) - {module}:
        assert places[imported] > places[module], f"{module} imports {imported}"


def test_the_imports_of_files_in_folders_are_seen():
    assert "_system.platform" in imports("_engine/epochs.pyx")
    assert "_validation.scalars" in imports("_validation/shape.py")
    assert {"network", "_validation.entries", "trace.page"} <= imports("trace/__init__.py")
    assert imports("__init__.pxd") == {"_engine.engine"}


def parts_of_the_kernels():
    """The .pxi files in the order in which they are put together."""
    text = (SOURCE / "_kernels" / "kernels.pxi").read_text(encoding="utf-8")
    return [f"_kernels/{part}" for part in re.findall(r'^include "(.+)"$', text, re.MULTILINE)]


def test_kernels_import_their_table_alone():
    assert sorted([*parts_of_the_kernels(), "_kernels/kernels.pxi"]) == sorted(
        name for name in sources() if name.endswith(".pxi")
    )
    for part in parts_of_the_kernels():
        assert imports(part) == set(), part
    assert imports("_kernels/kernels.pxi") == {"_kernels.table"}


def test_kernels_use_what_stands_before_them():
    """No part calls a function, or names a table, that a later part defines."""
    defined = re.compile(r"^c(?:def|typedef) [^=(\n]*?(\w+)(?:\(| *\[|\[|$)", re.MULTILINE)
    texts = {part: (SOURCE / part).read_text(encoding="utf-8") for part in parts_of_the_kernels()}
    for k, part in enumerate(texts):
        used = set(re.findall(r"\b(\w+)\(|= (\w+)$", texts[part], re.MULTILINE))
        used = {name for pair in used for name in pair if name}
        for later in list(texts)[k + 1 :]:
            assert not used & set(defined.findall(texts[later])), (part, later)


@pytest.mark.parametrize("name", ["epochs", "passes", "phases", "predictions", "trainer"])
def test_the_driver_knows_of_no_layers(name):
    """It reads a plan's parts and ranges; layers are for whoever fills it, and for the kernels."""
    text = (SOURCE / "_engine" / f"{name}.pyx").read_text(encoding="utf-8")
    assert not re.findall(r"\.n?_?layers\b|\bn_wide\b|\bBATCH\b|\bSINGLE\w*", text)


def test_optimizers_and_update_rules_are_the_same_set():
    classes = optimizer_classes()
    rules = {made().rule for made in classes} | {
        optimizers.SGD(momentum=0.5).rule,
        optimizers.SGD(momentum=0.5, of_steps=True).rule,
        optimizers.Adam(amsgrad=True).rule,
        *(optimizers.RMSprop(momentum=m, centred=c).rule for m in (0, 0.5) for c in (True, False)),
    }
    assert rules == set(update_table())
    assert all(made.__name__ in backprop_c.__all__ for made in classes)
    for made in classes:
        # Clipping comes before the rule.
        names = tuple(f.name for f in fields(made) if f.name not in optimizers.OF_GRADIENT)
        assert names == update_table()[made().rule].hyperparameters


def test_names_come_from_the_table_alone():
    """No list of activations, losses or metrics in Python: only docs and formulas name them."""
    assert all(entry.reads in ("a", "z", "-") for entry in entries.ACTIVATIONS.values())
    code = "".join(
        path.read_text(encoding="utf-8")
        for path in (SOURCE / "_validation").iterdir()
        if path.suffix == ".py"
    )
    for name in (*entries.ACTIVATIONS, *entries.LOSSES, *entries.METRIC_NAMES):
        assert f'"{name}"' not in code


def test_the_version_stands_in_one_place():
    assert re.fullmatch(r"\d+\.\d+\.\d+", backprop_c.__version__)
    for path in (ROOT / "pyproject.toml", ROOT / "setup.py", *SOURCE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert (f'"{backprop_c.__version__}"' in text) == (path.name == "_version.py"), path


def test_kernels_say_their_formula_and_shapes():
    """A kernel begins with its formula; one that takes arrays goes on with their shapes.

    A function that does no more than name a formula and a loop leaves that to the two.
    """
    kernel = re.compile(
        r"^cdef ((?:inline )?[^=\n]*?\([^)]*\)[^:]*):\n((?: +#.*\n)*)((?: .*\n)+)", re.MULTILINE
    )
    loops = r"each_forward|each_backward|row_through|row_back_through|pointwise_loss|each_update"
    naming = re.compile(rf"    (?:return )?(?:{loops})\(\w+, [^()]*\)\n")
    for path in (SOURCE / "_kernels").rglob("*.pxi"):
        for signature, comment, body in kernel.findall(path.read_text(encoding="utf-8")):
            if not comment and naming.fullmatch(body):
                continue
            assert comment, (path.name, signature)
            if "*" in signature and "block_rows" not in signature and "row_of" not in signature:
                assert re.search(r"# [\w, =]+: ?\(|block: |biases\[|r = ", comment), signature


def test_every_file_is_one_idea():
    """Nothing is long: 300 lines is a lot, and more than 500 are two files."""
    for path in [*SOURCE.rglob("*.p*"), *(ROOT / "tests").glob("*.py")]:
        if path.suffix in (".py", ".pyx", ".pxi", ".pxd"):
            assert len(path.read_text(encoding="utf-8").splitlines()) <= 500, path
