"""Update rules in plain NumPy: new parameters of old ones and a gradient."""

import numpy as np


class SGDRule:
    """PyTorch's torch.optim.SGD, without dampening, but with the decay of AdamW: decoupled."""

    def __init__(
        self, learning_rate, momentum=0.0, nesterov=False, weight_decay=0.0, *, of_steps=False
    ):
        self.rate, self.momentum, self.nesterov = learning_rate, momentum, nesterov
        self.decay, self.of_steps, self.velocity = weight_decay, of_steps, 0.0

    def __call__(self, parameters, gradient):
        parameters = parameters - self.rate * self.decay * parameters
        if self.of_steps:  # as scikit-learn writes it
            self.velocity = self.momentum * self.velocity - self.rate * gradient
            ahead = self.momentum * self.velocity - self.rate * gradient
            return parameters + (ahead if self.nesterov else self.velocity)
        self.velocity = self.momentum * self.velocity + gradient
        ahead = gradient + self.momentum * self.velocity
        return parameters - self.rate * (ahead if self.nesterov else self.velocity)


class AdamRule:
    """PyTorch's torch.optim.AdamW, which is torch.optim.Adam where nothing decays."""

    def __init__(
        self,
        learning_rate,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        weight_decay=0.0,
        amsgrad=False,
        *,
        epsilon_hat=False,
    ):
        self.rate, self.betas, self.epsilon = learning_rate, (beta_1, beta_2), epsilon
        self.decay, self.amsgrad, self.epsilon_hat = weight_decay, amsgrad, epsilon_hat
        self.steps, self.first, self.second, self.largest = 0, 0.0, 0.0, 0.0

    def __call__(self, parameters, gradient):
        beta_1, beta_2 = self.betas
        self.steps += 1
        parameters = parameters - self.rate * self.decay * parameters
        self.first = beta_1 * self.first + (1 - beta_1) * gradient
        self.second = beta_2 * self.second + (1 - beta_2) * gradient**2
        self.largest = np.maximum(self.largest, self.second)
        first = self.first / (1 - beta_1**self.steps)
        second = self.largest if self.amsgrad else self.second
        correction = 1 - beta_2**self.steps
        # As scikit-learn writes it: the root is corrected as a whole.
        epsilon = self.epsilon / np.sqrt(correction) if self.epsilon_hat else self.epsilon
        return parameters - self.rate * first / (np.sqrt(second / correction) + epsilon)


AdamWRule = AdamRule


class AdamaxRule:
    """PyTorch's torch.optim.Adamax, but with decoupled decay."""

    def __init__(self, learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-8, weight_decay=0.0):
        self.rate, self.betas, self.epsilon = learning_rate, (beta_1, beta_2), epsilon
        self.decay, self.steps, self.first, self.largest = weight_decay, 0, 0.0, 0.0

    def __call__(self, parameters, gradient):
        beta_1, beta_2 = self.betas
        self.steps += 1
        parameters = parameters - self.rate * self.decay * parameters
        self.first = beta_1 * self.first + (1 - beta_1) * gradient
        self.largest = np.maximum(beta_2 * self.largest, abs(gradient) + self.epsilon)
        return parameters - self.rate / (1 - beta_1**self.steps) * self.first / self.largest


class RMSpropRule:
    """PyTorch's torch.optim.RMSprop, but with decoupled decay."""

    def __init__(
        self,
        learning_rate,
        beta_2=0.99,
        epsilon=1e-8,
        momentum=0.0,
        centred=False,
        weight_decay=0.0,
    ):
        self.rate, self.beta, self.epsilon = learning_rate, beta_2, epsilon
        self.momentum, self.centred, self.decay = momentum, centred, weight_decay
        self.squares, self.mean, self.velocity = 0.0, 0.0, 0.0

    def __call__(self, parameters, gradient):
        parameters = parameters - self.rate * self.decay * parameters
        self.squares = self.beta * self.squares + (1 - self.beta) * gradient**2
        self.mean = self.beta * self.mean + (1 - self.beta) * gradient
        # Equal gradients have no variance, but for rounding.
        variance = np.maximum(self.squares - self.mean**2, 0) if self.centred else self.squares
        step = gradient / (np.sqrt(variance) + self.epsilon)
        self.velocity = self.momentum * self.velocity + step
        return parameters - self.rate * self.velocity


class AdagradRule:
    """PyTorch's torch.optim.Adagrad without lr_decay, but with decoupled decay."""

    def __init__(self, learning_rate, epsilon=1e-10, weight_decay=0.0):
        self.rate, self.epsilon, self.decay, self.squares = (
            learning_rate,
            epsilon,
            weight_decay,
            0.0,
        )

    def __call__(self, parameters, gradient):
        parameters = parameters - self.rate * self.decay * parameters
        self.squares = self.squares + gradient**2
        return parameters - self.rate * gradient / (np.sqrt(self.squares) + self.epsilon)


class AdadeltaRule:
    """PyTorch's torch.optim.Adadelta, but with decoupled decay."""

    def __init__(self, learning_rate, beta_2=0.9, epsilon=1e-6, weight_decay=0.0):
        self.rate, self.beta, self.epsilon = learning_rate, beta_2, epsilon
        self.decay = weight_decay
        self.squares, self.steps = 0.0, 0.0

    def __call__(self, parameters, gradient):
        parameters = parameters - self.rate * self.decay * parameters
        self.squares = self.beta * self.squares + (1 - self.beta) * gradient**2
        step = np.sqrt(self.steps + self.epsilon) / np.sqrt(self.squares + self.epsilon) * gradient
        self.steps = self.beta * self.steps + (1 - self.beta) * step**2
        return parameters - self.rate * step


class LionRule:
    """Program 1 of X. Chen et al., Symbolic discovery of optimization algorithms (2023)."""

    def __init__(self, learning_rate, beta_1=0.9, beta_2=0.99, weight_decay=0.0):
        self.rate, self.betas = learning_rate, (beta_1, beta_2)
        self.decay, self.mean = weight_decay, 0.0

    def __call__(self, parameters, gradient):
        beta_1, beta_2 = self.betas
        parameters = parameters - self.rate * self.decay * parameters
        direction = np.sign(beta_1 * self.mean + (1 - beta_1) * gradient)
        self.mean = beta_2 * self.mean + (1 - beta_2) * gradient
        return parameters - self.rate * direction


class RpropRule:
    """PyTorch's torch.optim.Rprop."""

    def __init__(self, learning_rate, increase=1.2, decrease=0.5, smallest=1e-6, largest=50.0):
        self.factors, self.limits = (decrease, 1.0, increase), (smallest, largest)
        self.last, self.step = 0.0, learning_rate

    def __call__(self, parameters, gradient):
        agreement = np.sign(self.last * gradient).astype(int)
        self.step = np.clip(self.step * np.take(self.factors, agreement + 1), *self.limits)
        self.last = np.where(agreement < 0, 0, gradient)
        return parameters - np.sign(self.last) * self.step


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


def clipped(rule, clip_norm):
    """The rule, with gradients whose norm over all parameters is clip_norm at most."""
    return lambda parameters, gradient: rule(
        parameters, gradient * clip_norm / max(np.linalg.norm(gradient), clip_norm)
    )
