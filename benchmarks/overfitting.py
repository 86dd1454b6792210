"""What it costs on other samples to train down to the goals of the classic comparison.

    python benchmarks/overfitting.py [--write]

Two of its problems are noisy: cancer and diabetes. Four fifths of the samples train, until their
mean squared error is at the goal; the score is the accuracy, or r2, over the others. Beside that
stands "auto", which is told nothing and decides itself when to end. Divisions of the samples and
first weights are the same for all.
"""

import argparse
import statistics
import warnings

import pinning
import records

DIVISIONS = range(20)
RATES = (1e-3, 3e-3, 1e-2, 3e-2)
EPOCHS = 20000


def trainings():
    """Name -> options of fits that look for a goal; and of "auto", which does not."""
    from backprop_c import LBFGS, Adam, LevenbergMarquardt, Rprop

    kinds = [LevenbergMarquardt(), LBFGS(), Rprop(), *map(Adam, RATES)]
    return {repr(kind): {"optimizer": kind, "epochs": EPOCHS} for kind in kinds}


def score(problem, seed, to_goal, **options):
    """Train with some samples: the score of the others, and whether the goal is reached."""
    import numpy as np

    from backprop_c import Goal, Network

    order = np.random.default_rng(seed).permutation(len(problem.X))
    others, training = np.split(order, [len(order) // 5])
    net = Network(problem.sizes, random_state=seed)
    goal, n_out = problem.goals[0], problem.sizes[-1]
    if to_goal:
        # The reported loss is half the sum over outputs.
        options["callbacks"] = [Goal("loss", goal * n_out / 2)]
    net.fit(problem.X[training], problem.y[training], **options)
    metric = "accuracy" if n_out > 1 else "r2"
    found = net.evaluate(problem.X[others], problem.y[others], metrics=[metric])[metric]
    errors = net.predict(problem.X[training]) - problem.y[training]
    return found, bool(np.mean(errors**2) <= goal)


def rows_of(name, problem):
    """A line of the table for each training."""
    import measure

    def all_of(to_goal, **options):
        return [score(problem, seed, to_goal, **options) for seed in DIVISIONS]

    alone = all_of(False, optimizer="auto")
    found = {"auto": alone}
    found |= {kind: all_of(True, **options) for kind, options in trainings().items()}
    for kind, results in found.items():
        scores, reached = zip(*results, strict=True)
        ahead = [one - other for (one, _), other in zip(alone, scores, strict=True)]
        yield {
            "problem": name,
            "training": kind,
            "reached": statistics.mean(reached),
            "score": round(statistics.mean(scores), 4),
            "spread": round(statistics.stdev(scores), 4),
            "auto_ahead_by": round(statistics.mean(ahead), 4),
            "standard_error": round(statistics.stdev(ahead) / len(ahead) ** 0.5, 4),
            **measure.about(),
        }


def main():
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help=f"to results/{records.OVERFITTING}")
    asked = parser.parse_args()
    pinning.pin(1)
    import starts

    warnings.simplefilter("ignore")
    rows = []
    for name in ("cancer", "diabetes"):
        for row in rows_of(name, starts.PROBLEMS[name]):
            rows.append(row)
            print(", ".join(f"{key} {value}" for key, value in row.items()), flush=True)
    if asked.write:
        records.write_overfitting(rows)


if __name__ == "__main__":
    main()
