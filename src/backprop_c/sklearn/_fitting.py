"""How an estimator is trained: what scikit-learn says of it, handed to the core."""

import sys
import warnings
from numbers import Integral

import numpy as np
from scipy.optimize import OptimizeResult
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import get_scorer
from sklearn.model_selection import train_test_split
from sklearn.utils.optimize import _check_optimize_result

from .._training import train
from .._validation.weights import as_class_weights, weights_by_class
from ..callbacks import EarlyStopping
from ._solvers import AdaptiveRate, Waiting, changing_rate, optimizer_for

# How SciPy says why L-BFGS-B ended, which scikit-learn makes a warning of.
OF_SCIPY = {
    "tolerance": (0, "CONVERGENCE"),
    "length": (2, "ABNORMAL: "),
    "evaluations": (1, "STOP: TOTAL NO. OF F,G EVALUATIONS EXCEEDS LIMIT"),
    "epochs": (1, "STOP: TOTAL NO. OF ITERATIONS REACHED LIMIT"),
}
# The solvers that are scikit-learn's own.
SCIKIT_LEARNS = ("adam", "sgd", "lbfgs")


def warn(message, category=UserWarning):
    """Warn whoever called a method of an estimator's, from outside of both packages."""
    level = 2
    while (
        sys._getframe(level - 1)
        .f_globals.get("__name__", "")
        .startswith(("backprop_c.", "sklearn."))
    ):
        level += 1
    warnings.warn(message, category, stacklevel=level)


# -- The two kinds of trainings ------------------------------------------------------------------


def fit_in_full(estimator, X, targets, sample_weight, others, told):
    """L-BFGS: all samples in every step."""
    history = trained(
        estimator,
        X,
        targets,
        sample_weight,
        epochs=estimator.max_iter,
        batch_size=None,
        optimizer=optimizer_for(estimator),
        callbacks=() if told is None else (told,),
        validation_data=others,
    )
    # Where it has settled, the last epoch made no step.
    estimator.n_iter_ = history.epochs - history.settled
    estimator.loss_ = reported_loss(estimator, history, X, targets, sample_weight)
    take_validation(estimator, history, others)
    ended_by = history._ended_by
    if history.epochs == estimator.max_iter and not history.settled:
        ended_by = "epochs"
    if ended_by is not None:
        status, message = OF_SCIPY[ended_by]
        found = OptimizeResult(nit=estimator.n_iter_, status=status, message=message)
        _check_optimize_result("lbfgs", found, estimator.max_iter)


def reported_loss(estimator, history, X, targets, sample_weight):
    """The loss of all samples after the last step, as scikit-learn reports it."""
    network = estimator.network_
    weights = as_class_weights(estimator._class_weights(targets), targets)
    if weights is not None:
        sample_weight = weights_by_class(weights, targets, sample_weight)
    total = len(targets) if sample_weight is None else float(sample_weight.sum())
    squares = sum(float((w.astype(float) ** 2).sum()) for w in network.weights)
    penalty = estimator.alpha / 2 * squares
    if history._loss_at_end is None:
        # The fit was stopped before its first epoch.
        loss = network.evaluate(X, targets, sample_weight=sample_weight)["loss"] - penalty
    else:
        loss = history._loss_at_end - penalty / total
    constant = estimator._constant_of_loss(targets, sample_weight)
    return loss / estimator._loss_divisor() + constant + penalty / total


def fit_in_batches(estimator, X, targets, sample_weight, others, told, incremental):
    """Adam, SGD and optimizers of this package's: epochs of batches."""
    early = estimator.early_stopping
    if early and incremental:
        raise ValueError("partial_fit does not support early_stopping=True")
    if early and others is None:
        X, targets, sample_weight, others = divided(estimator, X, targets, sample_weight)
    metric, watched, sign = None, "loss", 1
    by_scorer = early and estimator.scoring is not None
    if early and not by_scorer:
        metric = estimator._validation_metric()
        watched, sign = f"val_{name_of(metric)}", -1
    n_samples, goes_on = len(X), incremental and estimator.t_ > 0
    rate = changing_rate(estimator, n_samples, goes_on, watched, sign)
    adapts = isinstance(rate, AdaptiveRate)
    estimator._last_rate = rate
    constant = estimator._constant_of_loss(targets, sample_weight)
    scored = None
    if by_scorer:
        scored = Scored(estimator, others, rate if adapts else waiting_of(estimator))
    printed = Printed(constant, scored) if estimator.verbose else None
    callbacks = [one for one in (scored, printed, told) if one is not None]
    if rate is not None and not (by_scorer and adapts):
        callbacks.append(rate)
    if not (incremental or by_scorer):
        callbacks.append(stopping(estimator, watched, adapts))
    history = trained(
        estimator,
        X,
        targets,
        sample_weight,
        epochs=1 if incremental else estimator.max_iter,
        batch_size=size_of_batch(estimator, n_samples),
        optimizer=optimizer_for(estimator, rate),
        callbacks=callbacks,
        metrics=() if metric is None else (metric,),
        validation_data=others,
        reset_optimizer=not goes_on,
    )
    if scored is not None:
        scored.restore()
    take(estimator, history, constant, n_samples, watched, scored)
    take_validation(estimator, history, others)
    if not incremental:
        values = sign * history[watched] if scored is None else -np.array(scored.scores)
        tell_of_end(estimator, values, rate if adapts else None)


def trained(estimator, X, targets, sample_weight, **options):
    """The history of a training, with what scikit-learn does in its own way."""
    network, random_state = estimator.network_, estimator._random_state
    defaults = {
        "shuffle": bool(estimator.shuffle),
        "metrics": (),
        "class_weight": estimator._class_weights(targets),
        "validation_data": None,
        "validation_fraction": None,
        "callbacks": (),
        "verbose": False,
        "reset_optimizer": True,
        "n_threads": 1,
    }
    habits = {"shuffles_again": True, "any_is_best": True}
    if estimator.solver == "lbfgs" or getattr(options["optimizer"], "steps", "") == "batches":
        habits |= {"penalties_by_batch": True, "loss_divisor": estimator._loss_divisor()}
    last = network.history
    network._generator = np.random.Generator(random_state._bit_generator)
    try:
        history = train(network, X, targets, sample_weight, habits=habits, **defaults | options)
    except KeyboardInterrupt:
        if estimator.solver == "lbfgs" or network.history is last:
            raise
        warn("Training interrupted by user.")
        history = network.history
    finally:
        # The network must not keep the caller's generator.
        network._generator = np.random.default_rng(0)
    if history._diverged:
        raise ValueError(
            "Solver produced non-finite parameter weights. The input data may contain large values "
            "and need to be preprocessed."
        )
    all_at_once = options["batch_size"] in (None, len(X)) and estimator.solver in ("adam", "sgd")
    if all_at_once and estimator.shuffle and not isinstance(estimator.random_state, Integral):
        # A full batch has no order: the core draws none, and whoever shares the state expects one.
        for _ in range(history.epochs):
            random_state.shuffle(np.arange(len(X)))
    return history


# -- What a training leaves ----------------------------------------------------------------------


def take(estimator, history, constant, n_samples, watched, scored):
    """The attributes that tell how a training went; those of warm starts go on."""
    losses = (history["loss"] + constant).tolist()
    estimator.n_iter_ = len(losses)
    estimator.t_ += n_samples * len(losses)
    estimator.loss_curve_ = [*estimator.loss_curve_, *losses]
    if estimator.loss_curve_:
        estimator.loss_ = estimator.loss_curve_[-1]
    if not estimator.early_stopping:
        estimator.best_loss_ = min(estimator.loss_curve_, default=np.inf)
        estimator.validation_scores_ = estimator.best_validation_score_ = None
        return
    scores = history[watched].tolist() if scored is None else scored.scores
    before = getattr(estimator, "validation_scores_", None) or []
    estimator.best_loss_ = None
    estimator.validation_scores_ = [*before, *scores]
    estimator.best_validation_score_ = max(estimator.validation_scores_, default=-np.inf)


def take_validation(estimator, history, others):
    """The losses of the samples for validation, which go on where a training does."""
    if others is None:
        return
    weights = others[2] if len(others) > 2 else None
    losses = history["val_loss"] + estimator._constant_of_loss(others[1], weights)
    before = getattr(estimator, "validation_loss_curve_", [])
    estimator.validation_loss_curve_ = [*before, *losses.tolist()]


def tell_of_end(estimator, values, adaptive):
    """Warn that all epochs are over, if the training would have gone on; else say why it ended."""
    if adaptive is None:
        values = np.asarray(values)
        gains = np.flatnonzero(values[1:] <= np.minimum.accumulate(values)[:-1] - estimator.tol)
        waited = len(values) - 1 - (gains[-1] + 1 if gains.size else 0)
    else:
        waited = adaptive.waiting.waited
    if waited > estimator.n_iter_no_change:
        if estimator.verbose:
            what = "Validation score" if estimator.early_stopping else "Training loss"
            because = " Learning rate too small." if adaptive is not None else ""
            print(
                f"{what} did not improve more than tol={estimator.tol:f} for "
                f"{estimator.n_iter_no_change} consecutive epochs.{because} Stopping."
            )
    elif len(values) == estimator.max_iter:
        warn(
            f"Stochastic Optimizer: Maximum iterations ({estimator.max_iter}) reached and the "
            "optimization hasn't converged yet.",
            ConvergenceWarning,
        )


# -- What a training is told ---------------------------------------------------------------------


def waiting_of(estimator):
    return Waiting(estimator.tol, estimator.n_iter_no_change)


def stopping(estimator, watched, adapts):
    """What ends a training; where the learning rate adapts, that does, and this keeps the best."""
    patience = estimator.max_iter if adapts else estimator.n_iter_no_change + 1
    return EarlyStopping(
        watched,
        patience=int(min(patience, 2**60)),
        min_delta=estimator.tol,
        restore_best=watched != "loss",
        better="smaller" if watched == "loss" else "larger",
    )


def size_of_batch(estimator, n_samples):
    """How many samples a step takes; "auto" means what it does in the core for its own solvers."""
    if estimator.batch_size == "auto":
        return min(200, n_samples) if estimator.solver in SCIKIT_LEARNS else "auto"
    if estimator.batch_size > n_samples:
        warn("Got `batch_size` less than 1 or larger than sample size. It is going to be clipped")
    return int(np.clip(estimator.batch_size, 1, n_samples))


def divided(estimator, X, targets, sample_weight):
    """The samples for training, and those for validation, as scikit-learn divides them."""
    arrays = [X, targets] if sample_weight is None else [X, targets, sample_weight]
    parts = train_test_split(
        *arrays,
        random_state=estimator._random_state,
        test_size=estimator.validation_fraction,
        stratify=estimator._strata(targets),
    )
    training, others = parts[::2], parts[1::2]
    if len(others[0]) < 2:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' or the size of your "
            "dataset."
        )
    weights = None if sample_weight is None else training[2]
    return training[0], training[1], weights, tuple(others)


class Scored:
    """A callback that stops early by a scorer of scikit-learn's."""

    def __init__(self, estimator, others, judge):
        self.estimator, self.scorer = estimator, get_scorer(estimator.scoring)
        self.X, self.targets = others[:2]
        # Functions of the caller's are called with three arguments.
        weighted = len(others) > 2 and isinstance(estimator.scoring, str)
        self.weights = {"sample_weight": others[2]} if weighted else {}
        self.judge, self.scores, self.best = judge, [], None

    def on_epoch_end(self, epoch, logs, network):
        """Whether the training is over."""
        known = self.estimator._as_known(self.targets)
        score = float(self.scorer(self.estimator, self.X, known, **self.weights))
        if self.best is None or score > max(self.scores):
            self.best = network.parameters.copy()
        self.scores.append(score)
        return self.judge.is_over(-score)

    def restore(self):
        """The network of the best epoch."""
        if self.best is not None:
            self.estimator.network_.parameters[:] = self.best


class Printed:
    """A callback that prints what scikit-learn's estimators print."""

    def __init__(self, constant, scored):
        self.constant, self.scored = constant, scored

    def on_epoch_end(self, epoch, logs, network):
        print(f"Iteration {epoch}, loss = {logs['loss'] + self.constant:.8f}")
        scores = [v for name, v in logs.items() if name.startswith("val_") and name != "val_loss"]
        if self.scored is not None:
            scores = self.scored.scores[-1:]
        for score in scores:
            print(f"Validation score: {score:f}")


def name_of(metric):
    return metric if isinstance(metric, str) else metric.__name__
