"""Network: a feed-forward network, trained by backpropagation."""

import copy
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ._engine.engine import Engine
from ._engine.evaluation import evaluate
from ._engine.samples import SampleSet
from ._engine.trainer import Trainer
from ._initialization import draw_weights
from ._pickles import reduced, remake, set_state
from ._validation.arrays import as_inputs, check_out
from ._validation.entries import METRICS, UPDATES
from ._validation.metrics import as_metric_codes, as_metrics
from ._validation.scalars import as_count, as_dtype, as_flag, as_generator, as_n_threads
from ._validation.shape import as_activations, as_layer_sizes, as_loss, coded, name_or_object
from ._validation.targets import as_samples
from ._watcher import Watcher
from .activations import Activation
from .exceptions import DivergenceWarning
from .history import History
from .losses import Loss
from .optimizers import SGD, Optimizer, as_optimizer, state_to_go_on_from

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

    RandomState = int | np.random.Generator | np.random.BitGenerator | np.random.RandomState | None


class Network(Engine):
    """A feed-forward network of dense layers.

    Each layer computes ``a = activation(x @ weights + biases)`` from the one before.

    Parameters
    ----------
    layer_sizes : sequence of int
        Units of each layer: inputs, hidden ..., outputs.
    activations : str, Activation, or sequence of these, default "sigmoid"
        One for every layer, or one per layer: "identity", "sigmoid", "tanh", "relu",
        "leaky_relu", "gelu", and for the outputs also "softmax" and "exponential". A name stands
        for an object of `backprop_c.activations` with its defaults, such as ``LeakyReLU()``.
    loss : str or Loss, default "squared_error"
        The loss of a sample, summed over outputs; a name, or an object of `backprop_c.losses`:
        "squared_error", "huber"; with sigmoid outputs also "binary_cross_entropy", with softmax
        "cross_entropy", with exponential ones "poisson". What is reported and minimized is the
        mean over samples.
    biases : bool, default True
        Whether layers have biases.
    dtype : str or dtype, default "float64"
        "float64", or "float32": up to twice as fast with large batches.
    random_state : None, int, Generator, BitGenerator or RandomState
        Where the weights and each epoch's order come from. A generator that is passed in is
        used as it is, and advanced.

    Attributes
    ----------
    parameters : ndarray of shape (n_parameters,)
        Writable: W0, b0, W1, b1, ..., each C-ordered, in one contiguous buffer.
    weights : tuple of ndarray of shape (n_in, n_out)
        Writable views of the parameters, one a layer.
    biases : tuple of ndarray of shape (n_out,)
        Likewise; empty without biases.
    layer_sizes : tuple of int
    dtype : numpy.dtype
    history : History or None
        What the last fit recorded, also if it was interrupted.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or value; the message names it.

    See Also
    --------
    SGD : the optimizer.
    trace : one forward and backward pass, number by number.

    References
    ----------
    D. E. Rumelhart, G. E. Hinton and R. J. Williams, Learning representations by
    back-propagating errors, Nature 323 (1986).

    Examples
    --------
    >>> import numpy as np
    >>> from backprop_c import Network, SGD
    >>> X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> y = np.array([0.0, 1.0, 1.0, 0.0])
    >>> net = Network((2, 3, 1), activations="tanh", random_state=1)
    >>> net
    <Network 2-3-1: tanh, tanh; squared_error; float64; 13 parameters>
    >>> history = net.fit(X, y, epochs=2000, batch_size=None, optimizer=SGD(learning_rate=0.5))
    >>> net.predict(X).round().ravel()
    array([0., 1., 1., 0.])
    """

    history: History | None
    _generator: "np.random.Generator"

    def __init__(
        self,
        layer_sizes: Sequence[int],
        activations: str | Activation | Sequence[str | Activation] = "sigmoid",
        loss: str | Loss = "squared_error",
        biases: bool = True,
        dtype: "DTypeLike" = "float64",
        random_state: "RandomState" = None,
    ) -> None:
        generator = as_generator(random_state)
        self._construct(layer_sizes, activations, loss, biases, dtype)
        self._generator = generator
        self.initialize()

    def _construct(self, layer_sizes, activations, loss, biases, dtype):
        """All of the constructor but the random numbers."""
        sizes = as_layer_sizes(layer_sizes)
        activations = as_activations(activations, len(sizes) - 1)
        loss = as_loss(loss, activations[-1])
        biases = as_flag(biases, "biases")
        codes = tuple(map(coded, activations)), coded(loss)
        self._set_up(sizes, *codes, biases, as_dtype(dtype))
        self._activations = activations
        self._loss = loss
        self._optimizer = SGD()
        self._optimizer_state = None
        self.history = None

    # -- What it is --------------------------------------------------------------------------

    @property
    def activations(self) -> tuple[str | Activation, ...]:
        """One a layer: its name, or where its parameters are not the defaults, the object."""
        self._require_set_up()
        return tuple(map(name_or_object, self._activations))

    @property
    def loss(self) -> str | Loss:
        """The loss's name, or where its parameters are not the defaults, the object."""
        self._require_set_up()
        return name_or_object(self._loss)

    @property
    def optimizer(self) -> Optimizer:
        """What fit uses; setting it forgets the last optimizer's state."""
        self._require_set_up()
        return self._optimizer

    @optimizer.setter
    def optimizer(self, value: Optimizer) -> None:
        self._require_set_up()
        # At once, so that Ctrl-C comes before both or after both.
        self.__dict__.update(_optimizer=as_optimizer(value), _optimizer_state=None)

    def __repr__(self) -> str:
        if self.layer_sizes is None:
            return f"<{type(self).__name__}: __init__ has not been called>"
        sizes = "-".join(map(str, self.layer_sizes))
        activations = ", ".join(map(str, self.activations))
        return (
            f"<Network {sizes}: {activations}; {self.loss}; {self.dtype}; "
            f"{'' if self.biases else 'no biases; '}{self.parameters.size} parameters>"
        )

    # -- Copies ------------------------------------------------------------------------------

    def __reduce__(self):
        return reduced(self)

    def __setstate__(self, state):
        set_state(self, state)

    def __copy__(self):
        return copy.deepcopy(self)

    # -- Weights -----------------------------------------------------------------------------

    def initialize(self, random_state: "RandomState" = None) -> None:
        """Draw fresh weights; biases become zero and the optimizer's state is forgotten.

        Glorot-uniform: within ``sqrt(6 / (n_in + n_out))``; for relu layers He-uniform: within
        ``sqrt(6 / n_in)``. The same draws for both dtypes, rounded.

        Parameters
        ----------
        random_state : None, int, Generator, BitGenerator or RandomState
            None goes on with the network's own generator.

        Raises
        ------
        RuntimeError
            If the network is being trained.

        References
        ----------
        X. Glorot and Y. Bengio, Understanding the difficulty of training deep feedforward
        neural networks (2010). K. He et al., Delving deep into rectifiers (2015).

        Examples
        --------
        >>> from backprop_c import Network
        >>> net = Network((2, 3), random_state=0)
        >>> before = net.parameters.copy()
        >>> net.initialize(0)
        >>> bool((net.parameters == before).all())
        True
        """
        self._require_set_up()
        generator = self._generator
        if random_state is not None:
            generator = as_generator(random_state)
        if self._training:
            raise RuntimeError("initialize cannot draw weights while a fit trains them")
        self._require_writable("initialize")
        self._generator = generator
        self._optimizer_state = None
        for weights, activation in zip(self.weights, self._activations, strict=True):
            draw_weights(weights, activation.name, generator)
        for biases in self.biases:
            biases[:] = 0

    # -- Training ----------------------------------------------------------------------------

    def fit(
        self,
        X: "ArrayLike",
        y: "ArrayLike",
        *,
        epochs: int = 100,
        batch_size: int | None = 32,
        optimizer: Optimizer | None = None,
        shuffle: bool = True,
        metrics: str | Sequence[str] = (),
        verbose: bool = False,
        reset_optimizer: bool = True,
        n_threads: int | None = 1,
    ) -> History:
        """Train from where the network stands.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_in)
            Samples. Converted to the network's dtype.
        y : array-like of shape (n_samples, n_out) or (n_samples,)
            Targets; 1-D for one output, or 1-D class indices 0 ... n_out-1 for several. `predict`
            returns (n_samples, n_out) in any case: see the notes.
        epochs : int, default 100
            How often to go through the samples.
        batch_size : int or None, default 32
            Samples in an update; the last batch of an epoch may be shorter. 1 is online
            training, None the full batch.
        optimizer : Optimizer, optional
            Becomes ``net.optimizer``, which is used otherwise.
        shuffle : bool, default True
            Take the samples in a fresh random order each epoch. With the full batch nothing is
            drawn.
        metrics : sequence of str, default ()
            What to record beside the loss: "mse", the mean over samples and outputs of
            ``(a - t)**2``, and "accuracy", the share of samples that are classified right. Several
            outputs are right if the largest is the target's class. One output is right if it is
            on its target's side of 1/2. Sigmoid outputs with binary cross-entropy are right if all
            of them are on their targets' sides of 1/2, tanh outputs whose targets are all -1 or 1
            if all have their targets' signs; if all targets are 1, that is how they are taken.
            Targets that are no classes are refused.
        verbose : bool, default False
            Show progress on standard error: with tqdm if it is installed (extra "progress").
        reset_optimizer : bool, default True
            False goes on with the optimizer's state of the last fit, to the same bits as if
            both had been one (unless that was interrupted within an epoch: the order of the
            samples is drawn anew then). Hyperparameters such as the learning rate may change in
            between. An optimizer with another update rule begins anew, with a warning.
        n_threads : int or None, default 1
            Threads that share each batch; None for as many as the process may use cores. Where
            the work is too little for several, one does it. The result is the same to the bit.

        Returns
        -------
        History
            ``history["loss"]`` and each metric: 1-D float64, one value an epoch.

        Raises
        ------
        TypeError, ValueError
            If an argument is of the wrong kind or value, or if ``net.parameters`` or a view of it
            is read-only; nothing has changed then.
        RuntimeError
            If another thread is fitting this network.
        KeyboardInterrupt
            On Ctrl-C; the network is that of the last finished epoch, ``net.history`` tells
            what was recorded.

        Warns
        -----
        DivergenceWarning
            If the loss stopped being finite, or the parameters did in the last epoch. Training
            has stopped then, and the parameters are those at the start of the last epoch whose
            loss was finite.
        RuntimeWarning
            If ``net.parameters`` was written to during the fit, which has overwritten that; if the
            optimizer begins anew in spite of ``reset_optimizer=False``; or if the fit waits for
            Cython code that reads the parameters and has not called ``end_reading``.

        Notes
        -----
        For one output, y may be 1-D, but ``net.predict(X)`` is (n_samples, 1). NumPy would
        subtract the one from the other as (n_samples, n_samples). Take the column:
        ``net.predict(X)[:, 0] - y``.

        Examples
        --------
        >>> from backprop_c import Network, SGD
        >>> net = Network((1, 1), activations="identity", random_state=0)
        >>> history = net.fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0], epochs=500, batch_size=1,
        ...                   optimizer=SGD(learning_rate=0.1), metrics=["mse"])
        >>> net.parameters.round(3)
        array([2., 1.])
        """
        epochs = as_count(epochs, "epochs", 0)
        if batch_size is not None:
            batch_size = as_count(batch_size, "batch_size", 1)
        shuffle = as_flag(shuffle, "shuffle")
        verbose = as_flag(verbose, "verbose")
        reset_optimizer = as_flag(reset_optimizer, "reset_optimizer")
        n_threads = as_n_threads(n_threads)
        samples = self._as_sample_set(X, y)
        names, codes = self._as_metric_codes(metrics, samples.y)
        chosen = self.optimizer if optimizer is None else as_optimizer(optimizer)
        trainer = Trainer(self, samples, codes)
        history = History(names, trainer.record)

        def begin(state):
            """Have the network hold what the fit will fill in, once the fit is sure to begin."""
            watcher = Watcher(self, names, epochs, verbose) if verbose else None
            self.__dict__.update(_optimizer=chosen, _optimizer_state=state, history=history)
            return watcher

        trainer.fit(
            begin,
            epochs,
            samples.n_samples if batch_size is None else batch_size,
            UPDATES.index(chosen.rule),
            chosen.hyperparameters(),
            self._generator.bit_generator if shuffle else None,
            None if reset_optimizer else state_to_go_on_from(self._optimizer_state, chosen),
            n_threads,
        )
        if trainer.diverged:
            self._warn_of_divergence(trainer, chosen, epochs)
        if trainer.overwritten:
            warnings.warn(
                "the network's parameters were written to while this fit trained them, and the "
                "fit has overwritten what was written: write to them before or after a fit",
                RuntimeWarning,
                stacklevel=2,
            )
        return history

    def _warn_of_divergence(self, trainer, optimizer, epochs):
        done = trainer.record.epochs
        kept = f"at the start of epoch {done}" if done else "before the fit"
        what = f"loss stopped being finite in epoch {done + 1}"
        if trainer.overflowed:
            what = f"parameters stopped being finite in epoch {done}"
        warnings.warn(
            f"the {what} of {epochs} with {optimizer!r}; "
            f"the parameters are as they were {kept}. "
            "Try a smaller learning rate, or inputs scaled to about unit size",
            DivergenceWarning,
            stacklevel=3,
        )

    def stop(self) -> None:
        """End a fit that runs in another thread, at its next finished epoch.

        Without such a fit nothing happens.

        Examples
        --------
        >>> from backprop_c import Network
        >>> Network((2, 1)).stop()
        """
        self._stop_training()

    def evaluate(
        self, X: "ArrayLike", y: "ArrayLike", *, metrics: str | Sequence[str] = ()
    ) -> dict[str, float]:
        """The loss and metrics over samples.

        Parameters
        ----------
        X, y : array-like
            As for `fit`.
        metrics : sequence of str, default ()
            As for `fit`.

        Returns
        -------
        dict
            "loss" and each metric, as floats.

        Raises
        ------
        TypeError, ValueError
            As for `fit`.

        Examples
        --------
        >>> from backprop_c import Network
        >>> net = Network((1, 1), activations="identity", random_state=0)
        >>> net.parameters[:] = [2.0, 1.0]
        >>> net.evaluate([[1.0], [2.0]], [3.0, 6.0], metrics=["mse"])
        {'loss': 0.25, 'mse': 0.5}
        """
        samples = self._as_sample_set(X, y)
        names, codes = self._as_metric_codes(metrics, samples.y)
        values, _ = evaluate(self, samples, codes, False)
        return dict(zip(names, values.tolist(), strict=True))

    def loss_and_gradient(self, X: "ArrayLike", y: "ArrayLike") -> "tuple[float, NDArray[Any]]":
        """The loss over samples and its derivative by the parameters.

        Parameters
        ----------
        X, y : array-like
            As for `fit`.

        Returns
        -------
        loss : float
            The mean over samples, summed up in float64.
        gradient : ndarray of shape (n_parameters,)
            Laid out as `parameters`, in the network's dtype.

        Raises
        ------
        TypeError, ValueError
            As for `fit`.

        Examples
        --------
        >>> from backprop_c import Network
        >>> net = Network((1, 1), activations="identity", random_state=0)
        >>> net.parameters[:] = [2.0, 1.0]
        >>> net.loss_and_gradient([[3.0]], [6.0])
        (0.5, array([3., 1.]))
        """
        values, gradient = evaluate(self, self._as_sample_set(X, y), (), True)
        return float(values[0]), gradient

    # -- From what users pass to what the engine takes -----------------------------------------

    def _as_samples(self, X, y):
        self._require_set_up()
        n_in, n_out = self.layer_sizes[0], self.layer_sizes[-1]
        return as_samples(X, y, n_in, n_out, self._loss.name, self.dtype)

    def _as_sample_set(self, X, y):
        samples, targets = self._as_samples(X, y)
        return SampleSet(self, samples, targets, None)

    def _as_metric_codes(self, metrics, targets):
        """Names of what is recorded, and the metrics' codes, in the table's order."""
        asked = as_metrics(metrics)
        codes = as_metric_codes(asked, targets, self._activations[-1].name, self._loss.name)
        return ("loss", *(METRICS[k][0] for k in codes)), codes

    def _as_inputs(self, X):
        return as_inputs(X, self.layer_sizes[0], self.dtype)

    def _as_n_threads(self, n_threads):
        return as_n_threads(n_threads)

    def _check_out(self, given, X, out, shape):
        check_out((given, X, self.parameters), out, shape, self.dtype)


# Pickles of format 0 look for it here.
_remake = remake
