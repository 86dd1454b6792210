"""What the kernels' tables say: the one source of all names."""

from .._engine.tables import activation_table, loss_table, metric_table, update_table

ACTIVATIONS = activation_table()
LOSSES = loss_table()
METRICS = metric_table()
METRIC_NAMES = tuple(dict.fromkeys(name for name, _ in METRICS))
UPDATES = list(update_table())
