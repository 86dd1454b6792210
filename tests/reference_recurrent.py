"""A recurrent network in plain NumPy, as slow as it is plain: what the kernels are held against."""

import numpy as np

FORMULAS = {
    "identity": (lambda z: z, np.ones_like),
    "sigmoid": (
        lambda z: 1 / (1 + np.exp(-z)),
        lambda z: 1 / (2 + np.exp(z) + np.exp(-z)),
    ),
    "tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    "softplus": (lambda z: np.logaddexp(0, z), lambda z: 1 / (1 + np.exp(-z))),
    "softsign": (lambda z: z / (1 + np.abs(z)), lambda z: 1 / (1 + np.abs(z)) ** 2),
}
ENOUGH = 3000


def parts(net):
    """Input weights, recurrent weights and biases that count, in float64."""
    u = np.where(net.input_connections, net.input_weights, 0).astype(float)
    w = np.where(net.connections, net.recurrent_weights, 0).astype(float)
    if net.symmetric:
        w = (w + w.T) / 2
    b = np.zeros(len(w)) if net.biases is None else net.biases.astype(float)
    return u, w, b


def settled(net, X):
    """The units' values after many plain iterations, (n_samples, n_units), and their z."""
    u, w, b = parts(net)
    value, _ = FORMULAS[net.activation]
    s = np.zeros((len(X), len(w)))
    for _ in range(ENOUGH):
        z = X @ u + s @ w + b
        s = (s + value(z)) / 2
    return s, X @ u + s @ w + b


def loss_and_gradient(net, X, y, sample_weight=None):
    """Half the mean of squared errors, weighted, and its gradient by solved linear equations."""
    _, w, _ = parts(net)
    _, derivative = FORMULAS[net.activation]
    n_outputs = net.layer_sizes[2]
    weight = np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight, float)
    share = (weight / weight.sum())[:, None]
    s, z = settled(net, X)
    slopes = derivative(z)
    gradient = {}
    if net.readout_weights is None:
        outputs = s[:, -n_outputs:]
        by_units = np.zeros_like(s)
        by_units[:, -n_outputs:] = share * (outputs - y)
    else:
        value, slope = FORMULAS[net.output_activation]
        v = net.readout_weights.astype(float)
        z_out = s @ v + (0 if net.readout_biases is None else net.readout_biases)
        outputs = value(z_out)
        delta = share * (outputs - y) * slope(z_out)
        by_units = delta @ v.T
        gradient = {"readout_weights": s.T @ delta, "readout_biases": delta.sum(axis=0)}
    errors = np.stack(
        [
            np.linalg.solve(np.eye(len(w)) - d[:, None] * w, d * e)
            for d, e in zip(slopes, by_units, strict=True)
        ]
    )
    between = s.T @ errors
    if net.symmetric:
        between = (between + between.T) / 2
    gradient |= {
        "input_weights": X.T @ errors * net.input_connections,
        "recurrent_weights": between * net.connections,
        "biases": errors.sum(axis=0),
    }
    names = ("input_weights", "recurrent_weights", "biases", "readout_weights", "readout_biases")
    flat = [gradient[name].ravel() for name in names if getattr(net, name) is not None]
    return (share * (outputs - y) ** 2).sum() / 2, np.concatenate(flat)
