"""Trainings that end at a goal: ours, and others that start from the same weights.

A contender is a function of a problem and a goal. It makes what trains from a start: a function of
the start's parameters, as one vector. That makes a training: a function of the processor time at
which to give up, which returns how many epochs the goal took, or None where it was not reached.
"""

import ctypes
import time
from functools import partial
from itertools import pairwise

import numpy as np

import backprop_c as bp
from backprop_c import callbacks, optimizers

# Epochs in one call of a fit, between looks at the clock.
EPOCHS = 2000


def ours(optimizer):
    """A fit with an optimizer, or with one that is chosen, in full batches."""

    def make(problem, goal):
        # The reported loss is half the sum over outputs.
        end = callbacks.Goal("loss", goal * problem.sizes[-1] / 2)
        net = problem.network(0)

        def train(deadline):
            epochs = 0
            while True:
                history = net.fit(
                    problem.X,
                    problem.y,
                    epochs=EPOCHS,
                    batch_size=None,
                    optimizer=optimizer,
                    callbacks=(end,),
                    reset_optimizer=epochs == 0,
                )
                epochs += history.epochs
                if history.reached_goal:
                    return epochs
                if history.epochs < EPOCHS or time.process_time() > deadline:
                    return None

        def begin(start):
            net.parameters[:] = start
            return train

        return begin

    return make


def told_nothing(problem, goal):
    """A fit by "auto", which knows no goal, and ends where it says itself."""
    net = problem.network(0)

    def train(deadline):
        history = net.fit(problem.X, problem.y, optimizer="auto")
        errors = net.predict(problem.X) - problem.y
        return history.epochs if np.mean(errors**2) <= goal else None

    def begin(start):
        net.parameters[:] = start
        return train

    return begin


# -- By hand in NumPy --------------------------------------------------------------------------


def forward(parameters, sizes, X):
    """Layers' outputs, and the layers' weights and biases."""
    outputs, layers, at = [X], [], 0
    for n_in, n_out in pairwise(sizes):
        weights = parameters[at : at + n_in * n_out].reshape(n_in, n_out)
        at += n_in * n_out
        layers.append((weights, parameters[at : at + n_out]))
        at += n_out
        z = outputs[-1] @ weights + layers[-1][1]
        outputs.append(np.tanh(z) if len(layers) < len(sizes) - 1 else z)
    return outputs, layers


def jacobian(outputs, layers, n_out):
    """The derivatives of all outputs by the parameters, one row for each sample and output."""
    n_samples = len(outputs[0])
    rows = []
    for output in range(n_out):
        delta = np.zeros((n_samples, n_out))
        delta[:, output] = 1
        parts = []
        for k in range(len(layers) - 1, -1, -1):
            products = outputs[k][:, :, np.newaxis] * delta[:, np.newaxis, :]
            parts = [products.reshape(n_samples, -1), delta, *parts]
            if k > 0:
                delta = (delta @ layers[k][0].T) * (1 - outputs[k] ** 2)
        rows.append(np.hstack(parts))
    return np.stack(rows, axis=1).reshape(n_samples * n_out, -1)


def descend(deadline, goal, start, look, derive, solve):
    """Levenberg-Marquardt with MATLAB's damping; the arithmetic is the caller's.

    `look` makes errors of parameters, with whatever the derivatives need; `derive` makes J'J and
    J'e of that; `solve` a step of these and the damping.
    """
    damping, epochs = 1e-3, 0
    parameters = start
    mse, seen = look(parameters)
    while mse > goal:
        matrix, gradient = derive(parameters, seen)
        while True:
            if damping > 1e10 or time.process_time() > deadline:
                return None
            moved = parameters - solve(matrix, gradient, damping)
            new_mse, new_seen = look(moved)
            if new_mse < mse:
                break
            damping *= 10
        damping /= 10
        parameters, mse, seen, epochs = moved, new_mse, new_seen, epochs + 1
    return epochs


def by_hand(problem, goal):
    """Levenberg-Marquardt as it is written in NumPy."""
    unit = np.eye(problem.network(0).parameters.size)

    def look(parameters):
        outputs, layers = forward(parameters, problem.sizes, problem.X)
        errors = (outputs[-1] - problem.y).ravel()
        return errors @ errors / errors.size, (outputs, layers, errors)

    def derive(parameters, seen):
        outputs, layers, errors = seen
        J = jacobian(outputs, layers, problem.sizes[-1])
        return J.T @ J / errors.size, J.T @ errors / errors.size

    def solve(matrix, gradient, damping):
        return np.linalg.solve(matrix + damping * unit, gradient)

    return lambda start: lambda deadline: descend(deadline, goal, start, look, derive, solve)


# -- SciPy, scikit-learn -----------------------------------------------------------------------


class ReachedError(Exception):
    """The goal has been reached."""


def least_squares(problem, goal):
    """SciPy's least squares, with finite differences; it counts no epochs.

    MINPACK, or SciPy's own where there are fewer errors than parameters, which MINPACK refuses.
    """
    from scipy import optimize

    method = "lm" if problem.y.size >= problem.network(0).parameters.size else "trf"

    def train(start, deadline):
        def errors(parameters):
            found = (forward(parameters, problem.sizes, problem.X)[0][-1] - problem.y).ravel()
            if found @ found / found.size <= goal:
                raise ReachedError
            if time.process_time() > deadline:
                raise TimeoutError
            return found

        try:
            optimize.least_squares(errors, start, method=method)
        except ReachedError:
            return 0
        except TimeoutError:
            pass
        return None

    return lambda start: partial(train, start)


def sklearn_lbfgs(problem, goal):
    """scikit-learn's MLPRegressor, whose loss has no end to ask for: it is watched from inside."""
    from sklearn.neural_network import MLPRegressor

    class Watched(MLPRegressor):
        def _init_coef(self, fan_in, fan_out, dtype):
            layer = len(self.coefs_)
            return net.weights[layer].copy(), net.biases[layer].copy()

        def _loss_grad_lbfgs(self, packed, *rest):
            loss, gradient = super()._loss_grad_lbfgs(packed, *rest)
            # Half the mean of squares.
            if 2 * loss <= goal:
                raise ReachedError
            if time.process_time() > self.deadline:
                raise TimeoutError
            return loss, gradient

    options = {"activation": "tanh", "solver": "lbfgs", "alpha": 0, "tol": 0}
    model = Watched(hidden_layer_sizes=problem.sizes[1:-1], max_iter=10**6, **options)
    model.max_fun = 10**9
    y = problem.y[:, 0] if problem.sizes[-1] == 1 else problem.y
    net = problem.network(0)

    def train(deadline):
        model.deadline = deadline
        try:
            model.fit(problem.X, y)
        except ReachedError:
            return 0
        except TimeoutError:
            pass
        return None

    def begin(start):
        net.parameters[:] = start
        return train

    return begin


# -- PyTorch -----------------------------------------------------------------------------------


def module_of(net):
    """A network as a module of PyTorch's."""
    import torch

    layers = []
    for weights, biases in zip(net.weights, net.biases, strict=True):
        layer = torch.nn.Linear(*weights.shape, dtype=torch.float64)
        with torch.no_grad():
            layer.weight[:] = torch.from_numpy(weights.T.copy())
            layer.bias[:] = torch.from_numpy(biases.copy())
        layers += [layer, torch.nn.Tanh()]
    return torch.nn.Sequential(*layers[:-1])


def pytorch_lbfgs(problem, goal):
    """PyTorch's L-BFGS with its strong Wolfe line search, which is watched from inside."""
    import torch

    net = problem.network(0)
    X, y = torch.from_numpy(problem.X), torch.from_numpy(problem.y)

    def train(module, minimizer, deadline):
        def closure():
            minimizer.zero_grad()
            loss = ((module(X) - y) ** 2).mean()
            loss.backward()
            if loss.item() <= goal:
                raise ReachedError
            if time.process_time() > deadline:
                raise TimeoutError
            return loss

        try:
            minimizer.step(closure)
        except ReachedError:
            return 0
        except TimeoutError:
            pass
        return None

    def begin(start):
        net.parameters[:] = start
        module = module_of(net)
        # A step of one iteration is cut off before it has looked for its length.
        minimizer = torch.optim.LBFGS(
            module.parameters(),
            max_iter=10**6,
            max_eval=10**9,
            tolerance_grad=0,
            tolerance_change=0,
            history_size=10,
            line_search_fn="strong_wolfe",
        )
        return partial(train, module, minimizer)

    return begin


def pytorch_squares(problem, goal):
    """Levenberg-Marquardt over torch.func's Jacobian."""
    import torch
    from torch.func import functional_call, jacrev

    net = problem.network(0)
    module = module_of(net)
    X, y = torch.from_numpy(problem.X), torch.from_numpy(problem.y)
    named = dict(module.named_parameters())
    unit = torch.eye(net.parameters.size, dtype=torch.float64)

    def errors(flat):
        parts = torch.split(flat, [value.numel() for value in named.values()])
        given = {
            name: part.reshape(value.shape)
            for (name, value), part in zip(named.items(), parts, strict=True)
        }
        return (functional_call(module, given, (X,)) - y).ravel()

    derivative = jacrev(errors)

    def look(flat):
        e = errors(flat)
        return float(e @ e) / len(e), e

    def derive(flat, e):
        J = derivative(flat)
        return J.T @ J / len(e), J.T @ e / len(e)

    def solve(matrix, gradient, damping):
        return torch.linalg.solve(matrix + damping * unit, gradient)

    def train(flat, deadline):
        with torch.no_grad():
            return descend(deadline, goal, flat, look, derive, solve)

    def begin(start):
        net.parameters[:] = start
        values = module_of(net).parameters()
        return partial(train, torch.cat([value.detach().ravel() for value in values]))

    return begin


# -- FANN --------------------------------------------------------------------------------------

# fann_data.h; a symmetric sigmoid of steepness 1 is tanh.
RPROP, LINEAR_ERROR, LINEAR, SIGMOID_SYMMETRIC = 2, 0, 0, 5


def fann_rprop(problem, goal):
    """FANN's iRPROP-, its default; it counts no epochs."""
    from contenders import fann

    library, rows = fann.DOUBLE
    sizes = np.array(problem.sizes, np.uint32)
    made = library.fann_create_standard_array(len(sizes), sizes)
    library.fann_set_training_algorithm(made, RPROP)
    library.fann_set_train_error_function(made, LINEAR_ERROR)
    for layers, activation in (("hidden", SIGMOID_SYMMETRIC), ("output", LINEAR)):
        getattr(library, f"fann_set_activation_function_{layers}")(made, activation)
        getattr(library, f"fann_set_activation_steepness_{layers}")(made, 1.0)

    def fill(row, n_in, n_out, x, t):
        np.ctypeslib.as_array(x, (n_in,))[:] = problem.X[row]
        np.ctypeslib.as_array(t, (n_out,))[:] = problem.y[row]

    data = library.fann_create_train_from_callback(len(problem.X), sizes[0], sizes[-1], rows(fill))
    connections = fann.connections_of(library, made, "float64")
    places = fann.places_of(connections, problem.sizes, biases=True)

    def train(deadline):
        while True:
            library.fann_train_on_data(made, data, EPOCHS, 0, ctypes.c_float(goal))
            if library.fann_get_MSE(made) <= goal:
                return 0
            if time.process_time() > deadline:
                return None

    def begin(start):
        connections["weight"] = np.append(start, 0)[places]
        library.fann_set_weight_array(made, connections.ctypes.data, len(connections))
        # The steps are the first ones again.
        library.fann_clear_train_arrays(made)
        return train

    return begin


def contenders():
    """Name -> contender: ours first, each optimizer at its defaults."""
    made = {name: ours(kind()) for name, kind in optimizers.optimizers_by_name().items()}
    made["adam, rate 0.1"] = ours(bp.Adam(0.1))
    made["auto"] = ours("auto")
    made["auto, told nothing"] = told_nothing
    return made | {
        "LM by hand": by_hand,
        "SciPy least_squares": least_squares,
        "scikit-learn lbfgs": sklearn_lbfgs,
        "PyTorch LBFGS": pytorch_lbfgs,
        "PyTorch torch.func LM": pytorch_squares,
        "FANN iRPROP-": fann_rprop,
    }
