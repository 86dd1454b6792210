"""What both estimators share: parameters and attributes of scikit-learn's, for a `Network`."""

from abc import ABC, abstractmethod
from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from .._validation.entries import ACTIVATIONS
from ..activations import Activation
from ..network import Network
from ..optimizers import Optimizer, optimizers_by_name
from ._callbacks import CallbackSupportMixin, reported, with_callbacks
from ._fitting import fit_in_batches, fit_in_full, warn
from ._unchanged import unchanged_by_errors
from ._views import Views

# Where scikit-learn's names are not this package's.
OTHER_NAMES = {"logistic": "sigmoid", "exp": "exponential"}
LOGISTIC = ("logistic", "sigmoid")
# Sparse samples that take more than this are worth a warning: they are made dense.
MANY_BYTES = 2**30
# What may be given beyond scikit-learn's parameters and their values.
ADDED = {
    "activation": [StrOptions({"logistic", *ACTIVATIONS}), Activation, "array-like"],
    "solver": [StrOptions({"auto", *optimizers_by_name()}), Optimizer],
    "dropout": [Interval(Real, 0, 1, closed="left")],
    "scoring": [str, callable, None],
}


def with_added(constraints, **added):
    """scikit-learn's constraints of parameters, with what may be given beyond them."""
    return {**constraints, **ADDED, **added}


def takes_parts(estimator):
    """Whether there is a partial_fit; scikit-learn asks."""
    if estimator.solver == "lbfgs":
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. "
            f"{estimator.solver} is not stochastic."
        )
    return True


class Perceptron(CallbackSupportMixin, BaseEstimator, ABC):
    """A multi-layer perceptron; see the estimators."""

    def _take_parameters(self, given):
        """The constructor's arguments, as they came: scikit-learn wants them so."""
        for name, value in given.items():
            if name != "self":
                setattr(self, name, value)

    # -- What the estimators say ----------------------------------------------------------------

    @abstractmethod
    def _validate_input(self, X, y, incremental, first):
        """X and y as scikit-learn's estimators validate them."""

    @abstractmethod
    def _as_targets(self, X, y):
        """What the network is trained with: (n_samples, n_outputs), or class indices."""

    @abstractmethod
    def _as_known(self, targets):
        """What scorers compare predictions with, of such targets."""

    @abstractmethod
    def _outputs_and_loss(self, dtype):
        """The outputs' activation by scikit-learn's name, and the network's loss."""

    @abstractmethod
    def _validation_metric(self):
        """What tells when to stop early, where no scorer is given."""

    def _validated(self, X, y, first, **options):
        """X and y by scikit-learn's rules; `first` says that the features may be other ones."""
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            dtype=(np.float64, np.float32),
            reset=first,
            **options,
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return X, y

    def _n_outputs_of(self, targets):
        return targets.shape[1]

    def _loss_divisor(self):
        """What the reported loss of the samples is divided by."""
        return 1.0

    def _constant_of_loss(self, targets, sample_weight):
        """What scikit-learn adds to the reported loss of the samples."""
        return 0.0

    def _strata(self, targets):
        """What the samples for validation are drawn by; None for nothing."""
        return None

    def _class_weights(self, targets):
        return None

    # -- The network ----------------------------------------------------------------------------

    @property
    def coefs_(self):
        """The weights of each layer: a list of views of the network's, to be read and written."""
        return Views(self._made_network.weights)

    @coefs_.setter
    def coefs_(self, value):
        self.coefs_[:] = value

    @property
    def intercepts_(self):
        """The biases of each layer: a list of views of the network's, to be read and written."""
        return Views(self._made_network.biases)

    @intercepts_.setter
    def intercepts_(self, value):
        self.intercepts_[:] = value

    @property
    def _made_network(self):
        try:
            return vars(self)["network_"]
        except KeyError:
            raise AttributeError(f"this {type(self).__name__} has no network yet: fit it") from None

    def _parts_of_network(self, dtype):
        """What a network is made of, by the parameters as they are now."""
        hidden = self.hidden_layer_sizes
        hidden = list(hidden) if hasattr(hidden, "__iter__") else [hidden]
        if np.any(np.array(hidden) <= 0):
            raise ValueError(f"hidden_layer_sizes must be > 0, got {hidden}.")
        of_hidden = self.activation
        if isinstance(of_hidden, (str, Activation)):
            of_hidden = [of_hidden] * len(hidden)
        if len(of_hidden) != len(hidden):
            raise ValueError(
                f"activation must be one, or one for each of the {len(hidden)} hidden layers, but "
                f"has {len(of_hidden)}"
            )
        self.out_activation_, loss = self._outputs_and_loss(dtype)
        activations = [OTHER_NAMES.get(one, one) for one in (*of_hidden, self.out_activation_)]
        return {
            "hidden": hidden,
            "activations": activations,
            "loss": loss,
            "l2": self.alpha,
            "dropout": self.dropout,
        }

    def _make_network(self, n_inputs, n_outputs, dtype):
        """A new network, with the initial weights that scikit-learn draws."""
        self._made_of = parts = self._parts_of_network(dtype)
        sizes = [n_inputs, *parts["hidden"], n_outputs]
        self.n_outputs_, self.n_layers_ = n_outputs, len(sizes)
        self.network_ = network_of(parts, sizes, dtype)
        # scikit-learn has one bound for logistic hidden units, and another one for all others.
        # Where there are no hidden layers it goes by the parameter all the same.
        of_hidden = parts["activations"][:-1] or [self.activation]
        logistic = all(isinstance(one, str) and one in LOGISTIC for one in of_hidden)
        factor = 2.0 if logistic else 6.0
        for weights, biases in zip(self.network_.weights, self.network_.biases, strict=True):
            bound = np.sqrt(factor / sum(weights.shape))
            for array in (weights, biases):
                array[...] = self._random_state.uniform(-bound, bound, array.shape)

    def _renew_network(self):
        """Where parameters were set since the last fit, a network of these with its weights."""
        parts = self._parts_of_network(self.network_.dtype)
        if parts == self._made_of:
            return
        if parts["hidden"] != self._made_of["hidden"]:
            raise ValueError(
                f"hidden_layer_sizes was {self._made_of['hidden']} in the last fit, and is "
                f"{parts['hidden']} now: a training cannot go on from there. Set warm_start=False, "
                "or make a new estimator"
            )
        last, self._made_of = self.network_, parts
        self.network_ = network_of(parts, last.layer_sizes, last.dtype)
        self.network_.parameters[:] = last.parameters
        self.network_._optimizer = last._optimizer
        self.network_._optimizer_state = last._optimizer_state

    # -- Training -------------------------------------------------------------------------------

    @unchanged_by_errors
    @with_callbacks
    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None, sample_weight_val=None):
        """Train the network.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples. Sparse ones are made dense.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, or numbers.
        sample_weight : array-like of shape (n_samples,), optional
            How much each sample counts.
        X_val, y_val, sample_weight_val : array-like, optional
            Samples for validation, in place of a part of X; ``validation_loss_curve_`` has their
            loss, without penalties.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter or an argument is wrong, or the loss stopped being finite.
        """
        self._validate_params()
        others = None
        if X_val is not None or y_val is not None:
            if X_val is None or y_val is None:
                raise ValueError("X_val and y_val are given together, or neither of them")
            others = X_val, y_val, sample_weight_val
        elif sample_weight_val is not None:
            raise ValueError("sample_weight_val is of X_val and y_val, which are not given")
        return self._fit(X, y, sample_weight, others, incremental=False)

    @unchanged_by_errors
    def initialize(self, X, y):
        """Make the network that a fit would begin with, and do not train it.

        Parameters
        ----------
        X, y : array-like
            As for `fit`.

        Returns
        -------
        self
        """
        self._validate_params()
        X, y = self._validate_input(X, y, False, True)
        self._begin(X, self._as_targets(X, y))
        return self

    def _begin(self, X, targets):
        self._random_state = check_random_state(self.random_state)
        self._make_network(X.shape[1], self._n_outputs_of(targets), X.dtype)
        self.n_iter_ = self.t_ = 0
        for name in ("validation_scores_", "validation_loss_curve_"):
            if hasattr(self, name):
                delattr(self, name)
        if self.solver != "lbfgs":
            self.loss_curve_ = []

    def _fit(self, X, y, sample_weight, others, incremental):
        first = not hasattr(self, "network_") or (not self.warm_start and not incremental)
        X, y = self._validate_input(X, y, incremental, first)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=X.dtype)
        X, targets = as_dense(X), self._as_targets(X, y)
        if first:
            self._begin(X, targets)
        else:
            self._random_state = check_random_state(self.random_state)
            self._renew_network()
        if others is not None:
            others = self._as_validation(*others)
        told = None if incremental else reported(self, X, y, sample_weight)
        if self.solver == "lbfgs":
            fit_in_full(self, X, targets, sample_weight, others, told)
        else:
            fit_in_batches(self, X, targets, sample_weight, others, told, incremental)
        if told is not None:
            told.close()
        return self

    def _as_validation(self, X, y, sample_weight):
        """The caller's samples for validation, as the network takes them."""
        X, y = self._validate_input(X, y, True, False)
        found = as_dense(X), self._as_targets(X, y)
        if sample_weight is None:
            return found
        return (*found, _check_sample_weight(sample_weight, X, dtype=X.dtype))

    # -- Prediction -----------------------------------------------------------------------------

    def _outputs(self, X):
        """What the network makes of samples, (n_samples, n_outputs)."""
        inputs = self._as_inputs(X)
        return self.network_.predict(inputs)

    def _as_inputs(self, X):
        check_is_fitted(self, "network_")
        return as_dense(validate_data(self, X, accept_sparse=["csr", "csc"], reset=False))

    def jacobian(self, X):
        """The derivatives of the network's outputs by its inputs.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_outputs, n_features)
        """
        inputs = self._as_inputs(X)
        return self.network_.jacobian(inputs)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def network_of(parts, sizes, dtype):
    """A network of some parts, whose weights are still to be set."""
    of_network = {name: value for name, value in parts.items() if name != "hidden"}
    return Network(sizes, **of_network, dtype=dtype, random_state=0)


def as_dense(X):
    """Sparse samples as an array; a warning where that is large."""
    if not hasattr(X, "toarray"):
        return X
    n_bytes = X.shape[0] * X.shape[1] * X.dtype.itemsize
    if n_bytes > MANY_BYTES:
        warn(f"X is sparse, and is made dense, which takes {n_bytes:,} bytes", RuntimeWarning)
    return X.toarray()
