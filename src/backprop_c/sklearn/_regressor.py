"""MLPRegressor."""

import numpy as np
from scipy.special import xlogy
from sklearn import neural_network
from sklearn.base import RegressorMixin
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if

from .._validation.entries import LOSSES
from ..losses import Loss
from ._perceptron import Perceptron, takes_parts, with_added
from ._unchanged import unchanged_by_errors

# The losses of numbers, not of classes.
FOR_NUMBERS = [name for name, entry in LOSSES.items() if entry.highest != 1]


class MLPRegressor(RegressorMixin, Perceptron):
    """A multi-layer perceptron that predicts numbers: scikit-learn's MLPRegressor, trained here.

    Its parameters, attributes and results are those of
    `sklearn.neural_network.MLPRegressor`; ``network_`` is the trained `Network`.

    Parameters
    ----------
    loss : str or Loss, default "squared_error"
        Half the squared error, the mean over outputs in what is reported; "poisson", half Poisson's
        deviance, with exponential outputs; or another loss of `backprop_c.losses`.
    hidden_layer_sizes : array-like of int, default (100,)
    activation : str, Activation, or one for each hidden layer, default "relu"
        "identity", "logistic", "tanh", "relu", or another one of `backprop_c.activations`.
    solver : str or Optimizer, default "adam"
        "lbfgs", "sgd" or "adam", as in scikit-learn; or another optimizer of this package's, which
        has its own hyperparameters: those below are not for it.
    alpha : float, default 0.0001
        Half of it times the sum of squared weights, by the weight of the batch, joins the loss.
    batch_size : int or "auto", default "auto"
        "auto" is 200, or all samples where they are fewer; for optimizers of this package's it is
        what `Network.fit` takes.
    learning_rate : "constant", "invscaling" or "adaptive", default "constant"
        Of "sgd".
    learning_rate_init : float, default 0.001
    power_t : float, default 0.5
        Of "invscaling".
    max_iter : int, default 200
        Epochs, or iterations of "lbfgs".
    shuffle : bool, default True
    random_state : int, RandomState or None, default None
    tol : float, default 0.0001
        The least improvement that counts; with "lbfgs" training ends where no derivative is larger.
    verbose : bool, default False
    warm_start : bool, default False
        Whether a fit goes on with the weights of the last one.
    momentum : float, default 0.9
        Of "sgd"; below 1.
    nesterovs_momentum : bool, default True
    early_stopping : bool, default False
        Hold out samples, and stop when their score no longer improves.
    validation_fraction : float, default 0.1
        The share that is held out.
    beta_1, beta_2, epsilon : float, default 0.9, 0.999 and 1e-8
        Of "adam".
    n_iter_no_change : int, default 10
        Training stops after more than this many epochs in a row without an improvement.
    max_fun : int, default 15000
        After more evaluations of the loss "lbfgs" ends with the step that is under way.
    dropout : float, default 0
        The share of hidden units that is dropped in training.
    scoring : str or callable, optional
        The scorer of scikit-learn's by which `early_stopping` stops; r2 without it.

    Examples
    --------
    >>> from backprop_c.sklearn import MLPRegressor
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]
    >>> model = MLPRegressor(hidden_layer_sizes=(8,), solver="lbfgs", random_state=0).fit(X, y)
    >>> model.predict([[1.5]]).round(2)
    array([4.])
    """

    _parameter_constraints = with_added(
        neural_network.MLPRegressor._parameter_constraints,
        loss=[StrOptions(set(FOR_NUMBERS)), Loss],
    )

    def __init__(
        self,
        loss="squared_error",
        hidden_layer_sizes=(100,),
        activation="relu",
        *,
        solver="adam",
        alpha=0.0001,
        batch_size="auto",
        learning_rate="constant",
        learning_rate_init=0.001,
        power_t=0.5,
        max_iter=200,
        shuffle=True,
        random_state=None,
        tol=1e-4,
        verbose=False,
        warm_start=False,
        momentum=0.9,
        nesterovs_momentum=True,
        early_stopping=False,
        validation_fraction=0.1,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        n_iter_no_change=10,
        max_fun=15000,
        dropout=0.0,
        scoring=None,
    ):
        self._take_parameters(locals())

    def _validate_input(self, X, y, incremental, first):
        return self._validated(X, y, first, y_numeric=True)

    def _as_targets(self, X, y):
        return np.ascontiguousarray(y.reshape(X.shape[0], -1), dtype=X.dtype)

    def _as_known(self, targets):
        return targets.ravel() if targets.shape[1] == 1 else targets

    def _outputs_and_loss(self, dtype):
        return "exp" if LOSSES[self._name_of_loss()].lowest == 0 else "identity", self.loss

    def _name_of_loss(self):
        return self.loss if isinstance(self.loss, str) else self.loss.name

    def _validation_metric(self):
        return "r2"

    def _loss_divisor(self):
        # scikit-learn reports the mean over outputs, and goes along the gradient of their sum.
        return float(self.n_outputs_ if self._name_of_loss() == "squared_error" else 1)

    def _constant_of_loss(self, targets, sample_weight):
        # Half of Poisson's deviance is 0 where each prediction is right.
        if self._name_of_loss() != "poisson":
            return 0.0
        least = (xlogy(targets, targets) - targets).sum(axis=1)
        return float(np.average(least, weights=sample_weight))

    @available_if(takes_parts)
    @unchanged_by_errors
    def partial_fit(self, X, y, sample_weight=None):
        """Train for one epoch, from where the network stands.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        self
        """
        self._validate_params()
        return self._fit(X, y, sample_weight, None, incremental=True)

    def predict(self, X):
        """Predict numbers.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        outputs = self._outputs(X)
        return outputs.ravel() if outputs.shape[1] == 1 else outputs
