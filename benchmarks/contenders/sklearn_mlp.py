"""scikit-learn's multi-layer perceptrons, which go on from the weights that they are given."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

import work

NAMES = {"sigmoid": "logistic", "relu": "relu", "tanh": "tanh"}


def estimator(problem, cls, X, y, **settings):
    """An estimator that has been fitted once and given the problem's weights."""
    model = cls(
        hidden_layer_sizes=problem.layer_sizes[1:-1],
        activation=NAMES[problem.activations[0]],
        alpha=0.0,
        warm_start=True,
        random_state=0,
        max_iter=1,
        **settings,
    )
    fit_quietly(model, X, y)
    give_weights(model, problem)
    return model


def fit_quietly(model, X, y):
    """Fit without being told that so few epochs do not converge."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)


def give_weights(model, problem):
    """The problem's weights; biases of 0 for networks without: there is no other way."""
    case = problem.case
    model.coefs_ = [w.copy() for w in case.weights]
    model.intercepts_ = [b.copy() for b in case.biases] or [
        np.zeros(w.shape[1], w.dtype) for w in case.weights
    ]


class Training(work.Training):
    """`fit` with `warm_start`."""

    def __init__(self, problem):
        super().__init__(problem)
        case = self.case
        identity = problem.activations[-1] == "identity"
        self.targets = case.labels if problem.loss == "cross_entropy" else case.y
        self.n_outputs = case.y.shape[1] if identity else 1
        self.model = estimator(
            problem,
            MLPRegressor if identity else MLPClassifier,
            case.X,
            self.targets,
            solver=problem.optimizer,
            learning_rate_init=problem.learning_rate,
            momentum=0.0,
            batch_size=problem.batch_size,
            tol=0.0,
            n_iter_no_change=2**30,
        )

    def train(self, epochs, shuffle):
        problem, model = self.problem, self.model
        give_weights(model, problem)
        model.set_params(max_iter=epochs, shuffle=shuffle)
        fit_quietly(model, self.case.X, self.targets)
        comparable = problem.activations[-1] != "sigmoid"
        losses = np.array(model.loss_curve_[-epochs:]) * self.n_outputs
        parameters = None
        if problem.optimizer == "sgd" and comparable:
            parameters = work.flatten(model.coefs_, model.intercepts_)
        return work.Outcome(losses, parameters, comparable)


def training(problem):
    """All but online training."""
    return None if problem.batch_size == 1 else Training(problem)


def prediction(problem):
    """Everything."""
    n_in, n_out = problem.layer_sizes[0], problem.layer_sizes[-1]
    some = np.zeros((n_out, n_in), problem.dtype)
    model = estimator(problem, MLPClassifier, some, np.arange(n_out))
    model.out_activation_ = NAMES.get(problem.activations[-1], problem.activations[-1])
    names = {"predict": model.predict_proba, "X": problem.case.X.reshape(-1, n_in)}
    return work.Call("predict(X)", names)
