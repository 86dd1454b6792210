"""scikit-learn's solvers and learning rates, in the words of this package."""

import numpy as np

from ..optimizers import LBFGS, SGD, Adam, as_optimizer
from ..schedules import ByEpoch

# Below it the adaptive learning rate ends a training; by what it is divided until then.
SMALLEST_RATE, DIVISOR = 1e-6, 5
# scikit-learn leaves this to SciPy, whose default it is.
LOSS_TOL = 1e7 * np.finfo(float).eps


class Waiting:
    """Counts epochs without an improvement, as scikit-learn does.

    The best value is the best by any amount; the count begins anew where one is better than the
    best by `tol`.
    """

    def __init__(self, tol, patience):
        self.tol, self.patience = tol, patience
        self.best, self.waited = np.inf, 0

    def is_over(self, value):
        """Whether patience is at its end with this epoch's value; smaller is better."""
        self.waited = self.waited + 1 if value > self.best - self.tol else 0
        self.best = min(self.best, value)
        return self.waited > self.patience


class AdaptiveRate:
    """A learning rate that is divided when the training does not get on; a callback, too."""

    def __init__(self, estimator, name, sign):
        self.rate = estimator.learning_rate_init
        self.waiting = Waiting(estimator.tol, estimator.n_iter_no_change)
        self.name, self.sign = name, sign

    def __call__(self, epoch):
        return self.rate

    def is_over(self, value):
        """Whether the training is over with this epoch's value; smaller is better."""
        if not self.waiting.is_over(value):
            return False
        if self.rate <= SMALLEST_RATE:
            return True
        self.rate, self.waiting.waited = self.rate / DIVISOR, 0
        return False

    def on_epoch_end(self, epoch, logs, network):
        """Whether the training is over."""
        return self.is_over(self.sign * logs[self.name])


class InverseScaling:
    """A learning rate by the number of samples that have been seen; a callback, too."""

    def __init__(self, estimator, n_samples, goes_on):
        self.initial, self.power = estimator.learning_rate_init, estimator.power_t
        self.seen, self.n_samples = estimator.t_, n_samples
        self.rate = self.scaled() if goes_on else self.initial

    def __call__(self, epoch):
        return self.rate

    def scaled(self):
        return self.initial / (self.seen + 1) ** self.power

    def on_epoch_end(self, epoch, logs, network):
        """The next epoch's rate."""
        self.seen += self.n_samples
        self.rate = self.scaled()


def changing_rate(estimator, n_samples, goes_on, watched, sign):
    """The learning rate of sgd where it changes, which is a callback, too; else None."""
    if estimator.solver != "sgd" or estimator.learning_rate == "constant":
        return None
    if estimator.learning_rate == "invscaling":
        return InverseScaling(estimator, n_samples, goes_on)
    last = getattr(estimator, "_last_rate", None)
    if goes_on and isinstance(last, AdaptiveRate):
        return last
    return AdaptiveRate(estimator, watched, sign)


def optimizer_for(estimator, rate=None):
    """What makes an estimator's steps; `rate` has its learning rate, where that changes."""
    if estimator.solver == "lbfgs":
        return LBFGS(tol=estimator.tol, loss_tol=LOSS_TOL, max_evaluations=estimator.max_fun)
    if estimator.solver == "adam":
        betas = estimator.beta_1, estimator.beta_2
        return Adam(estimator.learning_rate_init, *betas, estimator.epsilon, epsilon_hat=True)
    if estimator.solver == "auto":
        return "auto"
    if estimator.solver != "sgd":
        return as_optimizer(estimator.solver)
    first = estimator.learning_rate_init if rate is None else ByEpoch(rate)
    if estimator.momentum == 0:
        return SGD(first)
    return SGD(first, estimator.momentum, estimator.nesterovs_momentum, of_steps=True)
