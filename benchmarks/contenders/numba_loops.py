"""numba: explicit loops, compiled for the dtype at hand; inner loops run over outputs.

Constants come in as scalars of the dtype, so that float32 stays float32.
"""

from math import exp, log, sqrt

import numpy as np
from numba import njit

import work


@njit(fastmath=False)
def dense(x, W, b, z):
    """Sets z to x @ W + b; x (n_in,), W (n_in, n_out), z (n_out,)."""
    for j in range(len(z)):
        z[j] = b[j]
    for i in range(len(x)):
        for j in range(len(z)):
            z[j] += x[i] * W[i, j]


@njit(fastmath=False)
def sigmoid(z, one):
    """In place."""
    for j in range(len(z)):
        z[j] = one / (one + exp(-z[j]))


@njit(fastmath=False)
def relu(z, one):
    """In place."""
    for j in range(len(z)):
        z[j] = max(z[j], one - one)


@njit(fastmath=False)
def softmax(z, one):
    """In place; the largest z and the sum of exponentials."""
    largest, total = z[0], one - one
    for j in range(len(z)):
        largest = max(largest, z[j])
    for j in range(len(z)):
        z[j] = exp(z[j] - largest)
        total += z[j]
    for j in range(len(z)):
        z[j] /= total
    return largest, total


@njit(fastmath=False)
def full_batch(X, y, labels, W1, W2, rate, mse, accuracy):
    """Two sigmoid layers without biases; float64."""
    n, n_hidden, n_out = len(X), W1.shape[1], W2.shape[1]
    no_bias = np.zeros(max(n_hidden, n_out))
    a1, a2, delta1 = np.empty(n_hidden), np.empty(n_out), np.empty(n_hidden)
    gradient1, gradient2 = np.empty_like(W1), np.empty_like(W2)
    for epoch in range(len(mse)):
        gradient1[:] = 0.0
        gradient2[:] = 0.0
        total, hits = 0.0, 0
        for s in range(n):
            dense(X[s], W1, no_bias, a1)
            sigmoid(a1, 1.0)
            dense(a1, W2, no_bias, a2)
            sigmoid(a2, 1.0)
            best = 0
            delta1[:] = 0.0
            for j in range(n_out):
                if a2[j] > a2[best]:
                    best = j
            hits += best == labels[s]
            for j in range(n_out):
                error = a2[j] - y[s, j]
                total += error * error
                delta = error * a2[j] * (1.0 - a2[j])
                for i in range(n_hidden):
                    gradient2[i, j] += a1[i] * delta
                    delta1[i] += W2[i, j] * delta
            for j in range(n_hidden):
                delta = delta1[j] * a1[j] * (1.0 - a1[j])
                for i in range(len(W1)):
                    gradient1[i, j] += X[s, i] * delta
        mse[epoch], accuracy[epoch] = total / y.size, hits / n
        for i in range(W1.size):
            W1.flat[i] -= rate * gradient1.flat[i]
        for i in range(W2.size):
            W2.flat[i] -= rate * gradient2.flat[i]


@njit(fastmath=False)
def online(X, y, W1, b1, W2, b2, rate, one, losses):
    """Two sigmoid layers, an update a sample."""
    a1, a2 = np.empty_like(b1), np.empty_like(b2)
    delta1, delta2 = np.empty_like(b1), np.empty_like(b2)
    for epoch in range(len(losses)):
        total = 0.0
        for s in range(len(X)):
            dense(X[s], W1, b1, a1)
            sigmoid(a1, one)
            dense(a1, W2, b2, a2)
            sigmoid(a2, one)
            for j in range(len(a2)):
                error = a2[j] - y[s, j]
                total += error * error
                delta2[j] = error * a2[j] * (one - a2[j])
            for i in range(len(a1)):
                back = one - one
                for j in range(len(a2)):
                    back += W2[i, j] * delta2[j]
                delta1[i] = back * a1[i] * (one - a1[i])
            for j in range(len(a2)):
                b2[j] -= rate * delta2[j]
                for i in range(len(a1)):
                    W2[i, j] -= rate * a1[i] * delta2[j]
            for j in range(len(a1)):
                b1[j] -= rate * delta1[j]
                for i in range(X.shape[1]):
                    W1[i, j] -= rate * X[s, i] * delta1[j]
        losses[epoch] = 0.5 * total / len(X)


@njit(fastmath=False)
def adam(parameters, gradient, first, second, constants):
    """One step; `constants` are of the parameters' dtype."""
    scale, root, epsilon = constants[0], constants[1], constants[2]
    beta_1, rest_1, beta_2, rest_2 = constants[3], constants[4], constants[5], constants[6]
    for k in range(len(parameters)):
        first[k] = beta_1 * first[k] + rest_1 * gradient[k]
        second[k] = beta_2 * second[k] + rest_2 * gradient[k] * gradient[k]
        parameters[k] -= scale * first[k] / (sqrt(second[k]) / root + epsilon)


@njit(fastmath=False)
def one_sample(x, label, W1, b1, W2, b2, G1, g1, G2, g2, a1, a2, delta1, one):
    """Relu and softmax forward and backward; adds to the gradient, returns the loss and the hit."""
    dense(x, W1, b1, a1)
    relu(a1, one)
    dense(a1, W2, b2, a2)
    best = np.argmax(a2)
    z = a2[label]
    largest, total = softmax(a2, one)
    a2[label] -= one
    for j in range(len(a2)):
        g2[j] += a2[j]
    for i in range(len(a1)):
        back = one - one
        for j in range(len(a2)):
            G2[i, j] += a1[i] * a2[j]
            back += W2[i, j] * a2[j]
        delta1[i] = back if a1[i] > 0 else one - one
        g1[i] += delta1[i]
    for i in range(len(x)):
        for j in range(len(a1)):
            G1[i, j] += x[i] * delta1[j]
    return log(total) + largest - z, best == label


@njit(fastmath=False)
def batches(X, labels, size, generator, layers, slots, flat, rate, one, losses, accuracy):
    """Mini-batches with Adam; a generator draws the order, None leaves the rows as they stand.

    `flat` has parameters, gradient, two moments and room for scalars.
    """
    parameters, gradient, first, second, constants = flat
    (W1, b1, W2, b2), (G1, g1, G2, g2) = layers, slots
    a1, a2, delta1 = np.empty_like(b1), np.empty_like(b2), np.empty_like(b1)
    n, step = len(X), 0
    order = np.arange(n)
    for epoch in range(len(losses)):
        if generator is not None:
            generator.shuffle(order)
        total, hits = 0.0, 0
        for begin in range(0, n, size):
            end = min(begin + size, n)
            gradient[:] = 0
            for s in order[begin:end]:
                loss, hit = one_sample(
                    X[s], labels[s], W1, b1, W2, b2, G1, g1, G2, g2, a1, a2, delta1, one
                )
                total += loss
                hits += hit
            for k in range(len(gradient)):
                gradient[k] /= end - begin
            step += 1
            constants[0] = rate / (1 - 0.9**step)
            constants[1] = sqrt(1 - 0.999**step)
            adam(parameters, gradient, first, second, constants)
        losses[epoch], accuracy[epoch] = total / n, hits / n


class FullBatch(work.Training):
    """Iris."""

    def train(self, epochs, shuffle):
        case = self.case
        W1, W2 = (w.copy() for w in case.weights)
        mse, accuracy = np.empty(epochs), np.empty(epochs)
        rate = self.problem.learning_rate / len(case.X)
        full_batch(case.X, case.y, case.labels, W1, W2, rate, mse, accuracy)
        return work.Outcome(mse * case.y.shape[1] / 2, work.flatten((W1, W2), ()))


class Online(work.Training):
    """XOR."""

    def train(self, epochs, shuffle):
        case, losses = self.case, np.empty(epochs)
        (W1, W2), (b1, b2) = ([p.copy() for p in ps] for ps in (case.weights, case.biases))
        rate, one = W1.dtype.type(self.problem.learning_rate), W1.dtype.type(1)
        online(case.X, case.y, W1, b1, W2, b2, rate, one, losses)
        return work.Outcome(losses, work.flatten((W1, W2), (b1, b2)))


class Batches(work.Training):
    """digits."""

    def train(self, epochs, shuffle):
        problem, case = self.problem, self.case
        parameters = case.parameters
        gradient, first, second = (np.zeros_like(parameters) for _ in range(3))
        constants = np.array([0, 0, 1e-8, 0.9, 1 - 0.9, 0.999, 1 - 0.999], parameters.dtype)
        layers, slots = (work.views(p, problem.layer_sizes) for p in (parameters, gradient))
        losses, accuracy = np.empty(epochs), np.empty(epochs)
        batches(
            case.X,
            case.labels,
            problem.batch_size,
            np.random.default_rng(0) if shuffle else None,
            (*layers[0], *layers[1]),
            (*slots[0], *slots[1]),
            (parameters, gradient, first, second, constants),
            problem.learning_rate,
            parameters.dtype.type(1),
            losses,
            accuracy,
        )
        return work.Outcome(losses, parameters)


TRAININGS = {"iris": FullBatch, "xor-float32": Online, "xor-float64": Online, "digits": Batches}
IN_PLACE = {"relu": relu, "sigmoid": sigmoid, "softmax": softmax}


def training(problem):
    """The networks of two layers that loops are good at."""
    return TRAININGS[problem.name](problem) if problem.name in TRAININGS else None


def prediction(problem):
    """One row."""
    if problem.n_rows > 1:
        return None
    hidden, output = (IN_PLACE[name] for name in problem.activations)

    @njit(fastmath=False)
    def predict(x, W1, b1, W2, b2, one):
        a1, a2 = np.empty_like(b1), np.empty_like(b2)
        dense(x, W1, b1, a1)
        hidden(a1, one)
        dense(a1, W2, b2, a2)
        output(a2, one)
        return a2

    case = problem.case
    (W1, W2), (b1, b2) = case.weights, case.biases
    names = {"predict": predict, "x": case.X, "one": np.float32(1)}
    names |= {"W1": W1, "b1": b1, "W2": W2, "b2": b2}
    return work.Call("predict(x, W1, b1, W2, b2, one)", names)
