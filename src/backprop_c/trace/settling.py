"""SettlingTrace: how a recurrent network's units settle, and its errors after that, in numbers."""

import numpy as np

from .._frozen import ByIdentity


class PartTrace(ByIdentity):
    """What a step does to the weights of the inputs, to those between the units, or to a readout.

    Attributes
    ----------
    l1, l2 : float
        The strengths of the penalties on the weights.
    connections : ndarray of bool, of the weights' shape
        Which weights there are.
    weights, weights_gradient, new_weights : ndarray of shape (n_from, n_to)
        As the network stores them.
    biases, biases_gradient, new_biases : ndarray of shape (n_to,) or None
        None for the inputs, and in a network without biases. Those of the units are with the
        weights between them.
    """

    l1: float
    l2: float
    connections: np.ndarray
    weights: np.ndarray
    weights_gradient: np.ndarray
    new_weights: np.ndarray
    biases: np.ndarray | None
    biases_gradient: np.ndarray | None
    new_biases: np.ndarray | None


class SettlingTrace(ByIdentity):
    """How one sample settles in a `RecurrentNetwork`, how its errors do, and a step after that.

    ``print(trace)`` lays it out as a textbook would, or sums it up where that would be too long.
    An iteration finds new values. If none of them is further from the old one than the limit, the
    values have settled: units end at the new values, errors at the old ones. Else they move to the
    new ones, or with damping a share of the way; the last iteration goes all of it.

    Attributes
    ----------
    x : ndarray of shape (n_inputs,)
    target : ndarray of shape (n_outputs,)
    loss_name : str
    loss_constants : dict of str to float
        The loss's parameters by name, such as Huber's delta.
    learning_rate : float
    activation, output_activation : str
        Of the units, and of the outputs.
    constants, output_constants : dict of str to float
        The activations' parameters by name.
    symmetric : bool
    solver, backward_solver : str
        How the network itself has its units and its errors settle.
    damping, tolerance, backward_tolerance : float
    max_iterations, backward_max_iterations : int
    input_weights : ndarray of shape (n_inputs, n_units)
        As they count: 0 where there is no connection.
    recurrent_weights : ndarray of shape (n_units, n_units)
        Likewise; those of a symmetric network are the mean of the matrix and its transpose.
    drive : ndarray of shape (n_units,)
        What the inputs and the biases send to the units: ``x @ input_weights + biases``.
    states : ndarray of shape (iterations + 1, n_units)
        The units' values by plain relaxation: at first, and after each iteration.
    found : ndarray of shape (iterations, n_units)
        The activation of ``drive + state @ recurrent_weights`` in each iteration.
    changes : ndarray of shape (iterations,)
        The largest distance of what an iteration found from the values before it.
    settled : bool
        Whether plain relaxation came to its end within `max_iterations`.
    units : ndarray of shape (n_units,)
        The values that the network goes on with: the last of the states, but for another solver.
    iterations : int
        How many the network's own solver took.
    units_settled : bool
        Whether the units have settled by it.
    z, slopes : ndarray of shape (n_units,)
        The pre-activations at these values, and the derivatives of the activation there.
    output_z, outputs, output_delta : ndarray of shape (n_outputs,)
        The outputs' pre-activations, the outputs, and the derivative of the loss by `output_z`.
    output_slope : ndarray of shape (n_outputs,) or None
        None for softmax, whose outputs depend on one another.
    sample_loss, penalty, loss : float
        The loss of the sample alone, that of the weights, and both together.
    seed : ndarray of shape (n_units,)
        What the loss sends to the units: its derivative by their z, as if they did not feed each
        other.
    errors : ndarray of shape (iterations + 1, n_units)
        The errors by plain relaxation: the seed, and after each iteration.
    errors_found : ndarray of shape (iterations, n_units)
        ``slopes * (errors @ recurrent_weights.T) + seed`` in each iteration.
    error_changes : ndarray of shape (iterations,)
    error_limit : float
        `backward_tolerance` times the largest size in the seed.
    errors_settled : bool
    delta : ndarray of shape (n_units,)
        dloss/dz, the errors that the network goes on with.
    parts : tuple of PartTrace
        The weights of the inputs, those between the units, and the readout if there is one.
    gradient, new_parameters : ndarray of shape (n_parameters,)
        Laid out as the network's parameters, with penalties.
    new_outputs : ndarray of shape (n_outputs,)
    new_loss : float

    Examples
    --------
    >>> from backprop_c import RecurrentNetwork, trace
    >>> net = RecurrentNetwork(1, 1, 1, activation="identity", biases=False, tolerance=0.1)
    >>> net.parameters[:] = [1.0, 0.5]
    >>> steps = trace(net, [1.0], [2.0], learning_rate=0.1, verbose=False)
    >>> steps.states.ravel()
    array([0.    , 1.    , 1.5   , 1.75  , 1.875 , 1.9375])
    >>> steps.changes
    array([1.    , 0.5   , 0.25  , 0.125 , 0.0625])
    """

    x: np.ndarray
    target: np.ndarray
    loss_name: str
    loss_constants: dict[str, float]
    learning_rate: float
    activation: str
    constants: dict[str, float]
    output_activation: str
    output_constants: dict[str, float]
    symmetric: bool
    solver: str
    damping: float
    tolerance: float
    max_iterations: int
    backward_solver: str
    backward_tolerance: float
    backward_max_iterations: int
    input_weights: np.ndarray
    recurrent_weights: np.ndarray
    drive: np.ndarray
    states: np.ndarray
    found: np.ndarray
    changes: np.ndarray
    settled: bool
    units: np.ndarray
    iterations: int
    units_settled: bool
    z: np.ndarray
    slopes: np.ndarray
    output_z: np.ndarray
    outputs: np.ndarray
    output_slope: np.ndarray | None
    output_delta: np.ndarray
    sample_loss: float
    penalty: float
    loss: float
    seed: np.ndarray
    errors: np.ndarray
    errors_found: np.ndarray
    error_changes: np.ndarray
    error_limit: float
    errors_settled: bool
    delta: np.ndarray
    parts: tuple[PartTrace, ...]
    gradient: np.ndarray
    new_parameters: np.ndarray
    new_outputs: np.ndarray
    new_loss: float

    def __str__(self) -> str:
        from . import settling_page, settling_summary
        from .writing import MOST_UNITS

        units = len(self.x) + len(self.units) + len(self.outputs) * (len(self.parts) == 3)
        layout = settling_page if units <= MOST_UNITS else settling_summary
        with np.errstate(all="ignore"):
            return "\n".join(layout.lines(self))

    def __repr__(self) -> str:
        settled = "settled" if self.units_settled else "not settled"
        return (
            f"<SettlingTrace of {len(self.units)} units: {settled} after {self.iterations} "
            f"iterations, loss {self.loss:.6g}, after one step {self.new_loss:.6g}>"
        )
