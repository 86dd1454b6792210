"""Feed-forward neural networks trained by backpropagation, compiled, for the CPU.

>>> from backprop_c import Network
>>> net = Network((4, 2, 3), loss="cross_entropy", random_state=0)
"""

from typing import TYPE_CHECKING

from . import activations, callbacks, losses, optimizers, schedules
from ._config import show_config
from ._version import __version__
from .callbacks import EarlyStopping
from .exceptions import DivergenceWarning, TargetRangeWarning
from .history import History
from .network import Network
from .optimizers import SGD, Adam, Nadam, Optimizer
from .trace import Trace, trace

if TYPE_CHECKING:
    from . import functional

__all__ = [
    "SGD",
    "Adam",
    "DivergenceWarning",
    "EarlyStopping",
    "History",
    "Nadam",
    "Network",
    "Optimizer",
    "TargetRangeWarning",
    "Trace",
    "__version__",
    "activations",
    "callbacks",
    "functional",
    "losses",
    "optimizers",
    "schedules",
    "show_config",
    "trace",
]


def __getattr__(name: str) -> object:
    # Most programs need no building blocks: the import is the quicker for it.
    if name == "functional":
        from importlib import import_module

        return import_module(".functional", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
