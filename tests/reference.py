"""The naive algorithm in NumPy, written from the formulas: what every kernel is held against.

Float64 throughout, one line a formula, no cleverness. Arrays are (n_samples, width).
"""

import math

import numpy as np

# The parameters, by default those of a name alone.
SLOPE, DELTA = 0.01, 1.0

erfc = np.vectorize(math.erfc, otypes=[float])


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def gelu_slope(z):
    return erfc(-z / np.sqrt(2)) / 2 + z * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)


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


# name -> the loss of each sample, and dloss/da.
LOSSES = {
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


class ReferenceNetwork:
    """A copy of a network's numbers, in float64."""

    def __init__(self, net):
        self.weights = [w.astype(float) for w in net.weights]
        self.biases = [b.astype(float) for b in net.biases]
        # By name: objects have their parameters above.
        self.activations = [getattr(one, "name", one) for one in net.activations]
        self.loss = getattr(net.loss, "name", net.loss)

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

    def forward(self, X):
        """The z and the a of each layer."""
        zs, activations = [], [np.asarray(X, dtype=float)]
        for k, w in enumerate(self.weights):
            z = activations[-1] @ w
            if self.biases:
                z = z + self.biases[k]
            zs.append(z)
            activations.append(ACTIVATIONS[self.activations[k]][0](z))
        return zs, activations

    def predict(self, X):
        return self.forward(X)[1][-1]

    def loss_gradient_outputs(self, X, y):
        """The mean loss, its flat gradient, and the outputs."""
        zs, activations = self.forward(X)
        targets = one_hot(y, self.weights[-1].shape[1])
        losses, g = LOSSES[self.loss](zs[-1], activations[-1], targets)
        gradients = []
        for k in range(len(self.weights) - 1, -1, -1):
            delta = ACTIVATIONS[self.activations[k]][1](g, zs[k], activations[k + 1]) / len(X)
            if self.biases:
                gradients.insert(0, delta.sum(axis=0))
            gradients.insert(0, (activations[k].T @ delta).ravel())
            g = delta @ self.weights[k].T * len(X)
        return losses.mean(), np.concatenate(gradients), activations[-1]

    def fit(self, X, y, orders, batch_size, learning_rate):
        """SGD over the given order of each epoch; loss, mse and accuracy of each."""
        X, targets = np.asarray(X, dtype=float), one_hot(y, self.weights[-1].shape[1])
        history = {"loss": [], "mse": [], "accuracy": []}
        for order in orders:
            totals = np.zeros(3)
            for start in range(0, len(X), batch_size):
                rows = order[start : start + batch_size]
                loss, gradient, outputs = self.loss_gradient_outputs(X[rows], targets[rows])
                mse, accuracy = metrics(outputs, targets[rows], self.loss)
                totals += len(rows) * np.array([loss, mse, accuracy])
                self.parameters = self.parameters - learning_rate * gradient
            for name, total in zip(history, totals, strict=True):
                history[name].append(total / len(X))
        return {name: np.array(values) for name, values in history.items()}


class SGDRule:
    """PyTorch's torch.optim.SGD, without dampening, but with the decay of AdamW: decoupled."""

    def __init__(self, learning_rate, momentum=0.0, nesterov=False, weight_decay=0.0):
        self.rate, self.momentum, self.nesterov = learning_rate, momentum, nesterov
        self.decay, self.velocity = weight_decay, 0.0

    def __call__(self, parameters, gradient):
        parameters = parameters - self.rate * self.decay * parameters
        self.velocity = self.momentum * self.velocity + gradient
        ahead = gradient + self.momentum * self.velocity
        return parameters - self.rate * (ahead if self.nesterov else self.velocity)


class AdamRule:
    """PyTorch's torch.optim.AdamW, which is torch.optim.Adam where nothing decays."""

    def __init__(self, learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-8, weight_decay=0.0):
        self.rate, self.betas, self.epsilon = learning_rate, (beta_1, beta_2), epsilon
        self.decay, self.steps, self.first, self.second = weight_decay, 0, 0.0, 0.0

    def __call__(self, parameters, gradient):
        beta_1, beta_2 = self.betas
        self.steps += 1
        parameters = parameters - self.rate * self.decay * parameters
        self.first = beta_1 * self.first + (1 - beta_1) * gradient
        self.second = beta_2 * self.second + (1 - beta_2) * gradient**2
        first = self.first / (1 - beta_1**self.steps)
        second = self.second / (1 - beta_2**self.steps)
        return parameters - self.rate * first / (np.sqrt(second) + self.epsilon)


class NadamRule:
    """PyTorch's torch.optim.NAdam with decoupled_weight_decay=True."""

    def __init__(
        self,
        learning_rate,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        weight_decay=0.0,
        momentum_decay=0.004,
    ):
        self.rate, self.betas, self.epsilon = learning_rate, (beta_1, beta_2), epsilon
        self.decay, self.momentum_decay = weight_decay, momentum_decay
        self.steps, self.product, self.first, self.second = 0, 1.0, 0.0, 0.0

    def momentum(self, step):
        return self.betas[0] * (1 - 0.5 * 0.96 ** (step * self.momentum_decay))

    def __call__(self, parameters, gradient):
        beta_1, beta_2 = self.betas
        self.steps += 1
        parameters = parameters - self.rate * self.decay * parameters
        mu, following = self.momentum(self.steps), self.momentum(self.steps + 1)
        self.product *= mu
        self.first = beta_1 * self.first + (1 - beta_1) * gradient
        self.second = beta_2 * self.second + (1 - beta_2) * gradient**2
        root = np.sqrt(self.second / (1 - beta_2**self.steps)) + self.epsilon
        parameters = parameters - self.rate * (1 - mu) / (1 - self.product) * gradient / root
        ahead = following / (1 - self.product * following)
        return parameters - self.rate * ahead * self.first / root


def metrics(outputs, targets, loss):
    """Mse and accuracy."""
    mse = ((outputs - targets) ** 2).mean()
    if outputs.shape[1] == 1 or loss == "binary_cross_entropy":
        right = ((outputs > 0.5) == (targets > 0.5)).all(axis=1)
    else:
        right = outputs.argmax(axis=1) == targets.argmax(axis=1)
    return mse, right.mean()


def permutation(generator, n):
    """The order that the package draws: a shuffle inside out, over Lemire's bounded integers."""
    interface = generator.bit_generator.ctypes
    order = np.arange(n)
    for k in range(1, n):
        bound = k + 1
        product = interface.next_uint32(interface.state) * bound
        if product % 2**32 < bound:
            while product % 2**32 < (2**32 - bound) % bound:
                product = interface.next_uint32(interface.state) * bound
        other = product >> 32
        order[k] = order[other]
        order[other] = k
    return order
