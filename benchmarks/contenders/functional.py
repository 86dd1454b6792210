"""backprop_c's building blocks, called from Python: the loop that a reader of them writes."""

from itertools import pairwise

import numpy as np

import backprop_c
import work
from backprop_c import functional
from contenders.ours import OPTIMIZERS


def views(flat, problem):
    """Each layer's (weights, biases) within a flat array; biases may be None."""
    if problem.case.biases:
        return work.views(flat, problem.layer_sizes)
    found, at = [], 0
    for n_in, n_out in pairwise(problem.layer_sizes):
        found.append((flat[at : at + n_in * n_out].reshape(n_in, n_out), None))
        at += n_in * n_out
    return found


class Training(work.Training):
    """Layer by layer, with everything into arrays that are there where that is possible."""

    def train(self, epochs, shuffle):
        """Each batch forward and back, and one update of all parameters."""
        problem, case = self.problem, self.case
        X, n, size = case.X, len(case.X), problem.batch_size or len(case.X)
        targets = case.y if problem.loss == "squared_error" else case.labels
        parameters = case.parameters
        gradient = np.empty_like(parameters)
        layers, slots = views(parameters, problem), views(gradient, problem)
        optimizer = getattr(backprop_c, OPTIMIZERS[problem.optimizer])
        optimizer, state = optimizer(learning_rate=problem.learning_rate), None
        names = problem.activations
        rng = np.random.default_rng(0)
        losses, mse, accuracy = np.empty(epochs), np.empty(epochs), np.empty(epochs)
        for epoch in range(epochs):
            order = rng.permutation(n) if shuffle else None
            loss = hits = 0.0
            for first in range(0, n, size):
                some = order[first : first + size] if shuffle else slice(first, first + size)
                inputs, zs = [X[some]], []
                for k, (W, b) in enumerate(layers):
                    zs.append(functional.dense_forward(inputs[-1], W, b))
                    if k < len(layers) - 1:
                        inputs.append(functional.activate(names[k], zs[-1]))
                if "accuracy" in problem.metrics:
                    # Neither sigmoid nor softmax changes which output is the largest.
                    hits += np.count_nonzero(zs[-1].argmax(axis=1) == case.labels[some])
                batch_loss, delta = functional.loss_and_delta(
                    problem.loss, names[-1], zs[-1], targets[some], out=zs[-1]
                )
                loss += batch_loss * len(delta)
                for k in range(len(layers) - 1, -1, -1):
                    (W, _), (slot_W, slot_b) = layers[k], slots[k]
                    slot_b = False if slot_b is None else slot_b
                    wanted = None if k else False
                    _, _, back = functional.dense_backward(
                        inputs[k], W, delta, slot_W, slot_b, wanted
                    )
                    if k:
                        delta = functional.derivative(names[k - 1], zs[k - 1], out=zs[k - 1])
                        delta *= back
                state = functional.update(optimizer, parameters, gradient, state)
            losses[epoch], accuracy[epoch] = loss / n, hits / n
            mse[epoch] = 2 * losses[epoch] / problem.layer_sizes[-1]
        return work.Outcome(losses, parameters)


def training(problem):
    """Everything."""
    return Training(problem)


def prediction(problem):
    """Everything but one row, which is no matrix."""
    (W1, W2), (b1, b2) = problem.case.weights, problem.case.biases or (None, None)
    hidden, output = problem.activations
    names = {
        "forward": functional.dense_forward,
        "activate": functional.activate,
        "x": problem.case.X,
        **{"W1": W1, "W2": W2, "b1": b1, "b2": b2, "hidden": hidden, "output": output},
    }
    if problem.case.X.ndim == 1:
        return None
    return work.Call(
        "activate(output, forward(activate(hidden, forward(x, W1, b1)), W2, b2))", names
    )
