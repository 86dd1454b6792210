"""What changes over epochs or learning rates: histories and range tests."""

import numpy as np

from .._monitor import KNOWN, LARGER, VALIDATION
from .figures import import_matplotlib, new_figure

LABELS = {"loss": "loss", "mse": "mean squared error", "accuracy": "accuracy"}
# Drawn from 0 to 1.
SHARES = ("accuracy", "balanced_accuracy", "top_k_accuracy", "f1")
# A value that falls to less than its largest by this is drawn on a log scale.
DECADES = 1e3
COLOURS = {"loss": "#c1121f", "mse": "#e07a1f", "accuracy": "#00539c"}


def panels(names):
    """Base name -> the names on its panel: itself, and itself with ``val_`` before it."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(name.removeprefix(VALIDATION), []).append(name)
    return found


def plot_history(history, axes=None):
    """Draw the panels above one another and over the same epochs.

    A value and its ``val_`` share a panel.

    Parameters
    ----------
    history : mapping of str to ndarray of shape (epochs,)
    axes : sequence of matplotlib Axes, optional
        One for each panel.

    Returns
    -------
    ndarray of matplotlib Axes
    """
    import_matplotlib()
    from matplotlib import pyplot

    shown = panels(history)
    if axes is None:
        _, axes = pyplot.subplots(
            len(shown),
            1,
            sharex=True,
            squeeze=False,
            layout="constrained",
            figsize=(6.4, 1.2 + 2.0 * len(shown)),
        )
    axes = np.atleast_1d(axes).ravel()
    if len(axes) != len(shown):
        raise ValueError(
            f"axes has {len(axes)} entries, but there are {len(shown)} panels: {', '.join(shown)}"
        )
    best_epoch = getattr(history, "best_epoch", None)
    for axis, (base, names) in zip(axes, shown.items(), strict=True):
        plot_panel(axis, base, {name: history[name] for name in names})
        if best_epoch:
            axis.axvline(best_epoch, color="#888888", linestyle=":", label="best epoch")
            axis.legend(frameon=False)
    axes[-1].set_xlabel("epoch")
    return axes


def plot_panel(axis, base, lines):
    """Draw the lines of one panel: those of validation dashed, and then with a legend."""
    from matplotlib.ticker import MaxNLocator

    for name, values in lines.items():
        axis.plot(
            np.arange(1, len(values) + 1),
            values,
            color=COLOURS.get(base, "#333333"),
            linewidth=1.8,
            linestyle="-" if name == base else "--",
            # A line through one point is invisible.
            marker="o" if len(values) == 1 else None,
            fillstyle="full" if name == base else "none",
            label=name,
        )
    if list(lines) != [base]:
        axis.legend(frameon=False)
    axis.set_ylabel(LABELS.get(base, base))
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axis.grid(alpha=0.25)
    axis.spines[["top", "right"]].set_visible(False)
    values = np.concatenate(list(lines.values()))
    values = values[np.isfinite(values)]
    if base in SHARES:
        axis.set_ylim(-0.02, 1.02)
    elif KNOWN.get(base) == LARGER:
        # Such as r2, whose best value is 1 and whose others may be below 0.
        pass
    elif len(values) and 0 < values.min() < values.max() / DECADES:
        axis.set_yscale("log")
    elif values.min(initial=0) >= 0:
        axis.set_ylim(0, 1.05 * values.max(initial=0) or None)


def plot_range_test(found, axis=None):
    """Draw losses over learning rates: each step's, their running mean, and the suggestion.

    Parameters
    ----------
    found : RangeTest
    axis : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    import_matplotlib()
    from matplotlib import pyplot

    if axis is None:
        _, axis = pyplot.subplots(layout="constrained", figsize=(6.4, 3.6))
    colour = COLOURS["loss"]
    axis.plot(found.rates, found.losses, color=colour, alpha=0.3, linewidth=1, label="each step")
    axis.plot(found.rates, found.smoothed, color=colour, linewidth=1.8, label="running mean")
    axis.axvline(
        found.suggestion, color="#333333", linestyle=":", label=f"suggestion {found.suggestion:.2g}"
    )
    axis.set_xscale("log")
    # The last losses are far above the others.
    smallest, first = found.smoothed.min(), found.smoothed[0]
    axis.set_ylim(smallest - 0.1 * abs(first - smallest), first + 0.5 * abs(first - smallest))
    axis.set_xlabel("learning rate")
    axis.set_ylabel("loss")
    axis.legend(frameon=False)
    axis.grid(alpha=0.25)
    axis.spines[["top", "right"]].set_visible(False)
    return axis


def save_history(history, bases, path, title):
    """Write the picture of some of a history's panels to a file, without a display."""
    shown = {
        name: history[name]
        for base, names in panels(history).items()
        if base in bases
        for name in names
    }
    count = len(panels(shown))
    figure = new_figure(figsize=(6.4, 1.4 + 1.9 * count))
    plot_history(shown, figure.subplots(count, 1, sharex=True, squeeze=False))
    figure.suptitle(title, fontsize=11)
    figure.savefig(path, dpi=130)
