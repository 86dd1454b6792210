"""Two versions of the package side by side: the one that is here, and one from a wheel."""

import statistics
import tempfile
import zipfile
from pathlib import Path

import backprop_c
import measure
from contenders import BEFORE, OURS
from contenders.before import Version


def compare(table, wheel):
    """Print the times of both, and the ratio, for every problem that both take."""
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(wheel) as file:
            file.extractall(folder)
        # Each in a process of its own, so that all but the version is the same for both.
        here = Path(backprop_c.__file__).parent.parent
        found = {OURS: Version(str(here)), BEFORE: Version(folder)}
        for problem in table:
            if hasattr(Version, problem.kind):
                times, _ = measure.printed(problem, found)
                print(f"  ours / before: {ratio(times[OURS], times[BEFORE])}", flush=True)


def ratio(ours, before):
    """The median of the rounds' ratios, and how far they scatter."""
    each = [mine / other for mine, other in zip(ours.each, before.each, strict=True)]
    low, median, high = statistics.quantiles(each, n=4, method="inclusive")
    return f"{median:.3f} (half of the rounds from {low:.3f} to {high:.3f})"
