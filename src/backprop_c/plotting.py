"""Every picture. matplotlib comes with the extra "plot" and is imported where it is used."""

import numpy as np

LABELS = {"loss": "loss", "mse": "mean squared error", "accuracy": "accuracy"}
# A value that falls to less than its largest by this is drawn on a log scale.
DECADES = 1e3
COLOURS = {"loss": "#c1121f", "mse": "#e07a1f", "accuracy": "#00539c"}


def import_matplotlib():
    """Matplotlib, or an ImportError that names the extra."""
    try:
        import matplotlib
    except ImportError:
        raise ImportError('plots need matplotlib: pip install "backprop-c[plot]"') from None
    return matplotlib


def new_figure(**settings):
    """A figure that needs no display and that nobody has to close."""
    import_matplotlib()
    from matplotlib.figure import Figure

    return Figure(layout="constrained", **settings)


def supported_endings():
    """The endings of the files that pictures can be written to."""
    return new_figure().canvas.get_supported_filetypes()


def plot_history(history, axes=None):
    """Draw one panel a name, above one another and over the same epochs.

    Parameters
    ----------
    history : mapping of str to ndarray of shape (epochs,)
    axes : sequence of matplotlib Axes, optional
        One for each name.

    Returns
    -------
    ndarray of matplotlib Axes
    """
    import_matplotlib()
    from matplotlib import pyplot

    if axes is None:
        _, axes = pyplot.subplots(
            len(history),
            1,
            sharex=True,
            squeeze=False,
            layout="constrained",
            figsize=(6.4, 1.2 + 2.0 * len(history)),
        )
    axes = np.atleast_1d(axes).ravel()
    if len(axes) != len(history):
        raise ValueError(f"axes has {len(axes)} entries, but there are {len(history)} values")
    for axis, (name, values) in zip(axes, history.items(), strict=True):
        epochs = np.arange(1, len(values) + 1)
        axis.plot(epochs, values, color=COLOURS.get(name, "#333333"), linewidth=1.8)
        axis.set_ylabel(LABELS.get(name, name))
        axis.grid(alpha=0.25)
        axis.spines[["top", "right"]].set_visible(False)
        if name == "accuracy":
            axis.set_ylim(-0.02, 1.02)
        elif len(values) and 0 < values.min() < values.max() / DECADES:
            axis.set_yscale("log")
        else:
            axis.set_ylim(bottom=0)
    axes[-1].set_xlabel("epoch")
    return axes


def save_history(history, names, path, title):
    """Write the picture of some of a history's values to a file, without a display."""
    shown = {name: history[name] for name in names if name in history}
    figure = new_figure(figsize=(6.4, 1.4 + 1.9 * len(shown)))
    plot_history(shown, figure.subplots(len(shown), 1, sharex=True, squeeze=False))
    figure.suptitle(title, fontsize=11)
    figure.savefig(path, dpi=130)
