"""The table of networks that settle, from the tracked results."""

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
