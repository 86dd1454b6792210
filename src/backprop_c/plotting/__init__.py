"""Every picture. matplotlib comes with the extra "plot" and is imported where it is used."""

from .curves import COLOURS, plot_history, plot_range_test, save_history
from .figures import supported_endings
from .networks import SIGNS, plot_first_layer, plot_network

__all__ = [
    "COLOURS",
    "SIGNS",
    "plot_first_layer",
    "plot_history",
    "plot_network",
    "plot_range_test",
    "save_history",
    "supported_endings",
]
