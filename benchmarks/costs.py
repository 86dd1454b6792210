"""What a fit's options cost: digits with each of them, and without, taking turns."""

import statistics

import numpy as np

import data
import timing
import work
from backprop_c import Adam, EarlyStopping, Network

X, _, LABELS = (np.ascontiguousarray(part) for part in data.digits_rows())
X = X.astype(np.float32)
TENTH = len(X) // 10
WEIGHTS = {"sample_weight": np.linspace(0.5, 1.5, len(X))}
VALIDATION = {"validation_data": (X[:TENTH], LABELS[:TENTH])}
# Name -> options of the network, and of fit.
OPTIONS = {
    "plain": ({}, {}),
    "l1": ({"l1": 1e-4}, {}),
    "l2": ({"l2": 1e-4}, {}),
    "sample_weight": ({}, WEIGHTS),
    "clip_norm": ({}, {"optimizer": Adam(clip_norm=1.0)}),
    "clip_value": ({}, {"optimizer": Adam(clip_value=1.0)}),
    "dropout": ({"dropout": 0.2}, {}),
    "max_norm": ({"max_norm": 2.0}, {}),
    "validation on a tenth": ({}, VALIDATION),
    "five metrics": (
        {},
        {"metrics": ["accuracy", "balanced_accuracy", "top_k_accuracy", "log_loss", "f1"]},
    ),
    # The patience is never at its end: so all do the same number of epochs.
    "l2, dropout, weights, validation, stopping": (
        {"l2": 1e-4, "dropout": 0.2},
        {**WEIGHTS, **VALIDATION, "callbacks": [EarlyStopping(patience=10**9)]},
    ),
}


class Digits(work.Job):
    """Epochs of one fit: batches of 32, Adam."""

    def __init__(self, network, options):
        self.net = Network(
            (64, 32, 10), ("relu", "softmax"), dtype="float32", random_state=0, **network
        )
        self.options = {"optimizer": Adam(), **options}

    def run(self, epochs):
        """One call of fit."""
        self.net.fit(X, LABELS, epochs=epochs, batch_size=32, **self.options)


def compare():
    """Print a line for each option: its time, and that by the plain fit's."""
    jobs = {name: Digits(*options) for name, options in OPTIONS.items()}
    times = timing.measure(jobs, 1, timing.FULL)
    for name, taken in times.items():
        each = [mine / plain for mine, plain in zip(taken.each, times["plain"].each, strict=True)]
        low, ratio, high = statistics.quantiles(each, n=4, method="inclusive")
        print(
            f"{name:<42} {taken.median:9.1f} us an epoch, {ratio:.3f} times the plain one "
            f"(half of the rounds from {low:.3f} to {high:.3f})"
        )
