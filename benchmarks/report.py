"""Draw the tables and the pictures of the documentation from the tracked results.

python benchmarks/report.py
"""

from pathlib import Path

import comparison
import estimators_report
import picture
import problems
import settling_report
from backprop_c._config import MEANING
from contenders import CONTENDERS, OURS
from records import LEVELS, Results
from wording import duration, fill, markdown, paragraphs, times

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "speed.png"
GOALS_PICTURE = ROOT / "docs" / "goals.png"
BLAS = "numpy_lean"
COLUMNS = {name: c.title for name, c in CONTENDERS.items() if c.column}
# Ways of our own, which are not among the others.
OWN = (OURS, "ours_out", "functional")
OTHERS = {name: c.title for name, c in CONTENDERS.items() if not c.column and name not in OWN}


# -- The tables ------------------------------------------------------------------------------


def peers(values):
    """The cells of a row behind our own: each column's ratio, then the others in one."""
    ours = values[OURS]
    cells = [times(values[name] / ours) if name in values else "–" for name in COLUMNS]
    others = [
        f"{title} {times(values[name] / ours)}" for name, title in OTHERS.items() if name in values
    ]
    return [*cells, ", ".join(others) or "–"]


def speed_table(results):
    """The README's: our time, and how many times as long the others take."""
    lines = []
    for problem in (*problems.TRAININGS, *problems.PREDICTIONS):
        values = results.at(problem)
        if OURS in values:
            mine = f"**{duration(values[OURS])}**"
            if "ours_out" in values:
                mine += f" ({duration(values['ours_out'])} with `out=`)"
            lines.append([problem.title, mine, *peers(values)])
    return markdown(["work", "backprop_c", *COLUMNS.values(), "others"], lines)


def threads_table(results):
    """Two threads beside one; "" if they have not been measured."""
    lines = []
    for problem in (*problems.TRAININGS, *problems.PREDICTIONS):
        one, two = results.at(problem), results.at(problem, 2)
        if OURS in one and OURS in two:
            gain = times(one[OURS] / two[OURS])
            cells = duration(one[OURS]), f"**{duration(two[OURS])}**", gain
            lines.append([problem.title, *cells, *peers(two)])
    header = ["work", "one thread", "two threads", "gain", *COLUMNS.values(), "others"]
    return lines and markdown(header, lines)


def footprint_table(results):
    """Import time and size; "" if they have not been measured."""
    lines = [
        [
            f"{row['package']} {row['version']}",
            f"{float(row['import_ms']):.0f} ms",
            f"{float(row['megabytes']):.0f} MB",
        ]
        for row in results.footprint
    ]
    return lines and markdown(["package", "import", "installed, with what it needs"], lines)


def fit_call(results):
    """What a call of `fit` costs, in a sentence; "" if it has not been measured."""
    for row in results.footprint:
        if row.get("fit_call_us"):
            return (
                f"A call of `fit` costs about {float(row['fit_call_us']):.0f} µs before its first "
                "step, for checking and copying what it is given: train many epochs or rows in "
                "one call, not one row a call."
            )
    return ""


def product_table(results):
    """GFLOP/s of the three products, and the ratio to NumPy's BLAS; "" if not measured."""
    lines = []
    for width in problems.WIDTHS:
        cells = []
        for problem in (p for p in problems.PRODUCTS if p.width == width):
            values = results.at(problem)
            if OURS in values:
                ours = values[OURS]
                blas = f" ({values[BLAS] / ours:.2f})" if BLAS in values else ""
                cells.append(f"{problem.flops / ours / 1e3:.3g}{blas}")
        if cells:
            lines.append([f"{width}", *cells])
    return lines and markdown(["layer", *problems.OPERATIONS.values()], lines)


def level_table(results):
    """Our own times by level, where more than one is recorded."""
    lines = []
    for problem in (*problems.TRAININGS, *problems.PREDICTIONS):
        values = [results.at(problem, 1, level).get(OURS) for level in LEVELS]
        if sum(value is not None for value in values) > 1:
            lines.append([problem.title, *("–" if v is None else duration(v) for v in values)])
    return markdown(["work", *LEVELS], lines)


def contender_table():
    """Who is compared, how it is used, and what is not equal."""
    lines = [
        [f"`contenders/{name}.py`", f"{c.title}: {c.what}", "; ".join(c.inequalities) or "–"]
        for name, c in CONTENDERS.items()
    ]
    return markdown(["file", "what it is", "what is not equal"], lines)


def compile_table(results):
    """Seconds before the first result of those that compile at run time; "" if none did."""
    lines = []
    compilers = [name for name, c in CONTENDERS.items() if c.compiles]
    for problem in (*problems.TRAININGS, *problems.PREDICTIONS):
        found = {
            row["contender"]: f"{float(row['compile_s']):.2f} s"
            for row in results.rows
            if (row["problem"], row["level"], row["threads"]) == (problem.name, results.best, "1")
            and row["compile_s"]
        }
        if found:
            lines.append([problem.title, *(found.get(name, "–") for name in compilers)])
    return lines and markdown(["work", *(CONTENDERS[name].title for name in compilers)], lines)


# -- The pages -------------------------------------------------------------------------------


def readme(results):
    """What stands between the README's markers."""
    about = results.about()
    blas = f" with {about['blas']}" if about["blas"] else ""
    note = (
        "One thread, float32 where nothing else is said, on a processor with "
        f"{MEANING[results.best]}, {about['machine']}; Python {about['python']}, NumPy "
        f"{about['numpy']}{blas}; medians of interleaved rounds, {about['date']}. The numbers say "
        "how many times as long as backprop_c the others take. Everybody starts from the same "
        "weights, takes the same steps, computes losses and shuffles rows; what cannot be made "
        "equal is named in [how it is measured](benchmarks/README.md)."
    )
    two = threads_table(results)
    light = footprint_table(results)
    return paragraphs(
        speed_table(results),
        note,
        two and "With two threads for everybody, compared with backprop_c on two:",
        two,
        light
        and f"What it costs before it does anything, measured on {results.footprint[0]['date']}:",
        light,
        fit_call(results),
    )


def architecture(results):
    """What stands between ARCHITECTURE's markers."""
    products = product_table(results)
    return paragraphs(
        level_table(results),
        products
        and "GFLOP/s of a dense layer's three products, 256 rows, square layers, float32, one "
        f"thread, level {results.best}; in brackets our speed by that of NumPy's BLAS:",
        products,
    )


def method(results):
    """What stands between the markers of the benchmarks' own page."""
    compiling = compile_table(results)
    versions = ", ".join(
        f"{c.title} {row['version']}"
        for name, c in CONTENDERS.items()
        if c.package and (row := results.about(name))
    )
    return paragraphs(
        contender_table(),
        f"Versions of the recorded results: {versions}.",
        compiling and "Compilation at run time, before the first result, is not in the times:",
        compiling,
    )


def jacobians_part(results):
    """What derivatives of outputs take, beside torch.func and beside writing the result."""
    lines = []
    for row in results.jacobians:
        ours = float(row["ours_us"])
        many = "one row" if row["rows"] == "1" else f"{row['rows']} rows"
        lines.append(
            [
                f"{many}, {row['layers']}, by {row['of']}, {row['dtype']}",
                f"**{duration(ours)}**",
                times(float(row["torch_us"]) / ours),
                f"{ours / float(row['fill_us']):.1f}",
            ]
        )
    about = results.jacobians[0]
    return paragraphs(
        markdown(["work", "backprop_c", "torch.func", "of a fill"], lines),
        f"One thread, level {about['level']}, {about['machine']}, Python {about['python']}, "
        f"{about['date']}.",
    )


# What stands between which markers of which page.
PARTS = (
    ("README.md", "benchmarks", readme),
    ("ARCHITECTURE.md", "benchmarks", architecture),
    ("benchmarks/README.md", "benchmarks", method),
    ("benchmarks/README.md", "jacobians", jacobians_part),
    ("docs/optimizers.md", "goals", comparison.goals_part),
    ("docs/optimizers.md", "overfitting", comparison.overfitting_part),
    ("docs/optimizers.md", "choices", comparison.choices_part),
    ("README.md", "settling", settling_report.part),
    ("docs/recurrent.md", "settling", settling_report.part),
    ("docs/recurrent.md", "xor", settling_report.xor_part),
    ("README.md", "estimators", estimators_report.readme_part),
    ("docs/sklearn.md", "estimators", estimators_report.page_part),
)


def main():
    """Write the tables and the pictures."""
    results = Results()
    for name, marker, part in PARTS:
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        path.write_text(fill(text, part(results), marker), encoding="utf-8")
    picture.draw(results, PICTURE)
    comparison.draw(results, GOALS_PICTURE)


if __name__ == "__main__":
    main()
