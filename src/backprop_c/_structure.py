"""What a network is made of, and how the engine asks for what Python knows."""

import copy
import numbers

import numpy as np

from ._defaults import default_activations, default_loss
from ._engine.own_loss import LossCaller
from ._engine.samples import SampleSet, as_they_stand
from ._engine.steps import Stepper
from ._pickles import reduced, set_state
from ._training import warn_of_step
from ._validation.arrays import as_inputs, check_out
from ._validation.scalars import as_dtype, as_flag, as_in_range, as_n_threads
from ._validation.shape import (
    as_activations,
    as_layer_sizes,
    as_loss,
    as_per_layer,
    check_loss,
    coded,
)
from ._validation.targets import as_samples, as_step
from ._validation.weights import as_sample_weight
from .initializers import as_initializers
from .losses import FunctionLoss
from .optimizers import Adam
from .optimizers.terms import terms_of_steps


class Structure(Stepper):
    """The parts of `Network` that its users do not see."""

    def _construct(
        self,
        layer_sizes,
        activations,
        loss,
        biases,
        dtype,
        l1=0.0,
        l2=0.0,
        dropout=0.0,
        max_norm=None,
        initializer=None,
    ):
        """All of the constructor but the random numbers."""
        sizes = as_layer_sizes(layer_sizes)
        n_layers = len(sizes) - 1
        loss = None if loss is None else as_loss(loss)
        if activations is None:
            activations = default_activations(n_layers, loss)
        activations = as_activations(activations, n_layers)
        if loss is None:
            loss = as_loss(default_loss(activations[-1]))
        check_loss(loss, activations[-1])
        biases = as_flag(biases, "biases")
        dtype = as_dtype(dtype)
        l1 = as_per_layer(l1, "l1", n_layers)
        l2 = as_per_layer(l2, "l2", n_layers)
        if isinstance(dropout, numbers.Real):
            # Inputs are measured, not learned: one number leaves them alone.
            dropout = (0.0,) + (as_in_range(dropout, "dropout", 0, 1),) * (n_layers - 1)
        dropout = as_per_layer(dropout, "dropout", n_layers, below=1)
        max_norm = as_per_layer(max_norm, "max_norm", n_layers, none=0.0)
        initializers = as_initializers(initializer, activations)
        codes = tuple(map(coded, activations)), coded(loss)
        self._set_up(sizes, *codes, biases, dtype, l1, l2, dropout, max_norm)
        self._activations = activations
        self._initializers = initializers
        self._loss = loss
        self._optimizer = Adam()
        self._optimizer_state = None
        self._split = None
        self.history = None

    # -- Copies -----------------------------------------------------------------------------

    def __reduce__(self):
        return reduced(self)

    def __setstate__(self, state):
        set_state(self, state)

    def __copy__(self):
        return copy.deepcopy(self)

    # -- From what users pass to what the engine takes -----------------------------------------

    def _as_samples(self, X, y):
        self._require_set_up()
        n_in, n_out = self.layer_sizes[0], self.layer_sizes[-1]
        return as_samples(X, y, n_in, n_out, self._loss.name, self.dtype)

    def _as_sample_set(self, X, y, sample_weight=None):
        ready = as_they_stand(self, X, y) if sample_weight is None else None
        if ready is not None:
            return ready
        samples, targets = self._as_samples(X, y)
        weights = as_sample_weight(sample_weight, len(samples), self.dtype)
        return SampleSet(self, *map(self._apart, (samples, targets, weights)))

    def _apart(self, array):
        """The array, or its copy if it shares memory with the parameters, which a fit writes."""
        shared = array is not None and np.may_share_memory(array, self.parameters)
        return array.copy() if shared else array

    def _as_step(self, X, y, sample_weight, output_gradient):
        n_in, n_out = self.layer_sizes[0], self.layer_sizes[-1]
        samples, targets = as_step(X, y, output_gradient, n_in, n_out, self._loss.name, self.dtype)
        return samples, targets, as_sample_weight(sample_weight, len(samples), self.dtype)

    def _optimizer_terms(self, optimizer):
        return terms_of_steps(optimizer)

    def _warn_of_step(self, loss):
        warn_of_step(loss, self._optimizer)

    @property
    def _own_loss(self):
        """The caller's function, in a network with a loss of the caller's; else None."""
        self._require_set_up()
        return self._loss.function if isinstance(self._loss, FunctionLoss) else None

    def _loss_caller(self):
        return None if self._own_loss is None else LossCaller(self._own_loss)

    def _as_inputs(self, X):
        return as_inputs(X, self.layer_sizes[0], self.dtype)

    def _as_n_threads(self, n_threads):
        return as_n_threads(n_threads)

    def _check_out(self, given, X, out, shape):
        check_out((given, X, self.parameters), out, shape, self.dtype)
