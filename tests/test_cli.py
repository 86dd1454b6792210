"""The command line, as a user types it."""

import re
import subprocess
import sys

import pytest

from backprop_c import __version__, show_config
from backprop_c.cli import main

pytestmark = pytest.mark.thread_unsafe(reason="starts processes")


def command(*words):
    return subprocess.run(
        [sys.executable, "-m", "backprop_c", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.long
@pytest.mark.parametrize("words", [(), ("iris",)])
def test_demo_iris(words):
    done = command("demo", *words)
    assert done.returncode == 0, done.stderr
    assert "half the mse 0.139100 -> 0.052340" in done.stdout
    assert "loss         0.417301 -> 0.157020" in done.stdout
    assert "the loss is three times half the mse" in done.stdout
    assert "accuracy on the 20 test flowers: 0.95" in done.stdout
    assert re.search(r"NumPy .* ms .*: \d+\.\d times as long", done.stdout)
    difference = re.search(r"largest difference .*: (\S+)", done.stdout)[1]
    assert float(difference) < 1e-10
    assert "5000" in done.stderr


@pytest.mark.long
def test_demo_functional():
    done = command("demo", "functional")
    assert done.returncode == 0, done.stderr
    assert "        hidden = 1 / (1 + np.exp(-(X @ first)))\n" in done.stdout
    assert '        hidden = activate("sigmoid", z_hidden)\n' in done.stdout
    differences = re.findall(r"largest difference .* of (\w+): (\S+)", done.stdout)
    assert [name for name, _ in differences] == ["NumPy", "functional"]
    assert all(float(difference) < 1e-10 for _, difference in differences)


def test_demo_steps():
    done = command("demo", "steps")
    assert done.returncode == 0, done.stderr
    assert "loss = 1/2 sum (a - t)^2 = 1/2 ((2.2136 - 4)^2) = 1.59561248" in done.stdout
    assert "stopped being finite in epoch 7 of 400" in done.stdout
    assert "prediction 4.00000000, target 4" in done.stdout
    assert "times as long" in done.stdout


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "ending"), [("iris", "png"), ("steps", "svg"), ("functional", "svg")]
)
def test_demo_plot(name, ending, tmp_path):
    pytest.importorskip("matplotlib")
    picture = tmp_path / f"picture.{ending}"
    done = command("demo", name, "--plot", str(picture))
    assert done.returncode == 0, done.stderr
    assert picture.stat().st_size > 5000
    assert str(picture) in done.stdout


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("demo", "--plot", "/nowhere/x.png"), 1, "there is no folder /nowhere"),
        (("demo", "--plot", "x.what"), 1, "must end in one of"),
        (("demo", "cats"), 2, "invalid choice: 'cats'"),
        (("train",), 2, "invalid choice"),
    ],
)
def test_errors_have_no_traceback(words, code, message):
    if message == "must end in one of":  # matplotlib tells which endings there are
        pytest.importorskip("matplotlib")
    done = command(*words)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_help_and_version():
    top = command("--help")
    assert top.returncode == 0
    assert "demo" in top.stdout
    assert "info" in top.stdout
    bare = command()
    assert (bare.returncode, bare.stdout, bare.stderr) == (0, top.stdout, "")
    assert "--plot" in command("demo", "--help").stdout
    assert command("--version").stdout.strip() == f"backprop-c {__version__}"


def test_info(capsys):
    assert main(["info"]) == 0
    by_command = capsys.readouterr().out
    show_config()
    assert capsys.readouterr().out == by_command
    for word in ("backprop_c", __version__, "NumPy", "compiler", "levels built", "level in use"):
        assert word in by_command


def test_interrupted(monkeypatch, capsys):
    from backprop_c import demo

    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setitem(demo.DEMOS, "iris", (interrupt, ""))
    assert main(["demo"]) == 130
    assert "interrupted" in capsys.readouterr().err
