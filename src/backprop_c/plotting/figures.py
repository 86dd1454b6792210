"""matplotlib, which comes with the extra "plot" and is imported where something is drawn."""


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
