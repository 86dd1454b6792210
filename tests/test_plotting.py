"""Pictures: of a history, and of the benchmarks."""

import re
from pathlib import Path

import numpy as np
import pytest

from backprop_c import History, Network, plotting
from backprop_c.plotting import curves

pytest.importorskip("matplotlib")

from matplotlib import colors, pyplot
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def without_display():
    pyplot.switch_backend("Agg")
    yield
    pyplot.close("all")


def a_history(names, epochs):
    values = np.linspace(0.9, 0.5, epochs)[:, None] * np.linspace(1, 0.8, len(names))
    return History(names, values)


def drawn(figure):
    """A function from a box to what is drawn in it, as (rows, columns, red green blue)."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    picture = np.asarray(canvas.buffer_rgba())[::-1, :, :3].astype(int)

    def pixels(box):
        left, bottom, right, top = box.extents.astype(int)
        return picture[bottom:top, left:right]

    return pixels


def test_one_epoch_can_be_seen():
    (axis,) = a_history(("loss",), 1).plot()
    colour = (np.array(colors.to_rgb(plotting.COLOURS["loss"])) * 255).round()
    inside = drawn(axis.figure)(axis.get_window_extent())
    assert (abs(inside - colour).max(axis=2) < 2).sum() > 20


@pytest.mark.parametrize("epochs", [0, 1, 2, 3, 5, 30, 5000])
def test_ticks_are_whole_epochs(epochs):
    axes = a_history(("loss", "accuracy"), epochs).plot()
    axes[0].figure.canvas.draw()
    low, high = axes[-1].get_xlim()
    ticks = [tick for tick in axes[-1].get_xticks() if low <= tick <= high]
    assert ticks
    np.testing.assert_array_equal(ticks, np.round(ticks))


def test_a_value_and_its_validation_share_a_panel():
    history = a_history(("loss", "accuracy", "val_loss", "val_accuracy", "val_mse"), 4)
    axes = history.plot()
    assert [axis.get_ylabel() for axis in axes] == ["loss", "accuracy", "mean squared error"]
    names = [["loss", "val_loss"], ["accuracy", "val_accuracy"], ["val_mse"]]
    for axis, expected in zip(axes, names, strict=True):
        assert [text.get_text() for text in axis.get_legend().get_texts()] == expected
        for line, name in zip(axis.lines, expected, strict=True):
            np.testing.assert_array_equal(line.get_ydata(), history[name])
            assert line.get_linestyle() == ("--" if name.startswith("val_") else "-")
            assert line.get_color() == axis.lines[0].get_color()
    _, given = pyplot.subplots(3)
    assert list(history.plot(given)) == list(given)
    with pytest.raises(
        ValueError, match="axes has 2 entries, but there are 3 panels: loss, accuracy, mse"
    ):
        history.plot(given[:2])


def test_no_legend_for_one_line():
    for axis in a_history(("loss", "accuracy"), 4).plot():
        assert axis.get_legend() is None


def test_the_range_shows_both_lines():
    (axis,) = History(("loss", "val_loss"), [[1.0, 4.0], [0.5, 3.0]]).plot()
    low, high = axis.get_ylim()
    assert low == 0
    assert high > 4
    (axis,) = History(("loss", "val_loss"), [[1.0, 1.2]]).plot()
    assert axis.get_ylim()[1] > 1.25, "room for the mark at the top"
    (axis,) = History(("loss", "val_loss"), [[1.0, 1.0], [1e-4, 0.9]]).plot()
    assert axis.get_yscale() == "log"


@pytest.mark.parametrize("missing", [np.nan, np.inf])
def test_values_that_are_not_finite_leave_a_gap(missing):
    (axis,) = History(("loss", "val_loss"), [[1.0, missing], [0.5, 2.0]]).plot()
    assert axis.get_ylim() == (0, 1.05 * 2)


def test_saved_panels(monkeypatch, tmp_path):
    shown = []
    plot = plotting.plot_history
    monkeypatch.setattr(
        curves, "plot_history", lambda *given: shown.append(given[0]) or plot(*given)
    )
    history = a_history(("loss", "mse", "val_loss", "val_mse"), 3)
    plotting.save_history(history, ("loss", "accuracy"), tmp_path / "saved.png", "Title")
    assert list(shown[0]) == ["loss", "val_loss"]
    assert (tmp_path / "saved.png").stat().st_size > 5000


@pytest.mark.skipif(not (ROOT / "benchmarks").is_dir(), reason="benchmarks/ is not beside tests/")
def test_nothing_crosses_a_text_of_the_benchmarks_picture(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    import picture
    import report

    figures = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: figures.append(figure))
    picture.draw(report.Results(), "unused.png")
    (figure,) = figures
    pixels = drawn(figure)
    for axis in figure.axes:
        titles = [text for text in axis.texts if text.get_fontweight() == "bold"]
        assert len(axis.collections) == len(titles) > 1, "one line along the bars of each group"
        for text in axis.texts:
            # Texts are black, and whatever else there is has a colour.
            box = pixels(text.get_window_extent())
            assert np.ptp(box, axis=2).max() < 30, text.get_text()
            assert box.min() < 100, text.get_text()


def test_negative_losses_can_be_seen():
    (axis,) = History(("loss",), np.array([[-0.3], [-20.0], [-40.7]])).plot()
    low, high = axis.get_ylim()
    assert low < -40.7 < -0.3 < high


# -- Networks ----------------------------------------------------------------------------------


@pytest.mark.parametrize("biases", [True, False])
def test_a_network_is_drawn_as_a_graph(biases):
    """A line for each weight, the widest for the largest, in the colour of its sign."""
    net = Network((3, 4, 2), random_state=0, biases=biases)
    net.weights[0][1, 2], net.weights[1][3, 0] = -5, 0
    ax = plotting.plot_network(net)
    ends = {(*line.get_xdata(), *line.get_ydata()) for line in ax.lines}
    assert len(ends) == len(ax.lines) == 3 * 4 + 4 * 2
    widths = [line.get_linewidth() for line in ax.lines]
    assert widths.index(max(widths[:12])) == 1 * 4 + 2
    assert min(widths) == widths[12 + 3 * 2]
    for line, weight in zip(
        ax.lines, np.concatenate([w.ravel() for w in net.weights]), strict=True
    ):
        assert line.get_color() == plotting.SIGNS[1 if weight >= 0 else -1]
    assert [len(dots.get_offsets()) for dots in ax.collections] == [3, 4, 2]
    labels = [label.get_text() for label in ax.get_xticklabels()]
    assert labels == ["inputs\n3", "tanh\n4", "identity\n2"]
    ax.figure.canvas.draw()


def test_a_large_network_is_not_drawn():
    with pytest.raises(
        ValueError, match="a network of 81 units cannot be drawn, but one of at mos"
    ):
        plotting.plot_network(Network((40, 40, 1), random_state=0))


@pytest.mark.parametrize("n_units", [1, 5, 12])
def test_the_first_layer_is_drawn_as_images(n_units):
    net = Network((6, n_units, 1), random_state=0)
    figure = Figure()
    own = figure.subplots()
    assert plotting.plot_first_layer(net, (2, 3), ax=own) is own
    whole = own.images[0].get_array().filled(np.nan)
    np.testing.assert_array_equal(whole[:2, :3], net.weights[0][:, 0].reshape(2, 3))
    assert np.isfinite(whole).sum() == 6 * n_units
    low, high = own.images[0].get_clim()
    assert -low == high == abs(net.weights[0]).max()
    with pytest.raises(ValueError, match=r"shape \(3, 3\) has 9 points, but the network has 6 inp"):
        plotting.plot_first_layer(net, (3, 3))


def test_an_ax_is_taken_and_given_back():
    ax = Figure().subplots()
    assert plotting.plot_network(Network((2, 2), random_state=0), ax=ax) is ax


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("x", (2, 3)), TypeError, "net must be a Network, whose layers can be drawn, but is 'x'"),
        ((None, 4), TypeError, "shape must be a tuple (rows, columns), but is 4"),
        ((None, (6,)), TypeError, "shape must be a tuple (rows, columns), but is (6,)"),
        ((None, "23"), TypeError, "shape must be a tuple (rows, columns), but is '23'"),
        ((None, (2.0, 3)), TypeError, "shape[0] must be an integer, but is 2.0"),
        ((None, (2, "3")), TypeError, "shape[1] must be an integer, but is '3'"),
        ((None, (-2, -3)), ValueError, "shape[0] must be at least 1, but is -2"),
        ((None, (2, 3), "x"), TypeError, "ax must be a matplotlib Axes, but is 'x'"),
    ],
)
def test_what_cannot_be_drawn(arguments, error, message):
    net, *others = arguments
    net = net or Network((6, 2), random_state=0)
    with pytest.raises(error, match=re.escape(message)):
        plotting.plot_first_layer(net, *others)
    if "shape" not in message:
        with pytest.raises(error, match=re.escape(message)):
            plotting.plot_network(net, *others[1:])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_parameters_that_are_not_finite_are_not_drawn(value):
    net = Network((6, 2), random_state=0)
    net.weights[0][0, 0] = value
    with pytest.raises(ValueError, match=r"net\.parameters is not finite, and cannot be drawn"):
        plotting.plot_first_layer(net, (2, 3))
    with pytest.raises(ValueError, match=r"net\.parameters is not finite, and cannot be drawn"):
        plotting.plot_network(net)
    net.parameters[:] = 1e308
    plotting.plot_network(net).figure.canvas.draw()
