"""Metrics in plain NumPy, as scikit-learn has them; samples without weight are not there."""

import numpy as np


def counted(weights, *arrays):
    """Weights above 0, in float64, and what belongs to them."""
    weights = np.ones(len(arrays[0])) if weights is None else np.asarray(weights, float)
    return weights[weights > 0], *(np.asarray(one)[weights > 0] for one in arrays)


def mse(y, a, weights=None):
    weights, y, a = counted(weights, y, a)
    return np.average((y - a) ** 2, axis=0, weights=weights).mean()


def rmse(y, a, weights=None):
    weights, y, a = counted(weights, y, a)
    return np.sqrt(np.average((y - a) ** 2, axis=0, weights=weights)).mean()


def mae(y, a, weights=None):
    weights, y, a = counted(weights, y, a)
    return np.average(abs(y - a), axis=0, weights=weights).mean()


def r2(y, a, weights=None):
    weights, y, a = counted(weights, y, a)
    around = (y - np.average(y, axis=0, weights=weights)) ** 2
    return (1 - weights @ (y - a) ** 2 / (weights @ around)).mean()


def accuracy(labels, chosen, weights=None):
    weights, labels, chosen = counted(weights, labels, chosen)
    right = (labels == chosen).reshape(len(labels), -1).all(axis=1)
    return np.average(right, weights=weights)


def balanced_accuracy(labels, chosen, weights=None):
    weights, labels, chosen = counted(weights, labels, chosen)
    shares = [
        np.average(chosen[labels == k] == k, weights=weights[labels == k])
        for k in np.unique(labels)
    ]
    return np.mean(shares)


def f1_of(labels, chosen, weights):
    """Of one class, which a sample has or not."""
    hits, both = weights @ (labels & chosen), weights @ labels + weights @ chosen
    return 2 * hits / both if both else 0.0


def f1(labels, chosen, weights=None):
    """Of several columns of classes, or of one class of several."""
    weights, labels, chosen = counted(weights, labels, chosen)
    if labels.ndim == 2:
        columns = zip(labels.T.astype(bool), chosen.T.astype(bool), strict=True)
        return np.mean([f1_of(*column, weights) for column in columns])
    every = np.union1d(labels, chosen)
    return np.mean([f1_of(labels == k, chosen == k, weights) for k in every])


def top_k_accuracy(labels, outputs, k, weights=None):
    """Of equal outputs the last is the first."""
    weights, labels, outputs = counted(weights, labels, outputs)
    order = outputs.shape[1] - 1 - np.argsort(-outputs[:, ::-1], axis=1, kind="stable")
    return np.average((order[:, :k] == labels[:, np.newaxis]).any(axis=1), weights=weights)


def log_loss(labels, outputs, weights=None):
    """Of one output of two classes, or of an output for each."""
    if outputs.shape[1] == 1:
        outputs = np.column_stack([1 - outputs, outputs])
    weights, labels, outputs = counted(weights, labels, outputs)
    epsilon = np.finfo(outputs.dtype).eps
    shares = np.clip(outputs, epsilon, 1 - epsilon)[np.arange(len(labels)), labels]
    return np.average(-np.log(shares.astype(float)), weights=weights)
