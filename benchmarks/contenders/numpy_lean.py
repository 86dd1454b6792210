"""NumPy by hand, with as few calls as it takes: the loop that a careful user writes."""

import numpy as np

TITLE = "NumPy, lean loop"


def takes(problem):
    """Networks of two layers."""
    return len(problem.weights) == 2


class Training:
    """Two sigmoid layers and the squared error, in mini-batches of consecutive rows."""

    def __init__(self, problem):
        self.problem = problem

    def run(self, epochs):
        """Train and return the parameters."""
        problem = self.problem
        if problem.biases:
            return self.online(epochs)
        W1, W2 = (w.copy() for w in problem.weights)
        X, y = problem.X, problem.y
        labels = y.argmax(axis=1)
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
        return np.concatenate([W1.ravel(), W2.ravel()])

    def online(self, epochs):
        """One sample at a time, with biases: vectors instead of matrices of one row."""
        problem = self.problem
        W1, W2 = (w.copy() for w in problem.weights)
        b1, b2 = (b.copy() for b in problem.biases)
        samples = list(zip(problem.X, problem.y, strict=True))
        rate = W1.dtype.type(problem.learning_rate)
        loss = np.empty(epochs)
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
            loss[epoch] = total / len(samples)
        return np.concatenate([W1.ravel(), b1, W2.ravel(), b2])
