"""Draw the tables and the picture of the documentation from the tracked results.

python benchmarks/report.py
"""

import csv
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "results" / "training.csv"
PICTURE = ROOT / "docs" / "speed.png"
BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"
LEVELS = ("v4", "v3", "baseline", "scalar")
TITLES = {
    "ours": "backprop_c",
    "numpy_lean": "NumPy, lean loop",
    "tutorial": "tutorial's loop (NumPy, pandas)",
}
PROBLEMS = {
    "iris": "Iris 4-2-3, full batch, per epoch",
    "xor-float64": "XOR 2-2-1, online, per sample",
    "xor-float32": "XOR in float32, per sample",
}


def load(path=RESULTS):
    """(problem, level) -> contender -> median microseconds; and a row of the best level's."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    times = {}
    for row in rows:
        cell = times.setdefault((row["problem"], row["level"]), {})
        cell[row["contender"]] = float(row["median_us"])
    return times, next(row for row in rows if row["level"] == best_level(times))


def best_level(times):
    """The fastest level in the results."""
    return next(level for level in LEVELS if any(key[1] == level for key in times))


def cell(microseconds, ours):
    """A time and its ratio to ours."""
    return f"{microseconds:.3g} µs ({microseconds / ours:.0f}×)"


def table(times, about):
    """The README's table in Markdown."""
    best = best_level(times)
    lines = [
        "| training | backprop_c | NumPy, lean loop | tutorial's loop (NumPy, pandas) |",
        "|---|---|---|---|",
    ]
    for problem, title in PROBLEMS.items():
        for level in (best, "baseline"):
            values = times.get((problem, level))
            if values is None or (level == "baseline" and (problem != "iris" or best == level)):
                continue
            ours = values["ours"]
            others = [
                cell(values[name], ours) if name in values else "–"
                for name in ("numpy_lean", "tutorial")
            ]
            suffix = "" if level == best else " (baseline: SSE2 only)"
            lines.append(f"| {title}{suffix} | **{ours:.3g} µs** | {' | '.join(others)} |")
    lines += [
        "",
        f"One thread, level {best}, {about['machine']}; Python {about['python']}, "
        f"NumPy {about['numpy']}; medians of {about['rounds']} interleaved rounds, "
        f"{about['date']}. In brackets: how many times as long as backprop_c. "
        "Everybody starts from the same weights, does the same updates and ends at the same "
        "weights; [how it is measured](benchmarks/README.md).",
    ]
    return "\n".join(lines)


def level_table(times):
    """ARCHITECTURE's table: our own times by level."""
    lines = ["| level | " + " | ".join(PROBLEMS.values()) + " |", "|---|---|---|---|"]
    for level in LEVELS:
        values = [times.get((problem, level), {}).get("ours") for problem in PROBLEMS]
        if None not in values:
            lines.append(f"| {level} | " + " | ".join(f"{value:.3g}" for value in values) + " |")
    return "\n".join(lines)


def draw(times, path):
    """Grouped bars on a log scale, ours in one colour."""
    from matplotlib.figure import Figure

    best = best_level(times)
    shown = [(name, title) for name, title in PROBLEMS.items() if (name, best) in times]
    colours = {"ours": "#c1121f", "numpy_lean": "#7d8597", "tutorial": "#bfc5d2"}
    figure = Figure(figsize=(7.2, 3.2), layout="constrained")
    axis = figure.subplots()
    height, ticks, at, labelled = 0.8, [], 0.0, set()
    for name, _ in shown:
        values = times[name, best]
        start = at
        for contender in ("ours", "numpy_lean", "tutorial"):
            if contender not in values:
                continue
            value = values[contender]
            label = None if contender in labelled else TITLES[contender]
            labelled.add(contender)
            axis.barh(at, value, height, color=colours[contender], label=label)
            ratio = "" if contender == "ours" else f"  ({value / values['ours']:.0f}×)"
            axis.text(value * 1.08, at, f"{value:.3g} µs{ratio}", va="center", fontsize=9)
            at += 1
        ticks.append((start + at - 1) / 2)
        at += 0.7
    axis.set_yticks(ticks, [title for _, title in shown])
    axis.invert_yaxis()
    axis.set_xscale("log")
    axis.set_xlim(0.03, 5000)
    axis.set_xlabel("microseconds, log scale: shorter is better")
    axis.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=9)
    figure.savefig(path, dpi=150)


def fill(text, inner):
    """The text with what stands between the markers replaced."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{inner}\n{END}{after}"


def main():
    """Write the tables and the picture."""
    times, about = load()
    for name, inner in (("README", table(times, about)), ("ARCHITECTURE", level_table(times))):
        path = ROOT / f"{name}.md"
        path.write_text(fill(path.read_text(encoding="utf-8"), inner), encoding="utf-8")
    draw(times, PICTURE)


if __name__ == "__main__":
    main()
