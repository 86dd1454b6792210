"""Optimizers of steps along a gradient, with defaults and with all they have; and their rules."""

import numpy as np
import pytest
import reference_rules as formulas

from backprop_c import SGD, Adam, optimizers

DTYPES = ("float64", "float32")
OPTIMIZERS = {
    "sgd": SGD(0.05),
    "decay": SGD(0.05, weight_decay=0.3),
    "momentum": SGD(0.01, momentum=0.9),
    "momentum 1": SGD(0.005, momentum=1),
    "nesterov": SGD(0.02, momentum=0.7, nesterov=True),
    "all of it": SGD(0.02, momentum=0.7, nesterov=True, weight_decay=0.3),
    "of steps": SGD(0.02, momentum=0.9, of_steps=True, weight_decay=0.3),
    "of steps, nesterov": SGD(0.02, momentum=0.7, nesterov=True, of_steps=True),
    "adam": Adam(0.02),
    "adamw": Adam(0.02, beta_1=0.5, beta_2=0.7, epsilon=1e-3, weight_decay=0.3),
    "nadam": optimizers.Nadam(0.02),
    "all of nadam": optimizers.Nadam(0.02, 0.5, 0.7, 1e-3, weight_decay=0.3, momentum_decay=0.5),
    "amsgrad": Adam(0.02, beta_2=0.5, amsgrad=True),
    "epsilon hat": Adam(0.02, epsilon=1e-2, epsilon_hat=True),
    "all of adam": Adam(0.02, epsilon=1e-2, weight_decay=0.3, amsgrad=True, epsilon_hat=True),
    "adamw by name": optimizers.AdamW(0.02),
    "adamax": optimizers.Adamax(0.02),
    "all of adamax": optimizers.Adamax(0.02, 0.5, 0.7, 1e-3, weight_decay=0.3),
    "rmsprop": optimizers.RMSprop(0.02, epsilon=1e-2),
    "rmsprop, momentum": optimizers.RMSprop(0.01, 0.9, 1e-2, momentum=0.7),
    "rmsprop, momentum 1": optimizers.RMSprop(0.003, 0.9, 1e-2, momentum=1),
    "rmsprop, centred": optimizers.RMSprop(0.01, 0.9, 1e-2, centred=True, weight_decay=0.3),
    "all of rmsprop": optimizers.RMSprop(0.01, 0.9, 1e-2, 0.7, centred=True, weight_decay=0.3),
    "adagrad": optimizers.Adagrad(0.05, epsilon=1e-3),
    "all of adagrad": optimizers.Adagrad(0.05, 1e-2, weight_decay=0.3),
    "adadelta": optimizers.Adadelta(),
    "all of adadelta": optimizers.Adadelta(0.5, 0.7, 1e-3, weight_decay=0.3),
    "lion": optimizers.Lion(0.01, beta_1=0.8, weight_decay=0.3),
    "rprop": optimizers.Rprop(),
    "all of rprop": optimizers.Rprop(0.1, increase=1.5, decrease=0.7, smallest=0.05, largest=0.2),
    "no memory": Adam(0.02, beta_1=0.0, beta_2=0.0, epsilon=0.1),
}
every_optimizer = pytest.mark.parametrize("name", OPTIMIZERS)


def data(n_samples=40, n_in=3, n_out=2):
    rng = np.random.default_rng(1)
    return rng.normal(size=(n_samples, n_in)), rng.normal(size=(n_samples, n_out))


def rule_of(optimizer):
    """The naive rule with the optimizer's hyperparameters."""
    names = [name for name in vars(optimizer) if name not in optimizers.OF_GRADIENT]
    given = dict(zip(names, optimizer.hyperparameters(), strict=True))
    return getattr(formulas, f"{type(optimizer).__name__}Rule")(**given)


def train(reference, X, y, epochs, batch_size, rule):
    """The loss of each epoch, as `fit` without a shuffle records it."""
    losses = []
    for _ in range(epochs):
        total = 0.0
        for start in range(0, len(X), batch_size):
            rows = slice(start, start + batch_size)
            loss, gradient, _ = reference.loss_gradient_outputs(X[rows], y[rows])
            total += loss * len(X[rows])
            reference.parameters = rule(reference.parameters, gradient)
        losses.append(total / len(X))
    return losses


def bits(net):
    """Everything that training has changed."""
    state = net._optimizer_state
    kept = state.vectors.tobytes(), state.carried.tobytes()
    return net.parameters.tobytes(), state.rule, state.steps, *kept
