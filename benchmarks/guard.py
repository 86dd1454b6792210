"""The regression guard: whether the ratios to NumPy of an earlier run have fallen.

Times depend on the machine, ratios of the same run much less.
"""

from dataclasses import dataclass

import records
from contenders import OURS

FALLEN = 0.6  # of the recorded ratio
PEER = "numpy_lean"


@dataclass(frozen=True)
class Verdict:
    """A problem's ratio, as it was and is.

    Attributes
    ----------
    problem : str
    recorded : float
    ratios : tuple of float
        The measured one, and a second one where the first was too low.
    """

    problem: str
    recorded: float
    ratios: tuple

    @property
    def fallen(self):
        """Too low, twice."""
        return len(self.ratios) == 2 and all(is_low(r, self.recorded) for r in self.ratios)

    def __str__(self):
        ratios = ", then ".join(f"{ratio:.2f}" for ratio in self.ratios)
        share = min(1.0, max(self.ratios) / self.recorded)
        end = f"  FALLEN to {share:.0%}" if self.fallen else ""
        return f"  {self.problem:<24} recorded {self.recorded:8.2f}, now {ratios}{end}"


def is_low(ratio, recorded):
    """Whether a ratio asks for a second look."""
    return ratio < FALLEN * recorded


def recorded_ratios(rows, level):
    """Problem -> the ratio of NumPy's time to ours at a level, one thread."""
    return {
        problem: cell[PEER] / cell[OURS]
        for (problem, at, threads), cell in records.medians(rows).items()
        if at == level and threads == "1" and {OURS, PEER} <= set(cell)
    }


def judge(recorded, measure):
    """A verdict for each recorded problem; `measure(problem)` returns the ratio of a new run.

    A low ratio is measured again: once may be an accident of a busy machine.
    """
    verdicts = []
    for problem, before in recorded.items():
        ratios = (measure(problem),)
        if is_low(ratios[0], before):
            ratios = (*ratios, measure(problem))
        verdicts.append(Verdict(problem, before, ratios))
    return verdicts
