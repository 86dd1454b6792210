"""One module a contender: TITLE, `takes(problem)`, and a class `Training(problem)`.

``Training.run(epochs)`` trains from the starting weights, records what the problem asks for, and
returns the final parameters, flat, as W0, b0, W1, b1, ...: the same for everybody but for rounding.
"""

import importlib

NAMES = ("ours", "numpy_lean", "tutorial")


def load():
    """The contenders whose packages are installed, by name."""
    found = {}
    for name in NAMES:
        try:
            found[name] = importlib.import_module(f"contenders.{name}")
        except ImportError as error:
            print(f"without {name}: {error}")
    return found
