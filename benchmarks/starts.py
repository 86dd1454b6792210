"""The problems of goals.py: samples, a network, goals, and starts."""

from dataclasses import dataclass

import numpy as np

from backprop_c import Network


@dataclass(frozen=True)
class Problem:
    """Samples, a network, and the mean squared errors to reach.

    Attributes
    ----------
    sizes : tuple of int
    X, y : ndarray
    goals : tuple of float
    starts : int
    seconds : float
        How long a training may take.
    """

    sizes: tuple
    X: np.ndarray
    y: np.ndarray
    goals: tuple
    starts: int
    seconds: float

    def network(self, seed):
        """A start."""
        return Network(self.sizes, random_state=seed)


def sine():
    x = np.linspace(-1, 1, 21)[:, np.newaxis]
    return x, np.sin(np.pi * x)


def parity():
    X = np.array([[i >> 2 & 1, i >> 1 & 1, i & 1] for i in range(8)]) * 2.0 - 1
    return X, X.prod(axis=1, keepdims=True)


def engine():
    """Torque and nitrous oxide emission over fuel and speed, of a made-up engine.

    With fuel f and speed s from 0 to 1: torque sin(pi f / 2) (1 - (s - 0.6)**2), emission
    f**2 + exp(-8 (s - 0.3)**2) / 2; all brought to -1 to 1, at 1199 points as the original has.
    """
    rng = np.random.default_rng(0)
    f, s = rng.random((2, 1199))
    torque = np.sin(np.pi * f / 2) * (1 - (s - 0.6) ** 2)
    emission = f**2 + np.exp(-8 * (s - 0.3) ** 2) / 2
    y = np.stack([torque, emission], axis=1)
    y = 2 * (y - y.min(axis=0)) / np.ptp(y, axis=0) - 1
    return np.stack([f, s], axis=1) * 2 - 1, y


def cancer():
    """scikit-learn's 569 breast tumours, brought to unit size; benign or malignant in two columns.

    The original has nine features of other patients, which no package ships.
    """
    from sklearn.datasets import load_breast_cancer

    X, labels = load_breast_cancer(return_X_y=True)
    return (X - X.mean(axis=0)) / X.std(axis=0), np.eye(2)[labels]


def diabetes():
    """scikit-learn's 442 patients: how the illness went on in a year, brought to -1 to 1.

    The original is another study, of two classes, which no package ships.
    """
    from sklearn.datasets import load_diabetes

    X, y = load_diabetes(return_X_y=True)
    y = 2 * (y - y.min()) / np.ptp(y) - 1
    return X / X.std(axis=0), y[:, np.newaxis]


PROBLEMS = {
    "sine": Problem((1, 5, 1), *sine(), (2e-3, 1e-4, 1e-6), 200, 1.0),
    "parity": Problem((3, 10, 10, 1), *parity(), (1e-3,), 200, 1.0),
    "engine": Problem((2, 30, 2), *engine(), (5e-3,), 30, 5.0),
    "cancer": Problem((30, 5, 5, 2), *cancer(), (0.012,), 30, 2.0),
    "diabetes": Problem((10, 15, 15, 1), *diabetes(), (0.05,), 30, 2.0),
}
