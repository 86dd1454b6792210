"""Whether the contenders do the same work: their results must agree, or nothing is reported."""

import numpy as np

REFERENCE = "numpy_lean"
SINGLE = 1e-5  # a loss that is known in float32


class UnequalWorkError(Exception):
    """A contender's result is not that of the others."""


def results(problem, jobs):
    """Name -> what a contender ends with, compared with the reference; the last loss, or None."""
    trained = problem.kind == "training"
    compare = compare_trainings if trained else compare_arrays
    names = sorted(jobs, key=lambda name: name != REFERENCE)  # the first where that is not there
    found, reference = {}, None
    for name in names:
        value = end_of(problem, jobs[name])
        reference = value if reference is None else reference
        reason = compare(problem, value, reference)
        if reason:
            raise UnequalWorkError(f"{problem.name}: {name} is not {names[0]}: {reason}")
        found[name] = float(value.losses[-1]) if trained else None
    return found


def end_of(problem, job):
    """The outcome of some epochs in the given order, or a call's result."""
    if problem.kind != "training":
        return job.result()
    if problem.check_epochs % job.granularity:
        raise ValueError(f"{problem.name}: {problem.check_epochs} epochs at {job.granularity}")
    return job.train(problem.check_epochs, False)


def compare_trainings(problem, outcome, reference):
    """Why two trainings differ, or "": by their last loss, and by all weights together."""
    if not outcome.comparable:
        return ""
    loss, expected = outcome.losses[-1], reference.losses[-1]
    allowed = max(problem.tolerance, SINGLE if outcome.losses.dtype == np.float32 else 0.0)
    if not abs(loss - expected) <= allowed * abs(expected):
        return f"loss {loss}, not {expected}"
    if outcome.parameters is None:
        return ""
    difference = np.linalg.norm(outcome.parameters - reference.parameters)
    if not difference <= problem.weight_tolerance * np.linalg.norm(reference.parameters):
        return f"weights differ by {difference}"
    return ""


def compare_arrays(problem, result, reference):
    """Why two results differ, or ""."""
    largest = abs(np.ravel(result) - np.ravel(reference)).max()
    return "" if largest <= problem.tolerance * abs(reference).max() else f"differs by {largest}"
