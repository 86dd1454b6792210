"""backprop_c, as its users call it: whatever has a default is named, since defaults may change."""

import backprop_c
import work
from backprop_c import Network
from pinning import threads

OPTIMIZERS = {"sgd": "SGD", "adam": "Adam"}


def network(problem):
    """The problem's network with its starting weights."""
    case = problem.case
    net = Network(
        problem.layer_sizes,
        activations=problem.activations,
        loss=problem.loss,
        biases=bool(case.biases),
        dtype=problem.dtype,
        random_state=0,
    )
    net.parameters[:] = case.parameters
    return net


class Training(work.Training):
    """Construct once, set the weights and fit."""

    def __init__(self, problem):
        super().__init__(problem)
        self.net = network(problem)
        self.start = self.case.parameters
        self.targets = self.case.y if problem.loss == "squared_error" else self.case.labels
        optimizer = getattr(backprop_c, OPTIMIZERS[problem.optimizer])
        self.optimizer = optimizer(learning_rate=problem.learning_rate)

    def train(self, epochs, shuffle):
        """Set the weights and fit."""
        problem, net = self.problem, self.net
        net.parameters[:] = self.start
        history = net.fit(
            self.case.X,
            self.targets,
            epochs=epochs,
            batch_size=problem.batch_size,
            optimizer=self.optimizer,
            shuffle=shuffle,
            metrics=problem.metrics,
            n_threads=threads(),
        )
        return work.Outcome(history["loss"], net.parameters.copy())


def training(problem):
    """Everything."""
    return Training(problem)


def prediction(problem):
    """Everything."""
    names = {"predict": network(problem).predict, "x": problem.case.X}
    if threads() > 1:
        return work.Call(f"predict(x, n_threads={threads()})", names)
    return work.Call("predict(x)", names)


def product(problem):
    """The kernels that wide layers go through; one thread."""
    from backprop_c._engine import bare  # not public: other versions may not have it

    a, b, out = problem.arrays
    names = {"product": bare.dense_product, "a": a, "b": b, "out": out}
    return work.Call(f"product({problem.operation!r}, a, b, out)", names)
