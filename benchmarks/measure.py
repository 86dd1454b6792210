"""From problems and contenders to rows of results. To be imported once threads are pinned."""

import importlib.metadata
import os
import platform
from datetime import date

import numpy as np

import backprop_c
import equality
import footprint
import guard
import pinning
import problems
import records
import timing
from backprop_c._kernels import level
from backprop_c._system import cpu
from contenders import CONTENDERS, OURS

TABLES = {
    "training": problems.TRAININGS,
    "prediction": problems.PREDICTIONS,
    "product": problems.PRODUCTS,
}
QUICK_CONTENDERS = (OURS, guard.PEER)
TOO_BUSY = 1.2  # processors a thread


def machine():
    """The processor's name."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            lines = dict(line.split(":", 1) for line in file if ":" in line)
    except OSError:
        return platform.processor() or platform.machine()
    names = {name.strip(): value.strip() for name, value in lines.items()}
    return f"{names.get('model name', platform.machine())}, {os.cpu_count()} cores"


def about():
    """What all rows of a run have in common."""
    return {
        "machine": machine(),
        "python": platform.python_version(),
        "date": date.today().isoformat(),
    }


def version(package):
    """Of a distribution."""
    return importlib.metadata.version(package) if package else ""


def jobs_for(problem, found):
    """Name -> what each contender that takes the problem has to run."""
    made = {
        name: getattr(module, problem.kind)(problem)
        for name, module in found.items()
        if hasattr(module, problem.kind)
    }
    pinning.limit_pools()
    return {name: job for name, job in made.items() if job is not None}


def measured(problem, found, effort):
    """(name -> Times, name -> last loss): checked to be the same work."""
    jobs = jobs_for(problem, found)
    times = timing.measure(jobs, problem.units, effort)
    return times, equality.results(problem, jobs)


def printed(problem, found):
    """As `measured`, with a line for each contender."""
    times, losses = measured(problem, found, timing.FULL)
    print(f"{problem.title} (level {level}, {pinning.threads()} thread(s))", flush=True)
    for name, taken in times.items():
        print(line(name, taken, times.get(OURS)), flush=True)
    return times, losses


def rows(problem, found):
    """A problem's rows, printed as they come."""
    times, losses = printed(problem, found)
    new = []
    for name, taken in times.items():
        compiles = CONTENDERS[name].compiles
        new.append(
            {
                "problem": problem.name,
                "contender": name,
                "level": level,
                "threads": str(pinning.threads()),
                "median_us": f"{taken.median:.4f}",
                "best_us": f"{taken.best:.4f}",
                "rounds": len(taken.each),
                "per": problem.per,
                "processors": f"{taken.processors:.2f}",
                "compile_s": f"{taken.compile_seconds:.2f}" if compiles else "",
                "final_loss": "" if losses[name] is None else f"{losses[name]:.8g}",
                "version": version(CONTENDERS[name].package),
                "numpy": np.__version__,
                "blas": pinning.blas(),
                "backprop_c": backprop_c.__version__,
                "compiler": cpu.compiler,
                **about(),
            }
        )
    return new


def line(name, taken, ours):
    """A contender's times for people, with a word if it has taken more than its threads."""
    ratio = f", {taken.median / ours.median:8.2f} times ours" if ours else ""
    busy = taken.processors > TOO_BUSY * pinning.threads()
    warning = f"  KEPT {taken.processors:.1f} PROCESSORS BUSY" if busy else ""
    return (
        f"  {CONTENDERS[name].title:<32} median {taken.median:12.3f} us, "
        f"best {taken.best:12.3f} us{ratio}{warning}"
    )


def footprint_rows():
    """The packages' rows."""
    found = [{**row, **about()} for row in footprint.measure()]
    for row in found:
        print(f"  {row['package']:<14} {row['import_ms']:>8} ms {row['megabytes']:>8} MB")
    return found


def quick(table, found, folder):
    """Print the ratios to NumPy beside the recorded ones; whether one has fallen."""
    by_name = {problem.name: problem for problem in table}
    recorded = {}
    for kind in TABLES:
        recorded |= guard.recorded_ratios(records.read(kind, folder), level)

    def ratio(name):
        times, _ = measured(by_name[name], found, timing.QUICK)
        return times[guard.PEER].median / times[OURS].median

    known = {name: recorded[name] for name in by_name if name in recorded}
    print(f"level {level}: times NumPy's time by ours")
    verdicts = []
    for name in by_name:
        if name in known:
            verdicts += guard.judge({name: known[name]}, ratio)
            print(verdicts[-1], flush=True)
        else:
            print(f"  {name:<24} not recorded, now {ratio(name):.2f}", flush=True)
    fallen = [verdict for verdict in verdicts if verdict.fallen]
    if not known:
        print(f"nothing is recorded for level {level}: nothing to compare with")
    if fallen:
        print(f"\n{len(fallen)} fallen to under {guard.FALLEN:.0%}, twice:")
        print("\n".join(map(str, fallen)))
    return bool(fallen)
