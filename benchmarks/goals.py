"""Which trainings reach a goal, from how many starts, and how fast.

    python benchmarks/goals.py [--problem NAME ...] [--contender NAME ...] [--starts N] [--write]

The comparison is that of MATLAB's "Choose a Multilayer Neural Network Training Function": tanh
hidden units, identity outputs, squared errors, float64. Every start is other random weights, which
are the same for all contenders. Each contender has one network, into which the weights are written
before the clock is read. The contenders take turns, ten starts at a time. Times are processor time
of a whole training, from Python, until the mean squared error is at the goal. A start fails when
its time is over, or when the training ends before. A contender that fails most of its first ten
starts gets no more.
"""

import argparse
import statistics
import time
import warnings

import pinning
import records

STARTS_OF_TURN = 10


def compare(problem, goal, chosen, starts):
    """Name -> starts, share that reach the goal, median milliseconds and median epochs of those."""
    taken = {name: [] for name in chosen}
    tried = dict.fromkeys(chosen, 0)
    weights = [problem.network(seed).parameters for seed in range(starts)]
    for make in chosen.values():
        # Imports, compiled code.
        make(problem, max(goal, 0.1))(weights[0])(time.process_time() + problem.seconds)
    pinning.limit_pools()
    begins = {name: make(problem, goal) for name, make in chosen.items()}
    for first in range(0, starts, STARTS_OF_TURN):
        for name, begin in begins.items():
            if first and 2 * len(taken[name]) < tried[name]:
                continue
            for start in weights[first : first + STARTS_OF_TURN]:
                tried[name] += 1
                train = begin(start)
                before = time.process_time()
                epochs = train(before + problem.seconds)
                seconds = time.process_time() - before
                if epochs is not None:
                    taken[name].append((1e3 * seconds, epochs))
    return {name: (tried[name], *summary(tried[name], good)) for name, good in taken.items()}


def summary(tried, good):
    """The share of starts, median milliseconds and median epochs, of (milliseconds, epochs)."""
    if not good:
        return 0.0, float("nan"), float("nan")
    return len(good) / tried, *(statistics.median(values) for values in zip(*good, strict=True))


def main():
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--problem", nargs="+", metavar="NAME", help="default: all")
    parser.add_argument("--contender", nargs="+", metavar="NAME", help="default: all")
    parser.add_argument("--starts", type=int, help="default: 200, or 30 of the larger problems")
    parser.add_argument("--write", action="store_true", help=f"to results/{records.GOALS}")
    asked = parser.parse_args()
    pinning.pin(1)
    # These import libraries, which read the environment then.
    import measure
    import reaching
    import starts as tasks
    from backprop_c._kernels import level

    known = reaching.contenders()
    chosen = {name: known[name] for name in asked.contender or known}
    warnings.simplefilter("ignore")
    for name in asked.problem or tasks.PROBLEMS:
        problem = tasks.PROBLEMS[name]
        for goal in problem.goals:
            found = compare(problem, goal, chosen, asked.starts or problem.starts)
            for contender, (starts, share, ms, epochs) in found.items():
                print(
                    f"{name:8} {goal:<8g} {contender:24} {starts:4} starts {share:6.1%}"
                    f" {ms:10.3f} ms {epochs:8g} epochs",
                    flush=True,
                )
            if asked.write:
                records.write_goals(
                    [
                        {
                            "problem": name,
                            "goal": goal,
                            "contender": contender,
                            "starts": starts,
                            "share": round(share, 4),
                            "median_ms": round(ms, 4),
                            "epochs": epochs,
                            "level": level,
                            **measure.about(),
                        }
                        for contender, (starts, share, ms, epochs) in found.items()
                    ]
                )


if __name__ == "__main__":
    main()
