"""The suite at every level that this machine and the installed package both have.

``python tests/every_level.py`` runs all tests at each level. With ``--quick`` the levels below
the best run only the files whose outcome can depend on the level: without what takes long, and of
tests of both dtypes those of float32. What follows goes to pytest.
"""

import os
import subprocess
import sys
from pathlib import Path

from backprop_c._kernels import VARIABLE
from backprop_c._system import cpu

TESTS = Path(__file__).parent
OF_LEVELS = (
    "accuracy",
    "dropout",
    "elementary",
    "functional",
    "jacobian",
    "kernels",
    "l1",
    "lbfgs",
    "levels",
    "levenberg_marquardt",
    "losses",
    "metrics",
    "optimizers",
    "penalties",
    "recurrent",
    "recurrent_settling",
    "regularization",
    "train_step",
    "wide",
)


def levels():
    """The levels that can be chosen here, the best first."""
    return [level for level in cpu.levels_supported() if level in cpu.levels_built]


def commands(words):
    """One pytest command for each level."""
    quick = "--quick" in words
    words = [word for word in words if word != "--quick"]
    few = [str(TESTS / f"test_{name}.py") for name in OF_LEVELS]
    # pytest takes the last -m that it is given.
    few += ["-m", "not alone and not long", "-k", "not float64"]
    for place, level in enumerate(levels()):
        files = few if quick and place > 0 else []
        yield level, [sys.executable, "-m", "pytest", *words, *files]


def main(words):
    """Run all levels, also after one that failed, and name those that failed."""
    failed = []
    for level, command in commands(words):
        print(f"level {level}", flush=True)
        if subprocess.run(command, env={**os.environ, VARIABLE: level}, check=False).returncode:
            failed.append(level)
    return f"failed at level {', '.join(failed)}" if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
