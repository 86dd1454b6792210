"""What the kernels' tables say: the one source of all names."""

from .._engine.tables import activation_table, loss_table, metric_table, update_table

ACTIVATIONS = activation_table()
LOSSES = loss_table()
METRICS = metric_table()
METRIC_NAMES = tuple(dict.fromkeys(name for name, _ in METRICS))
UPDATES = list(update_table())

# What an activation's or a loss's parameters are where a name alone is given.
DEFAULTS: dict[str, float] = {}


def constants_of(entry):
    """The parameters of an activation or a loss that is given by name."""
    return tuple(DEFAULTS[parameter] for parameter in entry.parameters)


def coded(name, entries):
    """An activation or a loss as the engine takes it: its place in the table, its parameters."""
    return list(entries).index(name), constants_of(entries[name])
