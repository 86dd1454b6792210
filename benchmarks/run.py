"""Time every contender on every problem, side by side, and write CSVs.

    python benchmarks/run.py [--threads N] [--kind KIND ...] [--problem NAME ...]
    python benchmarks/run.py --before WHEEL [--threads N] [--kind KIND ...] [--problem NAME ...]
    python benchmarks/run.py --quick
    python benchmarks/run.py --costs

The contenders take turns, so that whatever else the machine does falls on all of them; the ratios
are what counts. The level is that of BACKPROP_C_SIMD. Results of other levels, problems and
numbers of threads that the files already have are kept. With --quick nothing is written: the
ratios to NumPy are compared with the recorded ones, and one that has fallen, twice, is an error.
With --before nothing is written either: the package takes turns with another version of itself,
from a wheel that has been built for this Python. With --costs fits with penalties, weights and such
take turns with the plain one, and nothing is written.
"""

import argparse
import sys
import time
import zipfile
from pathlib import Path

import pinning

KINDS = ("training", "prediction", "product", "footprint")


def wheel(path):
    """The path of a wheel."""
    if not zipfile.is_zipfile(path):
        raise argparse.ArgumentTypeError(f"expected the path of a wheel, but got {path}")
    return path


def parsed():
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--quick", action="store_true", help="the regression guard; no file")
    who.add_argument("--costs", action="store_true", help="of a fit's options; no file")
    who.add_argument("--before", type=wheel, metavar="WHEEL", help="compare versions; no file")
    who.add_argument("--contender", nargs="+", metavar="NAME", help="default: all")
    parser.add_argument("--threads", type=int, default=1, help="default: 1")
    parser.add_argument("--kind", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--problem", nargs="+", metavar="NAME", help="default: all")
    parser.add_argument("--results", type=Path, help="default: benchmarks/results")
    return parser.parse_args()


def chosen(names, known, what):
    """The named entries of a table, or all."""
    unknown = set(names or ()) - set(known)
    if unknown:
        raise SystemExit(f"no {what} {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    return {name: known[name] for name in names or known}


def main():
    """Pin threads, then import what reads them, and measure."""
    arguments = parsed()
    pinning.pin(arguments.threads)

    import contenders
    import costs
    import measure
    import problems
    import records
    import versions

    started = time.perf_counter()
    folder = arguments.results or records.FOLDER
    asked = chosen(arguments.problem, problems.PROBLEMS, "problem")
    works = [
        problem
        for kind, table in measure.TABLES.items()
        for problem in table
        if kind in arguments.kind
        and problem.name in asked
        and (arguments.threads == 1 or problem.shared)
    ]
    fallen = False
    if arguments.quick:
        found = contenders.load(measure.QUICK_CONTENDERS)
        fallen = measure.quick(asked.values(), found, folder)
    elif arguments.costs:
        costs.compare()
    elif arguments.before:
        versions.compare(works, arguments.before)
    else:
        names = chosen(arguments.contender, contenders.RECORDED, "contender")
        found = contenders.load(names)
        for problem in works:
            records.write(problem.kind, measure.rows(problem, found), folder)
        some = arguments.problem or arguments.contender or arguments.threads > 1
        if "footprint" in arguments.kind and not some:
            records.write_footprint(measure.footprint_rows(), folder)
    print(f"{time.perf_counter() - started:.0f} seconds")
    return int(fallen)


if __name__ == "__main__":
    sys.exit(main())
