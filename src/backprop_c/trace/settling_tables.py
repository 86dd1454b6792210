"""How iterations are written on a recurrent network's page: the first in full, all in tables.

c[j] is what the inputs send to unit j, s[j] its value, and w[i,j] the weight from unit i to unit j.
"""

from typing import Any, NamedTuple

import numpy as np

from .writing import activation_by, equation, factor, number, value_by_numbers

# A table with more rows is shown with the first and the last ones alone.
MOST_ROWS, FIRST_ROWS, LAST_ROWS = 12, 6, 3
# So many iterations of the units are written out. In the first one all values are 0.
WRITTEN_OUT = 2


class Layer(NamedTuple):
    """Units or outputs as the formulas of activations and losses want them."""

    activation: str
    constants: dict[str, float]
    z: Any
    a: Any
    slope: Any
    delta: Any


def units_of(trace):
    return Layer(trace.activation, trace.constants, trace.z, trace.units, trace.slopes, trace.delta)


def sums(names, values):
    """Both sides, of which there is at least one term."""
    return " + ".join(names or ["0"]), " + ".join(values or ["0"])


# -- The units -----------------------------------------------------------------------------------


def settling_lines(trace):
    yield f"Settling: z = c + s w, and s becomes {_moved(trace, 'f(z)', 's')}"
    yield "  w[i,j] is the weight from unit i to unit j, and s = 0 before the first iteration"
    if trace.symmetric:
        yield "  w is the mean of the recurrent weights and their transpose"
    if trace.damping != 1:
        yield "  the largest change is that from s to f(z), of which damping takes a share"
    for k, found in enumerate(trace.found[:WRITTEN_OUT]):
        yield f"  iteration {k + 1}"
        yield from _iteration_lines(trace, trace.states[k], found)
    yield from _table("s", trace.states, trace.changes)
    yield f"  {_end(trace.settled, trace.changes, trace.tolerance, 'unit')}"
    yield from _own_solver_lines(trace)
    yield "  at these values"
    yield from _z_lines(trace, trace.units, trace.z)


def _moved(trace, found, name):
    """What becomes of a value, by names."""
    if trace.damping == 1:
        return found
    return f"{name} + {number(trace.damping)} ({found} - {name})"


def _iteration_lines(trace, values, found):
    layer = units_of(trace)
    z = trace.drive + values @ trace.recurrent_weights
    for j, line in enumerate(_z_lines(trace, values, z)):
        yield line
        z_name, f_name, s_name = f"z[{j + 1}]", f"f(z[{j + 1}])", f"s[{j + 1}]"
        by_names = activation_by(layer, z_name, f"-{z_name}", [])
        sides = by_names, value_by_numbers(layer, z[j]), number(found[j])
        yield f"    {equation(f_name, *sides)}"
        yield from _move_line(trace, f_name, s_name, found[j], values[j])


def _move_line(trace, found_name, name, found, value):
    """Where damping is, how far a value goes."""
    if trace.damping == 1:
        return
    by_names = _moved(trace, found_name, name)
    by_numbers = f"{number(value)} + {number(trace.damping)} * ({number(found)} - {factor(value)})"
    moved = value + trace.damping * (found - value)
    yield f"    new {name} = {by_names} = {by_numbers} = {number(moved)}"


def _z_lines(trace, values, z):
    for j in range(len(z)):
        sources = np.flatnonzero(trace.parts[1].connections[:, j])
        names = [f"c[{j + 1}]", *(f"s[{i + 1}] w[{i + 1},{j + 1}]" for i in sources)]
        numbers = [
            number(trace.drive[j]),
            *(f"{number(values[i])} * {number(trace.recurrent_weights[i, j])}" for i in sources),
        ]
        yield f"    {equation(f'z[{j + 1}]', *sums(names, numbers), number(z[j]))}"


def _own_solver_lines(trace):
    """What the network goes on with, where that is not the table's last row."""
    if np.array_equal(trace.units, trace.states[-1], equal_nan=True):
        if not trace.settled:
            yield "  the network goes on with these values"
        return
    how = "has settled" if trace.units_settled else "has not settled"
    yield (
        f"  the network's solver, {trace.solver}, {how} after {trace.iterations} iterations, and "
        "it goes on with"
    )
    for j, value in enumerate(trace.units):
        yield f"    s[{j + 1}] = {number(value)}"


# -- Their errors ----------------------------------------------------------------------------


def error_settling_lines(trace):
    yield (
        "Settling of the errors: g = ds/dz (delta w.T) + seed, and delta becomes "
        + _moved(trace, "g", "delta")
    )
    yield "  delta = seed before the first iteration"
    yield "  iteration 1"
    for i, found in enumerate(trace.errors_found[0]):
        targets = np.flatnonzero(trace.parts[1].connections[i])
        names = [f"delta[{j + 1}] w[{i + 1},{j + 1}]" for j in targets]
        values = [
            f"{number(trace.errors[0, j])} * {number(trace.recurrent_weights[i, j])}"
            for j in targets
        ]
        by_names, by_numbers = sums(names, values)
        yield (
            f"    g[{i + 1}] = ds[{i + 1}]/dz[{i + 1}] ({by_names}) + seed[{i + 1}] = "
            f"{number(trace.slopes[i])} * ({by_numbers}) + {number(trace.seed[i])} = "
            f"{number(found)}"
        )
        yield from _move_line(trace, f"g[{i + 1}]", f"delta[{i + 1}]", found, trace.errors[0, i])
    yield from _table("delta", trace.errors, trace.error_changes)
    yield f"  {_end(trace.errors_settled, trace.error_changes, trace.error_limit, 'error')}"
    yield from _own_error_lines(trace)


def _own_error_lines(trace):
    """The errors that the network goes on with, where they are not the table's last row."""
    if np.array_equal(trace.delta, trace.errors[-1], equal_nan=True):
        if not trace.errors_settled:
            yield "  the network goes on with these errors"
        return
    if np.array_equal(trace.delta, trace.seed):
        yield "  the errors still change by as much as the seed: the network goes on with the seed"
        return
    yield f"  the network's solver of the errors, {trace.backward_solver}, goes on with"
    for j, value in enumerate(trace.delta):
        yield f"    delta[{j + 1}] = {number(value)}"


# -- Tables ----------------------------------------------------------------------------------


def _table(name, states, changes):
    """A row an iteration: the values after it, and how far from those before what it found was."""
    head = ["iteration", *(f"{name}[{j + 1}]" for j in range(states.shape[1])), "largest change"]
    rows = [
        [str(k), *map(number, values), number(changes[k - 1]) if k else ""]
        for k, values in enumerate(states)
    ]
    left_out = len(rows) - FIRST_ROWS - LAST_ROWS if len(rows) > MOST_ROWS else 0
    if left_out:
        del rows[FIRST_ROWS:-LAST_ROWS]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for k, row in enumerate([head, *rows]):
        if left_out and k == FIRST_ROWS + 1:
            yield f"  ({left_out} iterations are left out here)"
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(cells)}".rstrip()


def _end(settled, changes, limit, what):
    if settled and what == "unit":
        return (
            f"settled in iteration {len(changes)}: no unit changed by more than {number(limit)}, "
            "and f(z) is where they end"
        )
    if settled:
        return (
            f"settled in iteration {len(changes)}: no error would change by more than "
            f"{number(limit)}, so the errors stay as they are"
        )
    return (
        f"plain relaxation has not settled after {len(changes)} iterations: the largest change is "
        f"{number(changes[-1])}, and more than {number(limit)}"
    )
