"""Times of contenders that take turns: whatever else the machine does falls on all of them."""

import gc
import statistics
from dataclasses import dataclass

SHORTEST = 1e-3  # a first run that takes less has compiled nothing


@dataclass(frozen=True)
class Effort:
    """How long to measure.

    Attributes
    ----------
    target : float
        Seconds that one run of a contender should take, if it can be so short.
    rounds : int
        How often each has its turn, at most.
    budget : float
        Seconds for all of a problem's rounds, as long as there are `fewest`.
    fewest : int
    """

    target: float
    rounds: int
    budget: float
    fewest: int


FULL = Effort(target=0.1, rounds=21, budget=30.0, fewest=7)
QUICK = Effort(target=0.02, rounds=7, budget=2.0, fewest=3)


@dataclass(frozen=True)
class Times:
    """A contender's times on a problem, in microseconds a unit of work.

    Attributes
    ----------
    each : tuple of float
        One a round.
    processors : float
        Processor time by wall time: 1 if it kept to one thread.
    compile_seconds : float
        What the first run took longer than the second.
    """

    each: tuple
    processors: float
    compile_seconds: float

    @property
    def median(self):
        """What is reported."""
        return statistics.median(self.each)

    @property
    def best(self):
        """The shortest."""
        return min(self.each)


def first_runs(job):
    """What the first run takes longer than the second: compilation, where there is one."""
    first, second = (job.clock(job.granularity)[0] for _ in range(2))
    return max(first - second, 0.0) if first > SHORTEST else 0.0


def repeats_for(job, target):
    """So many repeats that a run takes about `target` seconds, and what it took; warms up."""
    repeats = job.granularity
    while (took := job.clock(repeats)[0]) < target / 4:
        repeats *= 4
    scaled = max(1, round(repeats * target / took / job.granularity)) * job.granularity
    return scaled, took * scaled / repeats


def measure(jobs, units, effort):
    """Name -> Times of jobs in interleaved rounds, `units` of work in each of their repeats."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()  # all that the packages have made: collections between runs take no time then
    compiling = {name: first_runs(job) for name, job in jobs.items()}
    plans = {name: repeats_for(job, effort.target) for name, job in jobs.items()}
    a_round = sum(took for _, took in plans.values())
    rounds = max(effort.fewest, min(effort.rounds, int(effort.budget / a_round)))
    taken = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            taken[name].append(job.clock(plans[name][0]))
    found = {}
    for name, pairs in taken.items():
        scale = 1e6 / (plans[name][0] * units)
        each = tuple(wall * scale for wall, _ in pairs)
        processors = sum(busy for _, busy in pairs) / sum(wall for wall, _ in pairs)
        found[name] = Times(each, processors, compiling[name])
    return found
