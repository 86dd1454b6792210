"""How an estimator is trained: what scikit-learn says of it, handed to the core."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import get_scorer
from sklearn.model_selection import train_test_split

from .._training import train
from ..callbacks import EarlyStopping
from ._solvers import AdaptiveRate, Waiting, changing_rate, optimizer_for

# The stacklevel, in what fit_in_batches calls, of whoever called fit.
CALLER = 5


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
    estimator.loss_ = loss_at_end(estimator, X, targets, sample_weight)
    if others is not None:
        estimator.validation_loss_curve_ = history["val_loss"].tolist()
    if not history.settled:
        warnings.warn(
            f"lbfgs failed to converge after {history.epochs} iteration(s): increase the number of "
            "iterations (max_iter)",
            ConvergenceWarning,
            stacklevel=CALLER - 1,
        )


def loss_at_end(estimator, X, targets, sample_weight):
    """The loss of all samples as scikit-learn reports it."""
    network, alpha = estimator.network_, estimator.alpha
    squares = sum(float((weights.astype(float) ** 2).sum()) for weights in network.weights)
    of_samples = network.evaluate(X, targets, sample_weight=sample_weight)["loss"]
    of_samples = (of_samples - alpha / 2 * squares) / estimator._loss_divisor()
    total = len(X) if sample_weight is None else float(sample_weight.sum())
    constant = estimator._constant_of_loss(targets, sample_weight)
    return of_samples + constant + alpha / 2 * squares / total


def fit_in_batches(estimator, X, targets, sample_weight, others, told, incremental):
    """Adam, SGD and optimizers of this package's: epochs of batches."""
    early = estimator.early_stopping
    if early and incremental:
        raise ValueError("partial_fit does not support early_stopping=True")
    if early and others is None:
        X, targets, sample_weight, others = divided(estimator, X, targets, sample_weight)
    scored = None
    metric, watched, sign = None, "loss", 1
    if early and estimator.scoring is not None:
        scored = Scored(estimator, others)
    elif early:
        metric = estimator._validation_metric()
        watched, sign = f"val_{name_of(metric)}", -1
    n_samples, goes_on = len(X), incremental and estimator.t_ > 0
    rate = changing_rate(estimator, n_samples, goes_on, watched, sign)
    printed = Printed() if estimator.verbose else None
    callbacks = [one for one in (rate, scored, printed, told) if one is not None]
    if not (incremental or scored):
        callbacks.append(stopping(estimator, watched, isinstance(rate, AdaptiveRate)))
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
    constant = estimator._constant_of_loss(targets, sample_weight)
    take(estimator, history, constant, n_samples, watched, scored)
    if not incremental and history.epochs == estimator.max_iter:
        warn_of_end(estimator, sign * history[watched] if scored is None else scored.losses)


def trained(estimator, X, targets, sample_weight, **options):
    """The history of a training, with what scikit-learn does in its own way."""
    network = estimator.network_
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
    habits = {
        "shuffles_again": True,
        "penalties_by_batch": True,
        "counts_rows": estimator._loss_divisor(),
    }
    network._generator = np.random.Generator(estimator._random_state._bit_generator)
    try:
        history = train(
            network,
            X,
            targets,
            sample_weight,
            any_is_best=True,
            habits=habits,
            **defaults | options,
        )
    except KeyboardInterrupt:
        warnings.warn("Training interrupted by user.", stacklevel=CALLER)
        history = network.history
    finally:
        # What was drawn from is the caller's.
        network._generator = np.random.default_rng(0)
    if history._diverged:
        raise ValueError(
            "Solver produced non-finite parameter weights. The input data may contain large values "
            "and need to be preprocessed."
        )
    return history


def take(estimator, history, constant, n_samples, watched, scored):
    """The attributes that tell how a training went; those of warm starts go on."""
    losses = (history["loss"] + constant).tolist()
    estimator.n_iter_ = len(losses)
    estimator.t_ += n_samples * len(losses)
    estimator.loss_curve_ = [*estimator.loss_curve_, *losses]
    if estimator.loss_curve_:
        estimator.loss_ = estimator.loss_curve_[-1]
    if "val_loss" in history:
        before = getattr(estimator, "validation_loss_curve_", None) or []
        estimator.validation_loss_curve_ = [*before, *history["val_loss"].tolist()]
    if not estimator.early_stopping:
        estimator.best_loss_ = min(estimator.loss_curve_, default=np.inf)
        estimator.validation_scores_ = estimator.best_validation_score_ = None
        return
    scores = history[watched].tolist() if scored is None else scored.scores
    before = getattr(estimator, "validation_scores_", None) or []
    estimator.best_loss_ = None
    estimator.validation_scores_ = [*before, *scores]
    estimator.best_validation_score_ = max(estimator.validation_scores_, default=-np.inf)


def warn_of_end(estimator, values):
    """Say that all epochs are over, unless the last one would have ended the training anyway."""
    values = np.asarray(values)
    gains = np.flatnonzero(values[1:] <= np.minimum.accumulate(values)[:-1] - estimator.tol)
    waited = len(values) - 1 - (gains[-1] + 1 if gains.size else 0)
    if waited <= estimator.n_iter_no_change:
        warnings.warn(
            f"Stochastic Optimizer: Maximum iterations ({estimator.max_iter}) reached and the "
            "optimization hasn't converged yet.",
            ConvergenceWarning,
            stacklevel=CALLER,
        )


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
    """How many samples a step takes."""
    if estimator.batch_size == "auto":
        takes_all = getattr(estimator.solver, "full_batch", False)
        return n_samples if takes_all else min(200, n_samples)
    if estimator.batch_size > n_samples:
        warnings.warn(
            "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped",
            stacklevel=CALLER,
        )
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

    def __init__(self, estimator, others):
        self.estimator, self.scorer = estimator, get_scorer(estimator.scoring)
        self.X, self.targets = others[:2]
        self.weights = {} if len(others) < 3 else {"sample_weight": others[2]}
        self.waiting = Waiting(estimator.tol, estimator.n_iter_no_change)
        self.scores, self.losses, self.best = [], [], None

    def on_epoch_end(self, epoch, logs, network):
        """Whether the training is over."""
        known = self.estimator._as_known(self.targets)
        score = self.scorer(self.estimator, self.X, known, **self.weights)
        if self.best is None or -score < self.waiting.best:
            self.best = network.parameters.copy()
        self.scores.append(float(score))
        self.losses.append(-float(score))
        return self.waiting.is_over(-score)

    def restore(self):
        """The network of the best epoch."""
        if self.best is not None:
            self.estimator.network_.parameters[:] = self.best


class Printed:
    """A callback that prints what scikit-learn's estimators print."""

    def on_epoch_end(self, epoch, logs, network):
        print(f"Iteration {epoch}, loss = {logs['loss']:.8f}")
        for name, value in logs.items():
            if name.startswith("val_") and name != "val_loss":
                print(f"Validation score: {value:f}")


def name_of(metric):
    return metric if isinstance(metric, str) else metric.__name__
