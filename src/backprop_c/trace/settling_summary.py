"""What is printed of a recurrent network's trace that is too long for a page."""

from .losses import loss_formula
from .page import penalty_lines
from .settling_page import PLACES
from .summary import derivative_lines, range_of, some
from .writing import number


def lines(trace):
    parts = list(zip(PLACES, trace.parts, strict=False))
    sizes = zip((trace.x, trace.units, trace.outputs), ("input", "unit", "output"), strict=True)
    counted = [f"{len(a)} {word}{'' if len(a) == 1 else 's'}" for a, word in sizes]
    yield (
        f"Summary of {', '.join(counted)}: a page of every number would be too long; the "
        "SettlingTrace holds them all"
    )
    yield "Settling"
    yield f"  x {range_of(trace.x)}"
    yield f"  what the inputs send to the units {range_of(trace.drive)}"
    yield from _relaxation_lines(trace.settled, trace.changes, trace.tolerance)
    if trace.solver != "relaxation":
        settled = "has settled" if trace.units_settled else "has not settled"
        yield (
            f"  the network's solver, {trace.solver}, {settled} after {trace.iterations} iterations"
        )
    yield f"  units, {trace.activation}: z {range_of(trace.z)}, s {range_of(trace.units)}"
    yield "Error"
    yield f"  target {some(trace.target)}, prediction {some(trace.outputs)}"
    yield f"  loss = {loss_formula(trace)} = {number(trace.sample_loss)}"
    yield from penalty_lines(trace, parts)
    yield "Backward pass: delta = dloss/dz"
    yield f"  outputs, {trace.output_activation}: delta_out {range_of(trace.output_delta)}"
    yield f"  seed {range_of(trace.seed)}"
    yield from _relaxation_lines(trace.errors_settled, trace.error_changes, trace.error_limit)
    if trace.backward_solver != "relaxation":
        yield f"  the network's solver of the errors is {trace.backward_solver}"
    yield f"  units: delta {range_of(trace.delta)}"
    yield from derivative_lines(trace, parts)
    yield "After the step"
    yield f"  prediction {some(trace.new_outputs)}, loss {number(trace.new_loss)}"


def _relaxation_lines(settled, changes, limit):
    how = "settles in" if settled else "does not settle in"
    yield (
        f"  plain relaxation {how} {len(changes)} iterations: the largest change is "
        f"{number(changes[0])} in the first and {number(changes[-1])} in the last, and the limit "
        f"{number(limit)}"
    )
