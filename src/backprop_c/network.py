"""Network: a feed-forward network, trained by backpropagation."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ._defaults import default_activations, default_loss
from ._pickles import remake
from ._trainable import Trainable
from ._validation.initializers import as_initializers
from ._validation.scalars import REAL, as_dtype, as_flag, as_generator, as_in_range
from ._validation.shape import (
    as_activations,
    as_layer_sizes,
    as_loss,
    as_per_layer,
    check_loss,
    check_parameters,
    coded,
)
from .activations import Activation
from .initializers import Initializer, draw_weights
from .losses import Loss

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from ._trainable import RandomState

    InitializerLike = str | Initializer | Callable[..., Any] | NDArray[Any] | None


class Network(Trainable):
    """A feed-forward network of dense layers.

    Each layer computes ``a = activation(x @ weights + biases)`` from the one before.

    Parameters
    ----------
    layer_sizes : sequence of int
        Units of each layer: inputs, hidden ..., outputs.
    activations : str, Activation, or sequence of these, optional
        One for every layer, outputs too, or one per layer: "identity", "sigmoid", "tanh",
        "softsign", "hard_sigmoid", "hard_tanh", "relu", "leaky_relu", "elu", "selu", "softplus",
        "gelu", "gelu_tanh", "silu", "mish", and for the outputs also "softmax" and "exponential".
        A name stands for an object of `backprop_c.activations` with its defaults, such as
        ``LeakyReLU()``. By default hidden layers are tanh, and outputs what the loss goes with:
        sigmoid for "binary_cross_entropy", softmax for "cross_entropy", exponential for "poisson"
        and "gamma", else identity.
    loss : str, Loss or callable, optional
        The loss of a sample, summed over outputs; a name, or an object of `backprop_c.losses`:
        "squared_error", which is half the sum of ``(a - t)**2``, "absolute_error", "huber",
        "log_cosh", "quantile"; with sigmoid outputs also "binary_cross_entropy" (two classes, or
        several labels a sample), with softmax "cross_entropy" (one class of several), with
        exponential ones "poisson" and "gamma". What is reported and minimized is the mean over
        samples. The default is "cross_entropy" for softmax outputs, else "squared_error". For a
        loss of your own see the notes.
    biases : bool, default True
        Whether layers have biases.
    dtype : str or dtype, default "float64"
        "float64", or "float32": up to twice as fast with large batches.
    random_state : None, int, Generator, BitGenerator or RandomState
        Where the weights and each epoch's order come from. A generator that is passed in is
        used as it is, and advanced.
    l1, l2 : float or sequence of float, default 0
        The penalties on weights, for all layers or one for each: ``l1 * sum(abs(weights)) + l2 / 2
        * sum(weights**2)`` is part of the loss, whatever the batch size. l1 makes weights exactly
        0, with every optimizer: a step that would carry one through 0 stops there. Biases have
        none.
    dropout : float or sequence of float, default 0
        The share of a layer's inputs that is dropped in training, by chance and anew for each
        sample and epoch; those that are kept are divided by ``1 - dropout``. One number for all
        layers but the first, or one for each layer. Nothing is dropped in `predict`, `evaluate`,
        `loss_and_gradient` and validation.
    max_norm : float, sequence of float or None, optional
        Bound on the Euclidean norm of each unit's incoming weights, for all layers or one for each;
        weights that a step takes beyond it are scaled back.
    initializer : str, Initializer, callable, ndarray or sequence of these, optional
        How fresh weights are drawn, for all layers or one for each: a name, an object of
        `backprop_c.initializers`, a function of ``(rng, shape)`` that returns weights, or the
        weights. By default "glorot_uniform", for relu and its kin (leaky relu, elu, gelu, silu,
        mish) "he_uniform", for selu "lecun_normal". Biases begin at 0.

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
    SGD, RMSprop, Adagrad, Adadelta, Adam, AdamW, Nadam, Adamax, Lion : the optimizers.
    trace : one forward and backward pass, number by number.

    Notes
    -----
    A loss of your own is a function ``loss(y_true, y_pred)`` of two arrays of shape (n, n_out). It
    returns the loss of each sample, of shape (n,), and its derivatives by `y_pred`, of shape
    (n, n_out). It is called once a batch. Class indices come to it as rows of 0 and 1.

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

    def __init__(
        self,
        layer_sizes: Sequence[int],
        activations: str | Activation | Sequence[str | Activation] | None = None,
        loss: str | Loss | Callable[..., Any] | None = None,
        biases: bool = True,
        dtype: "DTypeLike" = "float64",
        random_state: "RandomState" = None,
        *,
        l1: float | Sequence[float] = 0.0,
        l2: float | Sequence[float] = 0.0,
        dropout: float | Sequence[float] = 0.0,
        max_norm: float | Sequence[float | None] | None = None,
        initializer: "InitializerLike | Sequence[InitializerLike]" = None,
    ) -> None:
        generator = as_generator(random_state)
        self._construct(
            layer_sizes,
            activations,
            loss,
            biases,
            dtype,
            l1=l1,
            l2=l2,
            dropout=dropout,
            max_norm=max_norm,
            initializer=initializer,
        )
        self._generator = generator
        self.initialize()

    # -- What it is --------------------------------------------------------------------------

    def __repr__(self) -> str:
        if self.layer_sizes is None:
            return f"<{type(self).__name__}: __init__ has not been called>"
        sizes = "-".join(map(str, self.layer_sizes))
        activations = ", ".join(map(str, self.activations))
        return (
            f"<Network {sizes}: {activations}; {self.loss}; {self.dtype}; "
            f"{'' if self.biases else 'no biases; '}{self.parameters.size} parameters>"
        )

    def layer_outputs(self, X: "ArrayLike") -> "list[NDArray[Any]]":
        """The outputs of each layer, hidden ones too, without dropout.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_in) or (n_in,)
            Samples, or one sample.

        Returns
        -------
        list of ndarray
            One for each layer, of shape (n_samples, n_out of the layer), or (n_out,) for one
            sample, in the network's dtype. The last is what `predict` returns, but for rounding.

        Raises
        ------
        TypeError, ValueError
            If X is not made of real numbers, has another number of features or is not finite.

        Examples
        --------
        >>> from backprop_c import Network
        >>> net = Network((1, 1, 1), "identity", biases=False)
        >>> net.parameters[:] = [2.0, 3.0]
        >>> net.layer_outputs([1.0])
        [array([2.]), array([6.])]
        """
        from . import functional

        rows = self._as_inputs(X)
        a, found = np.atleast_2d(rows), []
        parameters = self._snapshot()
        first = 0
        for layer, activation in enumerate(self._activations):
            n_in, n_out = self.layer_sizes[layer : layer + 2]
            weights = parameters[first : first + n_in * n_out].reshape(n_in, n_out)
            first += n_in * n_out
            biases = parameters[first : first + n_out] if self.biases else None
            first += n_out if self.biases else 0
            a = functional.activate(activation, functional.dense_forward(a, weights, biases))
            found.append(a[0] if rows.ndim == 1 else a)
        return found

    # -- What it is made of -------------------------------------------------------------------

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
        if isinstance(dropout, REAL):
            # Inputs are measured, not learned: one number leaves them alone.
            dropout = (0.0,) + (as_in_range(dropout, "dropout", 0, 1),) * (n_layers - 1)
        dropout = as_per_layer(dropout, "dropout", n_layers, below=1)
        max_norm = as_per_layer(max_norm, "max_norm", n_layers, none=0.0)
        initializers = as_initializers(initializer, activations)
        codes = tuple(map(coded, activations)), coded(loss)
        self._set_up(sizes, *codes, biases, dtype, l1, l2, dropout, max_norm)
        self._initializers = initializers
        self._begin(activations, loss)

    def _made_of(self):
        """The arguments of `_construct` but the loss and the dtype, for copies and pickles."""
        return {
            "layer_sizes": self.layer_sizes,
            "activations": self.activations,
            "biases": bool(self.biases),
            "l1": self.l1,
            "l2": self.l2,
            "dropout": self.dropout,
            "max_norm": self.max_norm,
        }

    @staticmethod
    def _check_parameters(made_of, parameters):
        """Raise unless these are the parameters of a network that is made of that."""
        sizes = as_layer_sizes(made_of["layer_sizes"])
        check_parameters(parameters, sizes, made_of["biases"], made_of["dtype"])

    def _in_float64(self):
        """A network of the same loss with the same parameters, in float64, without dropout."""
        shape = self.layer_sizes, self._activations, self._own_loss or self._loss
        options: dict[str, Any] = {"biases": bool(self.biases), "l1": self.l1, "l2": self.l2}
        twin = Network(*shape, random_state=0, **options)
        twin.parameters[:] = self._snapshot()
        return twin

    def _places(self):
        """(layer, name, first, shape) of each array in the parameters, in their order."""
        first = 0
        for layer, weights in enumerate(self.weights):
            yield layer, "weights", first, weights.shape
            first += weights.size
            if self.biases:
                yield layer, "biases", first, self.biases[layer].shape
                first += self.biases[layer].size

    def _summary_rows(self):
        """What `summary` says of the inputs and of each layer."""
        yield "inputs", self.layer_sizes[0], "", "", "", 0
        names = [f"hidden {k}" for k in range(1, len(self.weights))] + ["outputs"]
        for k, (name, activation) in enumerate(zip(names, self.activations, strict=True)):
            n_in, n_out = self.weights[k].shape
            n_biases = n_out if self.biases else 0
            shape = f"{n_in} x {n_out}"
            yield name, n_out, activation, shape, n_biases or "", n_in * n_out + n_biases

    def _draw_parameters(self, generator):
        draw_weights(self._initializers, self.weights, generator)
        for biases in self.biases:
            biases[:] = 0


# Pickles of format 0 look for it here.
_remake = remake
