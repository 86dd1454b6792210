"""The benchmarks' own logic: imports, the guard that CI runs, turns and times, equality, tables."""

import ast
import shutil
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sources import ROOT, need

import backprop_c

need("benchmarks")
BENCHMARKS = ROOT / "benchmarks"
NAMES = (
    "comparison",
    "contenders",
    "equality",
    "goals",
    "guard",
    "pinning",
    "problems",
    "records",
    "report",
    "timing",
    "versions",
    "wording",
    "work",
)


@pytest.fixture(scope="module")
def bench():
    """The benchmarks' modules, by name; they are scripts beside each other, not a package."""
    sys.path.insert(0, str(BENCHMARKS))
    try:
        return SimpleNamespace(**{name: __import__(name) for name in NAMES})
    finally:
        sys.path.remove(str(BENCHMARKS))


def row(problem, contender, median, level="v3", threads="1"):
    return {
        "problem": problem,
        "contender": contender,
        "median_us": str(median),
        "level": level,
        "threads": threads,
    }


class Script:
    """Ratios that a measurement will return, and how often each problem was asked for."""

    def __init__(self, **ratios):
        self.ratios = {name: list(values) for name, values in ratios.items()}
        self.asked = []

    def __call__(self, problem):
        self.asked.append(problem)
        return self.ratios[problem].pop(0)


# -- Imports ---------------------------------------------------------------------------------


def imports_among(folder):
    """Module -> those of the folder's modules that it imports, in its functions, too."""
    paths = {
        ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__"): path
        for path in folder.rglob("*.py")
    }
    found = {}
    for module, path in paths.items():
        names = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        found[module] = names & set(paths)
    return found


def circle(imports):
    """The modules of a circle, or none."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_imports_form_no_circle():
    imports = imports_among(BENCHMARKS)
    assert circle(imports) == []
    assert "picture" in imports["report"]
    assert "contenders.numpy_lean" in imports["contenders.numpy_blocks"]


def test_a_circle_is_seen_in_a_function_and_in_a_package(tmp_path):
    (tmp_path / "package").mkdir()
    (tmp_path / "top.py").write_text("from package import inner\n")
    (tmp_path / "package" / "__init__.py").write_text("")
    (tmp_path / "package" / "inner.py").write_text("def late():\n    import top\n")
    assert set(circle(imports_among(tmp_path))) == {"top", "package.inner"}


# -- What defaults do not decide -------------------------------------------------------------


def test_networks_and_fits_name_what_has_a_default():
    """Two versions do the same work, whatever the defaults of each are."""
    named = {"Network": {"activations", "loss", "biases", "dtype"}}
    named["fit"] = {"epochs", "batch_size", "optimizer"}
    seen = []
    for path in (BENCHMARKS / "contenders" / "ours.py", BENCHMARKS / "footprint.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            function = node.func if isinstance(node, ast.Call) else None
            name = getattr(function, "id", getattr(function, "attr", None))
            if name in named:
                assert named[name] <= {keyword.arg for keyword in node.keywords}, path
                seen.append(name)
    assert sorted(seen) == ["Network", "Network", "fit", "fit"]


# -- The guard -------------------------------------------------------------------------------


def test_a_ratio_that_has_fallen_twice_fails(bench):
    measure = Script(iris=[10.0, 11.0], xor=[140.0])
    verdicts = bench.guard.judge({"iris": 20.0, "xor": 140.0}, measure)
    assert [v.problem for v in verdicts if v.fallen] == ["iris"]
    assert measure.asked == ["iris", "iris", "xor"]
    assert "FALLEN to 55%" in str(verdicts[0])


def test_a_noisy_ratio_passes(bench):
    measure = Script(once=[5.0, 19.0], low=[12.1], high=[40.0])
    verdicts = bench.guard.judge(dict.fromkeys(("once", "low", "high"), 20.0), measure)
    assert not any(v.fallen for v in verdicts)
    assert measure.asked == ["once", "once", "low", "high"]
    assert not any("FALLEN" in str(v) for v in verdicts)


def test_a_spilling_kernel_is_seen(bench):
    """Its GFLOP/s fall to a fifth, against those of the same BLAS."""
    (verdict,) = bench.guard.judge({"forward-256": 0.97}, Script(**{"forward-256": [0.19, 0.2]}))
    assert verdict.fallen


def test_ratios_are_of_the_same_level_and_one_thread(bench):
    rows = [
        row("iris", "ours", 2.0),
        row("iris", "numpy_lean", 20.0),
        row("iris", "pytorch", 200.0),
        row("iris", "ours", 1.0, level="v4"),
        row("iris", "numpy_lean", 21.0, level="v4"),
        row("iris", "ours", 1.0, threads="2"),
        row("iris", "numpy_lean", 50.0, threads="2"),
        row("alone", "ours", 1.0),
    ]
    assert bench.guard.recorded_ratios(rows, "v3") == {"iris": 10.0}
    assert bench.guard.recorded_ratios(rows, "scalar") == {}


# -- Times -----------------------------------------------------------------------------------


@pytest.fixture
def noting(bench):
    """A job that notes how it is run."""

    class Noting(bench.work.Job):
        granularity = 4

        def __init__(self, log, name):
            self.log, self.name = log, name

        def run(self, repeats):
            self.log.append((self.name, repeats))
            sum(range(2000 * repeats))

    return Noting


def test_contenders_take_turns(bench, noting):
    log = []
    effort = bench.timing.Effort(target=1e-3, rounds=5, budget=10.0, fewest=3)
    found = bench.timing.measure({name: noting(log, name) for name in "ab"}, 10, effort)
    assert [name for name, _ in log[-10:]] == ["a", "b"] * 5
    assert all(repeats % 4 == 0 for _, repeats in log)
    assert all(len(times.each) == 5 and times.best <= times.median for times in found.values())


def test_long_runs_have_fewer_rounds(bench, noting):
    effort = bench.timing.Effort(target=1e-3, rounds=50, budget=1e-9, fewest=2)
    found = bench.timing.measure({"a": noting([], "a")}, 1, effort)
    assert len(found["a"].each) == 2


# -- Equality --------------------------------------------------------------------------------


def outcome(bench, loss, parameters=(1.0, 2.0), **settings):
    return bench.work.Outcome(np.array([loss]), np.array(parameters), **settings)


def test_other_losses_and_weights_are_noticed(bench):
    problem = SimpleNamespace(tolerance=1e-3, weight_tolerance=1e-3)
    reference = outcome(bench, 0.5)
    compare = bench.equality.compare_trainings
    assert compare(problem, outcome(bench, 0.5001), reference) == ""
    assert "loss" in compare(problem, outcome(bench, 0.51), reference)
    assert "loss" in compare(problem, outcome(bench, np.nan), reference)
    assert "weights" in compare(problem, outcome(bench, 0.5, (1.0, 2.1)), reference)
    assert compare(problem, outcome(bench, 9.0, comparable=False), reference) == ""
    assert bench.equality.compare_arrays(problem, np.ones(2), np.ones(2)) == ""
    assert bench.equality.compare_arrays(problem, np.ones(2), np.full(2, 2.0))


def test_ours_does_what_numpy_does(bench):
    """On the problems that take no time, as the runner checks before it measures."""
    pytest.importorskip("sklearn")  # for the digits
    found = bench.contenders.load(("ours", "numpy_lean"))
    for name in ("iris", "xor-float32", "digits", "row-4-2-3", "forward-8"):
        problem = bench.problems.PROBLEMS[name]
        jobs = {key: getattr(module, problem.kind)(problem) for key, module in found.items()}
        assert set(bench.equality.results(problem, jobs)) == {"ours", "numpy_lean"}


# -- Two versions ----------------------------------------------------------------------------


@pytest.fixture
def another(bench, tmp_path, monkeypatch):
    """A version that is not the installed one: a copy, with some code at its end."""
    monkeypatch.syspath_prepend(BENCHMARKS)  # new processes look for modules where this one does

    def made(code=""):
        package = tmp_path / "backprop_c"
        shutil.copytree(Path(backprop_c.__file__).parent, package)
        with open(package / "__init__.py", "a", encoding="utf-8") as file:
            file.write(code)
        return bench.versions.Version(str(tmp_path))

    return made


def jobs_of(bench, problem, version):
    ours = bench.contenders.load(("ours",))["ours"]
    return {
        name: getattr(module, problem.kind)(problem)
        for name, module in (("ours", ours), ("before", version))
    }


def test_two_versions_do_the_same_work(bench, another):
    version = another()
    for name in ("iris", "row-4-2-3"):
        problem = bench.problems.PROBLEMS[name]
        jobs = jobs_of(bench, problem, version)
        assert set(bench.equality.results(problem, jobs)) == {"ours", "before"}
        wall, busy = jobs["before"].clock(100)
        assert wall > 0
        assert busy >= 0


def test_a_version_that_does_other_work_is_noticed(bench, another):
    version = another(
        "_fit = Network.fit\n"
        "Network.fit = lambda self, X, y, **named: _fit(self, X, y[:, ::-1], **named)\n"
    )
    problem = bench.problems.PROBLEMS["iris"]
    with pytest.raises(bench.equality.UnequalWorkError, match="before is not ours: loss"):
        bench.equality.results(problem, jobs_of(bench, problem, version))


def test_a_folder_without_the_package_is_not_taken_for_a_version(bench, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    job = bench.versions.Version(str(tmp_path)).training(bench.problems.PROBLEMS["iris"])
    with pytest.raises(RuntimeError, match="has failed"):
        job.clock(1)


def test_versions_are_compared_round_by_round(bench):
    """A machine that has become slower in the midst changes no ratio."""
    ours, before = (
        bench.timing.Times(each, 1.0, 0.0) for each in ((8.0, 80.0, 84.0), (10.0, 100.0, 100.0))
    )
    assert bench.versions.ratio(ours, before) == "0.800 (half of the rounds from 0.800 to 0.820)"


# -- Tables ----------------------------------------------------------------------------------


def test_every_contender_has_its_file(bench):
    files = {path.stem for path in (BENCHMARKS / "contenders").glob("*.py")} - {"__init__"}
    assert set(bench.contenders.CONTENDERS) == files
    assert files - set(bench.contenders.RECORDED) == {"before"}


def test_a_package_that_is_missing_leaves_its_contender_out(bench, monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "contenders.tutorial", raising=False)
    monkeypatch.setitem(sys.modules, "pandas", None)
    monkeypatch.syspath_prepend(BENCHMARKS)
    assert bench.contenders.load(("tutorial",)) == {}
    assert "without tutorial" in capsys.readouterr().out


def test_results_are_replaced_by_problem_level_and_threads(bench, tmp_path):
    write, read = bench.records.write, bench.records.read
    write("training", [row("iris", "ours", 1.0), row("iris", "ours", 2.0, level="v4")], tmp_path)
    write("training", [row("iris", "ours", 3.0), row("xor", "ours", 4.0)], tmp_path)
    write("training", [row("iris", "ours", 5.0, threads="2")], tmp_path)
    medians = bench.records.medians(read("training", tmp_path))
    assert {key: cell["ours"] for key, cell in medians.items()} == {
        ("iris", "v3", "1"): 3.0,
        ("iris", "v3", "2"): 5.0,
        ("iris", "v4", "1"): 2.0,
        ("xor", "v3", "1"): 4.0,
    }


@pytest.mark.parametrize(
    ("ratio", "text"), [(0.934, "0.93×"), (1.02, "1.02×"), (4.52, "4.5×"), (1634.0, "1600×")]
)
def test_ratios_have_two_digits(bench, ratio, text):
    assert bench.wording.times(ratio) == text


def test_names_of_problems_are_unique(bench):
    problems = bench.problems
    count = len(problems.TRAININGS) + len(problems.PREDICTIONS) + len(problems.PRODUCTS)
    assert len(problems.PROBLEMS) == count


# -- Goals -----------------------------------------------------------------------------------


def goal_row(contender, share, ms, problem="sine", goal="0.002"):
    return {
        "problem": problem,
        "goal": goal,
        "contender": contender,
        "starts": "200",
        "share": str(share),
        "median_ms": str(ms),
        "epochs": "1",
        "level": "v3",
        "machine": "a machine",
        "python": "3.11",
        "date": "2026-01-01",
    }


def test_who_misses_a_goal_from_most_of_ten_starts_gets_no_more(bench):
    starts = []

    def contender(problem, goal):
        def begin(start):
            starts.append((problem, start))
            reaches = problem == "easy" or (problem == "odd" and start % 2)
            return lambda deadline: 5 if reaches else None

        return begin

    contenders = {"one": contender, "two": contender}
    for problem, tried, share in (("easy", 25, 1.0), ("odd", 25, 12 / 25), ("hard", 10, 0.0)):
        starts.clear()
        task = SimpleNamespace(network=lambda seed: SimpleNamespace(parameters=seed), seconds=1)
        named = {name: lambda _, *rest, p=problem: contender(p, *rest) for name in contenders}
        found = bench.goals.compare(task, 0.5, named, 25)
        assert [values[:2] for values in found.values()] == [(tried, share)] * 2
        assert np.isnan(found["one"][3]) if share == 0 else found["one"][3] == 5
        # The first ones, whose time does not count, then turns of ten.
        assert [net for _, net in starts][2:24] == [*range(10), *range(10), 10, 11][
            : len(starts) - 2
        ]


def test_the_table_of_goals(bench):
    rows = [
        goal_row("FANN iRPROP-", 1, 2),
        goal_row("adam", 0.5, 0.1),
        goal_row("levenbergmarquardt", 1, 0.2),
        goal_row("sgd", 0, "nan"),
        goal_row("adam", 1, 5, "parity"),
    ]
    table = bench.comparison.goals_table(rows).splitlines()
    assert table[0] == "|  | sine 0.002 | parity 0.002 |"
    assert table[2:] == [
        "| **Adam** | 100 µs (50%) | 5 ms |",
        "| **LevenbergMarquardt** | 200 µs | – |",
        "| FANN iRPROP- | 2 ms | – |",
        "| **SGD** | – | – |",
    ]


def test_the_table_of_what_goals_cost(bench):
    """A column for each problem, a line for each training, "auto" first."""
    rows = [
        {"problem": problem, "training": training, "score": score, "spread": "0.1"}
        for problem, scores in (("cancer", "34"), ("diabetes", "12"))
        for training, score in zip(("Rprop()", "auto"), scores, strict=True)
    ]
    part = bench.comparison.overfitting_part(SimpleNamespace(overfitting=rows))
    assert part.splitlines()[0] == "|  | cancer | diabetes |"
    assert part.splitlines()[2:] == [
        '| "auto", told nothing | 4.000 ± 0.100 | 2.000 ± 0.100 |',
        "| `Rprop()` to the goal | 3.000 ± 0.100 | 1.000 ± 0.100 |",
    ]


def test_goals_take_the_place_of_the_same_ones(bench, tmp_path):
    bench.records.write_goals([goal_row("adam", 1, 5), goal_row("sgd", 1, 7)], tmp_path)
    bench.records.write_goals([goal_row("adam", 1, 4), goal_row("adam", 1, 3, "parity")], tmp_path)
    found = [
        (row["problem"], row["contender"], row["median_ms"])
        for row in bench.records.read_goals(tmp_path)
    ]
    assert found == [("sine", "sgd", "7"), ("sine", "adam", "4"), ("parity", "adam", "3")]
