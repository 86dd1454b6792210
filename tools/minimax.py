"""Print the polynomial coefficients that `_kernels/lanes/numbers.h` carries.

Remez's exchange algorithm in 40-digit arithmetic (mpmath): on each interval the
polynomial of the given degree whose largest weighted error is smallest.
Run: ``python tools/minimax.py``.
"""

import mpmath as mp

mp.mp.dps = 40


def remez(function, weight, low, high, degree, rounds=12, grid=1000):
    """Coefficients, lowest power first, and the largest weighted error."""
    count = degree + 2
    nodes = [
        (low + high) / 2 - (high - low) / 2 * mp.cos(mp.pi * k / (count - 1)) for k in range(count)
    ]
    points = [low + (high - low) * k / grid for k in range(grid + 1)]
    for _ in range(rounds):
        system = mp.matrix(count, count)
        target = mp.matrix(count, 1)
        for row, x in enumerate(nodes):
            for power in range(degree + 1):
                system[row, power] = x**power
            system[row, degree + 1] = (-1) ** row / weight(x)
            target[row] = function(x)
        solution = mp.lu_solve(system, target)
        coefficients = list(solution[: degree + 1])
        errors = [(mp.polyval(coefficients[::-1], x) - function(x)) * weight(x) for x in points]
        # The largest error of each run of one sign is the next node.
        peaks, best = [], 0
        for k in range(1, len(points)):
            if mp.sign(errors[k]) != mp.sign(errors[best]):
                peaks.append(best)
                best = k
            elif abs(errors[k]) > abs(errors[best]):
                best = k
        peaks.append(best)
        while len(peaks) > count:
            peaks.pop(0 if abs(errors[peaks[0]]) < abs(errors[peaks[-1]]) else -1)
        if len(peaks) < count:
            break
        nodes = [points[k] for k in peaks]
    return coefficients, max(abs(error) for error in errors)


def expm1_tail(r):
    """(expm1(r) - r) / r**2, from its series: no cancellation at 0."""
    return mp.fsum(r**k / mp.factorial(k + 2) for k in range(25))


def atanh_tail(u):
    """(atanh(s)/s - 1) / u with u = s**2."""
    return mp.fsum(u**k / (2 * k + 3) for k in range(50))


def tanh_tail(u):
    """(tanh(y)/y - 1) / u with u = y**2."""
    if u < mp.mpf("1e-6"):
        return -mp.mpf(1) / 3 + 2 * u / 15 - 17 * u**2 / 315 + 62 * u**3 / 2835
    y = mp.sqrt(u)
    return (mp.tanh(y) / y - 1) / u


def normal_tail(t, centre):
    """(1 + 13/16 x) Q(x) / exp(-x**2 / 2) with t = (x - centre) / (x + centre).

    Q is the share of the normal distribution beyond x. After M. M. Shepherd and J. G. Laframboise,
    Chebyshev approximation of (1 + 2x) exp(x**2) erfc x (1981), but that at x = 0, where Q is
    largest, this is nearly flat: so the rounding of t hardly counts there.
    """
    x = centre * (1 + t) / (1 - t)
    return (1 + mp.mpf(13) / 16 * x) * mp.exp(x**2 / 2) * mp.erfc(x / mp.sqrt(2)) / 2


def report(name, result):
    coefficients, error = result
    print(f"{name}: largest error 2^{float(mp.log(error, 2)):.1f}")
    for power, coefficient in enumerate(coefficients):
        print(f"  {power:2d}  {mp.nstr(coefficient, 20)}")


def main():
    half = mp.log(2) / 2 * mp.mpf("1.0001")
    for dtype, exp_degree, atanh_degree, tanh_degree in (
        ("float64", 9, 9, 5),
        ("float32", 4, 3, 1),
    ):
        # The weight makes the error relative to expm1(r), which is about r.
        report(
            f"expm1 tail, {dtype}",
            remez(expm1_tail, lambda r: abs(r) + mp.mpf("1e-3"), -half, half, exp_degree),
        )
        report(
            f"atanh tail, {dtype}",
            remez(atanh_tail, lambda u: u + mp.mpf("1e-3"), mp.mpf(0), mp.mpf(1) / 9, atanh_degree),
        )
        report(
            f"tanh tail, {dtype}",
            remez(tanh_tail, lambda u: u + mp.mpf("1e-5"), mp.mpf(0), (half / 2) ** 2, tanh_degree),
        )
    # Up to the x where exp(-x**2 / 2) is about to leave the normal numbers.
    for dtype, centre, limit, degree in (("float64", 5, 38, 22), ("float32", 4, 14, 10)):
        report(
            f"normal tail, {dtype}",
            remez(
                lambda t, centre=centre: normal_tail(t, centre),
                lambda t, centre=centre: 1 / normal_tail(t, centre),
                mp.mpf(-1),
                mp.mpf(limit - centre) / (limit + centre),
                degree,
            ),
        )


if __name__ == "__main__":
    main()
