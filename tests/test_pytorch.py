"""Optimizers and schedules beside PyTorch's own, where it is installed."""

import numpy as np
import pytest

from backprop_c import functional, optimizers, schedules

torch = pytest.importorskip("torch")

PAIRS = {
    "sgd": (optimizers.SGD(0.001), "SGD", {}),
    "momentum": (optimizers.SGD(0.001, momentum=0.9), "SGD", {"momentum": 0.9}),
    "nesterov": (
        optimizers.SGD(0.001, momentum=0.9, nesterov=True),
        "SGD",
        {"momentum": 0.9, "nesterov": True},
    ),
    "rmsprop": (optimizers.RMSprop(), "RMSprop", {}),
    "rmsprop with momentum": (optimizers.RMSprop(momentum=0.9), "RMSprop", {"momentum": 0.9}),
    "rmsprop, centred": (optimizers.RMSprop(centred=True), "RMSprop", {"centered": True}),
    "rmsprop, centred, with momentum": (
        optimizers.RMSprop(centred=True, momentum=0.9),
        "RMSprop",
        {"centered": True, "momentum": 0.9},
    ),
    "adagrad": (optimizers.Adagrad(), "Adagrad", {}),
    "adadelta": (optimizers.Adadelta(), "Adadelta", {}),
    "adam": (optimizers.Adam(), "Adam", {}),
    "amsgrad": (optimizers.Adam(amsgrad=True), "Adam", {"amsgrad": True}),
    "adamw": (optimizers.AdamW(), "AdamW", {}),
    "nadam": (optimizers.Nadam(), "NAdam", {}),
    "adamax": (optimizers.Adamax(), "Adamax", {}),
    "rprop": (optimizers.Rprop(0.01), "Rprop", {}),
}


@pytest.mark.parametrize("name", PAIRS)
def test_hundred_steps(name):
    """With PyTorch's defaults, to 1e-9 in float64, from gradients of all sizes."""
    ours, theirs, options = PAIRS[name]
    rng = np.random.default_rng(0)
    parameters = rng.normal(size=50)
    tensor = torch.tensor(parameters.copy(), requires_grad=True)
    optimizer = getattr(torch.optim, theirs)([tensor], **options)
    state = None
    for _ in range(100):
        gradient = rng.normal(size=50) * np.geomspace(1e-4, 10, 50) + 0.1
        tensor.grad = torch.tensor(gradient)
        optimizer.step()
        state = functional.update(ours, parameters, gradient, state)
    np.testing.assert_allclose(parameters, tensor.detach().numpy(), rtol=1e-9, atol=1e-12)


SCHEDULES = [
    (schedules.Step(0.5, every=3), "StepLR", {"step_size": 3}),
    (schedules.Exponential(0.5, factor=0.9), "ExponentialLR", {"gamma": 0.9}),
    (schedules.Polynomial(0.5, 40, power=2), "PolynomialLR", {"total_iters": 40, "power": 2}),
    (schedules.Cosine(0.5, 40, final=0.1), "CosineAnnealingLR", {"T_max": 40, "eta_min": 0.1}),
    (schedules.CosineRestarts(0.5), "CosineAnnealingWarmRestarts", {"T_0": 10}),
    (
        schedules.CosineRestarts(0.5, period=3, growth=2, final=0.1),
        "CosineAnnealingWarmRestarts",
        {"T_0": 3, "T_mult": 2, "eta_min": 0.1},
    ),
    (schedules.OneCycle(0.5, 40), "OneCycleLR", {"max_lr": 0.5, "total_steps": 40}),
]


@pytest.mark.parametrize(("ours", "theirs", "options"), SCHEDULES, ids=str)
def test_forty_learning_rates(ours, theirs, options):
    """Each step counts as an epoch, for both."""
    tensor = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([tensor], lr=0.5)
    scheduler = getattr(torch.optim.lr_scheduler, theirs)(optimizer, **options)
    parameters, state = np.zeros(1), None
    for _ in range(40):
        before = parameters[0]
        state = functional.update(optimizers.SGD(ours), parameters, -np.ones(1), state)
        expected = optimizer.param_groups[0]["lr"]
        np.testing.assert_allclose(parameters[0] - before, expected, rtol=1e-9, atol=1e-12)
        optimizer.step()
        scheduler.step()
