"""The choice of the instruction-set level, and that levels agree."""

import os
import subprocess
import sys

import numpy as np
import pytest

from backprop_c import _kernels
from backprop_c._kernels import VARIABLE, choose_level
from backprop_c._system import cpu

BUILT = ("scalar", "baseline", "v3", "v4")


@pytest.mark.parametrize(
    ("supported", "expected"),
    [
        (("v4", "v3", "baseline", "scalar"), "v4"),
        (("v3", "baseline", "scalar"), "v3"),
        (("baseline", "scalar"), "baseline"),
    ],
)
def test_the_best_is_chosen(supported, expected):
    for asked in (None, ""):
        assert choose_level(asked, BUILT, supported) == expected
    for level in supported:
        assert choose_level(level, BUILT, supported) == level


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ("v9", "there is no such level"),
        ("V4", "there is no such level"),
        ("v4", "this machine does not support it"),
        ("v3", "this build does not have it"),
    ],
)
def test_nonsense_is_refused(asked, reason):
    with pytest.raises(ValueError, match=f"BACKPROP_C_SIMD is '{asked}', but {reason}; it can be"):
        choose_level(asked, ("scalar", "baseline", "v4"), ("v3", "baseline", "scalar"))


@pytest.mark.thread_unsafe(reason="starts processes")
def test_the_variable_decides_at_import():
    code = "from backprop_c import _kernels; print(_kernels.level)"
    usable = [level for level in cpu.levels_supported() if level in cpu.levels_built]
    assert "scalar" in usable
    for level in usable:
        out = run(code, level)
        assert out.stdout.strip() == level
    assert run(code, None).stdout.strip() == usable[0]
    refused = run(code, "nonsense")
    assert refused.returncode != 0
    assert "ValueError: BACKPROP_C_SIMD is 'nonsense'" in refused.stderr


def test_this_run_is_at_the_level_asked_for():
    asked = os.environ.get(VARIABLE)
    assert _kernels.level == (asked or choose_level(None))


def test_levels_are_those_of_the_kernel(tmp_path):
    """The processor's flags as Linux tells them, where it does."""
    if "v3" not in cpu.levels_built:
        pytest.skip("this build asks the processor for nothing")
    try:
        with open("/proc/cpuinfo", encoding="ascii") as file:
            flags = set(next(line for line in file if line.startswith("flags")).split())
    except (OSError, StopIteration):
        pytest.skip("no /proc/cpuinfo with flags")
    names = {"bmi": "bmi1", "lzcnt": "abm", "osxsave": "xsave", "sse3": "pni"}
    v3, v4 = (
        {names.get(name, name).replace(".", "_") for name in cpu.FEATURES[level]} <= flags
        for level in ("v3", "v4")
    )
    assert ("v3" in cpu.levels_supported()) == v3
    assert ("v4" in cpu.levels_supported()) == v4


@pytest.mark.thread_unsafe(reason="starts processes")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_levels_agree(dtype, tmp_path):
    """The same training at every level, but for rounding."""
    code = f"""
import sys, numpy as np
from backprop_c import Network, SGD
rng = np.random.default_rng(0)
X = rng.normal(size=(70, 5))
net = Network((5, 13, 3), ("tanh", "softmax"), "cross_entropy", dtype="{dtype}", random_state=1)
net.fit(X, rng.integers(0, 3, 70), epochs=30, batch_size=16, optimizer=SGD(0.1))
np.save(sys.argv[1], net.parameters)
"""
    results = []
    for level in cpu.levels_supported():
        if level in cpu.levels_built:
            path = tmp_path / f"{level}.npy"
            assert run(code, level, str(path)).returncode == 0
            results.append(np.load(path))
    tolerance = 1e-12 if dtype == "float64" else 1e-4
    for result in results[1:]:
        np.testing.assert_allclose(result, results[0], rtol=0, atol=tolerance)


def run(code, level, *words):
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    if level is not None:
        environment[VARIABLE] = level
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
