"""The program that runs the suite at every level."""

import sys

import every_level
import pytest
from every_level import commands, levels, main

from backprop_c._kernels import choose_level
from backprop_c._system import cpu


def test_levels_are_those_that_can_be_chosen():
    assert levels()[0] == choose_level(None)
    assert set(levels()) == set(cpu.levels_supported()) & set(cpu.levels_built)


def test_all_files_at_each_level():
    assert list(commands(["-q"])) == [
        (level, [sys.executable, "-m", "pytest", "-q"]) for level in levels()
    ]


def test_quick_is_all_files_at_the_best_level_and_some_below():
    (_, best), *others = commands(["--quick", "-x"])
    assert best == [sys.executable, "-m", "pytest", "-x"]
    assert len(others) == len(levels()) - 1
    for _, command in others:
        *files, marks, kept, names, which = command[4:]
        assert len(files) == len(every_level.OF_LEVELS) > 5
        assert (marks, kept) == ("-m", "not alone and not long")
        assert (names, which) == ("-k", "not float64")


@pytest.mark.parametrize("name", every_level.OF_LEVELS)
def test_the_files_are_there(name):
    assert (every_level.TESTS / f"test_{name}.py").is_file()


def test_all_levels_run_and_failures_are_named(monkeypatch, tmp_path):
    """Beside a suite of one test, which fails at the first level."""
    (tmp_path / "test_one.py").write_text(
        "import os, pathlib\n"
        "def test_level():\n"
        "    level = os.environ['BACKPROP_C_SIMD']\n"
        "    pathlib.Path(f'ran_{level}').touch()\n"
        f"    assert level != {levels()[0]!r}\n",
        encoding="ascii",
    )
    monkeypatch.chdir(tmp_path)
    assert main(["-q", "test_one.py"]) == f"failed at level {levels()[0]}"
    assert {path.name for path in tmp_path.glob("ran_*")} == {f"ran_{level}" for level in levels()}
    assert main(["--version"]) == 0
