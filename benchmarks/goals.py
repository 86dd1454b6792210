"""Which trainings reach a goal, from how many starts, and how fast.

    python benchmarks/goals.py [--problem NAME ...] [--contender NAME ...] [--starts N] [--write]

The comparison is that of MATLAB's "Choose a Multilayer Neural Network Training Function": tanh
hidden units, identity outputs, squared errors, float64, every start a network of other random
weights, which are the same for all contenders. The contenders take turns, start by start. Times
are processor time of a whole training, from Python, until the mean squared error is at the goal;
the network is there before. A start fails when its time is over, or when the training ends before.
"""

import argparse
import csv
import statistics
import time
import warnings
from pathlib import Path

import pinning

RESULTS = Path(__file__).parent / "results" / "goals.csv"
FIELDS = ("problem", "goal", "contender", "starts", "share", "milliseconds", "epochs")


def compare(problem, goal, chosen, starts):
    """Name -> (share of starts that reach the goal, median milliseconds, median epochs)."""
    taken = {name: [] for name in chosen}
    for make in chosen.values():
        make(problem, problem.network(0), max(goal, 0.1))()  # imports, compiled code
    pinning.limit_pools()
    for seed in range(starts):
        for name, make in chosen.items():
            train = make(problem, problem.network(seed), goal)
            before = time.process_time()
            epochs = train()
            seconds = time.process_time() - before
            if epochs is not None:
                taken[name].append((1e3 * seconds, epochs))
    return {
        name: (
            len(good) / starts,
            statistics.median(ms for ms, _ in good) if good else float("nan"),
            statistics.median(epochs for _, epochs in good) if good else float("nan"),
        )
        for name, good in taken.items()
    }


def main():
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--problem", nargs="+", metavar="NAME", help="default: all")
    parser.add_argument("--contender", nargs="+", metavar="NAME", help="default: all")
    parser.add_argument("--starts", type=int, help="default: 200, or 30 of the larger problems")
    parser.add_argument("--write", action="store_true", help=f"to {RESULTS.name}")
    asked = parser.parse_args()
    pinning.pin(1)
    import reaching
    import starts as tasks

    known = reaching.contenders()
    chosen = {name: known[name] for name in asked.contender or known}
    warnings.simplefilter("ignore")
    rows = []
    for name in asked.problem or tasks.PROBLEMS:
        problem = tasks.PROBLEMS[name]
        starts = asked.starts or problem.starts
        for goal in problem.goals:
            for contender, found in compare(problem, goal, chosen, starts).items():
                rows.append((name, goal, contender, starts, *found))
                print(
                    f"{name:8} {goal:<8g} {contender:24} {found[0]:6.1%} {found[1]:10.3f} ms"
                    f" {found[2]:8g}",
                    flush=True,
                )
    if asked.write:
        with RESULTS.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(FIELDS)
            writer.writerows(rows)


if __name__ == "__main__":
    main()
