"""RecurrentNetwork: units that feed each other until they settle, and errors that do so after."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ._defaults import HIDDEN_ACTIVATION, default_loss
from ._engine.recurrence import set_up_recurrent
from ._equilibrium import Equilibrium
from ._fixed_points import draw
from ._unsettled import warn_unless_settled
from ._validation.entries import SETTLING
from ._validation.recurrence import (
    SolverTerms,
    as_connections,
    as_sizes,
    as_solvers,
    check_symmetry,
    linear_solver_for,
)
from ._validation.scalars import as_dtype, as_flag, as_generator
from ._validation.shape import as_activations, as_loss, as_per_layer, check_loss, coded
from .activations import Activation
from .losses import Loss

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from ._trainable import RandomState


class RecurrentNetwork(Equilibrium):
    """Units that feed each other until their values change no more.

    It is not a network for sequences: a sample is one row, which stays the same while the units
    settle at ``s = activation(x @ input_weights + s @ recurrent_weights + biases)``. Then the error
    is sent back through the same connections until it has settled, too: recurrent backpropagation,
    today called implicit differentiation of an equilibrium.

    Parameters
    ----------
    n_inputs, n_units, n_outputs : int
        Numbers of the inputs, of the units, and of the outputs. Without `output_activation` the
        last units are the outputs.
    activation : str or Activation, default "tanh"
        Of the units: as for the hidden layers of `Network`.
    loss : str, Loss or callable, optional
        As for `Network`; by default "cross_entropy" for softmax outputs, else "squared_error".
    output_activation : str or Activation, optional
        If it is given, the outputs are a layer of their own that reads all settled units:
        ``output_activation(s @ readout_weights + readout_biases)``.
    connections : array-like of bool, of shape (n_units, n_units), optional
        ``connections[i, j]`` says whether unit i feeds unit j. By default all feed all, themselves
        too. Weights without a connection are 0, and stay so.
    input_connections : array-like of bool, of shape (n_inputs, n_units), optional
        Likewise of the inputs.
    symmetric : bool, default False
        Whether the recurrent weights are tied: what i feeds j, j feeds i. They are stored in full,
        and the mean of the matrix and its transpose counts. Such a network has an `energy`.
    biases : bool, default True
    dtype : str or dtype, default "float64"
        "float64" or "float32".
    random_state : None, int, Generator, BitGenerator or RandomState
        As for `Network`.
    l1, l2 : float or sequence of float, default 0
        Penalties as for `Network`: for all weights, or one for the input weights, one for the
        recurrent ones, and one for the readout if there is one.
    solver : {"relaxation", "anderson"}, default "relaxation"
        How the units settle. Relaxation takes the new values as they are, or with damping. Anderson
        takes a combination of the last steps, which needs fewer iterations where relaxation is
        slow.
    tolerance : float, optional
        A sample has settled where no unit would change by more. By default 1e-6, in float32 1e-4.
    max_iterations : int, default 200
    damping : float, default 1
        The share of the new values in a step, above 0 and at most 1.
    memory : int, default 5
        Steps that "anderson" looks back on.
    backward_solver : {"relaxation", "anderson", "direct"}, optional
        The same for the errors; by default as for the units. "direct" solves their linear equations
        by LAPACK (extra "scipy"): for some tens of units at most.
    backward_tolerance : float, optional
        Relative to the largest error that comes from a sample's loss; by default `tolerance`.
    backward_max_iterations : int, optional
        By default `max_iterations`.

    Attributes
    ----------
    parameters : ndarray of shape (n_parameters,)
        Writable: input weights, recurrent weights, biases, readout weights, readout biases, in one
        contiguous buffer.
    input_weights : ndarray of shape (n_inputs, n_units)
        A writable view of the parameters, as the next ones.
    recurrent_weights : ndarray of shape (n_units, n_units)
    biases : ndarray of shape (n_units,) or None
    readout_weights : ndarray of shape (n_units, n_outputs) or None
    readout_biases : ndarray of shape (n_outputs,) or None
    history : History or None
        What the last fit recorded; beside the loss

        - "iterations": how many it took, the mean over the samples;
        - "settled": the share of samples whose units, and in training whose errors, settled; with a
          loss of your own the units alone;
        - "largest_change": the largest change of a unit in the last iteration of a sample.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or value; the message names it.

    Warns
    -----
    ConvergenceWarning
        By `fit`, if samples did not settle in the last epoch, or in more than a tenth of the
        epochs. Their values are what the last iteration found. Their gradient is that of the last
        errors; where those still change by as much as they were at first, that of what the loss
        says of the outputs, as if the units did not feed each other. No other method warns;
        `settle` tells how samples settle.

    See Also
    --------
    Network : layers that are fed forward.

    Notes
    -----
    The first recurrent weights are scaled so that their largest singular value times the
    activation's largest slope is 0.9. So each sample has one fixed point, and plain iteration comes
    closer to it in every step. While a network trains it may leave that region. Penalties, smaller
    steps, damping or Anderson help.

    `fit` takes all optimizers but `LevenbergMarquardt`.

    References
    ----------
    F. J. Pineda, Generalization of back-propagation to recurrent neural networks, Physical Review
    Letters 59 (1987).
    L. B. Almeida, A learning rule for asynchronous perceptrons with feedback in a combinatorial
    environment, IEEE First International Conference on Neural Networks (1987).
    S. Bai, J. Z. Kolter and V. Koltun, Deep equilibrium models (2019).

    Examples
    --------
    >>> import numpy as np
    >>> from backprop_c import Adam, RecurrentNetwork
    >>> X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> y = np.array([0.0, 1.0, 1.0, 0.0])
    >>> net = RecurrentNetwork(2, 4, 1, solver="anderson", random_state=1)
    >>> net
    <RecurrentNetwork 2 inputs, 4 units, 1 output: tanh; squared_error; float64; 28 parameters>
    >>> history = net.fit(X, y, epochs=300, optimizer=Adam(0.1))
    >>> bool((history["settled"] == 1).all())
    True
    >>> net.predict(X).round().ravel() + 0.0
    array([0., 1., 1., 0.])
    """

    _feeds_back = True
    _own_metrics = SETTLING

    def __init__(
        self,
        n_inputs: int,
        n_units: int,
        n_outputs: int,
        *,
        activation: str | Activation = HIDDEN_ACTIVATION,
        loss: str | Loss | Callable[..., Any] | None = None,
        output_activation: str | Activation | None = None,
        connections: "ArrayLike | None" = None,
        input_connections: "ArrayLike | None" = None,
        symmetric: bool = False,
        biases: bool = True,
        dtype: "DTypeLike" = "float64",
        random_state: "RandomState" = None,
        l1: float | Sequence[float] = 0.0,
        l2: float | Sequence[float] = 0.0,
        solver: str = "relaxation",
        tolerance: float | None = None,
        max_iterations: int = 200,
        damping: float = 1.0,
        memory: int = 5,
        backward_solver: str | None = None,
        backward_tolerance: float | None = None,
        backward_max_iterations: int | None = None,
    ) -> None:
        generator = as_generator(random_state)
        self._construct(
            n_inputs,
            n_units,
            n_outputs,
            activation=activation,
            loss=loss,
            output_activation=output_activation,
            connections=connections,
            input_connections=input_connections,
            symmetric=symmetric,
            biases=biases,
            dtype=dtype,
            l1=l1,
            l2=l2,
            solvers={
                "solver": solver,
                "tolerance": tolerance,
                "max_iterations": max_iterations,
                "damping": damping,
                "memory": memory,
                "backward_solver": backward_solver,
                "backward_tolerance": backward_tolerance,
                "backward_max_iterations": backward_max_iterations,
            },
        )
        self._generator = generator
        self.initialize()

    def _construct(
        self,
        n_inputs,
        n_units,
        n_outputs,
        *,
        activation,
        loss,
        output_activation,
        connections,
        input_connections,
        symmetric,
        biases,
        dtype,
        l1,
        l2,
        solvers,
    ):
        """All of the constructor but the random numbers."""
        sizes = n_inputs, n_units, n_outputs = as_sizes(n_inputs, n_units, n_outputs)
        readout = output_activation is not None
        if not readout and n_outputs > n_units:
            raise ValueError(
                f"n_outputs must be at most n_units, {n_units}, but is {n_outputs}: the outputs "
                "are the last units, unless output_activation is given"
            )
        chosen = (activation, output_activation if readout else activation)
        activations = as_activations(chosen, 2)
        loss = as_loss(default_loss(activations[1]) if loss is None else loss)
        check_loss(loss, activations[1])
        biases, symmetric = as_flag(biases, "biases"), as_flag(symmetric, "symmetric")
        dtype = as_dtype(dtype)
        between = as_connections(connections, "connections", (n_units, n_units))
        if symmetric:
            check_symmetry(between)
        incoming = as_connections(input_connections, "input_connections", (n_inputs, n_units))
        l1 = as_per_layer(l1, "l1", 2 + readout)
        l2 = as_per_layer(l2, "l2", 2 + readout)
        forward, backward = as_solvers(dtype, **solvers)
        set_up_recurrent(
            self,
            sizes,
            tuple(map(coded, activations)),
            coded(loss),
            readout,
            biases,
            dtype,
            l1,
            l2,
            tuple(forward),
            tuple(backward),
            symmetric,
            incoming,
            between,
            linear_solver_for(backward, dtype),
        )
        self._forward, self._backward = forward, backward
        self._solver_arguments = solvers
        self._symmetric, self._readout, self._biased = symmetric, readout, biases
        self._connections, self._input_connections = between, incoming
        self._begin(activations, loss)

    # -- What it is --------------------------------------------------------------------------

    @property
    def activation(self) -> str | Activation:
        """The units': its name, or the object where its parameters are not the defaults."""
        return self.activations[0]

    @property
    def output_activation(self) -> str | Activation | None:
        """The readout's; None where the outputs are the last units."""
        self._require_set_up()
        return self.activations[1] if self._readout else None

    @property
    def connections(self) -> "NDArray[np.bool_]":
        """Which unit feeds which: a copy."""
        self._require_set_up()
        return self._mask(self._connections, 1)

    @property
    def input_connections(self) -> "NDArray[np.bool_]":
        """Which input feeds which unit: a copy."""
        self._require_set_up()
        return self._mask(self._input_connections, 0)

    def _mask(self, given, n_first):
        shape = self.layer_sizes[n_first], self.layer_sizes[1]
        return np.ones(shape, bool) if given is None else given.copy()

    @property
    def solvers(self) -> tuple[SolverTerms, SolverTerms]:
        """How the units settle, and how the errors do.

        Each as a tuple with names: kind, tolerance, max_iterations, damping, memory.
        """
        self._require_set_up()
        return self._forward, self._backward

    @property
    def l1(self) -> tuple[float, ...]:
        """The penalty on the sizes of the input weights, the recurrent ones, and the readout's."""
        return super().l1[: 2 + self._readout]

    @property
    def l2(self) -> tuple[float, ...]:
        """The penalty on their squares."""
        return super().l2[: 2 + self._readout]

    @property
    def symmetric(self) -> bool:
        """Whether the recurrent weights are tied."""
        self._require_set_up()
        return self._symmetric

    @property
    def input_weights(self) -> "NDArray[Any]":
        """(n_inputs, n_units), a view of the parameters."""
        self._require_set_up()
        return self.weights[0]

    @property
    def recurrent_weights(self) -> "NDArray[Any]":
        """(n_units, n_units), a view of the parameters."""
        self._require_set_up()
        return self.weights[1]

    @property
    def readout_weights(self) -> "NDArray[Any] | None":
        """(n_units, n_outputs), a view of the parameters; None without a readout."""
        self._require_set_up()
        return self.weights[2] if self._readout else None

    # One array, where a network of layers has a tuple of them: the units are one layer.
    @property
    def biases(self) -> "NDArray[Any] | None":  # type: ignore[override]
        """(n_units,), a view of the parameters; None without biases."""
        self._require_set_up()
        return super().biases[0] if self._biased else None

    @property
    def readout_biases(self) -> "NDArray[Any] | None":
        """(n_outputs,), a view of the parameters; None without biases or a readout."""
        self._require_set_up()
        return super().biases[1] if self._biased and self._readout else None

    def __repr__(self) -> str:
        if self.layer_sizes is None:
            return f"<{type(self).__name__}: __init__ has not been called>"
        words = [
            f"{n} {word}{'' if n == 1 else 's'}"
            for n, word in zip(self.layer_sizes, ("input", "unit", "output"), strict=True)
        ]
        used = self.activations if self._readout else self.activations[:1]
        return (
            f"<RecurrentNetwork {', '.join(words)}: {', '.join(map(str, used))}; {self.loss}; "
            f"{'symmetric; ' if self._symmetric else ''}{self.dtype}; "
            f"{'' if self._biased else 'no biases; '}{self.parameters.size} parameters>"
        )

    # -- What it is made of ------------------------------------------------------------------

    def _made_of(self):
        """The arguments of `_construct` but the loss and the dtype, for copies and pickles."""
        n_inputs, n_units, n_outputs = self.layer_sizes
        return {
            "n_inputs": n_inputs,
            "n_units": n_units,
            "n_outputs": n_outputs,
            "activation": self.activation,
            "output_activation": self.output_activation,
            "connections": self._connections,
            "input_connections": self._input_connections,
            "symmetric": self._symmetric,
            "biases": self._biased,
            "l1": self.l1,
            "l2": self.l2,
            "solvers": self._solver_arguments,
        }

    @staticmethod
    def _check_parameters(made_of, parameters):
        """Raise unless these are the parameters of a network that is made of that."""
        n_inputs, n, n_outputs = as_sizes(*(made_of[f"n_{k}"] for k in SIZES))
        readout = made_of["output_activation"] is not None
        size = (n_inputs + n + n_outputs * readout) * n
        size += (n + n_outputs * readout) * bool(made_of["biases"])
        if parameters.shape != (size,) or parameters.dtype.name != made_of["dtype"]:
            raise ValueError(
                f"parameters of {n_inputs} inputs, {n} units and {n_outputs} outputs must have "
                f"shape ({size},) and dtype {made_of['dtype']}, but have shape {parameters.shape} "
                f"and dtype {parameters.dtype}"
            )

    def _in_float64(self):
        """A network of the same loss with the same parameters, in float64, that settles closely."""
        return self._twin(
            "float64",
            tolerance=CLOSELY,
            max_iterations=10 * self._forward.max_iterations,
            backward_tolerance=None,
            backward_max_iterations=None,
        )

    def _steadier(self):
        """A network of the same parameters that settles where plain iteration may not."""
        return self._twin(self.dtype, solver="anderson", damping=0.5)

    def _twin(self, dtype, **solver_arguments):
        twin = RecurrentNetwork.__new__(RecurrentNetwork)
        made_of = self._made_of() | {"solvers": self._solver_arguments | solver_arguments}
        twin._construct(**made_of, loss=self._own_loss or self._loss, dtype=dtype)
        twin.parameters[:] = self._snapshot()
        return twin

    def _places(self):
        """(None, name, first, shape) of each array in the parameters, in their order."""
        first = 0
        for name in PARTS:
            part = getattr(self, name)
            if part is not None:
                yield None, name, first, part.shape
                first += part.size

    def _summary_rows(self):
        """What `summary` says of the inputs, the units and the outputs."""
        n_inputs, n, n_outputs = self.layer_sizes
        n_biases = 0 if self.biases is None else n
        weights = f"{n_inputs} x {n}, {n} x {n}"
        yield "inputs", n_inputs, "", "", "", 0
        n_parameters = (n_inputs + n) * n + n_biases
        yield "units", n, self.activation, weights, n_biases or "", n_parameters
        if self._readout:
            n_biases = n_outputs if self._biased else 0
            shape, n_parameters = f"{n} x {n_outputs}", n * n_outputs + n_biases
            yield "outputs", n_outputs, self.output_activation, shape, n_biases or "", n_parameters

    def _draw_parameters(self, generator):
        draw(self, generator)

    def _warn_after_fit(self, history, samples):
        warn_unless_settled(self, history, samples)


SIZES = ("inputs", "units", "outputs")
# The arrays in the parameters, in their order.
PARTS = ("input_weights", "recurrent_weights", "biases", "readout_weights", "readout_biases")
# The tolerance of a network that is looked at closely.
CLOSELY = 1e-12
