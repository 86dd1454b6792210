"""Activations that are made of exp, to the last digits, against 40-digit arithmetic."""

import mpmath
import numpy as np
import pytest

from backprop_c import Network
from backprop_c._engine.tables import activation_slopes
from backprop_c._validation.shape import CLASSES, coded
from backprop_c.activations import GELU, Activation

pytestmark = pytest.mark.thread_unsafe(reason="mpmath has one precision for all threads")

MAX_ULP = 5


def points(dtype):
    """Numbers of all magnitudes and both signs, and around every limit that the kernels know."""
    info = np.finfo(dtype)
    rng = np.random.default_rng(7)
    limits = np.concatenate(
        [
            np.arange(1, 60) * np.log(2) / 2,
            [10, 20, 88, 87.336, 88.7, 103.9, 708.39, 709, 709.78, 745.1, 1e4, float(info.max)],
            [0.0, float(info.tiny), float(info.smallest_subnormal), float(info.eps)],
        ]
    ).astype(dtype)
    others = np.concatenate(
        [
            np.logspace(np.log10(float(info.tiny)), 3.5, 600),
            rng.uniform(0, 1, 900),
            rng.uniform(0, 25, 1600),
            rng.uniform(80, 110, 600),
            rng.uniform(690, 760, 600),
        ]
    ).astype(dtype)
    with np.errstate(over="ignore"):
        above = np.nextafter(limits, dtype(np.inf))
    magnitudes = np.concatenate([others, limits, np.nextafter(limits, dtype(0)), above])
    magnitudes = magnitudes[np.isfinite(magnitudes)]
    return np.concatenate([magnitudes, -magnitudes])


def normal_share(x):
    """The normal distribution's share below x."""
    if abs(x) > 100:
        return mpmath.mpf(x > 0)
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2


def logistic(x):
    return 1 / (1 + mpmath.exp(-x)) if x > -5000 else mpmath.mpf(0)


def tanh(x):
    # No tanh of the argument's tail loses digits.
    return mpmath.tanh(x) if abs(x) < 400 else mpmath.sign(x)


def elu(x, scale, alpha):
    scale, alpha = mpmath.mpf(scale), mpmath.mpf(alpha)
    return scale * (x if x > 0 else alpha * mpmath.expm1(max(x, mpmath.mpf(-5000))))


def log_1_plus_exp(x):
    return max(x, mpmath.mpf(0)) + mpmath.log1p(mpmath.exp(-min(abs(x), mpmath.mpf(5000))))


def mish(x):
    y = mpmath.exp(-min(abs(x), mpmath.mpf(5000)))
    return x * ((1 + 2 * y) / (1 + 2 * y + 2 * y * y) if x > 0 else y * (y + 2) / (y * (y + 2) + 2))


# Name -> the value at 40 digits.
EXACT = {
    "sigmoid": logistic,
    "tanh": tanh,
    "softsign": lambda x: x / (1 + abs(x)),
    "hard_sigmoid": lambda x: min(max((x + 3) / 6, mpmath.mpf(0)), mpmath.mpf(1)),
    "elu": lambda x: elu(x, 1, 1),
    "selu": lambda x: elu(
        x, "1.0507009873554804934193349852946", "1.6732632423543772848170429916717"
    ),
    "softplus": log_1_plus_exp,
    "gelu": lambda x: x * normal_share(x),
    "silu": lambda x: x * logistic(x),
    "mish": mish,
    "exponential": lambda x: mpmath.exp(x) if x > -5000 else mpmath.mpf(0),
}


def exact(name, z):
    with mpmath.workdps(40):
        return EXACT[name](mpmath.mpf(float(z)))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", EXACT)
def test_ulp(name, dtype):
    """Within 5 ulp where the value is a normal number, within the smallest normal below.

    A value that is larger than all numbers is infinite.
    """
    net = Network((1, 1), name, biases=False, dtype=dtype, random_state=0)
    net.weights[0][:] = 1
    z = points(dtype)
    got = net.predict(z[:, None])[:, 0]
    # These are z times a number that may be below the smallest normal one.
    tinies = 800 if name in ("silu", "mish") else 1
    check_ulp(z, got, [exact(name, x) for x in z], tinies=tinies)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("name", "lowest"), [("sigmoid", 0), ("tanh", -1)])
def test_bounds(name, lowest, dtype):
    """No rounding leads beyond the limits, which are reached. tanh is odd.

    Where the value is a few ulp from 1, a quotient of two rounded numbers may be above 1.
    """
    net = Network((1, 1), name, biases=False, dtype=dtype, random_state=0)
    net.weights[0][:] = 1
    z = np.concatenate([np.linspace(0, 45, 400_001), [1e3, float(np.finfo(dtype).max)]])
    z = z.astype(dtype)[:, None]
    above, below = net.predict(z), net.predict(-z)
    assert above.max() == 1
    assert below.min() == lowest
    if name == "tanh":
        np.testing.assert_array_equal(below, -above)
    else:
        assert below.max() == above.min() == 0.5


def check_ulp(z, got, expected, least=0.0, tinies=1):
    """Each is within 5 ulp of what is expected, or of `least` where that is smaller.

    Below so many of the smallest normal number, it is within them. `expected` are numbers of
    mpmath's; two of float64 that add up to one are as good as it for a difference.
    """
    info = np.finfo(got.dtype)
    tiny = tinies * float(info.tiny)
    nearest = np.array([float(x) for x in expected])
    with mpmath.workdps(40):
        rest = np.array(
            [
                float(x - near) if np.isfinite(near) else 0.0
                for x, near in zip(expected, nearest, strict=True)
            ]
        )
    over = nearest > float(info.max)
    np.testing.assert_array_equal(got[over], np.inf, err_msg=str(z[over]))
    z, nearest, rest = z[~over], nearest[~over], rest[~over]
    error = abs(got[~over].astype(np.float64) - nearest - rest)
    small = (abs(nearest) < tiny) & (not least)
    assert (error[small] <= tiny).all(), z[small][error[small] > tiny]
    z, error, size = z[~small], error[~small], np.maximum(abs(nearest[~small]), least)
    ulps = error / np.ldexp(1.0, np.frexp(size)[1] - 1 - info.nmant)
    worst = ulps.argmax()
    assert 0 < ulps[worst] <= MAX_ULP, (z[worst], ulps[worst])  # above 0: rounding was seen


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_ulp_of_gelus_slope(dtype):
    """As the value, but near its root at -0.75 within 5 ulp of 0.2: a difference of two terms.

    It is 0 below -37.65 or -13.24, where it may be up to 15 of the smallest normal number.
    """
    z = np.concatenate([points(dtype), np.linspace(-3, 3, 1000).astype(dtype)])
    code, constants = coded(GELU())
    got = activation_slopes(code, constants, z)
    expected = np.array([exact_slope_of_gelu(mpmath.mpf(float(x))) for x in z])
    near = abs(z + 0.75) < 0.5
    for chosen, least in ((near, 0.2), (~near, 0.0)):
        check_ulp(z[chosen], got[chosen], expected[chosen], least, tinies=16)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_gelu_by_tanh(dtype):
    """Within 5 ulp of its sigmoid's argument, 2u, whose exponential it nearly is far below 0."""
    net = Network((1, 1), "gelu_tanh", biases=False, dtype=dtype, random_state=0)
    net.weights[0][:] = 1
    z = np.concatenate([points(dtype), np.linspace(-10, 3, 2000).astype(dtype)])
    z = z[z > -10]
    got = net.predict(z[:, None])[:, 0].astype(float)
    exact = [exact_gelu_by_tanh(mpmath.mpf(float(x))) for x in z]
    expected, argument = np.array(exact, dtype=float).T
    bound = 5 * (1 + np.maximum(-argument, 0)) * np.finfo(dtype).eps * abs(expected)
    assert (abs(got - expected) <= bound + np.finfo(dtype).tiny).all()


def exact_gelu_by_tanh(x):
    """The value, and its sigmoid's argument, as large as a float can be."""
    with mpmath.workdps(40):
        argument = mpmath.sqrt(8 / mpmath.pi) * (x + mpmath.mpf("0.044715") * x**3)
        value = x / (1 + mpmath.exp(-argument))
        return value, min(argument, mpmath.mpf("1e300"))


def exact_slope_of_gelu(x):
    with mpmath.workdps(40):
        return normal_share(x) + (x * mpmath.npdf(x) if abs(x) < 100 else 0)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n_samples", [1, 20])
def test_gelu_and_exponential_of_what_is_not_finite(n_samples, dtype):
    """The limits at both infinities, and NaN for NaN; in the slopes too."""
    z = np.array([np.inf, -np.inf, np.nan, 1e30, -1e30], dtype)
    for name, expected, slopes in (
        ("gelu", [np.inf, 0, np.nan, 1e30, 0], [1, 0, np.nan, 1, 0]),
        ("exponential", [np.inf, 0, np.nan, np.inf, 0], [np.inf, 0, np.nan, np.inf, 0]),
    ):
        net = Network((1, 5), name, biases=False, dtype=dtype, random_state=0)
        net.parameters[:] = z
        got = net.predict(np.ones((n_samples, 1)))
        np.testing.assert_array_equal(got, np.array([expected] * n_samples, dtype))
        code, constants = coded(CLASSES[Activation][name]())
        np.testing.assert_array_equal(activation_slopes(code, constants, z), slopes)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_tanh_is_odd(dtype):
    net = Network((1, 1), "tanh", biases=False, dtype=dtype, random_state=0)
    net.weights[0][:] = 1
    z = points(dtype)[:, None]
    np.testing.assert_array_equal(net.predict(-z), -net.predict(z))
