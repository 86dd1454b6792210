"""What is built for which target, and that the processor is asked for all that is used."""

import platform
import re
import shutil
import subprocess
import sys

import pytest
from helpers import lanes_of
from sources import ROOT, need

from backprop_c._kernels import level
from backprop_c._system import cpu

need("tools/targets.py")
TOOLS = ROOT / "tools"
ONE_LANE = ["scalar"]
GENERIC = ["scalar", "baseline"]
X86_64 = ["scalar", "baseline", "v3", "v4"]


@pytest.fixture(scope="module")
def targets():
    """tools/targets.py, which setup.py reads."""
    sys.path.insert(0, str(TOOLS))
    try:
        return __import__("targets")
    finally:
        sys.path.remove(str(TOOLS))


@pytest.mark.parametrize(
    ("name", "archflags", "levels"),
    [
        ("linux-x86_64", "", X86_64),
        ("linux-x86_64", "-arch arm64", X86_64),  # ARCHFLAGS is macOS' alone
        ("linux-aarch64", "", GENERIC),
        ("linux-ppc64le", "", GENERIC),
        ("macosx-10.15-x86_64", "", X86_64),
        ("macosx-11.0-arm64", "", GENERIC),
        ("macosx-10.9-universal2", "", GENERIC),
        ("macosx-10.9-universal2", "-arch x86_64", X86_64),
        ("macosx-10.9-universal2", "-arch arm64", GENERIC),
        ("macosx-11.0-arm64", "-arch x86_64", X86_64),  # on an Apple-silicon Mac
        ("macosx-10.9-x86_64", "-arch arm64 -arch x86_64", GENERIC),
        ("win-amd64", "", X86_64),
        ("win-arm64", "", GENERIC),
        ("win32", "", GENERIC),
        ("emscripten-4.0.9-wasm32", "", GENERIC),
    ],
)
def test_levels_follow_from_the_target(targets, name, archflags, levels):
    builds = targets.builds(name, archflags)
    assert [build for build in builds if builds[build].is_level] == levels
    assert ("v3_single" in builds) == ("v3" in levels)
    assert builds["scalar"].flags == []
    assert builds["baseline"].flags == (["-msimd128"] if "wasm32" in name else [])
    assert list(targets.builds(name, archflags, vectors=False)) == ONE_LANE


def test_the_levels_have_the_lanes_that_they_claim(targets):
    """A build that is narrower than its name is a compiler without vector types."""
    lane_bytes = targets.builds("linux-x86_64")[level].lane_bytes
    for dtype, size in (("float32", 4), ("float64", 8)):
        assert lanes_of(dtype) == max(1, lane_bytes // size)


def features(flags):
    return {flag.removeprefix("-m") for flag in flags if "prefer" not in flag}


def test_the_processor_is_asked_for_every_flag(targets):
    builds = targets.builds("linux-x86_64")
    for name in ("v3", "v4"):
        assert features(builds[name].flags) <= set(cpu.FEATURES[name])
    assert features(builds["v3_single"].flags) <= set(cpu.FEATURES["v3"])
    assert set(cpu.FEATURES["v3"]) < set(cpu.FEATURES["v4"])


@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"), reason="other processors have no such levels"
)
@pytest.mark.skipif(not shutil.which("gcc"), reason="gcc says what its flags imply")
def test_the_processor_is_asked_for_what_flags_imply(targets):
    """-mavx2 allows AVX and SSE4.2, too: the compiler says what it may use."""
    builds = targets.builds("linux-x86_64")
    for name in ("v3", "v4"):
        allowed = defined(builds[name].flags) - defined([])
        assert {"avx2", "fma", "popcnt", "sse4_2"} <= allowed
        asked = {feature.replace(".", "_") for feature in cpu.FEATURES[name]}
        assert allowed - asked == {"xsave"}  # OSXSAVE, which is asked for, comes with it


def defined(flags):
    """The instruction sets that the compiler may use, as it says itself."""
    out = subprocess.run(
        ["gcc", *flags, "-dM", "-E", "-x", "c", "-"],
        input="",
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    sets = r"#define __((?:SSE|AVX|FMA|BMI|F16C|LZCNT|MOVBE|POPCNT|XSAVE|EVEX)\w*?)__ 1"
    return {name.lower() for name in re.findall(sets, out)} - {"evex256", "evex512"}
