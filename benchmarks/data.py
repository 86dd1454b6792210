"""Where problems begin: their rows and targets, and their starting weights."""

from itertools import pairwise

import numpy as np


def iris_rows():
    """The tutorial's 130 training rows."""
    from backprop_c.demo import split_iris

    X, y, _, _ = split_iris()
    return X, y, y.argmax(axis=1)


def xor_rows():
    """Four samples."""
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    return X, np.array([[0], [1], [1], [0]]), None


def digits_rows():
    """scikit-learn's 8×8 handwritten digits."""
    from sklearn.datasets import load_digits

    X, labels = load_digits(return_X_y=True)
    return X / 16, np.eye(10)[labels], labels


def random_rows(n_rows, n_in):
    """Random rows and classes: for speed, the values do not matter."""
    rng = np.random.default_rng(4)
    X = rng.random((n_rows, n_in), dtype=np.float32)
    labels = rng.integers(0, 10, n_rows)
    return X, np.eye(10, dtype=np.float32)[labels], labels


def exponential_rows():
    """SimpleChains.jl's problem: learn the matrix exponential of 2×2 matrices."""
    X = np.random.default_rng(5).normal(scale=0.5, size=(10_000, 2, 2))
    term = total = np.broadcast_to(np.eye(2), X.shape)
    for k in range(1, 40):
        term = term @ X / k
        total = total + term
    return X.reshape(-1, 4), total.reshape(-1, 4), None


def random_start(problem):
    """He-uniform weights, and biases that are not all zero."""
    rng = np.random.default_rng(1)
    shapes = list(pairwise(problem.layer_sizes))
    weights = tuple(
        ((rng.random(shape) * 2 - 1) * np.sqrt(3 / shape[0])).astype(problem.dtype)
        for shape in shapes
    )
    biases = tuple((0.1 * rng.random(n_out)).astype(problem.dtype) for _, n_out in shapes)
    return weights, biases


def tutorial_start(problem):
    """The Iris tutorial's."""
    from backprop_c.demo import iris_network

    return tuple(w.copy() for w in iris_network().weights), ()


def xor_start(problem):
    """Normal weights, biases of zero."""
    rng = np.random.default_rng(0)
    weights = tuple(rng.normal(size=shape).astype(problem.dtype) for shape in ((2, 2), (2, 1)))
    return weights, (np.zeros(2, problem.dtype), np.zeros(1, problem.dtype))
