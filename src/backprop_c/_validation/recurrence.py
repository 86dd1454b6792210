"""How a network's units are connected, and how they settle."""

from typing import NamedTuple

import numpy as np

from .._engine.recurrence import MOST_MEMORY
from .scalars import as_count, as_in_range, as_known_name, as_number

SOLVERS = ("relaxation", "anderson")
BACKWARD_SOLVERS = (*SOLVERS, "direct")
MOST_PARAMETERS = 2**40
# Where nobody says when a change is small enough.
TOLERANCES = {"float64": 1e-6, "float32": 1e-4}


class SolverTerms(NamedTuple):
    """A solver as the engine takes it."""

    kind: str
    tolerance: float
    max_iterations: int
    damping: float
    memory: int


def as_solvers(
    dtype,
    solver,
    tolerance,
    max_iterations,
    damping,
    memory,
    backward_solver,
    backward_tolerance,
    backward_max_iterations,
):
    """How units settle, and how errors do: as the units, where nothing else is said."""
    if tolerance is None:
        tolerance = TOLERANCES[dtype.name]
    damping = as_number(damping, "damping")
    if not 0 < damping <= 1:
        raise ValueError(f"damping must be above 0 and at most 1, but is {damping}")
    memory = as_count(memory, "memory", 1)
    if memory > MOST_MEMORY:
        raise ValueError(f"memory must be at most {MOST_MEMORY}, but is {memory}")
    forward = SolverTerms(
        as_known_name(solver, "solver", SOLVERS),
        as_in_range(tolerance, "tolerance", 0),
        as_count(max_iterations, "max_iterations", 1),
        damping,
        memory,
    )
    backward = forward
    if backward_solver is not None:
        kind = as_known_name(backward_solver, "backward_solver", BACKWARD_SOLVERS)
        backward = backward._replace(kind=kind)
    if backward_tolerance is not None:
        backward = backward._replace(
            tolerance=as_in_range(backward_tolerance, "backward_tolerance", 0)
        )
    if backward_max_iterations is not None:
        count = as_count(backward_max_iterations, "backward_max_iterations", 1)
        backward = backward._replace(max_iterations=count)
    return forward, backward


def linear_solver_for(backward, dtype):
    """LAPACK's gesv for the dtype, which SciPy has, where linear equations are solved."""
    if backward.kind != "direct":
        return None
    try:
        from scipy.linalg import cython_lapack
    except ImportError:
        raise ImportError(
            "backward_solver='direct' needs SciPy: pip install 'backprop-c[scipy]', or take "
            "'relaxation' or 'anderson'"
        ) from None
    return cython_lapack.__pyx_capi__["sgesv" if dtype.name == "float32" else "dgesv"]


def as_connections(value, name, shape):
    """A mask of connections, or None where all are there."""
    if value is None:
        return None
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} must be a rectangular array: {error}") from None
    if array.dtype != np.bool_:
        raise TypeError(
            f"{name} must be an array of bool, but its dtype is {array.dtype}: write {name} != 0"
        )
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, but has shape {array.shape}")
    return None if array.all() else np.array(array, order="C")


def check_symmetry(connections):
    """Raise where weights that are tied to each other are not both there."""
    if connections is not None and (connections != connections.T).any():
        i, j = np.argwhere(connections != connections.T)[0]
        raise ValueError(
            "connections must be symmetric with symmetric=True, but connections"
            f"[{i}, {j}] is {connections[i, j]} and connections[{j}, {i}] is {connections[j, i]}: "
            "give connections | connections.T"
        )


def as_sizes(n_inputs, n_units, n_outputs):
    """The three sizes, as counts."""
    sizes = tuple(
        as_count(size, name, 1)
        for size, name in ((n_inputs, "n_inputs"), (n_units, "n_units"), (n_outputs, "n_outputs"))
    )
    total = (sizes[0] + sizes[1] + sizes[2] + 2) * sizes[1]
    if total > MOST_PARAMETERS:
        raise ValueError(
            f"n_inputs, n_units and n_outputs {sizes} make too many parameters: {MOST_PARAMETERS} "
            "at most"
        )
    return sizes
