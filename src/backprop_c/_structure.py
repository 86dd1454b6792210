"""What a network is made of, and how the engine asks for what Python knows."""

import copy
from typing import ClassVar

import numpy as np

from ._engine.own_loss import LossCaller
from ._engine.samples import SampleSet, as_they_stand
from ._engine.steps import Stepper
from ._pickles import reduced, set_state
from ._training import warn_of_step
from ._validation.arrays import as_inputs, check_out
from ._validation.scalars import as_n_threads
from ._validation.targets import as_samples, as_step
from ._validation.weights import as_sample_weight
from .losses import FunctionLoss
from .optimizers import Adam
from .optimizers.terms import terms_of_steps

# What a network trains with unless another optimizer is set.
DEFAULT = Adam()


class Structure(Stepper):
    """The parts of all networks that their users do not see."""

    # Whether units feed each other; and what is then recorded of how they settle, name -> code.
    _feeds_back: ClassVar[bool] = False
    _own_metrics: ClassVar[dict[str, int]] = {}

    def _begin(self, activations, loss):
        """What every network has before anything has been drawn or trained."""
        self._activations = activations
        self._loss = loss
        self._optimizer = DEFAULT
        self._optimizer_state = None
        self._split = None
        self.history = None

    # What each kind of network says of itself. Nobody makes a network of this class, so these are
    # never called; they are here for readers and type checkers to see what a kind has to say.

    def _made_of(self):
        """The arguments of `_construct` but the loss and the dtype, for copies and pickles."""
        raise NotImplementedError

    @staticmethod
    def _check_parameters(made_of, parameters):
        """Raise unless these are the parameters of a network that is made of that."""
        raise NotImplementedError

    def _draw_parameters(self, generator):
        """Draw fresh parameters."""
        raise NotImplementedError

    def _in_float64(self):
        """A network of the same loss with the same parameters, in float64."""
        raise NotImplementedError

    def _places(self):
        """(layer, name, first, shape) of each array in the parameters, in their order."""
        raise NotImplementedError

    def _summary_rows(self):
        """What `summary` says of the inputs and of each layer."""
        raise NotImplementedError

    def _warn_after_fit(self, history, samples):
        """After a fit: warn of what is peculiar to this kind of network."""

    def _views(self):
        """(name, array) of the parameters and of all views of them."""
        yield "parameters", self.parameters
        for layer, name, _, _ in self._places():
            found = getattr(self, name)
            yield (name, found) if layer is None else (f"{name}[{layer}]", found[layer])

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
