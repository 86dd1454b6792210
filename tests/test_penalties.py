"""Penalties, norms and bounds on them, by themselves: against NumPy in float64."""

from itertools import pairwise

import numpy as np
import pytest

from backprop_c._engine.bare import BareKernels

DTYPES = ("float64", "float32")
SIZES = (5, 7, 33, 2)
every_dtype = pytest.mark.parametrize("dtype", DTYPES)
TOLERANCE = {"float64": 1e-14, "float32": 1e-6}


def with_room(values, dtype):
    """The same numbers, with room behind them: whole vectors are read."""
    values = np.asarray(values)
    padded = np.full(values.size + 32, np.nan, dtype)
    padded[: values.size] = values.ravel()
    return padded[: values.size]


def layout(biases):
    """Slices of the weights of each layer, and the number of parameters."""
    slices, at = [], 0
    for n_in, n_out in pairwise(SIZES):
        slices.append(slice(at, at + n_in * n_out))
        at += (n_in + biases) * n_out
    return slices, at


def kernels(
    dtype="float64", biases=True, l2=(0, 0, 0), max_norm=(0, 0, 0), sizes=SIZES, l1=(0, 0, 0)
):
    return BareKernels(dtype, sizes, biases, l1[: len(l2)], l2, max_norm)


@every_dtype
@pytest.mark.parametrize("biases", [True, False])
def test_the_penalty_and_its_gradient(biases, dtype, rng):
    """Of weights alone, of layers that have one, in any range; nothing else is written."""
    l2 = (0.5, 0.0, 0.125)
    slices, n = layout(biases)
    weights = rng.normal(size=n).astype(dtype)
    before = rng.normal(size=n).astype(dtype)
    rates = np.zeros(n)
    for where, value in zip(slices, l2, strict=True):
        rates[where] = value
    bare = kernels(dtype, biases, l2)
    ranges = [(0, n), (0, 1), (3, 20), (slices[0].stop - 1, slices[0].stop + 2)]
    ranges += [(slices[2].start - 1, slices[2].start + 1), (slices[2].stop - 9, n)]
    for begin, end in ranges:
        gradient = with_room(before, dtype)
        got = bare.penalize(begin, end, 3.0, with_room(weights, dtype), gradient)
        chosen = np.zeros(n)
        chosen[begin:end] = rates[begin:end]
        expected = (chosen / 2 * weights.astype(float) ** 2).sum()
        np.testing.assert_allclose(got, expected, rtol=1e-14)
        np.testing.assert_allclose(
            gradient, before + 3 * chosen * weights, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype]
        )
        np.testing.assert_array_equal(gradient[chosen == 0], before[chosen == 0])
        assert bare.penalize(begin, end, 3.0, with_room(weights, dtype), None) == got


@every_dtype
@pytest.mark.parametrize("biases", [True, False])
def test_the_penalty_on_sizes(biases, dtype, rng):
    """Beside that on squares; where a weight is 0, the smallest of the subgradients."""
    l1, l2 = (0.5, 0.0, 0.125), (0.25, 0.0, 0.0)
    slices, n = layout(biases)
    weights = (rng.normal(size=n) * (rng.random(n) < 0.5)).astype(dtype)
    before = rng.normal(size=n).astype(dtype)
    sizes, squares = np.zeros(n), np.zeros(n)
    for where, one, two in zip(slices, l1, l2, strict=True):
        sizes[where], squares[where] = one, two
    bare = kernels(dtype, biases, l2, l1=l1)
    for begin, end in [(0, n), (0, 1), (3, 20), (slices[0].stop - 1, n), (slices[2].stop - 9, n)]:
        gradient = with_room(before, dtype)
        got = bare.penalize(begin, end, 3.0, with_room(weights, dtype), gradient)
        here = np.zeros(n)
        here[begin:end] = 1
        w = weights.astype(float)
        value = (here * (sizes * abs(w) + squares / 2 * w**2)).sum()
        np.testing.assert_allclose(got, value, rtol=1e-13)
        expected = before + 3 * here * (squares * w + sizes * np.sign(w))
        bound = 3 * here * sizes
        expected = np.where(w == 0, before - np.clip(before, -bound, bound), expected)
        tolerance = TOLERANCE[dtype]
        np.testing.assert_allclose(gradient, expected, rtol=tolerance, atol=tolerance)
        held = (w == 0) & (abs(before) <= bound) & (bound > 0)
        np.testing.assert_array_equal(gradient[held], 0)
        np.testing.assert_array_equal(
            gradient[here * (sizes + squares) == 0], before[here * (sizes + squares) == 0]
        )
        assert bare.penalize(begin, end, 3.0, with_room(weights, dtype), None) == got


@every_dtype
def test_weights_stop_at_zero(dtype, rng):
    """Those that a step carries through it, and those that are there and have no gradient."""
    slices, n = layout(True)
    before, after = (rng.normal(size=n).astype(dtype) for _ in range(2))
    before[rng.random(n) < 0.3] = 0
    gradient = (rng.normal(size=n) * (rng.random(n) < 0.5)).astype(dtype)
    bare = kernels(dtype, l1=(0.5, 0.0, 0.125))
    for begin, end in [(0, n), (0, 1), (3, 20), (slices[0].stop - 1, n), (slices[2].stop - 9, n)]:
        here = np.zeros(n, bool)
        for where in (slices[0], slices[2]):
            here[where] = True
        here[:begin] = here[end:] = False
        got = with_room(after, dtype)
        bare.stop_at_zero(begin, end, with_room(before, dtype), with_room(gradient, dtype), got)
        stops = (before * after < 0) | ((before == 0) & (gradient == 0))
        np.testing.assert_array_equal(got, np.where(here & stops, 0, after))


@every_dtype
@pytest.mark.parametrize("n", [3, 70])
def test_weights_that_fade_make_no_denormal_gradient(n, dtype):
    """The product of weight and strength is a normal number or 0, in vectors and behind them."""
    tiny = np.finfo(dtype).tiny
    bare = kernels(dtype, False, (0.25,), (0,), sizes=(n, 1))
    for factor, expected in ((8.0, 2 * tiny), (4.0, tiny), (2.0, 0.0), (-2.0, 0.0), (1e-3, 0.0)):
        gradient = with_room(np.zeros(n), dtype)
        bare.penalize(0, n, 1.0, with_room(np.full(n, factor * tiny), dtype), gradient)
        np.testing.assert_array_equal(gradient, np.full(n, expected, dtype))


@every_dtype
@pytest.mark.parametrize("n", [0, 1, 2, 3, 7, 8, 15, 16, 17, 33, 1000])
def test_the_sum_of_squares(n, dtype, rng):
    x = with_room(rng.normal(size=n), dtype)
    expected = (x.astype(float) ** 2).sum()
    np.testing.assert_allclose(kernels(dtype).sum_of_squares(x), expected, rtol=1e-14)


@pytest.mark.parametrize("value", [1e-45, 1e-30, 1e38])
@pytest.mark.parametrize("n", [3, 40])
def test_squares_of_float32_neither_overflow_nor_vanish(value, n):
    x = with_room(np.full(n, value), "float32")
    expected = n * float(np.float32(value)) ** 2
    np.testing.assert_allclose(kernels("float32").sum_of_squares(x), expected, rtol=1e-14)


@every_dtype
def test_the_bound_on_norms(dtype, rng):
    """Units above it come down to it; those below, other layers and biases keep their bits."""
    slices, n = layout(True)
    before = rng.normal(size=n).astype(dtype)
    columns = before[slices[1]].reshape(7, 33)
    columns[:, ::3] *= 0.01
    parameters = with_room(before, dtype)
    kernels(dtype, max_norm=(1, 1.5, 1)).constrain(1, parameters)
    norms = np.linalg.norm(columns.astype(float), axis=0)
    factors = np.where(norms > 1.5, 1.5 / norms, 1)
    got = parameters[slices[1]].reshape(7, 33)
    np.testing.assert_allclose(got, columns * factors, rtol=TOLERANCE[dtype])
    same = factors == 1
    assert same.any()
    assert not same.all()
    np.testing.assert_array_equal(got[:, same], columns[:, same])
    others = np.ones(n, bool)
    others[slices[1]] = False
    np.testing.assert_array_equal(parameters[others], before[others])


@every_dtype
def test_no_bound_and_bounds_of_extreme_weights(dtype):
    parameters = with_room([3.0, 4.0], dtype)
    kernels(dtype, False, (0,), (0,), sizes=(2, 1)).constrain(0, parameters)
    np.testing.assert_array_equal(parameters, [3, 4])
    bounded = kernels(dtype, False, (0,), (1,), sizes=(2, 1))
    parameters[:] = [3e38, 0]
    bounded.constrain(0, parameters)
    np.testing.assert_allclose(parameters, [1, 0], rtol=TOLERANCE[dtype])
    parameters[:] = [np.inf, 1]
    bounded.constrain(0, parameters)
    assert np.isnan(parameters).any()


@every_dtype
def test_given_deltas_stand_where_targets_would(dtype, rng):
    """Times the weights, and 0 where a weight is 0, even for NaN; the value is 0."""
    targets, weights = rng.normal(size=(3, 32)).astype(dtype), np.ones(32, dtype)
    weights[3:9] = 2
    weights[20:] = 0
    targets[:, 25] = np.nan
    delta = np.full_like(targets, 7)
    assert kernels(dtype).given_delta(targets, weights, delta) == 0
    np.testing.assert_array_equal(delta, np.where(weights, targets * weights, 0))
