"""What a contender hands to the clock: a training or a call."""

import gc
import time
import timeit
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

import pinning

SETTLE = 0.05  # the last contender's idle threads go on spinning for a while


def flatten(weights, biases):
    """W0, b0, W1, b1, ... in one new array; W0, W1, ... without biases."""
    if not len(biases):
        return np.concatenate([w.ravel() for w in weights])
    pairs = zip(weights, biases, strict=True)
    return np.concatenate([part.ravel() for pair in pairs for part in pair])


def views(flat, layer_sizes):
    """Each layer's (weights, biases) within a flat array."""
    found, at = [], 0
    for n_in, n_out in pairwise(layer_sizes):
        end = at + n_in * n_out
        found.append((flat[at:end].reshape(n_in, n_out), flat[end : end + n_out]))
        at = end + n_out
    return found


@dataclass(frozen=True)
class Outcome:
    """What a training ended with.

    Attributes
    ----------
    losses : ndarray
        The mean loss of the samples, one an epoch (or that of the last alone).
    parameters : ndarray or None
        Flat, as W0, b0, W1, b1, ...; None where they are not the problem's.
    comparable : bool
        False where the contender cannot be given the problem's mathematics: its inequalities
        say why.
    """

    losses: np.ndarray
    parameters: np.ndarray | None = None
    comparable: bool = True


class Job(ABC):
    """What takes its turn: `run` does the work so many times, in multiples of `granularity`."""

    granularity = 1

    @abstractmethod
    def run(self, repeats):
        """What is timed."""

    def clock(self, repeats):
        """Wall and processor seconds of one run, without the garbage collector."""
        gc.collect()
        gc.disable()
        if pinning.threads() > 1:
            time.sleep(SETTLE)
        try:
            busy, start = time.process_time(), time.perf_counter()
            self.run(repeats)
            return time.perf_counter() - start, time.process_time() - busy
        finally:
            gc.enable()


class Training(Job):
    """A training from the problem's starting weights: subclasses define `train`."""

    def __init__(self, problem):
        self.problem = problem
        self.case = problem.case

    def run(self, epochs):
        """All that a user's training does."""
        return self.train(epochs, self.problem.shuffle)

    @abstractmethod
    def train(self, epochs, shuffle):
        """Train from the start, record what the problem asks for, and return the outcome."""


@dataclass(frozen=True)
class Call(Job):
    """A statement as a user writes it, in a loop: the call alone, without a wrapper around it.

    Attributes
    ----------
    statement : str
    names : dict
        What the statement speaks of.
    around : callable
        Returns a context manager, entered once around the loop.
    """

    statement: str
    names: dict
    around: Callable = nullcontext
    timer: timeit.Timer = field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "timer", timeit.Timer(self.statement, globals=self.names))

    def run(self, repeats):
        """The statement in a loop."""
        with self.around():
            self.timer.timeit(repeats)

    def result(self):
        """What the statement returns, or leaves in `out`, as an array."""
        with self.around():
            value = eval(self.statement, self.names)
            return np.asarray(self.names["out"] if value is None else value)
