"""Draw the pictures of the README: ``python docs/pictures.py``, with the extra "plot"."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from backprop_c import Adam, Network, find_learning_rate, losses, schedules

HERE = Path(__file__).parent


def new_axis(**settings):
    figure = Figure(figsize=(6.4, 3.2), layout="constrained")
    axis = figure.subplots(**settings)
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(alpha=0.25)
    return figure, axis


def noisy(n=400):
    """A sine with noise, of which one target in ten is far off."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-3, 3, size=(n, 1))
    y = np.sin(X[:, 0]) + 0.1 * rng.normal(size=n)
    outliers = rng.random(n) < 0.1
    y[outliers] += rng.normal(4, 2, size=outliers.sum())
    return X, y


def draw_range_test(path):
    figure, axis = new_axis()
    X, y = noisy()
    net = Network((1, 24, 1), loss=losses.Huber(0.2), random_state=0)
    find_learning_rate(net, X, y).plot(axis)
    figure.savefig(path, dpi=130)


def draw_robust_losses(path):
    figure, axis = new_axis()
    X, y = noisy()
    x = np.linspace(-3, 3, 300)[:, np.newaxis]
    axis.plot(X[:, 0], y, ".", color="#bbbbbb", markersize=4, label="data")
    axis.plot(x[:, 0], np.sin(x[:, 0]), color="#333333", linestyle=":", label="truth")
    for loss, colour in ((losses.SquaredError(), "#c1121f"), (losses.Huber(0.2), "#00539c")):
        net = Network((1, 24, 1), loss=loss, random_state=0)
        net.fit(X, y, epochs=300, optimizer=Adam(schedules.Cosine(0.02)))
        axis.plot(x[:, 0], net.predict(x)[:, 0], color=colour, linewidth=1.8, label=repr(loss))
    axis.legend(frameon=False, fontsize=8)
    axis.set_xlabel("x")
    axis.set_ylabel("y")
    figure.savefig(path, dpi=130)


if __name__ == "__main__":
    draw_range_test(HERE / "range_test.png")
    draw_robust_losses(HERE / "robust_losses.png")
