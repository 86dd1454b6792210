"""What the check of a wheel finds: size, exported symbols, run paths, times, differing builds."""

import shutil
import subprocess
import sys
import zipfile

import pytest
from sources import ROOT, need

if sys.platform != "linux":
    pytest.skip("reads ELF files", allow_module_level=True)
need("tools/check_wheel.py")
pytest.importorskip("elftools")

COMPILER = shutil.which("cc") or shutil.which("gcc")
NOON = 1577880000  # 2020-01-01 12:00:00 UTC
EPOCH = (2020, 1, 1, 12, 0, 0)
GOOD = "void PyInit_good(void) {}\n"


@pytest.fixture
def check(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tools")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(NOON))
    import check_wheel

    return check_wheel


def module(folder, code=GOOD, *flags):
    """The bytes of a compiled module."""
    if COMPILER is None:
        pytest.skip("needs a C compiler")
    (folder / "good.c").write_text(code, encoding="ascii")
    made = folder / "good.so"
    command = [COMPILER, "-shared", "-fPIC", "-nostdlib", *flags, "-o", str(made)]
    subprocess.run([*command, str(folder / "good.c")], check=True)
    return made.read_bytes()


def wheel(path, files, date_time=EPOCH):
    with zipfile.ZipFile(path, "w") as made:
        for name, data in files.items():
            made.writestr(zipfile.ZipInfo(name, date_time), data)
    return path


def found(check, tmp_path, data, **kind):
    path = wheel(tmp_path / "p.whl", {"p/good.cpython-311-x86_64-linux-gnu.so": data}, **kind)
    return list(check.problems(path))


def test_a_good_wheel(check, tmp_path, capsys):
    assert found(check, tmp_path, module(tmp_path)) == []
    assert check.main([str(tmp_path / "p.whl")]) == 0
    assert capsys.readouterr().out == "p.whl: nothing wrong\n"


@pytest.mark.parametrize(
    "symbol", ["void helper(void) {}", "int number = 3;", "__attribute__((weak)) int weak = 1;"]
)
def test_exported_symbols(check, tmp_path, symbol):
    (problem,) = found(check, tmp_path, module(tmp_path, f"{GOOD}{symbol}\n"))
    assert "but PyInit_good is all that Python needs" in problem
    hidden = module(tmp_path, f'{GOOD}__attribute__((visibility("hidden"))) {symbol}\n')
    assert found(check, tmp_path, hidden) == []


@pytest.mark.parametrize(
    ("flag", "tag"),
    [("-Wl,--enable-new-dtags", "DT_RUNPATH"), ("-Wl,--disable-new-dtags", "DT_RPATH")],
)
def test_run_paths(check, tmp_path, flag, tag):
    (problem,) = found(check, tmp_path, module(tmp_path, GOOD, flag, "-Wl,-rpath,/nowhere"))
    assert f"has a {tag}" in problem


def test_size(check, tmp_path, monkeypatch):
    data = module(tmp_path)
    assert found(check, tmp_path, data) == []
    size = (tmp_path / "p.whl").stat().st_size
    monkeypatch.setattr(check, "LARGEST", size)
    assert found(check, tmp_path, data) == []
    monkeypatch.setattr(check, "LARGEST", size - 1)
    (problem,) = found(check, tmp_path, data)
    assert problem == f"p.whl has {size} bytes, more than {size - 1}"
    assert check.main([str(tmp_path / "p.whl")]) == 1


def test_a_wheel_without_modules(check, tmp_path):
    (problem,) = check.problems(wheel(tmp_path / "p.whl", {"p/__init__.py": ""}))
    assert "has no extension module" in problem


def test_times(check, tmp_path, monkeypatch):
    data = module(tmp_path)
    (problem,) = found(check, tmp_path, data, date_time=(2026, 5, 4, 3, 2, 0))
    assert "not SOURCE_DATE_EPOCH's" in problem
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(NOON + 1))
    assert found(check, tmp_path, data) == []
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    assert found(check, tmp_path, data, date_time=(1980, 1, 1, 0, 0, 0)) == []
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    assert found(check, tmp_path, data, date_time=(2026, 5, 4, 3, 2, 0)) == []


def test_two_builds(check, tmp_path, capsys):
    files = {"p/a.py": "a", "p/b.py": "b"}
    first = wheel(tmp_path / "first.whl", files)
    later = wheel(tmp_path / "later.whl", files, (2026, 5, 4, 3, 2, 0))
    assert check.main([str(first), str(later)]) == 0
    other = wheel(tmp_path / "other.whl", {"p/a.py": "A", "p/c.py": "c"})
    capsys.readouterr()
    assert check.main([str(first), str(other)]) == 1
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert names == ["p/a.py", "p/b.py", "p/c.py"]
