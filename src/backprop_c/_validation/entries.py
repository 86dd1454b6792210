"""What the kernels' tables say: the one source of all names."""

import math

from .._engine.tables import LossEntry, activation_table, loss_table, metric_table, update_table

ACTIVATIONS = activation_table()
LOSSES = loss_table()
OWN_LOSS = LossEntry((), "", -math.inf, math.inf, False, False)
METRICS = metric_table()
METRIC_NAMES = tuple(dict.fromkeys(one.name for one in METRICS if not one.of_pass))
# What a network that settles records of itself: name -> code.
SETTLING = {one.name: code for code, one in enumerate(METRICS) if one.of_pass}
UPDATES = {name: code for code, name in enumerate(update_table())}
# The code of what is in no table: a function of the caller's.
NO_CODE = -1


def loss_entry(name):
    """What the table says of a loss; a loss of the caller's has no name, and takes any targets."""
    return LOSSES[name] if name else OWN_LOSS
