"""The tables of the estimators, from the tracked results."""

from wording import duration, markdown, paragraphs, times


def of_kind(results, work):
    return [row for row in results.estimators if row["work"] == work]


def speed_table(results):
    """What takes how long."""
    lines = [
        [
            row["name"],
            duration(1e3 * float(row["sklearn_ms"])),
            f"**{duration(1e3 * float(row['ours_ms']))}**",
            times(float(row["sklearn_ms"]) / float(row["ours_ms"])),
        ]
        for row in of_kind(results, "time")
    ]
    return markdown(["`fit`, and one row", "scikit-learn", "backprop_c", "quicker"], lines)


def note(results):
    """Where and when."""
    about = results.estimators[0]
    return (
        f"One thread, scikit-learn {about['sklearn']}, {about['machine']}, Python "
        f"{about['python']}, {about['date']}; processor time, medians of fits in turns."
    )


def readme_part(results):
    return paragraphs(speed_table(results), note(results))


def page_part(results):
    """Scores of both on ten data sets."""
    lines = [
        [
            row["name"],
            f"{float(row['sklearn_value']):.4f} ± {float(row['spread']):.4f}",
            f"{float(row['ours_value']):.4f}",
            duration(1e3 * float(row["sklearn_ms"])),
            duration(1e3 * float(row["ours_ms"])),
            times(float(row["sklearn_ms"]) / float(row["ours_ms"])),
        ]
        for row in of_kind(results, "score")
    ]
    header = ["data", "scikit-learn's score", "backprop_c's", "its time", "ours", "quicker"]
    return paragraphs(markdown(header, lines), speed_table(results), note(results))
