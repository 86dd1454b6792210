"""The README's picture: how many times as long as ours everybody takes."""

import problems
from contenders import CONTENDERS, OURS
from wording import duration, times

BAR, GAP = 0.84, 0.9
LEFT_OUT = {"xor-float64"}  # all but the same as in float32
LEFT = 0.3  # where bars begin: a logarithmic axis has no zero


def groups(results):
    """(title, contender -> time) of what has been measured against anybody."""
    for problem in (*problems.TRAININGS, *problems.PREDICTIONS):
        values = results.at(problem)
        if problem.name not in LEFT_OUT and OURS in values and len(values) > 1:
            yield problem.title, values


def columns(found):
    """Two columns, cut where the longer one is shortest."""

    def height(column):
        return sum(len(values) + 1 + GAP for _, values in column)

    cuts = [(found[:k], found[k:]) for k in range(1, len(found) + 1)]
    best = min(cuts, key=lambda cut: max(map(height, cut)))
    return [column for column in best if column]


def draw_column(axis, column, limit):
    """The groups of one axis, from the top."""
    at, places, titles = 0.0, [], []
    for title, values in column:
        ours = values[OURS]
        axis.text(LEFT, at, title, va="center", fontsize=9, fontweight="bold")
        at += 1
        top = at
        for name, contender in CONTENDERS.items():
            if name not in values:
                continue
            ratio = values[name] / ours
            axis.barh(at, ratio - LEFT, BAR, left=LEFT, color=contender.colour)
            label = duration(values[name])
            if name != OURS:
                label = f"{times(ratio)}  ({label})"
            axis.text(max(ratio, 1) * 1.12, at, label, va="center", fontsize=8)
            places.append(at)
            titles.append(contender.title)
            at += 1
        # Along the bars alone: titles begin left of it and go on to its right.
        axis.vlines(1, top - 0.5, at - 0.5, CONTENDERS[OURS].colour, linewidth=0.8, zorder=0)
        at += GAP
    axis.set_yticks(places, titles, fontsize=8)
    axis.tick_params(axis="y", length=0)
    axis.set_ylim(at - GAP, -1)
    axis.set_xscale("log")
    axis.set_xlim(LEFT, limit)
    axis.spines[["top", "right", "left"]].set_visible(False)
    return at


def draw(results, path):
    """Grouped bars on a log scale, ours in one colour."""
    from matplotlib.figure import Figure

    found = list(groups(results))
    parts = columns(found)
    largest = max(max(values.values()) / values[OURS] for _, values in found)
    figure = Figure(layout="constrained")
    axes = figure.subplots(1, len(parts), squeeze=False)[0]
    tallest = max(
        draw_column(axis, part, largest * 25) for axis, part in zip(axes, parts, strict=True)
    )
    for axis in axes:
        axis.set_ylim(tallest - GAP, -1)
    figure.set_size_inches(5.4 * len(parts), 0.7 + 0.165 * tallest)
    figure.supxlabel(
        "how many times as long as backprop_c, logarithmic: shorter is better", fontsize=9
    )
    figure.savefig(path, dpi=130)
