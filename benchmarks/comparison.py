"""The page and the picture of the comparison of optimizers, from the tracked results."""

import math
import statistics

from backprop_c._config import MEANING
from backprop_c.optimizers import optimizers_by_name
from wording import duration, markdown, paragraphs

OURS, OTHERS = "#c1121f", "#00539c"
CLASSES = {name: kind.__name__ for name, kind in optimizers_by_name().items()}
# What is ours but no class of its own.
OWN = {
    "adam, rate 0.1": "Adam, rate 0.1",
    "auto": '"auto"',
    "auto, told nothing": '"auto", told nothing',
}


def title(contender):
    """As people read it."""
    return CLASSES.get(contender) or OWN.get(contender, contender)


def is_ours(contender):
    return contender in CLASSES or contender in OWN


def tasks(rows):
    """(problem, goal), in the order in which they are recorded."""
    return list(dict.fromkeys((row["problem"], float(row["goal"])) for row in rows))


def by_contender(rows):
    """Contender -> task -> row; first who reaches most goals from most starts, then who is fast."""
    found = {}
    for row in rows:
        found.setdefault(row["contender"], {})[row["problem"], float(row["goal"])] = row

    def rank(contender):
        good = [row for row in found[contender].values() if float(row["share"])]
        shares = sum(float(row["share"]) for row in good)
        logs = [math.log(float(row["median_ms"])) for row in good]
        return -round(shares, 2), statistics.mean(logs) if logs else 0

    return {contender: found[contender] for contender in sorted(found, key=rank)}


def percent(share):
    """A share that is not all is less than 100%."""
    return f"{math.floor(100 * share)}%"


def cell(row):
    """How long it takes, and from how many starts where not from all."""
    share = float(row["share"]) if row else 0
    if not share:
        return "–"
    text = duration(1e3 * float(row["median_ms"]))
    return text if share == 1 else f"{text} ({percent(share)})"


def goals_table(rows):
    """Who reaches which goal."""
    columns = tasks(rows)
    lines = []
    for contender, found in by_contender(rows).items():
        cells = [cell(found.get(task)) for task in columns]
        name = f"**{title(contender)}**" if is_ours(contender) else title(contender)
        lines.append([name, *cells])
    return markdown(["", *(f"{problem} {goal:g}" for problem, goal in columns)], lines)


def goals_part(results):
    """What stands between the markers of the comparison."""
    about = results.goals[0]
    many = {row["problem"] for row in results.goals if int(row["starts"]) >= 200}
    note = (
        f"Medians of processor time, on {about['machine']} with {MEANING[about['level']]}, Python "
        f"{about['python']}, {about['date']}; from 200 starts of {' and '.join(sorted(many))}, "
        "from 30 of the others. In brackets the share of starts that reached the goal, where it is "
        "not all of them; who failed most of the first ten got no more, and – is none of ten."
    )
    return paragraphs(goals_table(results.goals), note)


def overfitting_part(results):
    """What goals of noisy problems cost on other samples."""
    columns = list(dict.fromkeys(row["problem"] for row in results.overfitting))
    found = {}
    for row in results.overfitting:
        text = f"{float(row['score']):.3f} ± {float(row['spread']):.3f}"
        found.setdefault(row["training"], {})[row["problem"]] = text
    auto = found.pop("auto")
    lines = [['"auto", told nothing', *(auto[column] for column in columns)]]
    for training, texts in found.items():
        lines.append([f"`{training}` to the goal", *(texts[column] for column in columns)])
    return markdown(["", *columns], lines)


def choices_part(results):
    """What "auto" came to, beside tuned optimizers."""
    lines = [
        [
            row["data"],
            f"{float(row['score']):.3f} ± {float(row['spread']):.3f}",
            f"{float(row['tuned_score']):.3f} ± {float(row['tuned_spread']):.3f}",
            f"`{row['tuned']}`",
            f"{float(row['default_score']):.3f}",
            row["chosen"],
            duration(1e3 * float(row["median_ms"])),
        ]
        for row in results.choices
    ]
    return markdown(["data", '"auto"', "tuned", "which", "default", "chosen", "time"], lines)


def draw(results, path):
    """A panel for each goal: the time of every contender, on a log scale."""
    from matplotlib.figure import Figure

    found = by_contender(results.goals)
    columns = tasks(results.goals)
    n_columns = 4
    n_rows = math.ceil(len(columns) / n_columns)
    figure = Figure(figsize=(3.0 * n_columns, 0.4 + 0.2 * len(found) * n_rows + 0.6 * n_rows))
    figure.set_layout_engine("constrained")
    axes = figure.subplots(n_rows, n_columns, sharey=True).ravel()
    for axis, task in zip(axes, columns, strict=False):
        draw_task(axis, task, found)
    for axis in axes[len(columns) :]:
        axis.set_visible(False)
    axes[0].set_yticks(range(len(found)), [title(name) for name in found], fontsize=8)
    axes[0].invert_yaxis()
    figure.supxlabel(
        "milliseconds until the goal, logarithmic; the share of starts where it is not all",
        fontsize=9,
    )
    figure.savefig(path, dpi=110)


def draw_task(axis, task, found):
    """One panel."""
    for place, (contender, rows) in enumerate(found.items()):
        row = rows.get(task)
        share = float(row["share"]) if row else 0
        if not share:
            continue
        ms = float(row["median_ms"])
        colour = OURS if is_ours(contender) else OTHERS
        axis.plot([ms], [place], "o", color=colour, markersize=5, alpha=0.25 + 0.75 * share)
        if share < 1:
            axis.annotate(
                percent(share), (ms, place), (5, 0), textcoords="offset points", va="center",
                fontsize=7,
            )  # fmt: skip
    axis.set_xscale("log")
    axis.set_title(f"{task[0]}, mse {task[1]:g}", fontsize=9)
    axis.tick_params(labelsize=8)
    axis.margins(x=0.2)
    axis.grid(alpha=0.25)
    axis.spines[["top", "right"]].set_visible(False)
