"""backprop_c predicting into an array that is there."""

import numpy as np

import work
from contenders.ours import network


def prediction(problem):
    """One row at a time."""
    if problem.n_rows > 1:
        return None
    names = {
        "predict": network(problem).predict,
        "x": problem.case.X,
        "out": np.empty(problem.layer_sizes[-1], problem.dtype),
    }
    return work.Call("predict(x, out=out)", names)
