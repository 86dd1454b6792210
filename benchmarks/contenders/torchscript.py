"""PyTorch's model as TorchScript: traced, frozen, optimized for inference."""

import warnings

import torch

from contenders.pytorch import inference_call, inference_model, rows_of


def prediction(problem):
    """Everything; the first calls, which specialise it, are made here."""
    x = rows_of(problem)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # TorchScript is deprecated, and still the lightest
        traced = torch.jit.freeze(torch.jit.trace(inference_model(problem), x))
        model = torch.jit.optimize_for_inference(traced)
    call = inference_call(model, problem)
    call.run(5)
    return call
