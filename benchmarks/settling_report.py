"""The tables of networks that settle, from the tracked results."""

from wording import duration, markdown, paragraphs, times

COLUMNS = {"numpy": "NumPy", "pytorch": "PyTorch", "jax": "JAX"}


def table(results):
    """Our time, and how many times as long the others take."""
    found = {}
    for row in results.settling:
        found.setdefault(row["work"], {})[row["contender"]] = float(row["median_us"])
    lines = [
        [
            work,
            f"**{duration(values['ours'])}**",
            *(times(values[name] / values["ours"]) if name in values else "–" for name in COLUMNS),
        ]
        for work, values in found.items()
    ]
    return markdown(["work", "backprop_c", *COLUMNS.values()], lines)


def part(results):
    """The table, and where and when."""
    about = results.settling[0]
    return paragraphs(
        table(results),
        f"One thread, float32, level {about['level']}, {about['machine']}, Python "
        f"{about['python']}, {about['date']}; medians in turns. The others are written by hand, "
        "without unrolling.",
    )


def xor_part(results):
    """From how many states XOR is learned, and in how many epochs something does not settle."""
    found = {}
    for row in results.settling_xor:
        cell = f"{row['reached']} of 20, {float(row['unsettled']):.0f} epochs"
        found.setdefault((row["units"], row["how"]), {})[row["rate"]] = cell
    rates = list(next(iter(found.values())))
    lines = [[*kind, *(cells[rate] for rate in rates)] for kind, cells in found.items()]
    return markdown(["units", "solver", *(f"Adam({rate})" for rate in rates)], lines)
