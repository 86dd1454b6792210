"""The tracked list of wheels is what cibuildwheel would build by pyproject.toml."""

import subprocess
import sys
import tomllib

import pytest
from sources import ROOT, need

need(".github/wheels.txt", "pyproject.toml", "platforms/table.toml")
LISTED = (ROOT / ".github" / "wheels.txt").read_text(encoding="ascii").split()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("platform", "words"),
    [
        ("linux", ("manylinux_", "musllinux_")),
        ("macos", ("macosx_",)),
        ("windows", ("win_",)),
        ("pyodide", ("pyodide_",)),
    ],
)
def test_the_list_is_what_cibuildwheel_would_build(platform, words):
    """Renew it as RELEASING.md says, and the matrix in wheels.yml with it."""
    pytest.importorskip("cibuildwheel")
    command = [sys.executable, "-m", "cibuildwheel", "--platform", platform]
    done = subprocess.run(
        [*command, "--print-build-identifiers", str(ROOT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    listed = [name for name in LISTED if name.split("-")[1].startswith(words)]
    assert done.stdout.split() == listed
    assert listed


def test_every_processor_has_every_python():
    """Seven Pythons on eight platforms; in the browser those that Pyodide has released."""
    pythons = ["cp311", "cp312", "cp313", "cp314", "cp314t", "cp315", "cp315t"]
    platforms = {name.split("-")[1] for name in LISTED} - {"pyodide_wasm32"}
    assert len(platforms) == 8
    expected = {f"{python}-{platform}" for python in pythons for platform in platforms}
    assert set(LISTED) == expected | {"cp313-pyodide_wasm32", "cp314-pyodide_wasm32"}


def test_the_table_of_platforms_names_the_oldest_macos():
    (override,) = PROJECT["tool"]["cibuildwheel"]["overrides"]
    assert override["select"] == "*-macosx_x86_64"
    oldest = override["environment"]["MACOSX_DEPLOYMENT_TARGET"]
    rows = tomllib.loads((ROOT / "platforms" / "table.toml").read_text(encoding="utf-8"))
    tags = {row["name"]: row["wheel"] for row in rows["platform"]}
    assert tags["macOS, x86-64"] == f"macosx_{oldest.replace('.', '_')}"


def test_the_oldest_python_is_the_one_required():
    oldest = min(int(name.split("-")[0].removeprefix("cp3").removesuffix("t")) for name in LISTED)
    assert PROJECT["project"]["requires-python"] == f">= 3.{oldest}"


def test_what_a_wheel_is_tested_with_is_what_developers_use():
    """Each requirement of the group stands in the extra `test`, too."""
    assert set(PROJECT["dependency-groups"]["wheel-tests"]) <= set(
        PROJECT["project"]["optional-dependencies"]["test"]
    )
