"""Sigmoid and tanh to the last digits, against 40-digit arithmetic."""

import mpmath
import numpy as np
import pytest

from backprop_c import Network

MAX_ULP = 5


def points(dtype):
    """Numbers of all magnitudes and both signs, and around every limit that the kernels know."""
    info = np.finfo(dtype)
    rng = np.random.default_rng(7)
    magnitudes = np.concatenate(
        [
            np.logspace(np.log10(float(info.tiny)), 3.5, 600),
            rng.uniform(0, 1, 600),
            rng.uniform(0, 25, 800),
            rng.uniform(80, 110, 400),
            rng.uniform(690, 760, 400),
            np.arange(1, 60) * np.log(2) / 2,
            [10, 20, 88, 87.336, 88.7, 103.9, 708.39, 709, 709.78, 745.1, 1e4, float(info.max)],
            [0.0, float(info.tiny), float(info.smallest_subnormal), float(info.eps)],
        ]
    ).astype(dtype)
    with np.errstate(over="ignore"):
        above = np.nextafter(magnitudes, dtype(np.inf))
    magnitudes = np.concatenate([magnitudes, np.nextafter(magnitudes, dtype(0)), above])
    magnitudes = magnitudes[np.isfinite(magnitudes)]
    return np.concatenate([magnitudes, -magnitudes])


def exact(name, z):
    """The value at 40 digits; no tanh of the argument's tail loses digits."""
    with mpmath.workdps(40):
        x = mpmath.mpf(float(z))
        if name == "tanh":
            return mpmath.tanh(x) if abs(x) < 400 else mpmath.sign(x)
        if x < -5000:
            return mpmath.mpf(0)
        return 1 / (1 + mpmath.exp(-x))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", ["sigmoid", "tanh"])
def test_ulp(name, dtype):
    """Within 5 ulp where the value is a normal number, within the smallest normal below."""
    net = Network((1, 1), name, biases=False, dtype=dtype, random_state=0)
    net.weights[0][:] = 1
    z = points(dtype)
    got = net.predict(z[:, None])[:, 0]
    info = np.finfo(dtype)
    tiny = mpmath.mpf(float(info.tiny))
    worst = 0.0
    for x, value in zip(z, got, strict=True):
        true = exact(name, x)
        error = abs(mpmath.mpf(float(value)) - true)
        if abs(true) < tiny:
            assert error <= tiny, (x, value)
            continue
        ulp = mpmath.mpf(2) ** (mpmath.floor(mpmath.log(abs(true), 2)) - info.nmant)
        worst = max(worst, float(error / ulp))
        assert error <= MAX_ULP * ulp, (x, value, float(error / ulp))
    assert worst > 0  # the comparison saw rounding


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_tanh_is_odd(dtype):
    net = Network((1, 1), "tanh", biases=False, dtype=dtype, random_state=0)
    net.weights[0][:] = 1
    z = points(dtype)[:, None]
    np.testing.assert_array_equal(net.predict(-z), -net.predict(z))
