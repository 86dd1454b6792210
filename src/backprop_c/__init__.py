"""Feed-forward neural networks trained by backpropagation, compiled, for the CPU.

>>> from backprop_c import Network, SGD
>>> net = Network((4, 2, 3), random_state=0)
"""

from ._config import show_config
from ._version import __version__
from .exceptions import DivergenceWarning
from .history import History
from .network import Network
from .optimizers import SGD, Adam
from .trace import Trace, trace

__all__ = [
    "SGD",
    "Adam",
    "DivergenceWarning",
    "History",
    "Network",
    "Trace",
    "__version__",
    "show_config",
    "trace",
]
