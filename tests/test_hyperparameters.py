"""Optimizers as objects: what they accept, what they show, and that they cannot be changed."""

import pickle
import re
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from backprop_c import SGD, Adam

BAD_HYPERPARAMETERS = [
    *[
        (make, {name: bad}, error, f"{name} must be {message}")
        for make, names in ((SGD, ("momentum",)), (Adam, ("beta_1", "beta_2")))
        for name in names
        for bad, error, message in [
            (1, ValueError, "at least 0 and below 1, but is 1.0"),
            (-0.1, ValueError, "at least 0 and below 1, but is -0.1"),
            (np.nan, ValueError, "at least 0 and below 1, but is nan"),
            (np.inf, ValueError, "at least 0 and below 1, but is inf"),
            (True, TypeError, "a number, but is True"),
            ("x", TypeError, "a number, but is 'x'"),
            (None, TypeError, "a number, but is None"),
        ]
    ],
    *[
        (make, {"weight_decay": bad}, error, f"weight_decay must be {message}")
        for make in (SGD, Adam)
        for bad, error, message in [
            (-1, ValueError, "at least 0 and finite, but is -1.0"),
            (np.inf, ValueError, "at least 0 and finite, but is inf"),
            (np.nan, ValueError, "at least 0 and finite, but is nan"),
            (False, TypeError, "a number, but is False"),
        ]
    ],
    (Adam, {"learning_rate": 0}, ValueError, "learning_rate must be positive and finite, but is 0"),
    (Adam, {"epsilon": 0}, ValueError, "epsilon must be positive and finite, but is 0.0"),
    (Adam, {"epsilon": -1e-8}, ValueError, "epsilon must be positive and finite, but is -1e-08"),
    (Adam, {"epsilon": np.inf}, ValueError, "epsilon must be positive and finite, but is inf"),
    (Adam, {"epsilon": "tiny"}, TypeError, "epsilon must be a number, but is 'tiny'"),
    (SGD, {"nesterov": 1, "momentum": 0.9}, TypeError, "nesterov must be True or False, but is 1"),
    (SGD, {"nesterov": True}, ValueError, "nesterov needs a momentum above 0, but momentum is 0.0"),
]


@pytest.mark.parametrize(("make", "bad", "error", "message"), BAD_HYPERPARAMETERS)
def test_bad_hyperparameters(make, bad, error, message):
    """A hyperparameter of the wrong kind or value is named, with what was expected."""
    with pytest.raises(error, match=re.escape(message)):
        make(**bad)


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [
        (SGD(), "SGD(learning_rate=0.01)"),
        (
            SGD(0.1, 0.9, True, 0.2),
            "SGD(learning_rate=0.1, momentum=0.9, nesterov=True, weight_decay=0.2)",
        ),
        (Adam(), "Adam(learning_rate=0.001)"),
        (
            Adam(0.001, 0.8, 0.9, 1e-6, 1),
            "Adam(learning_rate=0.001, beta_1=0.8, beta_2=0.9, epsilon=1e-06, weight_decay=1.0)",
        ),
        (Adam(beta_2=0.999, epsilon=1e-8), "Adam(learning_rate=0.001)"),
    ],
)
def test_repr_shows_what_is_not_the_default(optimizer, expected):
    assert repr(optimizer) == expected
    assert eval(expected) == optimizer
    assert pickle.loads(pickle.dumps(optimizer)) == optimizer


def test_hyperparameters_of_any_real_type():
    """NumPy's and integers, too; they are kept as Python's own."""
    optimizer = SGD(np.float32(0.5), momentum=np.float64(0.25), nesterov=np.True_, weight_decay=0)
    assert optimizer == SGD(0.5, 0.25, True)
    assert [type(value) for value in vars(optimizer).values()] == [float, float, bool, float]


@pytest.mark.parametrize("optimizer", [SGD(0.1, momentum=0.9), Adam()])
def test_they_are_frozen(optimizer):
    for name in vars(optimizer):
        with pytest.raises(FrozenInstanceError):
            setattr(optimizer, name, 0.5)
