"""CONTRIBUTING's recipes, followed to the letter on a copy of the sources, and what comes of it.

That builds the package, which takes a minute: ``BACKPROP_C_RECIPES=1`` asks for it, as
``nox -s recipes`` does. What can be seen without a build is tested always.
"""

import os
import re
import shutil
import subprocess
import sys

import pytest
from sources import ROOT, need

need("CONTRIBUTING.md", "src", "setup.py", "tools")
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("\n## Recipes\n")[2]
RECIPES = dict(re.findall(r"^### (.+)\n((?:(?!###).*\n)*)", TEXT, re.MULTILINE))
STEP = re.compile(
    r"^\d+\. `(?P<path>[^`]+)`, (?:at its end|after `(?P<line>[^`]+)`):\n\n"
    r"   ```\w*\n(?P<code>(?:(?:   .*)?\n)+?)   ```$",
    re.MULTILINE,
)
MOST_LINES = 10
ADDED = {
    "A new activation": "isru",
    "A new loss": "pseudo_huber",
    "A new optimizer": "signum",
    "A new schedule": "geometric",
    "A new callback": "Overfitting",
}
# What there is for every entry, and asks of each new one what it asks of the others.
SHARED = {
    "isru": ["test_kernels.py", "test_wide.py", "test_trace.py"],
    "pseudo_huber": ["test_kernels.py", "test_wide.py", "test_trace.py"],
    "signum": ["test_optimizers.py", "test_optimizer_state.py", "test_hyperparameters.py"],
    "geometric": ["test_schedules.py"],
}
WHOLE = ["test_architecture.py", "test_docs.py", "test_entries.py", "test_hyperparameters.py"]


def steps(recipe):
    """(path, line or None, code) of each step; None stands for the end of the file."""
    return [
        (step["path"], step["line"], re.sub("^   ", "", step["code"], flags=re.MULTILINE))
        for step in STEP.finditer(RECIPES[recipe])
    ]


def follow(root, path, line, code):
    """Do what a step says."""
    file = root / path
    text = file.read_text(encoding="utf-8")
    for table in set(re.findall(r"^(\w+)\[N\] = ", code, re.MULTILINE)):
        (length,) = re.findall(rf"^cdef \w+\[(\d+)\] {table}$", text, re.MULTILINE)
        text = text.replace(f"[{length}] {table}", f"[{int(length) + 1}] {table}")
        code = code.replace("[N]", f"[{length}]")
    if line is None:
        text = f"{text.rstrip()}\n\n\n{code}"
    else:
        assert text.count(f"{line}\n") == 1, (path, line)
        text = text.replace(f"{line}\n", f"{line}\n{code}")
    file.write_text(text, encoding="utf-8")


def test_each_recipe_is_short():
    """At most ten lines, code apart; and every step is understood."""
    assert list(RECIPES) == list(ADDED)
    for recipe, text in RECIPES.items():
        prose = [line for line in STEP.sub("step", text).splitlines() if line.strip()]
        assert 0 < len(prose) <= MOST_LINES, recipe
        assert "```" not in "".join(prose), recipe
        assert any(ADDED[recipe] in code for _, _, code in steps(recipe)), recipe


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the sources to which everything was added."""
    root = tmp_path_factory.mktemp("recipes")
    built = shutil.ignore_patterns(
        "*.so", "*.pyd", "__pycache__", "build", ".git", ".nox", "*venv*"
    )
    for name in ("src", "tests", "tools", "benchmarks", "examples", "platforms", "docs"):
        shutil.copytree(ROOT / name, root / name, ignore=built)
    for file in ROOT.iterdir():
        if file.suffix in (".md", ".py", ".toml") or file.name == "LICENSE":
            shutil.copy(file, root)
    for recipe in RECIPES:
        for path, line, code in steps(recipe):
            follow(root, path, line, code)
    return root


def test_every_step_has_its_place(copy):
    """Whatever is inserted is code, where it is."""
    for recipe in RECIPES:
        for path, _, _ in steps(recipe):
            if path.endswith(".py"):
                compile((copy / path).read_text(encoding="utf-8"), path, "exec")


def python(copy, *arguments, **environment):
    """Run Python in the copy, which goes before what is installed."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy / "src"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def built(copy):
    """The copy, compiled for the processor that every machine can be: fewer modules."""
    if os.environ.get("BACKPROP_C_RECIPES", "") in ("", "0"):
        pytest.skip("builds the package, which takes minutes: nox -s recipes runs it")
    done = python(copy, "setup.py", "build_ext", "--inplace", _PYTHON_HOST_PLATFORM="linux-other")
    assert done.returncode == 0, done.stderr[-3000:]
    return copy


@pytest.mark.parametrize(
    ("name", "file"), [(name, file) for name, files in SHARED.items() for file in files]
)
def test_what_was_added_passes_the_shared_tests(built, name, file):
    done = python(built, "-m", "pytest", "-q", "-k", name, f"tests/{file}")
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.parametrize("file", WHOLE)
def test_the_suite_takes_what_was_added(built, file):
    # Where a name is to be listed, the recipes leave the words to their reader.
    done = python(built, "-m", "pytest", "-q", "-k", "not names_are_listed", f"tests/{file}")
    assert done.returncode == 0, done.stdout[-3000:]


TRAINING = """
import numpy as np
import backprop_c
from backprop_c import Network, callbacks, losses, optimizers, schedules

assert backprop_c.__file__.startswith({root!r})
rng = np.random.default_rng(0)
X = rng.normal(size=(200, 3))
y = X[:, 0] - 2 * X[:, 1] * X[:, 2]
net = Network((3, 16, 1), ("isru", "identity"), losses.PseudoHuber(delta=0.5), random_state=0)
optimizer = optimizers.Signum(schedules.Geometric(0.01, final=0.0001))
data = X[:150], y[:150]
overfitting = callbacks.Overfitting(1.5)
history = net.fit(
    *data, epochs=2000, optimizer=optimizer, validation_data=(X[150:], y[150:]),
    callbacks=[overfitting],
)
assert 10 < history.epochs < 2000, history.epochs
assert history["loss"][-1] < 0.5 * history["loss"][0], history["loss"]
assert history["val_loss"][-1] > 1.5 * history["loss"][-1]
assert history["val_loss"][-2] <= 1.5 * history["loss"][-2]
"""


def test_a_network_is_trained_with_what_was_added(built):
    done = python(built, "-c", TRAINING.format(root=str(built)))
    assert done.returncode == 0, done.stderr[-3000:]
