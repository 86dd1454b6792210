"""The naive algorithm in NumPy, written from the formulas: what every kernel is compared with.

Float64 throughout, one line a formula, no cleverness. Arrays are (n_samples, width).
"""

import math

import numpy as np
from reference_rules import SGDRule

# The parameters, by default those of a name alone.
SLOPE, ALPHA, DELTA, QUANTILE = 0.01, 1.0, 1.0, 0.5

erfc = np.vectorize(math.erfc, otypes=[float])


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def gelu_slope(z):
    return erfc(-z / np.sqrt(2)) / 2 + z * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)


SELU_SCALE, SELU_ALPHA = 1.0507009873554804934, 1.6732632423543772848


def elu(z, scale, alpha):
    return scale * np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))


def elu_slope(z, scale, alpha):
    return scale * np.where(z > 0, 1, alpha * np.exp(np.minimum(z, 0)))


def silu_slope(z):
    return sigmoid(z) + z * sigmoid(z) * sigmoid(-z)


def gelu_tanh(z):
    return z * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3))) / 2


def gelu_tanh_slope(z):
    t = np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3))
    return (1 + t) / 2 + z * (1 - t**2) / 2 * np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * z**2)


def mish_slope(z):
    t = np.tanh(np.logaddexp(0, z))
    return t + z * (1 - t**2) * sigmoid(z)


# name -> a from z, and dloss/dz from dloss/da, z and a.
ACTIVATIONS = {
    "identity": (lambda z: z, lambda g, z, a: g),
    "sigmoid": (sigmoid, lambda g, z, a: g * a * (1 - a)),
    "tanh": (np.tanh, lambda g, z, a: g * (1 - a * a)),
    "relu": (lambda z: np.maximum(z, 0), lambda g, z, a: g * (z > 0)),
    "leaky_relu": (
        lambda z: np.where(z > 0, z, SLOPE * z),
        lambda g, z, a: np.where(z > 0, g, SLOPE * g),
    ),
    "elu": (lambda z: elu(z, 1, ALPHA), lambda g, z, a: g * elu_slope(z, 1, ALPHA)),
    "selu": (
        lambda z: elu(z, SELU_SCALE, SELU_ALPHA),
        lambda g, z, a: g * elu_slope(z, SELU_SCALE, SELU_ALPHA),
    ),
    "softplus": (lambda z: np.logaddexp(0, z), lambda g, z, a: g * sigmoid(z)),
    "softsign": (lambda z: z / (1 + abs(z)), lambda g, z, a: g / (1 + abs(z)) ** 2),
    "hard_sigmoid": (lambda z: np.clip((z + 3) / 6, 0, 1), lambda g, z, a: g / 6 * (abs(z) < 3)),
    "hard_tanh": (lambda z: np.clip(z, -1, 1), lambda g, z, a: g * (abs(z) < 1)),
    "silu": (lambda z: z * sigmoid(z), lambda g, z, a: g * silu_slope(z)),
    "gelu_tanh": (gelu_tanh, lambda g, z, a: g * gelu_tanh_slope(z)),
    "mish": (lambda z: z * np.tanh(np.logaddexp(0, z)), lambda g, z, a: g * mish_slope(z)),
    "gelu": (lambda z: z * erfc(-z / np.sqrt(2)) / 2, lambda g, z, a: g * gelu_slope(z)),
    "exponential": (np.exp, lambda g, z, a: g * a),
    "softmax": (
        softmax,
        lambda g, z, a: a * (g - (a * g).sum(axis=1, keepdims=True)),
    ),
}


def squared_error(z, a, t):
    return 0.5 * ((a - t) ** 2).sum(axis=1), a - t


def binary_cross_entropy(z, a, t):
    # log a = -log(1 + exp(-z)); the derivative by a, which the sigmoid's derivative then meets.
    loss = (np.logaddexp(0, z) - z * t).sum(axis=1)
    return loss, (a - t) / (a * (1 - a))


def cross_entropy(z, a, t):
    log_a = z - z.max(axis=1, keepdims=True)
    log_a = log_a - np.log(np.exp(log_a).sum(axis=1, keepdims=True))
    return -(t * log_a).sum(axis=1), -t / a


def huber(z, a, t):
    d = a - t
    loss = np.where(abs(d) <= DELTA, d**2 / 2, DELTA * (abs(d) - DELTA / 2))
    return loss.sum(axis=1), np.clip(d, -DELTA, DELTA)


def poisson(z, a, t):
    # PyTorch's PoissonNLLLoss(log_input=True); the derivative by a, as above.
    return (np.exp(z) - t * z).sum(axis=1), 1 - t / a


def absolute_error(z, a, t):
    return abs(a - t).sum(axis=1), np.sign(a - t)


def log_cosh(z, a, t):
    d = a - t
    return (np.logaddexp(d, -d) - np.log(2)).sum(axis=1), np.tanh(d)


def quantile(z, a, t):
    d = a - t
    slope = np.where(d > 0, 1 - QUANTILE, -QUANTILE) * (d != 0)
    return (slope * d).sum(axis=1), slope


def gamma(z, a, t):
    # The negative log-likelihood of scikit-learn's gamma models, but for a constant.
    return (z + t * np.exp(-z)).sum(axis=1), (1 - t / a) / a


# name -> the loss of each sample, and dloss/da.
LOSSES = {
    "absolute_error": absolute_error,
    "log_cosh": log_cosh,
    "quantile": quantile,
    "gamma": gamma,
    "squared_error": squared_error,
    "binary_cross_entropy": binary_cross_entropy,
    "cross_entropy": cross_entropy,
    "huber": huber,
    "poisson": poisson,
}


def one_hot(y, n_out):
    """Targets of (n_samples, n_out) from whatever `fit` takes."""
    y = np.asarray(y)
    if y.ndim == 1 and n_out > 1:
        return np.eye(n_out)[y.astype(int)]
    return y.reshape(len(y), n_out).astype(float)


def mixed(x):
    """32 well mixed bits of each 32: C. Wellons' lowbias32 (2018)."""
    x = np.asarray(x, dtype=np.uint32)
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x7FEB352D)
    x = (x ^ (x >> np.uint32(15))) * np.uint32(0x846CA68B)
    return x ^ (x >> np.uint32(16))


def dropout_bits(key, rows, units):
    """The 32 bits of each row and unit in an epoch with such a key, (rows, units)."""
    rows = np.asarray(rows, dtype=np.uint64)
    x = mixed(np.uint64(key & 0xFFFFFFFF) ^ (rows & np.uint64(0xFFFFFFFF)))
    x = mixed(x ^ np.uint32(key >> 32))
    x = mixed(x + (rows >> np.uint64(32)).astype(np.uint32))
    counters = np.asarray(units, dtype=np.uint32) * np.uint32(0x9E3779B9)
    return mixed(x[:, np.newaxis] + counters)


class ReferenceNetwork:
    """A copy of a network's numbers, in float64."""

    def __init__(self, net):
        self.weights = [w.astype(float) for w in net.weights]
        self.biases = [b.astype(float) for b in net.biases]
        # By name: objects have their parameters above.
        self.activations = [getattr(one, "name", one) for one in net.activations]
        self.loss = getattr(net.loss, "name", net.loss)
        self.l1, self.l2 = net.l1, net.l2
        self.dropout, self.max_norm = net.dropout, net.max_norm

    @property
    def parameters(self):
        parts = []
        for k, w in enumerate(self.weights):
            parts.append(w.ravel())
            if self.biases:
                parts.append(self.biases[k])
        return np.concatenate(parts)

    @parameters.setter
    def parameters(self, flat):
        at = 0
        for k, w in enumerate(self.weights):
            w[:] = flat[at : at + w.size].reshape(w.shape)
            at += w.size
            if self.biases:
                b = self.biases[k]
                b[:] = flat[at : at + b.size]
                at += b.size

    def factors(self, key, rows):
        """What each layer's inputs are multiplied by in training: 0, or 1 / (1 - dropout)."""
        first, factors = 0, []
        for w, share in zip(self.weights, self.dropout, strict=True):
            bits = dropout_bits(key, rows, first + np.arange(len(w)))
            factors.append((bits >= np.floor(share * 2.0**32)) / (1 - share))
            first += len(w)
        return factors

    def forward(self, X, factors=None):
        """The z and the a of each layer."""
        zs, activations = [], [np.asarray(X, dtype=float)]
        for k, w in enumerate(self.weights):
            z = (activations[-1] if factors is None else activations[-1] * factors[k]) @ w
            if self.biases:
                z = z + self.biases[k]
            zs.append(z)
            activations.append(ACTIVATIONS[self.activations[k]][0](z))
        return zs, activations

    def predict(self, X):
        return self.forward(X)[1][-1]

    def penalty(self):
        return sum(
            l1 * abs(w).sum() + l2 / 2 * (w**2).sum()
            for l1, l2, w in zip(self.l1, self.l2, self.weights, strict=True)
        )

    def loss_gradient_outputs(self, X, y, sample_weight=None, factors=None):
        """The mean loss with penalties, its flat gradient, and the outputs."""
        zs, activations = self.forward(X, factors)
        targets = one_hot(y, self.weights[-1].shape[1])
        losses, g = LOSSES[self.loss](zs[-1], activations[-1], targets)
        shares = np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight, float)
        shares = shares / shares.sum()
        gradients = []
        for k in range(len(self.weights) - 1, -1, -1):
            g = ACTIVATIONS[self.activations[k]][1](g, zs[k], activations[k + 1])
            delta = shares[:, np.newaxis] * g
            inputs = activations[k] if factors is None else activations[k] * factors[k]
            if self.biases:
                gradients.insert(0, delta.sum(axis=0))
            w = self.weights[k]
            gradient = inputs.T @ delta + self.l2[k] * w
            # Where a weight is 0, the smallest of the subgradients.
            held = np.clip(gradient, -self.l1[k], self.l1[k])
            gradient += np.where(w == 0, -held, self.l1[k] * np.sign(w))
            gradients.insert(0, gradient.ravel())
            g = g @ self.weights[k].T
            if factors is not None:
                g = g * factors[k]
        return shares @ losses + self.penalty(), np.concatenate(gradients), activations[-1]

    def stop_at_zero(self, before, gradient):
        """Weights with an l1 penalty do not go through 0, nor leave it without a gradient."""
        now, at = self.parameters, 0
        for l1, w in zip(self.l1, self.weights, strict=True):
            if l1:
                here = slice(at, at + w.size)
                old, new = before[here], now[here]
                new[(old * new < 0) | ((old == 0) & (gradient[here] == 0))] = 0
            at += w.size + (w.shape[1] if self.biases else 0)
        self.parameters = now

    def constrain(self):
        """Hold the norm of each unit's incoming weights to its bound."""
        for w, bound in zip(self.weights, self.max_norm, strict=True):
            if bound is not None:
                w *= bound / np.maximum(np.linalg.norm(w, axis=0), bound)

    def fit(self, X, y, orders, batch_size, rule, sample_weight=None, keys=None):
        """Train in the given order of each epoch; loss, mse and accuracy of each.

        The rule makes parameters of parameters and a gradient; a number is SGD's learning rate.
        The keys are those of the epochs' dropout.
        """
        rule = SGDRule(rule) if isinstance(rule, float) else rule
        X, targets = np.asarray(X, dtype=float), one_hot(y, self.weights[-1].shape[1])
        weights = np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight, float)
        history = {"loss": [], "mse": [], "accuracy": []}
        for epoch, order in enumerate(orders):
            totals = np.zeros(3)
            for start in range(0, len(X), batch_size):
                rows = order[start : start + batch_size]
                share = weights[rows].sum()
                if share == 0:
                    continue
                factors = None if keys is None else self.factors(keys[epoch], rows)
                loss, gradient, outputs = self.loss_gradient_outputs(
                    X[rows], targets[rows], weights[rows], factors
                )
                mse, accuracy = metrics(outputs, targets[rows], self.loss, weights[rows])
                totals += share * np.array([loss, mse, accuracy])
                before = self.parameters
                self.parameters = rule(before, gradient)
                self.stop_at_zero(before, gradient)
                self.constrain()
            for name, total in zip(history, totals, strict=True):
                history[name].append(total / weights.sum())
        return {name: np.array(values) for name, values in history.items()}


def metrics(outputs, targets, loss, sample_weight=None):
    """Mse and accuracy."""
    mse = ((outputs - targets) ** 2).mean(axis=1)
    if outputs.shape[1] == 1 or loss == "binary_cross_entropy":
        right = ((outputs > 0.5) == (targets > 0.5)).all(axis=1)
    else:
        right = outputs.argmax(axis=1) == targets.argmax(axis=1)
    return np.average(mse, weights=sample_weight), np.average(right, weights=sample_weight)
