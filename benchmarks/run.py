"""Time every contender on every problem, side by side, and write a CSV.

    python benchmarks/run.py [--quick] [--output FILE] [--problem NAME ...]

One thread; the contenders take turns, so that whatever else the machine does falls on all of
them; the ratios are what counts. The level is that of BACKPROP_C_SIMD. Rows of other levels
that the file already has are kept.
"""

import os

for _variable in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[_variable] = "1"

import argparse
import csv
import gc
import platform
import statistics
import sys
import time
from datetime import date
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

import contenders
from problems import PROBLEMS

import backprop_c
from backprop_c._kernels import cpu, level

RESULTS = Path(__file__).parent / "results" / "training.csv"
COLUMNS = (
    "problem",
    "contender",
    "level",
    "best_us",
    "median_us",
    "rounds",
    "per",
    "machine",
    "python",
    "numpy",
    "backprop_c",
    "compiler",
    "date",
)


def machine():
    """The processor's name."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            lines = dict(line.split(":", 1) for line in file if ":" in line)
    except OSError:
        return platform.processor() or platform.machine()
    names = {name.strip(): value.strip() for name, value in lines.items()}
    return f"{names.get('model name', platform.machine())}, {os.cpu_count()} cores"


def check_same_work(problem, trainings):
    """Raise unless all have come to the same weights after the same epochs."""
    results = {name: t.run(problem.check_epochs) for name, t in trainings.items()}
    reference = results["numpy_lean"]
    tolerance = 1e-9 if problem.X.dtype == np.float64 else 1e-3
    for name, parameters in results.items():
        difference = abs(parameters - reference).max()
        if not difference <= tolerance:
            raise SystemExit(f"{problem.name}: {name} is {difference} away from numpy_lean")


def seconds(training, epochs):
    """The time of one training, without the garbage collector."""
    gc.collect()
    gc.disable()
    try:
        start = time.perf_counter()
        training.run(epochs)
        return time.perf_counter() - start
    finally:
        gc.enable()


def epochs_for(training, target):
    """So many epochs that a run takes about `target` seconds; this also warms up."""
    epochs = 20
    while (took := seconds(training, epochs)) < target / 4:
        epochs *= 4
    return max(20, int(epochs * target / took))


def measure(problem, found, rounds, target):
    """Microseconds a unit of each contender, one list each, taken in turn."""
    trainings = {
        name: module.Training(problem) for name, module in found.items() if module.takes(problem)
    }
    check_same_work(problem, trainings)
    epochs = {name: epochs_for(training, target) for name, training in trainings.items()}
    times = {name: [] for name in trainings}
    for _ in range(rounds):
        for name, training in trainings.items():
            units = epochs[name] * problem.units
            times[name].append(seconds(training, epochs[name]) / units * 1e6)
    return times


def rows(names, found, rounds, target):
    """The CSV's rows, printed as they come."""
    about = {
        "level": level,
        "machine": machine(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "backprop_c": backprop_c.__version__,
        "compiler": cpu.compiler,
        "date": date.today().isoformat(),
    }
    for name in names:
        problem = PROBLEMS[name]
        times = measure(problem, found, rounds, target)
        ours = statistics.median(times["ours"])
        print(f"{problem.title} (level {level})")
        for contender, values in times.items():
            median = statistics.median(values)
            print(
                f"  {found[contender].TITLE:<38} best {min(values):10.3f} us, "
                f"median {median:10.3f} us, {median / ours:7.1f} times ours"
            )
            yield {
                "problem": name,
                "contender": contender,
                "best_us": f"{min(values):.4f}",
                "median_us": f"{median:.4f}",
                "rounds": rounds,
                "per": problem.per,
                **about,
            }


def write(path, new):
    """Replace this level's rows of the measured problems, keep the others."""
    measured = {(row["problem"], row["level"]) for row in new}
    kept = []
    if path.exists():
        with open(path, newline="", encoding="utf-8") as file:
            kept = [
                row
                for row in csv.DictReader(file)
                if (row["problem"], row["level"]) not in measured
            ]
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(kept + new, key=lambda row: (row["problem"], row["level"])))


def main():
    """Parse, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer, shorter rounds; no file")
    parser.add_argument("--output", type=Path, default=None, help=f"default: {RESULTS.name}")
    parser.add_argument("--problem", nargs="+", choices=PROBLEMS, default=list(PROBLEMS))
    arguments = parser.parse_args()
    rounds, target = (5, 0.02) if arguments.quick else (21, 0.1)
    new = list(rows(arguments.problem, contenders.load(), rounds, target))
    output = arguments.output or (None if arguments.quick else RESULTS)
    if output is not None:
        write(output, new)


if __name__ == "__main__":
    main()
