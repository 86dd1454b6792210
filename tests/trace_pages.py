"""Reads the page of a network's trace as a reader does who computes all that it says."""

import re

import numpy as np
from page_arithmetic import evaluated

# Lines of a page in which there is nothing to compute: headings, and what holds for all units.
UNCHECKED = (
    r"Forward pass|Error|Backward pass: delta = dloss/dz|After the step",
    r"Derivatives of the weights, and a step of \S+ against them",
    r"  layer \d+(, \w+)?",
    r"    da\d\[k\]/dz\d\[j\] = a.* where k = j, else .*",
    r"    dloss/da\d\[[jk]\] = .* leaves .*",
    r"  smoothed target",
)


def check_arithmetic(steps):
    """Each equation holds, by names and by numbers, and no other line is unknown."""
    for line in str(steps).splitlines():
        if any(re.fullmatch(pattern, line) for pattern in UNCHECKED):
            continue
        if "prediction" in line:
            expected = (
                f"  target {listed(steps.target)}, prediction {listed(steps.prediction)}",
                f"  prediction {listed(steps.new_prediction)}, loss {steps.new_loss:.10g}",
            )
            assert line in expected
            continue
        for part in line.strip().split(";  "):
            # A step's line has a colon in place of its first equals sign.
            name, *sides = re.split(r" = |: ", part)
            assert sides, line
            *sides, result = sides
            if not name.startswith(("loss", "penalty", "sum")):
                new = "new_" if ": " in part else ""
                np.testing.assert_allclose(value_of(name, steps, new), float(result), rtol=1e-9)
            for side in sides:
                # What is left are sums by symbols, without any unit's name.
                if not re.search(r"sum [(tw|lm]|sum over", side):
                    np.testing.assert_allclose(
                        by_units(side, steps), float(result), rtol=1e-6, atol=1e-8, err_msg=part
                    )
            assert name != "loss" or len(sides) == 2


def listed(values):
    return ", ".join(f"{value:.10g}" for value in values)


UNIT = r"(?:dloss/d)?[a-z]+\d?\[[\d,]+\](?:/dz\d\[\d+\])?"


def smoothed_target(steps):
    """What label smoothing makes of the target, where there is any."""
    share = steps.loss_constants.get("label_smoothing", 0)
    classes = 2 if steps.loss_name == "binary_cross_entropy" else len(steps.target)
    return (1 - share) * steps.target + share / classes


def value_of(name, steps, new=""):
    """What is called x[1], t[1], z1[1], a1[1], da1[1]/dz1[1], w1[1,2], b1[2] or dloss/db1[2]."""
    kind, layer, index = re.match(r"(.*?)(\d?)\[([\d,]+)\]", name).groups()
    at = tuple(int(i) - 1 for i in index.split(","))
    if not layer:
        return {"x": steps.x, "t": smoothed_target(steps)}[kind][at]
    field = {
        "da": "slope",
        "w": f"{new}weights",
        "b": f"{new}biases",
        "dloss/dw": "weights_gradient",
        "dloss/db": "biases_gradient",
    }.get(kind, kind)
    return getattr(steps.layers[int(layer) - 1], field)[at]


def by_units(side, steps=None):
    """What a side of an equation comes to, with the units' names in it, too."""
    side = side.replace("sum(t)", "sum[t]")
    side = re.sub(r"(?<=[\])\d]) (?=[a-z(])(?!where)", " * ", side)
    side = re.sub(UNIT, lambda found: f"({float(value_of(found[0], steps))!r})", side)
    return evaluated(
        side.replace("sum[t]", "target.sum()"), target=steps and smoothed_target(steps)
    )
