"""The gradient check as a lesson: a loss of one's own, with a mistake in its derivative."""

import numpy as np

from backprop_c import Network, check_gradient

rng = np.random.default_rng(0)
X, y = rng.normal(size=(50, 3)), rng.normal(size=(50, 2))


def wrong(y_true, y_pred):
    """The fourth power of the error, whose derivative has lost its factor 4."""
    return ((y_pred - y_true) ** 4).sum(axis=1), (y_pred - y_true) ** 3


def right(y_true, y_pred):
    """The same with the factor."""
    return ((y_pred - y_true) ** 4).sum(axis=1), 4 * (y_pred - y_true) ** 3


for loss in (wrong, right):
    net = Network((3, 5, 2), activations=("tanh", "identity"), loss=loss, random_state=0)
    found = check_gradient(net, X, y)
    print(f"{loss.__name__}: {found}")
    # Where only some entries are wrong, their place says which line to look at.
    print("  the gradient is the loss's" if found.error < 1e-6 else "  one of the two is wrong")
