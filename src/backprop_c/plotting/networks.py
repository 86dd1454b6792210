"""Networks themselves: as graphs, and their first layers as images."""

import numpy as np

from .._validation.scalars import as_count
from .figures import import_matplotlib

# A network with more units than this is no picture any more.
MOST_UNITS = 80
# Weights above and below 0.
SIGNS = {1: "#c1121f", -1: "#00539c"}


def layered(net):
    """A network that can be drawn, or an error that says why not."""
    if getattr(net, "_feeds_back", True):
        raise TypeError(f"net must be a Network, whose layers can be drawn, but is {net!r}")
    if not np.isfinite(net.parameters).all():
        raise ValueError("net.parameters is not finite, and cannot be drawn")
    return net


def require_axes(ax):
    """Raise if nothing can be drawn on it."""
    if not hasattr(ax, "imshow"):
        raise TypeError(f"ax must be a matplotlib Axes, but is {ax!r}")


def as_image_shape(value):
    """Rows and columns."""
    try:
        rows, columns = value
        if isinstance(value, (str, bytes)):
            raise TypeError
    except (TypeError, ValueError):
        raise TypeError(f"shape must be a tuple (rows, columns), but is {value!r}") from None
    return as_count(rows, "shape[0]", 1), as_count(columns, "shape[1]", 1)


def plot_network(net, ax=None):
    """Draw a small network as a graph: a line for each weight, as wide as the weight is large.

    Positive weights are red, negative ones blue; a unit is as dark as its bias is large. Both are
    compared with the largest one of the same layer.

    Parameters
    ----------
    net : Network
        Of at most 80 units, inputs among them.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed; it comes with the extra "plot".
    TypeError
        If an argument is of the wrong kind, or the units of the network feed each other.
    ValueError
        If the network has more units, or its parameters are not finite.

    Examples
    --------
    >>> from backprop_c import Network, plotting
    >>> ax = plotting.plot_network(Network((2, 3, 1), random_state=0))
    >>> len(ax.lines)
    9
    """
    import_matplotlib()
    from matplotlib import pyplot

    sizes = layered(net).layer_sizes
    if sum(sizes) > MOST_UNITS:
        raise ValueError(
            f"a network of {sum(sizes)} units cannot be drawn, but one of at most {MOST_UNITS} can"
        )
    if ax is None:
        height = 1.2 + 0.42 * max(sizes)
        _, ax = pyplot.subplots(layout="constrained", figsize=(1.6 + 1.6 * len(sizes), height))
    require_axes(ax)
    places = [(max(sizes) - 1) / 2 - (size - 1) / 2 + np.arange(size)[::-1] for size in sizes]
    for k, weights in enumerate(net.weights):
        widths = shares_of_largest(weights)
        for i, j in np.ndindex(weights.shape):
            ax.plot(
                (k, k + 1),
                (places[k][i], places[k + 1][j]),
                color=SIGNS[1 if weights[i, j] >= 0 else -1],
                linewidth=0.2 + 3 * widths[i, j],
                alpha=0.7,
                solid_capstyle="round",
                zorder=1,
            )
    for k, heights in enumerate(places):
        biases = net.biases[k - 1] if k > 0 and net.biases else np.zeros(len(heights))
        shades = shares_of_largest(biases)
        colours = [
            (*(1 - shade * (1 - part) for part in rgb_of(SIGNS[1 if bias >= 0 else -1])),)
            for bias, shade in zip(biases, shades, strict=True)
        ]
        ax.scatter(np.full(len(heights), k), heights, 160, colours, edgecolors="#333333", zorder=2)
    names = ["inputs", *net.activations]
    ax.set_xticks(range(len(sizes)), [f"{name}\n{n}" for name, n in zip(names, sizes, strict=True)])
    ax.set_yticks([])
    ax.set_xlim(-0.3, len(sizes) - 0.7)
    ax.set_ylim(-0.6, max(sizes) - 0.4)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    return ax


def shares_of_largest(values):
    """Sizes by the largest one."""
    sizes = np.abs(values).astype(float)
    return sizes / max(sizes.max(), np.finfo(float).tiny)


def rgb_of(colour):
    """Its shares of red, green and blue."""
    from matplotlib.colors import to_rgb

    return to_rgb(colour)


def plot_first_layer(net, shape, ax=None):
    """Draw the weights of the first layer's units as images, for inputs that are an image.

    All images have one scale of colours: red above 0, blue below, white at 0.

    Parameters
    ----------
    net : Network
    shape : tuple of int
        Rows and columns of the inputs' image.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed; it comes with the extra "plot".
    TypeError
        If an argument is of the wrong kind, or the units of the network feed each other.
    ValueError
        If the image has not as many points as the network has inputs, or the parameters are not
        finite.

    Examples
    --------
    >>> from backprop_c import Network, plotting
    >>> ax = plotting.plot_first_layer(Network((64, 10, 2), random_state=0), (8, 8))
    >>> ax.images[0].get_array().shape
    (26, 35)
    """
    import_matplotlib()
    from matplotlib import pyplot

    rows, columns = as_image_shape(shape)
    weights = layered(net).weights[0]
    if rows * columns != len(weights):
        raise ValueError(
            f"shape {shape} has {rows * columns} points, but the network has {len(weights)} inputs"
        )
    n_units = weights.shape[1]
    across = int(np.ceil(np.sqrt(n_units * rows / columns)))
    down = -(-n_units // across)
    # One empty line between two images.
    whole = np.full((down * (rows + 1) - 1, across * (columns + 1) - 1), np.nan)
    for unit in range(n_units):
        top, left = unit // across * (rows + 1), unit % across * (columns + 1)
        whole[top : top + rows, left : left + columns] = weights[:, unit].reshape(rows, columns)
    if ax is None:
        _, ax = pyplot.subplots(
            layout="constrained", figsize=(6.4, 6.4 * len(whole) / whole.shape[1])
        )
    require_axes(ax)
    largest = np.abs(weights).max() or 1
    image = ax.imshow(whole, cmap="RdBu_r", vmin=-largest, vmax=largest)
    ax.figure.colorbar(image, ax=ax, shrink=0.8, label="weight")
    ax.set_axis_off()
    return ax
