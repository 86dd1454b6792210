"""What the equations on a page of a trace come to."""

import math
import re

import numpy as np

FUNCTIONS = ("exp", "log", "tanh", "cosh", "erfc", "sqrt", "pi")
NAMES = {name: getattr(math, name) for name in FUNCTIONS}
NAMES |= {"max": max, "min": min, "abs": abs, "sign": np.sign}


def evaluated(side, **names):
    """What a side of an equation comes to, as a reader computes it; with names of its own."""
    side = side.replace("1/2 (", "1/2 * (").replace("^", "**")
    side = re.sub(r"(.*) where (.*), else (.*)", r"(\1) if \2 else \3", side)
    return eval(side, NAMES | names)
