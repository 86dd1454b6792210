"""Reads the page of a recurrent network's trace as a reader does who computes all that it says."""

import re

import numpy as np
from page_arithmetic import evaluated

# Names, and sums by symbols: sides of equations that are no arithmetic.
SYMBOLS = re.compile(r"[a-z]\[|\bsum [(tw|lm]|\bsum over|delta_out|\bw_|z_out\[")


def check_arithmetic(steps):
    """Each equation of a page holds by its numbers, and each row of a table is a state."""
    tolerance = 1e-6 if steps.units.dtype == np.float64 else 1e-4
    n_equations = 0
    for line in str(steps).splitlines():
        found = re.fullmatch(r"  (\d+)  .*", line)
        if found:
            check_row(line, steps)
            continue
        if line.startswith(("Settling", "  w is", "  delta = seed", "  w[i,j]")):
            continue
        for part in line.strip().split(";  "):
            _, *sides = re.split(r" = |: ", part)
            if not sides or not re.fullmatch(r"-?[\d.]+(e[+-]?\d+)?", sides[-1]):
                assert not re.search(r" = [-\d]", part) or part.startswith("d"), part
                continue
            for side in sides[:-1]:
                if not SYMBOLS.search(side):
                    n_equations += 1
                    np.testing.assert_allclose(
                        evaluated(side), float(sides[-1]), rtol=tolerance, atol=tolerance / 100,
                        err_msg=part,
                    )  # fmt: skip
    assert n_equations > 5 * len(steps.units)


def check_row(line, steps):
    """A row of one of the two tables, which are told apart by their numbers."""
    k, *numbers = map(float, line.split())
    k, n = int(k), len(steps.units)
    rows = []
    for states, changes in ((steps.states, steps.changes), (steps.errors, steps.error_changes)):
        if k < len(states):
            rows.append([*states[k], *([changes[k - 1]] if k else [])])
    assert any(np.allclose(numbers, row, rtol=1e-9, atol=0) for row in rows), line
    assert len(numbers) == n + (k > 0)
