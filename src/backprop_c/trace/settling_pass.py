"""The numbers of a recurrent network's trace: its units settle, and then its errors do.

The iterations are NumPy's, so that each of them can be seen. What the network itself goes on with
comes from the kernels, by networks with the same parameters: one whose loss has the derivative 1
tells the slopes, and one whose errors need not settle tells the seed.
"""

from typing import Any

import numpy as np

from .._fixed_points import arrays_of, weights_that_count
from .._validation.entries import ACTIVATIONS, LOSSES
from ..functional import activate
from ..losses import AbsoluteError
from .settling import PartTrace, SettlingTrace
from .steps import add_penalty, constants_of, penalty, slopes_of, step

# Two runs whose sums are rounded in another order differ by fewer epsilons than these, as a rule.
ROUNDING = 64
# With such a tolerance errors stay what they are at first.
UNMOVED = {"backward_solver": "relaxation", "backward_tolerance": 1e30}


def settling_trace(net, X, targets, target, learning_rate):
    """The trace of one sample, which has been validated."""
    with np.errstate(all="ignore"):
        return Pass(net, X, targets).trace(target, learning_rate)


class Pass:
    """One sample on its way through a network, whose parameters are read once."""

    def __init__(self, net, X, targets):
        self.net, self.X, self.targets = net, X, targets
        parameters = net._snapshot()
        self.stored = arrays_of(net, parameters)
        u, w, b, v, c = weights_that_count(net, parameters)
        self.u, self.w, self.b = (part.astype(net.dtype) for part in (u, w, b))
        self.v, self.c = None if v is None else v.astype(net.dtype), c.astype(net.dtype)

    def trace(self, target, learning_rate):
        net, x = self.net, self.X[0]
        units, output = net._activations
        forward, backward = net._forward, net._backward
        settling = self._settling(x, units)
        going_back = self._going_back(settling, output)
        parts = self._parts(settling["units"], going_back, learning_rate)
        added = sum(penalty(part.weights, part.l1, part.l2) for part in parts)
        after = self._like_it(plain=False)
        after.parameters[:] = flat(parts, "new_weights", "new_biases")
        return SettlingTrace(
            x=x.copy(),
            target=target,
            loss_name=net._loss.name,
            loss_constants=constants_of(net._loss, LOSSES),
            learning_rate=learning_rate,
            activation=units.name,
            constants=constants_of(units, ACTIVATIONS),
            output_activation=output.name,
            output_constants=constants_of(output, ACTIVATIONS),
            symmetric=net.symmetric,
            solver=forward.kind,
            damping=forward.damping,
            tolerance=forward.tolerance,
            max_iterations=forward.max_iterations,
            backward_solver=backward.kind,
            backward_tolerance=backward.tolerance,
            backward_max_iterations=backward.max_iterations,
            input_weights=self.u,
            recurrent_weights=self.w,
            penalty=added,
            loss=going_back["sample_loss"] + added,
            parts=parts,
            gradient=flat(parts, "weights_gradient", "biases_gradient"),
            new_parameters=after.parameters.copy(),
            new_outputs=after.predict(x),
            new_loss=after.evaluate(self.X, self.targets)["loss"],
            **settling,
            **going_back,
        )

    # -- Forward -----------------------------------------------------------------------------

    def _settling(self, x, activation):
        solver = self.net._forward
        drive = x @ self.u + self.b
        states, found, changes, settled = relaxed(
            np.zeros_like(drive),
            lambda s: activate(activation, drive + s @ self.w),
            solver.tolerance,
            solver,
            taken=True,
        )
        units, info = self._like_it().settle(x, return_info=True)
        units = unless_rounded(units, states[-1], 1)
        return {
            "drive": drive,
            "states": states,
            "found": found,
            "changes": changes,
            "settled": settled,
            "units": units,
            "iterations": int(info["iterations"]),
            "units_settled": bool(info["settled"]),
            "z": drive + units @ self.w,
            "slopes": self._slopes(),
        }

    def _slopes(self):
        """The derivatives of the activation where the kernels have the units."""
        readout = {"n_outputs": 1, "output_activation": "identity"}
        probe = self._like_it(loss=AbsoluteError(), solvers=UNMOVED, **readout)
        probe.readout_weights[:] = 1
        lowest = np.finfo(self.net.dtype).min
        return self._derivatives(probe, [[lowest]])[1]["biases"]

    # -- Backward ----------------------------------------------------------------------------

    def _going_back(self, settling, output):
        net, solver = self.net, self.net._backward
        slopes, n_outputs = settling["slopes"], net.layer_sizes[2]
        _, unmoved = self._derivatives(self._like_it(solvers=UNMOVED), self.targets)
        sample_loss, moved = self._derivatives(self._like_it(), self.targets)
        seed = unmoved["biases"]
        size = np.abs(seed).max()
        limit = solver.tolerance * float(size)
        errors, found, changes, settled = relaxed(
            seed, lambda e: slopes * (e @ self.w.T) + seed, limit, solver
        )
        if self.v is None:
            z, a = settling["z"][-n_outputs:], settling["units"][-n_outputs:]
            slope, delta = slopes[-n_outputs:], seed[-n_outputs:]
        else:
            z = settling["units"] @ self.v + self.c
            a, slope = activate(output, z), slopes_of(output, z)
            delta = unmoved["readout_biases"]
        return {
            "output_z": z.copy(),
            "outputs": a.copy(),
            "output_slope": None if slope is None else slope.copy(),
            "output_delta": delta.copy(),
            "sample_loss": sample_loss,
            "seed": seed,
            "errors": errors,
            "errors_found": found,
            "error_changes": changes,
            "error_limit": limit,
            "errors_settled": settled,
            "delta": unless_rounded(moved["biases"], errors[-1], size),
        }

    def _parts(self, s, going_back, learning_rate):
        net, delta = self.net, going_back["delta"]
        between = np.outer(s, delta)
        if net.symmetric:
            between = (between + between.T) / 2
        parts = [
            self._part(0, "input", np.outer(self.X[0], delta), net.input_connections),
            self._part(1, "recurrent", between, net.connections, "biases", delta),
        ]
        if self.v is not None:
            delta = going_back["output_delta"]
            made = np.outer(s, delta)
            everywhere = np.ones(made.shape, bool)
            parts.append(self._part(2, "readout", made, everywhere, "readout_biases", delta))
        return tuple(PartTrace(**stepped(part, learning_rate)) for part in parts)

    def _part(self, k, name, derivative, connections, of_biases=None, delta=None):
        biases = self.stored.get(of_biases)
        return {
            "l1": self.net.l1[k],
            "l2": self.net.l2[k],
            "connections": connections,
            "weights": self.stored[f"{name}_weights"].copy(),
            "weights_gradient": derivative * connections,
            "biases": None if biases is None else biases.copy(),
            "biases_gradient": None if biases is None else delta.copy(),
        }

    # -- Networks with the same parameters ---------------------------------------------------

    def _like_it(self, *, plain=True, loss=None, solvers=None, **changes):
        """A network like this one; if plain, with biases in any case, and without penalties."""
        net = self.net
        if plain:
            changes |= {"biases": True, "l1": 0, "l2": 0}
        made_of = net._made_of() | {"solvers": net._solver_arguments | (solvers or {})} | changes
        kind: Any = type(net)
        made = kind.__new__(kind)
        made._construct(**made_of, loss=loss or net._loss, dtype=net.dtype.name)
        made.parameters[:] = 0
        for _, name, _, shape in made._places():
            if name in self.stored and self.stored[name].shape == shape:
                getattr(made, name)[:] = self.stored[name]
        return made

    def _derivatives(self, net, targets):
        """The loss, and the derivatives by the name of what they belong to."""
        loss, gradient = net.loss_and_gradient(self.X, targets)
        return loss, arrays_of(net, gradient)


# -- The parts of it -------------------------------------------------------------------------


def relaxed(start, right_side, limit, solver, taken=False):
    """Iterations from `start` on, as the kernels relax.

    The values, what each iteration found, the largest changes, and whether the values settled. What
    the last iteration found is taken where it is the last that may be, or in any case.
    """
    values, found = [start], []
    changes: list[float] = []
    settled = False
    while not settled and len(changes) < solver.max_iterations:
        before, after = values[-1], right_side(values[-1])
        found.append(after)
        changes.append(np.abs(after - before).max())
        settled = bool(changes[-1] <= limit)
        last = len(changes) == solver.max_iterations
        if settled and not taken:
            values.append(before)
        else:
            whole = solver.damping == 1 or settled or last
            values.append(after if whole else before + solver.damping * (after - before))
    return np.array(values), np.array(found), np.array(changes), settled


def unless_rounded(own, relaxed_ones, scale):
    """The network's own values, or those of the last iteration where only rounding differs."""
    scale = max(scale, np.abs(own).max())
    near = np.abs(own - relaxed_ones).max() <= ROUNDING * np.finfo(own.dtype).eps * scale
    return relaxed_ones.copy() if near else own.copy()


def stepped(part, learning_rate):
    """What a part is, with its penalties, and with what a step makes of it."""
    weights, gradient = part["weights"].copy(), part["weights_gradient"]
    add_penalty(gradient, weights, part["l1"], part["l2"])
    step(weights, gradient, part["l1"], learning_rate)
    biases = part["biases"]
    if biases is not None:
        biases = biases - learning_rate * part["biases_gradient"]
    return part | {"new_weights": weights, "new_biases": biases}


def flat(parts, weights, biases):
    """Arrays of all parts, laid out as the parameters are."""
    inputs, between, *readout = parts
    arrays = [getattr(inputs, weights)]
    for part in (between, *readout):
        arrays += [getattr(part, weights), getattr(part, biases)]
    return np.concatenate([array.ravel() for array in arrays if array is not None])
