"""L-BFGS' line search, point by point beside SciPy's: networks of one parameter have any loss."""

import numpy as np
import pytest

from backprop_c import LBFGS, Network

optimize = pytest.importorskip("scipy.optimize")


# The functions of Moré and Thuente's paper (1994), but for its fourth, whose two slopes are two of
# these; with their derivatives.
def first(x):
    return -x / (x**2 + 2), (x**2 - 2) / (x**2 + 2) ** 2


def second(x):
    # On the left it would fall for ever.
    x = abs(x + 0.004)
    return x**5 - 2 * x**4, 5 * x**4 - 8 * x**3


def third(x):
    """Falls to a flat valley, with ripples on all of it."""
    width = 0.01
    ripple = 1.98 / (39 * np.pi) * np.sin(39 * np.pi / 2 * x), 0.99 * np.cos(39 * np.pi / 2 * x)
    far = abs(x - 1) >= width
    value = np.where(far, abs(x - 1), (x - 1) ** 2 / (2 * width) + width / 2)
    slope = np.where(far, np.sign(x - 1), (x - 1) / width)
    return value + ripple[0], slope + ripple[1]


def fifth(x):
    """A narrow valley on a long slope."""
    steep = np.hypot(0.001, 1 - x), np.hypot(0.01, x)
    return (
        0.99 * steep[0] + 0.01 * steep[1],
        0.99 * (x - 1) / steep[0] + 0.01 * x / steep[1],
    )


def quartic(x):
    return (x**2 - 9) ** 2 / 50 + x / 3, 4 * x * (x**2 - 9) / 50 + 1 / 3


def cliff(x):
    """So steep and so low that the loss falls, but not enough for its slope."""
    t = np.tanh(1e4 * x)
    return 1e-6 * x**2 - 1e-4 * t, 2e-6 * x - (1 - t**2)


def stair(x):
    """From 0 to 1 it hardly falls, with a step upwards: a cubic through both falls for ever."""
    t = (1 + np.tanh(30 * (x - 0.5))) / 2
    return 0.25 * x**2 - x + 0.7495 * t, 0.5 * x - 1 + 0.7495 * 60 * t * (1 - t)


FUNCTIONS = [first, second, third, fifth, quartic, cliff, stair]
STARTS = [-7.3, -1.1, -0.31, 0.0, 1e-5, 0.02, 0.17, 0.6, 1.4, 3.2, 11.0]


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("steepness", [1e-3, 1.0, 300.0])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_it_tries_the_points_that_scipy_tries(function, steepness, start):
    seen, expected = [], []

    def loss(y_true, y_pred):
        seen.append(float(y_pred[0, 0]))
        value, slope = function(y_pred)
        return steepness * value[:, 0], steepness * slope

    def objective(x):
        expected.append(float(x[0]))
        value, slope = function(x)
        return steepness * float(value[0]), steepness * slope

    net = Network((1, 1), "identity", loss, biases=False, random_state=0)
    net.parameters[:] = start
    options = {"maxiter": 4, "ftol": 10 * np.finfo(float).eps, "gtol": 1e-6}
    optimize.minimize(objective, [start], jac=True, method="L-BFGS-B", options=options)
    net.fit([[1.0]], [[0.0]], epochs=4, optimizer=LBFGS())
    # Where the losses do not change any more but for rounding, one may end before the other.
    n = min(len(expected), 12)
    assert len(seen) >= n
    # At a cliff, rounding moves the point a little.
    np.testing.assert_allclose(seen[:n], expected[:n], rtol=1e-5, atol=3e-6)
