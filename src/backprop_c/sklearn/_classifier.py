"""MLPClassifier."""

from numbers import Real

import numpy as np
from sklearn import neural_network
from sklearn.base import ClassifierMixin
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target, unique_labels

from ..losses import BinaryCrossEntropy, CrossEntropy
from ._perceptron import Perceptron, takes_parts, with_added
from ._unchanged import unchanged_by_errors


class MLPClassifier(ClassifierMixin, Perceptron):
    """A multi-layer perceptron that tells classes: scikit-learn's MLPClassifier, trained here.

    Its parameters, attributes and results are those of
    `sklearn.neural_network.MLPClassifier`; ``network_`` is the trained `Network`. Classes may be
    numbers, strings or bools; several labels a sample are columns of 0 and 1.

    Parameters
    ----------
    hidden_layer_sizes, activation, solver, alpha, batch_size, learning_rate, learning_rate_init, \
power_t, max_iter, shuffle, random_state, tol, verbose, warm_start, momentum, nesterovs_momentum, \
early_stopping, validation_fraction, beta_1, beta_2, epsilon, n_iter_no_change, max_fun, dropout, \
scoring : optional
        As for `MLPRegressor`; without `scoring` the accuracy counts.
    class_weight : dict or "balanced", optional
        What the samples of a class count: by its label, or so that all classes count the same.
    label_smoothing : float, default 0
        The share of each target that is spread over all classes; below 1.

    Examples
    --------
    >>> from backprop_c.sklearn import MLPClassifier
    >>> X = [[0.0], [1.0], [4.0], [5.0]]
    >>> model = MLPClassifier((8,), solver="lbfgs", random_state=0).fit(X, ["a", "a", "b", "b"])
    >>> model.predict([[0.5], [4.5]]).tolist()
    ['a', 'b']
    """

    _parameter_constraints = with_added(
        neural_network.MLPClassifier._parameter_constraints,
        class_weight=[StrOptions({"balanced"}), dict, None],
        label_smoothing=[Interval(Real, 0, 1, closed="left")],
    )

    def __init__(
        self,
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
        class_weight=None,
        label_smoothing=0.0,
    ):
        self._take_parameters(locals())

    def _validate_input(self, X, y, incremental, first):
        X, y = self._validated(X, y, first)
        if not hasattr(self, "classes_") or (not self.warm_start and not incremental):
            self._take_classes(y)
            return X, y
        classes = unique_labels(y)
        if self.warm_start and not incremental and set(classes) != set(self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous "
                f"call to fit. Previously got {self.classes_}, `y` has {classes}"
            )
        if len(np.setdiff1d(classes, self.classes_, assume_unique=True)):
            raise ValueError(
                "`y` has classes not in `self.classes_`. "
                f"`self.classes_` has {self.classes_}. 'y' has {classes}."
            )
        return X, y

    def _take_classes(self, y):
        self._label_binarizer = binarizer_of(y)
        self.classes_ = self._label_binarizer.classes_

    def _as_targets(self, X, y):
        if len(self.classes_) > 2 and self._label_binarizer.y_type_ == "multiclass":
            # One class of several: its index is quicker than its column.
            return np.searchsorted(self.classes_, y)
        return np.ascontiguousarray(self._label_binarizer.transform(y), dtype=X.dtype)

    def _as_known(self, targets):
        if targets.ndim == 1:
            return self.classes_[targets]
        return self._label_binarizer.inverse_transform(targets)

    def _class_weights(self, targets):
        if isinstance(self.class_weight, dict):
            places = {label: place for place, label in enumerate(self.classes_.tolist())}
            unknown = [label for label in self.class_weight if label not in places]
            if unknown:
                raise ValueError(
                    f"class_weight has {unknown[0]!r}, but the classes are {list(places)}"
                )
            return {places[label]: weight for label, weight in self.class_weight.items()}
        return self.class_weight

    def _n_outputs_of(self, targets):
        return len(self.classes_) if targets.ndim == 1 else targets.shape[1]

    def _outputs_and_loss(self, dtype):
        # scikit-learn takes no probability for less than this in the losses that it reports.
        constants = self.label_smoothing, -float(np.log(np.finfo(dtype).eps))
        if self._label_binarizer.y_type_ == "multiclass":
            return "softmax", CrossEntropy(*constants)
        return "logistic", BinaryCrossEntropy(*constants)

    def _validation_metric(self):
        return "accuracy" if self.n_outputs_ == 1 or self.out_activation_ == "softmax" else exact

    def _strata(self, targets):
        # scikit-learn draws strata for two classes alone: a column for each of more is none.
        return targets if self.n_outputs_ == 1 else None

    @available_if(takes_parts)
    @unchanged_by_errors
    def partial_fit(self, X, y, sample_weight=None, classes=None):
        """Train for one epoch, from where the network stands.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), optional
        classes : array-like, optional
            All classes that there will be; needed in the first call.

        Returns
        -------
        self
        """
        self._validate_params()
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' needs all samples at once, and partial_fit has a part of "
                "them: give a dict of weights"
            )
        if hasattr(self, "classes_"):
            if classes is not None and not np.array_equal(self.classes_, unique_labels(classes)):
                raise ValueError(
                    f"`classes={classes!r}` is not the same as on last call to partial_fit, was: "
                    f"{self.classes_!r}"
                )
        elif classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        else:
            self._take_classes(y if type_of_target(y).startswith("multilabel") else classes)
            self.classes_ = unique_labels(classes)
        return self._fit(X, y, sample_weight, None, incremental=True)

    def predict(self, X):
        """Predict classes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
        """
        outputs = self._outputs(X)
        if self.n_outputs_ == 1:
            outputs = outputs.ravel()
        return self._label_binarizer.inverse_transform(outputs)

    def predict_proba(self, X):
        """The probability of each class, or of each label.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        outputs = self._outputs(X)
        return np.hstack([1 - outputs, outputs]) if self.n_outputs_ == 1 else outputs

    def predict_log_proba(self, X):
        """The logarithms of the probabilities.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        probabilities = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            return np.log(probabilities, out=probabilities)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def binarizer_of(y):
    """A LabelBinarizer that knows the classes of y.

    For integers and bools the attributes are set as `fit` would set them: its checks take longer
    than training a small network.
    """
    binarizer = LabelBinarizer()
    if not (isinstance(y, np.ndarray) and y.ndim == 1 and y.dtype.kind in "biu" and y.size):
        return binarizer.fit(y)
    binarizer.classes_ = np.unique(y)
    binarizer.y_type_ = "multiclass" if len(binarizer.classes_) > 2 else "binary"
    binarizer.sparse_input_ = False
    return binarizer


def exact(y_true, y_pred):
    """For each sample whether all of its labels are right."""
    return ((y_true > 0.5) == (y_pred > 0.5)).all(axis=1)
