"""NumPy by hand, with as few calls as it takes: the loops that a careful user writes."""

import numpy as np

import work


class Iris(work.Training):
    """Two sigmoid layers without biases, full batch, mse and accuracy."""

    def train(self, epochs, shuffle):
        problem, case = self.problem, self.case
        W1, W2 = (w.copy() for w in case.weights)
        X, y, labels = case.X, case.y, case.labels
        rate = problem.learning_rate / len(X)
        mse, accuracy = np.empty(epochs), np.empty(epochs)
        for epoch in range(epochs):
            a1 = 1 / (1 + np.exp(-(X @ W1)))
            a2 = 1 / (1 + np.exp(-(a1 @ W2)))
            error = a2 - y
            mse[epoch] = (error * error).mean()
            accuracy[epoch] = (a2.argmax(axis=1) == labels).mean()
            delta2 = error * a2 * (1 - a2)
            delta1 = (delta2 @ W2.T) * a1 * (1 - a1)
            W2 -= rate * (a1.T @ delta2)
            W1 -= rate * (X.T @ delta1)
        return work.Outcome(mse * y.shape[1] / 2, np.concatenate([W1.ravel(), W2.ravel()]))


class Online(work.Training):
    """One sample at a time, with biases: vectors instead of matrices of one row."""

    def train(self, epochs, shuffle):
        case = self.case
        W1, W2 = (w.copy() for w in case.weights)
        b1, b2 = (b.copy() for b in case.biases)
        samples = list(zip(case.X, case.y, strict=True))
        rate = W1.dtype.type(self.problem.learning_rate)
        losses = np.empty(epochs)
        for epoch in range(epochs):
            total = 0.0
            for x, t in samples:
                a1 = 1 / (1 + np.exp(-(x @ W1 + b1)))
                a2 = 1 / (1 + np.exp(-(a1 @ W2 + b2)))
                error = a2 - t
                total += 0.5 * float(error @ error)
                delta2 = error * a2 * (1 - a2)
                delta1 = (W2 @ delta2) * a1 * (1 - a1)
                W2 -= rate * (a1[:, None] * delta2)
                b2 -= rate * delta2
                W1 -= rate * (x[:, None] * delta1)
                b1 -= rate * delta1
            losses[epoch] = total / len(samples)
        return work.Outcome(losses, np.concatenate([W1.ravel(), b1, W2.ravel(), b2]))


class Batches(work.Training):
    """Layers of relu or tanh; softmax with cross-entropy, or the squared error of plain outputs."""

    def train(self, epochs, shuffle):
        problem, case = self.problem, self.case
        X, size = case.X, problem.batch_size
        n = len(X)
        classes = problem.loss == "cross_entropy"
        targets = case.labels if classes else case.y
        output = softmax_cross_entropy if classes else squared_error
        rows_of = np.arange(size)
        forward, slope = HIDDEN[problem.activations[0]]
        parameters = case.parameters
        gradient = np.empty_like(parameters)
        layers, slots = (work.views(flat, problem.layer_sizes) for flat in (parameters, gradient))
        update = UPDATES[problem.optimizer](parameters, gradient, problem.learning_rate)
        rng = np.random.default_rng(0)
        losses, accuracy = np.empty(epochs), np.empty(epochs)
        for epoch in range(epochs):
            order = rng.permutation(n) if shuffle else None
            loss = hits = 0.0
            for first in range(0, n, size):
                some = order[first : first + size] if shuffle else slice(first, first + size)
                activations, t = [X[some]], targets[some]
                for W, b in layers[:-1]:
                    z = activations[-1] @ W
                    z += b
                    activations.append(forward(z))
                W, b = layers[-1]
                z = activations[-1] @ W
                z += b
                if problem.metrics:
                    hits += np.count_nonzero(z.argmax(axis=1) == t)
                batch_loss, delta = output(z, t, rows_of[: len(z)])
                loss += batch_loss
                delta *= 1 / len(z)
                for layer in range(len(layers) - 1, -1, -1):
                    a, (slot_W, slot_b) = activations[layer], slots[layer]
                    np.matmul(a.T, delta, out=slot_W)
                    np.add.reduce(delta, axis=0, out=slot_b)
                    if layer:
                        delta = delta @ layers[layer][0].T
                        delta *= slope(a)
                update()
            losses[epoch], accuracy[epoch] = loss / n, hits / n
        return work.Outcome(losses, parameters)


def relu(z):
    """In place."""
    return np.maximum(z, 0, out=z)


def tanh(z):
    """In place."""
    return np.tanh(z, out=z)


def sigmoid(z):
    """In place."""
    np.negative(z, out=z)
    np.exp(z, out=z)
    z += 1
    return np.divide(1, z, out=z)


def softmax(z):
    """In place; rows, or one."""
    if z.ndim == 1:
        z -= z.max()
        np.exp(z, out=z)
        z /= z.sum()
        return z
    z -= z.max(axis=1, keepdims=True)
    np.exp(z, out=z)
    z /= z.sum(axis=1, keepdims=True)
    return z


HIDDEN = {"relu": (relu, lambda a: a > 0), "tanh": (tanh, lambda a: 1 - a * a)}
IN_PLACE = {"relu": relu, "tanh": tanh, "sigmoid": sigmoid, "softmax": softmax}


def softmax_cross_entropy(z, labels, rows):
    """The sum of losses, and p - t, in place of z."""
    z -= z.max(axis=1, keepdims=True)
    chosen = z[rows, labels].sum()
    np.exp(z, out=z)
    total = z.sum(axis=1, keepdims=True)
    z /= total
    z[rows, labels] -= 1
    return float(np.log(total).sum() - chosen), z


def squared_error(z, y, rows):
    """The sum of losses, and a - t, in place of z."""
    z -= y
    flat = z.ravel()
    return 0.5 * float(flat @ flat), z


def sgd(parameters, gradient, rate):
    """An update by the gradient, which it spoils."""

    def update():
        np.multiply(gradient, rate, out=gradient)
        np.subtract(parameters, gradient, out=parameters)

    return update


def adam(parameters, gradient, rate, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    """An update by the flat gradient, which it spoils; bias corrections are in the scalars."""
    first, second, scratch = (np.zeros_like(parameters) for _ in range(3))
    step = 0

    def update():
        nonlocal step, first, second
        step += 1
        correction = (1 - beta_2**step) ** 0.5
        np.multiply(gradient, gradient, out=scratch)
        np.multiply(scratch, 1 - beta_2, out=scratch)
        np.multiply(second, beta_2, out=second)
        np.add(second, scratch, out=second)
        np.multiply(gradient, 1 - beta_1, out=gradient)
        np.multiply(first, beta_1, out=first)
        np.add(first, gradient, out=first)
        np.sqrt(second, out=scratch)
        np.add(scratch, epsilon * correction, out=scratch)
        np.divide(first, scratch, out=scratch)
        np.multiply(scratch, rate * correction / (1 - beta_1**step), out=scratch)
        np.subtract(parameters, scratch, out=parameters)

    return update


UPDATES = {"sgd": sgd, "adam": adam}


def training(problem):
    """Iris and XOR each have their own loop, as short as they allow."""
    if problem.batch_size == 1:
        return Online(problem)
    return Batches(problem) if problem.case.biases else Iris(problem)


def two_layers(problem):
    """A function of rows, or of one row."""
    (W1, W2), (b1, b2) = problem.case.weights, problem.case.biases
    hidden, output = (IN_PLACE[name] for name in problem.activations)

    def predict(x):
        z = x.dot(W1)
        z += b1
        z = hidden(z).dot(W2)
        z += b2
        return output(z)

    return predict


def prediction(problem):
    """Everything."""
    return work.Call("predict(x)", {"predict": two_layers(problem), "x": problem.case.X})


STATEMENTS = {
    "forward": "matmul(a, b, out=out)",
    "backward_inputs": "matmul(a, b.T, out=out)",
    "backward_weights": "matmul(a.T, b, out=out)",
}


def product(problem):
    """NumPy's BLAS."""
    a, b, out = problem.arrays
    names = {"matmul": np.matmul, "a": a, "b": b, "out": out}
    return work.Call(STATEMENTS[problem.operation], names)
