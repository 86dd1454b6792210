"""What the documentation says is so: docstrings, README, examples."""

import doctest
import inspect
import re
import subprocess
import sys

import numpy as np
import pytest
from helpers import optimizer_classes
from sources import ROOT, need

import backprop_c
from backprop_c import functional, plotting
from backprop_c._derivatives import Derivatives
from backprop_c._engine.engine import Engine
from backprop_c._engine.jacobians import Jacobians
from backprop_c._equilibrium import Equilibrium
from backprop_c._trainable import Trainable
from backprop_c._validation.entries import ACTIVATIONS, LOSSES

need("README.md", "CHANGELOG.md", "benchmarks", "examples")


def public_things():
    """What is public, and what is defined in the public modules, each once."""
    things = [getattr(backprop_c, name) for name in backprop_c.__all__ if name != "__version__"]
    modules = [thing for thing in things if inspect.ismodule(thing)]
    things += [
        thing
        for module in modules
        for thing in vars(module).values()
        if inspect.isclass(thing)
        and thing.__module__.startswith(module.__name__)
        and not thing.__name__.startswith("_")
    ]
    return [thing for thing in dict.fromkeys(things) if thing not in modules]


PUBLIC = public_things()
DOCUMENTED = [
    member
    for thing in PUBLIC
    for member in (
        [thing]
        + [
            value
            for name, value in vars(thing).items()
            if inspect.isclass(thing) and not name.startswith("_") and callable(value)
        ]
    )
] + [
    Engine.predict,
    Jacobians.jacobian,
    plotting.plot_network,
    plotting.plot_first_layer,
    *(
        value
        for base in (Equilibrium, Trainable, Derivatives)
        for name, value in vars(base).items()
        if not name.startswith("_") and callable(value)
    ),
    *(
        thing
        for thing in vars(functional).values()
        if getattr(thing, "__module__", "") == functional.__name__
    ),
]


def parts(thing):
    return getattr(thing, "__qualname__", str(thing))


@pytest.mark.parametrize("thing", DOCUMENTED, ids=parts)
def test_examples_in_docstrings(thing):
    found = doctest.DocTestFinder(recurse=False).find(
        thing, parts(thing), module=False, globs={"backprop_c": backprop_c}
    )
    runner = doctest.DocTestRunner(verbose=False)
    for example in found:
        runner.run(example)
    assert runner.failures == 0


def test_docstrings_have_examples():
    """Whatever does something shows it."""
    without = {
        "Activation",
        "Callback.on_epoch_end",
        "ConvergenceWarning",
        "DivergenceWarning",
        "History.plot",
        "TargetRangeWarning",
        "History.to_dict",
        "RangeTest",
        "RangeTest.plot",
        "History.to_frame",
        "Loss",
        "Optimizer.hyperparameters",
        "ByEpoch.first_rate",
        "OneCycle.first_rate",
        "ReduceOnPlateau.first_rate",
        "Schedule.constants",
        "Schedule.first_rate",
        "FunctionLoss",
        "FunctionLoss.constants",
        "FunctionLoss.has_defaults",
        "Trace",
    }
    assert without <= set(map(parts, DOCUMENTED))
    for thing in DOCUMENTED:
        assert thing.__doc__, parts(thing)
        assert (">>>" in thing.__doc__) != (parts(thing) in without), parts(thing)


@pytest.mark.parametrize("thing", DOCUMENTED, ids=parts)
def test_docstrings_name_every_parameter(thing):
    results = (backprop_c.Trace, backprop_c.RangeTest)
    if thing in results or issubclass_of_warning(thing):
        return
    names = [
        name
        for name in inspect.signature(thing).parameters
        if name not in ("self", "args", "kwargs")
    ]
    text = thing.__doc__
    for name in names:
        assert re.search(rf"^\s*([\w, ]+, )?{name}(, [\w, ]+)? : ", text, re.M), (
            parts(thing),
            name,
        )


def issubclass_of_warning(thing):
    return inspect.isclass(thing) and issubclass(thing, Warning)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")  # the classes here are random
def test_readme_code():
    """The README's Python runs, given data of the shapes that it speaks of."""
    rng = np.random.default_rng(0)
    blocks = re.findall(
        r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    assert len(blocks) == 6
    first, second, *others = blocks
    names = {}
    exec(first, names)
    accuracy = names["net"].evaluate(names["X_test"], names["y_test"], metrics=["accuracy"])
    assert accuracy["accuracy"] == 0.95
    names.update(X=rng.random((40, 64)), labels=rng.integers(0, 10, 40))
    names.update(X_test=names["X"], labels_test=names["labels"])
    exec(second, names)
    for block in others:
        exec(block, names)


@pytest.mark.parametrize("where", ["README", "docstring"])
def test_names_are_listed(where):
    """Activations, losses and optimizers, where their users look for them."""
    names = [f'"{name}"' for name in (*ACTIVATIONS, *LOSSES)]
    text = backprop_c.Network.__doc__
    if where == "README":
        text = (ROOT / "README.md").read_text(encoding="utf-8")
        names += [f"`{made.__name__}`" for made in optimizer_classes()]
    assert [name for name in names if name not in text] == []


def test_readme_commands_are_those_of_the_package():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "pip install . && backprop-c demo\n" in text
    assert 'pip install ".[test]" && pytest\n' in text


def test_figures_come_from_the_tracked_results(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    import report

    results = report.Results()
    for name, marker, part in report.PARTS:
        text = (ROOT / name).read_text(encoding="utf-8")
        assert report.fill(text, part(results), marker) == text, "run benchmarks/report.py"
    assert report.PICTURE.exists()
    assert report.GOALS_PICTURE.exists()


def test_the_table_of_platforms_comes_from_its_file(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "platforms")
    import table

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert table.filled(text) == text, "run platforms/table.py"


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("xor.py", r"1 xor 1 = 0: 0\.0"),
        ("digits.py", r"other digits: 0\.9[7-9]"),
        ("iris_early_stopping.py", r"kept for validation: (0\.9[5-9]|1\.0)"),
        ("noisy_regression.py", r"SquaredError\(\) .*: 0\.[2-9](.*\n)Huber.*: 0\.0[0-6]"),
        ("quantile_bands.py", r"inside the band: 0\.(79|8[01])"),
        ("class_imbalance.py", r"None .* rare one 0\.[0-5].*\n.*balanced.* rare one 0\.[89]"),
        ("poisson_counts.py", r"mean of calls 3\.06, of predictions 3\.0"),
        ("stream.py", r"before the change: 0\.0[0-5](.*\n)*.*at the end: 0\.0[0-4]"),
        ("curve_fitting.py", r"standard deviation 0\.0[45]\d\n.*neighbours [+-]0\.[01]\d\n"),
        ("gradient_check.py", r"wrong: .* error 7\.5e-01 .*\n.*\nright: .* error \d\.\de-(09|1\d)"),
        ("pendulum.py", r"error of the model 0\.00\d+\nafter 8 seconds [0-5]\.\d degrees"),
        ("functional_iris.py", r"epoch 5000: loss (0\.\d+)\nNumPy's last loss: \1\n"),
        ("recurrent_xor.py", r"1 xor 1 = 0: 0\.0(.*\n)*.*NumPy .*: True\n.*: loss 0\.1250\n"),
        ("associative_memory.py", r"(.*a pixel 0\.1[4-6]\d\d; .*\n(fe.*\n)?){3}settled 100%"),
        ("encoder.py", r"settled 100%(.*\n)*of 20 starts (1[6-9]|20) .*\n(1[5-9]|20) "),
        (
            "circuit.py",
            r"only: .* error 0\.00\d\d .*\n.*0\.0[1-3].*\n(.*0\.0[34].*\n){2}settled 100%",
        ),
    ],
)
def test_examples_run(name, expected):
    if name in ("digits.py", "associative_memory.py"):
        pytest.importorskip("sklearn")
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / name)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(expected, done.stdout)


def test_changelog_knows_the_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "## [Unreleased]" in text or f"## [{backprop_c.__version__}]" in text
