"""Draw the pictures of the README: ``python docs/pictures.py``, with the extras.

Those are "plot" and "sklearn".
"""

import runpy
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import load_digits, load_iris

from backprop_c import LBFGS, Adam, Network, find_learning_rate, losses, plotting, schedules

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


def draw_network(path):
    """A network for Iris, whose inputs have been brought to unit size."""
    X, y = load_iris(return_X_y=True)
    net = Network((4, 6, 3), activations=("tanh", "softmax"), random_state=0)
    net.fit((X - X.mean(axis=0)) / X.std(axis=0), y, epochs=60, optimizer=LBFGS())
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    plotting.plot_network(net, ax=figure.subplots())
    figure.savefig(path, dpi=110)


def draw_first_layer(path):
    """What the first layer of a network for handwritten digits looks at."""
    X, y = load_digits(return_X_y=True)
    net = Network((64, 24, 10), activations=("relu", "softmax"), random_state=0, l2=1e-3)
    net.fit(X / 16, y, epochs=60)
    figure = Figure(figsize=(6.4, 4.8), layout="constrained")
    plotting.plot_first_layer(net, (8, 8), ax=figure.subplots())
    figure.savefig(path, dpi=110)


def draw_associative_memory(path):
    """Halves of digits, and how the networks of the example complete them."""
    made = runpy.run_path(str(HERE.parent / "examples" / "associative_memory.py"))
    shown = made["X_new"][::10][:10]  # one half of each of the first digits
    nets = {"recurrent": "recurrent, 48 units", "feed-forward": "feed-forward 64-66-64"}
    rows = {"input": shown}
    rows |= {label: made["trained"][name].predict(shown) for label, name in nets.items()}
    rows["truth"] = made["stored"][:10]
    figure = Figure(figsize=(6.4, 2.7), layout="constrained")
    axes = figure.subplots(len(rows), len(shown))
    for line, (label, images) in zip(axes, rows.items(), strict=True):
        line[0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=9)
        for axis, image in zip(line, images, strict=True):
            axis.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
            axis.set(xticks=[], yticks=[])
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    draw_network(HERE / "network.png")
    draw_first_layer(HERE / "first_layer.png")
    draw_range_test(HERE / "range_test.png")
    draw_robust_losses(HERE / "robust_losses.png")
    draw_associative_memory(HERE / "associative_memory.png")
