"""Neural networks trained by backpropagation, compiled, for the CPU.

>>> from backprop_c import Network
>>> net = Network((4, 2, 3), loss="cross_entropy", random_state=0)
"""

from typing import TYPE_CHECKING

from . import activations, callbacks, initializers, losses, metrics, optimizers, schedules
from ._config import show_config
from ._version import __version__
from .callbacks import EarlyStopping, Goal
from .exceptions import ConvergenceWarning, DivergenceWarning, TargetRangeWarning
from .history import History
from .network import Network
from .optimizers import (
    LBFGS,
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    LevenbergMarquardt,
    Lion,
    Nadam,
    Optimizer,
    RMSprop,
    Rprop,
)
from .trace import Trace, trace

if TYPE_CHECKING:
    from . import functional, plotting
    from .gradient_check import GradientCheck, check_gradient
    from .range_test import RangeTest, find_learning_rate
    from .recurrent import RecurrentNetwork
    from .trace.settling import SettlingTrace

__all__ = [
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "ConvergenceWarning",
    "DivergenceWarning",
    "EarlyStopping",
    "Goal",
    "GradientCheck",
    "History",
    "LevenbergMarquardt",
    "Lion",
    "Nadam",
    "Network",
    "Optimizer",
    "RMSprop",
    "RangeTest",
    "RecurrentNetwork",
    "Rprop",
    "SettlingTrace",
    "TargetRangeWarning",
    "Trace",
    "__version__",
    "activations",
    "callbacks",
    "check_gradient",
    "find_learning_rate",
    "functional",
    "initializers",
    "losses",
    "metrics",
    "optimizers",
    "plotting",
    "schedules",
    "show_config",
    "trace",
]


# Most programs need none of these: the import is the quicker for it. Name -> module.
_ON_DEMAND = {
    "GradientCheck": "gradient_check",
    "RangeTest": "range_test",
    "RecurrentNetwork": "recurrent",
    "SettlingTrace": "trace.settling",
    "check_gradient": "gradient_check",
    "find_learning_rate": "range_test",
    "functional": "functional",
    "plotting": "plotting",
}


def __getattr__(name: str) -> object:
    if name not in _ON_DEMAND:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module = import_module(f".{_ON_DEMAND[name]}", __name__)
    # What is asked for may be the module itself.
    return getattr(module, name, module)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
