"""The tracked results: one CSV for each kind of work, a row for each contender and problem."""

import csv
from pathlib import Path

from contenders import OURS

FOLDER = Path(__file__).parent / "results"
FILES = {"training": "training.csv", "prediction": "prediction.csv", "product": "products.csv"}
COLUMNS = (
    "problem",
    "contender",
    "level",
    "threads",
    "median_us",
    "best_us",
    "rounds",
    "per",
    "processors",
    "compile_s",
    "final_loss",
    "version",
    "machine",
    "python",
    "numpy",
    "blas",
    "backprop_c",
    "compiler",
    "date",
)
FOOTPRINT = "footprint.csv"
FOOTPRINT_COLUMNS = (
    "package",
    "version",
    "import_ms",
    "megabytes",
    "fit_call_us",
    "machine",
    "python",
    "date",
)
GOALS = "goals.csv"
GOALS_COLUMNS = (
    "problem",
    "goal",
    "contender",
    "starts",
    "share",
    "median_ms",
    "epochs",
    "level",
    "machine",
    "python",
    "date",
)
CHOICES = "choices.csv"
CHOICES_COLUMNS = (
    "data",
    "chosen",
    "score",
    "spread",
    "median_ms",
    "tuned",
    "tuned_score",
    "tuned_spread",
    "default_score",
    "machine",
    "python",
    "date",
)
OVERFITTING = "overfitting.csv"
OVERFITTING_COLUMNS = (
    "problem",
    "training",
    "reached",
    "score",
    "spread",
    "auto_ahead_by",
    "standard_error",
    "machine",
    "python",
    "date",
)
ESTIMATORS = "estimators.csv"
ESTIMATORS_COLUMNS = (
    "work",
    "name",
    "sklearn_ms",
    "ours_ms",
    "sklearn_value",
    "ours_value",
    "spread",
    "sklearn",
    "machine",
    "python",
    "date",
)
JACOBIANS = "jacobians.csv"
JACOBIANS_COLUMNS = (
    "rows",
    "layers",
    "of",
    "dtype",
    "ours_us",
    "torch_us",
    "fill_us",
    "level",
    "machine",
    "python",
    "date",
)
SETTLING = "settling.csv"
SETTLING_COLUMNS = ("work", "contender", "median_us", "level", "machine", "python", "date")
SETTLING_XOR = "settling_xor.csv"
SETTLING_XOR_COLUMNS = ("units", "how", "rate", "reached", "unsettled")
LEVELS = ("v4", "v3", "baseline", "scalar")


def run_of(row):
    """What is measured in one run, so that ratios are of one run: a problem at a level."""
    return row["problem"], row["level"], row["threads"]


def read(kind, folder=FOLDER):
    """The rows of a kind; none before the first measurement."""
    return _read(Path(folder) / FILES[kind])


def read_footprint(folder=FOLDER):
    """The packages' rows."""
    return _read(Path(folder) / FOOTPRINT)


def read_goals(folder=FOLDER):
    """Who reached which goal."""
    return _read(Path(folder) / GOALS)


def write_goals(new, folder=FOLDER):
    """Replace the rows of the same problems and contenders; keep the others."""

    def key(row):
        return row["problem"], float(row["goal"]), row["contender"]

    measured = set(map(key, new))
    kept = [row for row in read_goals(folder) if key(row) not in measured]
    _write(Path(folder) / GOALS, GOALS_COLUMNS, kept + new)


def read_choices(folder=FOLDER):
    """What optimizer="auto" came to."""
    return _read(Path(folder) / CHOICES)


def write_choices(new, folder=FOLDER):
    """Replace the rows of the same data; keep the others."""
    measured = {row["data"] for row in new}
    kept = [row for row in read_choices(folder) if row["data"] not in measured]
    _write(Path(folder) / CHOICES, CHOICES_COLUMNS, kept + new)


def read_overfitting(folder=FOLDER):
    """What goals cost on other samples."""
    return _read(Path(folder) / OVERFITTING)


def write_overfitting(new, folder=FOLDER):
    """Replace all."""
    _write(Path(folder) / OVERFITTING, OVERFITTING_COLUMNS, new)


def read_estimators(folder=FOLDER):
    """The estimators beside scikit-learn's."""
    return _read(Path(folder) / ESTIMATORS)


def write_estimators(new, folder=FOLDER):
    """Replace all."""
    _write(Path(folder) / ESTIMATORS, ESTIMATORS_COLUMNS, new)


def read_jacobians(folder=FOLDER):
    """Derivatives of outputs, beside torch.func's."""
    return _read(Path(folder) / JACOBIANS)


def write_jacobians(new, folder=FOLDER):
    """Replace all."""
    _write(Path(folder) / JACOBIANS, JACOBIANS_COLUMNS, new)


def read_settling(folder=FOLDER):
    """Networks that settle, beside others by hand."""
    return _read(Path(folder) / SETTLING)


def write_settling(new, folder=FOLDER):
    """Replace all."""
    _write(Path(folder) / SETTLING, SETTLING_COLUMNS, new)


def read_settling_xor(folder=FOLDER):
    """How networks that settle learn XOR."""
    return _read(Path(folder) / SETTLING_XOR)


def write_settling_xor(new, folder=FOLDER):
    """Replace all."""
    _write(Path(folder) / SETTLING_XOR, SETTLING_XOR_COLUMNS, new)


def _read(path):
    if not path.exists():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(kind, new, folder=FOLDER):
    """Replace the measured problems of this level and number of threads; keep the others."""
    measured = {run_of(row) for row in new}
    kept = [row for row in read(kind, folder) if run_of(row) not in measured]
    _write(Path(folder) / FILES[kind], COLUMNS, sorted(kept + new, key=run_of))


def write_footprint(new, folder=FOLDER):
    """Replace all."""
    _write(Path(folder) / FOOTPRINT, FOOTPRINT_COLUMNS, new)


def _write(path, columns, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def medians(rows):
    """(problem, level, threads) -> contender -> median microseconds."""
    found = {}
    for row in rows:
        found.setdefault(run_of(row), {})[row["contender"]] = float(row["median_us"])
    return found


class Results:
    """The results in a folder; `times` is (problem, level, threads) -> contender -> median."""

    def __init__(self, folder=FOLDER):
        self.rows = [row for kind in FILES for row in read(kind, folder)]
        self.footprint = read_footprint(folder)
        self.goals, self.choices = read_goals(folder), read_choices(folder)
        self.overfitting, self.jacobians = read_overfitting(folder), read_jacobians(folder)
        self.estimators, self.settling = read_estimators(folder), read_settling(folder)
        self.settling_xor = read_settling_xor(folder)
        self.times = medians(self.rows)
        levels = {row["level"] for row in self.rows}
        self.best = next(level for level in LEVELS if level in levels)

    def at(self, problem, threads=1, level=None):
        """Contender -> median microseconds; empty where nothing is recorded."""
        return self.times.get((problem.name, level or self.best, str(threads)), {})

    def about(self, contender=OURS):
        """A row of the newest run at the best level, for versions and the machine."""
        found = [
            row for row in self.rows if row["level"] == self.best and row["contender"] == contender
        ]
        return max(found, key=lambda row: row["date"], default=None)
