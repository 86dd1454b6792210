"""Write the README's table of platforms from platforms/table.toml.

python platforms/table.py
"""

import sys
import tomllib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))
from report import fill, markdown

PLATFORMS = Path(__file__).parent
README = PLATFORMS.parent / "README.md"
HEADER = ["platform", "wheel", "levels", "how it is tested"]


def table():
    """The table, in Markdown."""
    with (PLATFORMS / "table.toml").open("rb") as file:
        rows = tomllib.load(file)["platform"]
    return markdown(
        HEADER, [[row[key] for key in ("name", "wheel", "levels", "tested")] for row in rows]
    )


def filled(text):
    """The README's text with the table in it."""
    return fill(text, table(), "platforms")


if __name__ == "__main__":
    README.write_text(filled(README.read_text(encoding="utf-8")), encoding="utf-8")
