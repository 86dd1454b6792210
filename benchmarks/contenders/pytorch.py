"""PyTorch, eager: modules, autograd and fused optimizers."""

import numpy as np
import torch
from torch import nn

import work
from pinning import threads

torch.set_num_threads(threads())
torch.set_num_interop_threads(1)

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}
DTYPES = {"float32": torch.float32, "float64": torch.float64}


def model_of(problem, outputs):
    """The layers as a module with the problem's weights; `outputs` is the last activation's."""
    case, modules = problem.case, []
    hidden = [ACTIVATIONS[name]() for name in problem.activations[:-1]]
    for layer, W in enumerate(case.weights):
        linear = nn.Linear(*W.shape, bias=bool(case.biases), dtype=DTYPES[problem.dtype])
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(W.T))
            if case.biases:
                linear.bias.copy_(torch.from_numpy(case.biases[layer]))
        modules += [linear, *hidden[layer : layer + 1]]
    return nn.Sequential(*modules, *outputs)


def parameters_of(model):
    """Flat, as the problem has them."""
    linears = [module for module in model if isinstance(module, nn.Linear)]
    weights = [linear.weight.detach().numpy().T for linear in linears]
    return work.flatten(weights, [x.bias.detach().numpy() for x in linears if x.bias is not None])


def half_squared_error(outputs, targets):
    """The mean over samples of half the sum over outputs."""
    return nn.functional.mse_loss(outputs, targets, reduction="sum") / (2 * len(outputs))


class Training(work.Training):
    """An epoch's losses are added up as tensors, and read at its end."""

    def __init__(self, problem):
        super().__init__(problem)
        classes = problem.loss == "cross_entropy"
        self.loss_of = nn.functional.cross_entropy if classes else half_squared_error
        self.X = torch.from_numpy(self.case.X)
        self.y = torch.from_numpy(self.case.labels if classes else self.case.y)
        size = problem.batch_size
        self.in_turn = list(zip(self.X.split(size), self.y.split(size), strict=True))
        last = problem.activations[-1]
        self.outputs = [] if last in ("softmax", "identity") else [ACTIVATIONS[last]()]

    def batches(self, shuffle):
        """An epoch's rows and targets."""
        if not shuffle:
            return self.in_turn
        orders = torch.randperm(len(self.X)).split(self.problem.batch_size)
        return ((self.X[rows], self.y[rows]) for rows in orders)

    def train(self, epochs, shuffle):
        problem, loss_of = self.problem, self.loss_of
        model = model_of(problem, self.outputs)
        cls = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[problem.optimizer]
        optimizer = cls(model.parameters(), lr=problem.learning_rate, fused=True)
        counts = "accuracy" in problem.metrics
        n = len(self.X)
        losses, accuracy = np.empty(epochs), np.empty(epochs)
        for epoch in range(epochs):
            total, hits = torch.zeros((), dtype=DTYPES[problem.dtype]), 0
            for x, t in self.batches(shuffle):
                outputs = model(x)
                loss = loss_of(outputs, t)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                total.add_(loss.detach(), alpha=len(x))
                if counts:
                    labels = t if t.ndim == 1 else t.argmax(dim=1)
                    hits += (outputs.argmax(dim=1) == labels).sum()
            losses[epoch], accuracy[epoch] = total.item() / n, int(hits) / n
        return work.Outcome(losses, parameters_of(model))


def training(problem):
    """Everything."""
    return Training(problem)


def inference_model(problem):
    """The layers up to the outputs, for prediction."""
    last = problem.activations[-1]
    outputs = nn.Softmax(dim=1) if last == "softmax" else ACTIVATIONS[last]()
    return model_of(problem, [outputs]).eval()


def rows_of(problem):
    """A matrix, also of one row."""
    return torch.from_numpy(problem.case.X.reshape(-1, problem.layer_sizes[0]))


def inference_call(model, problem):
    """The model's call, with `inference_mode` entered once around all calls."""
    return work.Call("model(x)", {"model": model, "x": rows_of(problem)}, torch.inference_mode)


def prediction(problem):
    """Everything."""
    return inference_call(inference_model(problem), problem)
