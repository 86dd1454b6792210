"""Between scikit-learn's fitted perceptrons and this package's."""

import copy
from typing import Any

import numpy as np
from sklearn import neural_network
from sklearn.utils.validation import check_is_fitted

from ._classifier import MLPClassifier
from ._regressor import MLPRegressor

OURS: dict[type, Any] = {
    neural_network.MLPClassifier: MLPClassifier,
    neural_network.MLPRegressor: MLPRegressor,
}
THEIRS = {ours: theirs for theirs, ours in OURS.items()}
# What a fit leaves, beside the weights.
LEFT = (
    "n_iter_", "t_", "loss_", "loss_curve_", "best_loss_", "validation_scores_",
    "best_validation_score_", "n_features_in_", "feature_names_in_", "classes_",
    "_label_binarizer", "n_layers_", "n_outputs_", "out_activation_",
)  # fmt: skip


def from_sklearn(model):
    """Make an estimator of this package's from one of scikit-learn's that has been fitted.

    Parameters
    ----------
    model : sklearn.neural_network.MLPClassifier or MLPRegressor
        A fitted one.

    Returns
    -------
    MLPClassifier or MLPRegressor
        Its predictions are the same to rounding; the optimizer's state is not taken over.

    Raises
    ------
    TypeError
        If the model is something else.

    Examples
    --------
    >>> from sklearn import neural_network
    >>> from backprop_c.sklearn import from_sklearn
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1]
    >>> other = neural_network.MLPClassifier((4,), solver="lbfgs", random_state=0).fit(X, y)
    >>> from_sklearn(other).predict(X)
    array([0, 0, 1, 1])
    """
    ours = OURS.get(type(model))
    if ours is None:
        raise TypeError(
            "model must be sklearn.neural_network's MLPClassifier or MLPRegressor, but is "
            f"{type(model).__name__}"
        )
    check_is_fitted(model)
    made = ours(**model.get_params())
    take_attributes(model, made)
    made._random_state = np.random.RandomState(0)
    made._make_network(model.n_features_in_, model.n_outputs_, model.coefs_[0].dtype)
    made.coefs_, made.intercepts_ = model.coefs_, model.intercepts_
    return made


def to_sklearn(estimator):
    """Make an estimator of scikit-learn's from one of this package's that has been fitted.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        A fitted one of this package's.

    Returns
    -------
    sklearn.neural_network.MLPClassifier or MLPRegressor
        Its predictions are the same to rounding; it begins anew where `fit` is called.

    Raises
    ------
    TypeError
        If the estimator is something else.
    ValueError
        If it has what scikit-learn's has not, such as dropout or another activation.

    Examples
    --------
    >>> from backprop_c.sklearn import MLPRegressor, to_sklearn
    >>> X, y = [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]
    >>> model = MLPRegressor(hidden_layer_sizes=(4,), solver="lbfgs", random_state=0).fit(X, y)
    >>> other = to_sklearn(model)
    >>> bool(abs(other.predict(X) - model.predict(X)).max() < 1e-12)
    True
    """
    theirs = THEIRS.get(type(estimator))
    if theirs is None:
        raise TypeError(
            "estimator must be backprop_c.sklearn's MLPClassifier or MLPRegressor, but is "
            f"{type(estimator).__name__}"
        )
    check_is_fitted(estimator, "network_")
    known, given = theirs().get_params(), estimator.get_params()
    for name, value in given.items():
        if name not in known and value != getattr(type(estimator)(), name):
            raise ValueError(
                f"scikit-learn's {theirs.__name__} has no {name}, which is {value!r} here"
            )
    made = theirs(**{name: given[name] for name in known})
    made._validate_params()
    take_attributes(estimator, made)
    made.coefs_ = [weights.copy() for weights in estimator.coefs_]
    made.intercepts_ = [biases.copy() for biases in estimator.intercepts_]
    # What a training of scikit-learn's that goes on looks at.
    made._no_improvement_count = 0
    made._best_coefs = [weights.copy() for weights in estimator.coefs_]
    made._best_intercepts = [biases.copy() for biases in estimator.intercepts_]
    return made


def take_attributes(source, made):
    """What a fit has left, in copies."""
    for name in LEFT:
        if hasattr(source, name):
            setattr(made, name, copy.deepcopy(getattr(source, name)))
