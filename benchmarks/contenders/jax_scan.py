"""JAX: an epoch is a jitted scan over its updates, epochs are a scan around it."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

import work

ACTIVATIONS = {
    "relu": jax.nn.relu,
    "tanh": jnp.tanh,
    "sigmoid": jax.nn.sigmoid,
    "softmax": jax.nn.softmax,
    "identity": lambda z: z,
}
EPOCHS_AT_ONCE = {"iris": 500, "xor-float32": 500, "xor-float64": 500, "4-32-16-4": 10}


def forward(parameters, x, activations):
    """Outputs of rows."""
    for layer, name in zip(parameters, activations, strict=True):
        z = x @ layer["W"]
        x = ACTIVATIONS[name](z + layer["b"] if "b" in layer else z)
    return x


def squared_error(parameters, x, y, activations):
    """The mean loss, and the hits."""
    a = forward(parameters, x, activations)
    hits = (a.argmax(axis=1) == y.argmax(axis=1)).sum()
    return 0.5 * ((a - y) ** 2).sum(axis=1).mean(), hits


def cross_entropy(parameters, x, labels, activations):
    """The mean loss from the logits, and the hits."""
    logits = forward(parameters, x, (*activations[:-1], "identity"))
    chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1)
    return -chosen.mean(), (logits.argmax(axis=1) == labels).sum()


def sgd_start(parameters):
    """No state."""
    return ()


def sgd(parameters, gradient, state, rate):
    """A plain step."""
    return jax.tree.map(lambda p, g: p - rate * g, parameters, gradient), state


def adam_start(parameters):
    """Moments and the step count."""
    zeros = partial(jax.tree.map, jnp.zeros_like)
    return zeros(parameters), zeros(parameters), jnp.zeros((), jnp.int32)


def adam(parameters, gradient, state, rate, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    """A step of Adam."""
    first, second, step = state
    step = step + 1
    first = jax.tree.map(lambda m, g: beta_1 * m + (1 - beta_1) * g, first, gradient)
    second = jax.tree.map(lambda v, g: beta_2 * v + (1 - beta_2) * g * g, second, gradient)
    count = step.astype(jax.tree.leaves(parameters)[0].dtype)
    scale, root = rate / (1 - beta_1**count), jnp.sqrt(1 - beta_2**count)

    def moved(p, m, v):
        return p - scale * m / (jnp.sqrt(v) / root + epsilon)

    return jax.tree.map(moved, parameters, first, second), (first, second, step)


LOSSES = {"squared_error": squared_error, "cross_entropy": cross_entropy}
UPDATES = {"sgd": (sgd_start, sgd), "adam": (adam_start, adam)}


def parameters_of(problem):
    """The problem's weights as a pytree, freshly made: they will be donated."""
    case = problem.case
    layers = [{"W": jnp.array(W)} for W in case.weights]
    for layer, b in zip(layers, case.biases, strict=False):
        layer["b"] = jnp.array(b)
    return layers


def in_precision(problem):
    """64-bit types for the problems that ask for them."""
    return jax.enable_x64(problem.dtype == "float64")


class Training(work.Training):
    """So many epochs a call of the compiled function."""

    def __init__(self, problem):
        super().__init__(problem)
        self.granularity = EPOCHS_AT_ONCE.get(problem.name, 1)
        self.compiled = {}
        targets = self.case.y
        if problem.loss == "cross_entropy":
            targets = self.case.labels.astype(np.int32)
        with in_precision(problem):
            self.rows = jnp.asarray(self.case.X), jnp.asarray(targets)

    def function(self, shuffle):
        """The jitted epochs."""
        if shuffle not in self.compiled:
            epochs = partial(train_epochs, self.problem, self.granularity, shuffle)
            self.compiled[shuffle] = jax.jit(epochs, donate_argnums=(0, 1))
        return self.compiled[shuffle]

    def train(self, epochs, shuffle):
        problem, function, losses = self.problem, self.function(shuffle), []
        with in_precision(problem):
            parameters = parameters_of(problem)
            state = UPDATES[problem.optimizer][0](parameters)
            key = jax.random.key(0)
            for _ in range(0, epochs, self.granularity):
                parameters, state, key, values = function(parameters, state, key, *self.rows)
                losses.append(values)
            losses = np.concatenate([np.asarray(loss) for loss, _ in losses])
            weights = [np.asarray(layer["W"]) for layer in parameters]
            biases = [np.asarray(layer["b"]) for layer in parameters if "b" in layer]
        return work.Outcome(losses, work.flatten(weights, biases))


def train_epochs(problem, epochs, shuffle, parameters, state, key, *rows):
    """Loss and accuracy of so many epochs; what is not asked for, XLA leaves out."""
    n, size = problem.n_samples, problem.batch_size
    steps, left_over = divmod(n, size)
    value_and_grad = jax.value_and_grad(LOSSES[problem.loss], has_aux=True)
    update = UPDATES[problem.optimizer][1]

    def step(carry, batch):
        parameters, state = carry
        (loss, hits), gradient = value_and_grad(parameters, *batch, problem.activations)
        hits = hits if "accuracy" in problem.metrics else 0
        carry = update(parameters, gradient, state, problem.learning_rate)
        return carry, (loss * len(batch[0]), hits)

    def in_batches(arrays):
        """What the steps are scanned over, and what is left over for the last, shorter one."""
        whole = [array[: steps * size].reshape(steps, size, *array.shape[1:]) for array in arrays]
        return tuple(whole), tuple(array[steps * size :] for array in arrays)

    def step_of_rows(carry, which):
        """A step with the rows of that number."""
        return step(carry, tuple(array[which[0]] for array in rows))

    def epoch(carry, _):
        parameters, state, key = carry
        key, drawn = jax.random.split(key)
        if steps == 1 and not left_over:  # the full batch is not copied
            carry, values = step((parameters, state), rows)
            return (*carry, key), tuple(value / n for value in values)
        if shuffle:
            batches, last = in_batches((jax.random.permutation(drawn, n),))
            update_by = step_of_rows
        else:
            batches, last = in_batches(rows)
            update_by = step
        carry, values = jax.lax.scan(update_by, (parameters, state), batches)
        values = [value.sum() for value in values]
        if left_over:
            carry, more = update_by(carry, last)
            values = [value + extra for value, extra in zip(values, more, strict=True)]
        return (*carry, key), tuple(value / n for value in values)

    (parameters, state, key), values = jax.lax.scan(epoch, (parameters, state, key), length=epochs)
    return parameters, state, key, values


def training(problem):
    """Everything."""
    return Training(problem)


def prediction(problem):
    """Everything."""
    with in_precision(problem):
        parameters, x = parameters_of(problem), jnp.asarray(problem.case.X)
    predict = jax.jit(partial(forward, activations=problem.activations))
    names = {"predict": predict, "parameters": parameters, "x": x}
    return work.Call("predict(parameters, x).block_until_ready()", names)
