# Elementary functions on lanes: no branch, no libm, NaN in gives NaN out.
#
# exp(x) = 2**k * exp(r) with k = round(x / ln 2) and r = x - k ln 2, after W. J. Cody and
# W. Waite, Software Manual for the Elementary Functions (1980): k ln 2 is subtracted in two
# steps, the first of them exact. Adding ROUNDER leaves k in the low bits of the sum.

cdef inline lanes flushed(lanes x) noexcept nogil:
    # x, but 0 below the smallest normal number: processors take their time with denormal numbers
    return select_less(absolute(x), splat(SMALLEST), splat(0), x)


cdef inline lanes clipped(lanes x, const real lowest, const real highest) noexcept nogil:
    # x, or the bound that it is beyond; NaN stays NaN
    return at_most(at_least(x, splat(lowest)), splat(highest))


cdef inline lanes polynomial(const real* coefficients, const int terms, lanes x) noexcept nogil:
    # sum_k coefficients[k] x**k, as a polynomial in x**2 whose coefficients are pairs: short chains
    # coefficients: (terms,), lowest power first
    cdef lanes square = x * x
    cdef lanes total
    cdef int k
    if terms % 2:
        total = splat(coefficients[terms - 1])
    else:
        total = splat(coefficients[terms - 1]) * x + splat(coefficients[terms - 2])
    for k in range((terms - 1) // 2 - 1, -1, -1):
        total = total * square + (splat(coefficients[2 * k + 1]) * x + splat(coefficients[2 * k]))
    return total


cdef inline lanes expm1_tail(lanes r) noexcept nogil:
    # expm1(r) = r + r**2 P(r), |r| <= ln(2) / 2; P's two lowest terms join r, for a shorter chain
    cdef lanes square = r * r
    cdef lanes lowest = splat(EXPM1_TAIL[1]) * r + splat(EXPM1_TAIL[0])
    return (square * square) * polynomial(EXPM1_TAIL + 2, EXPM1_TERMS - 2, r) + (
        square * lowest + r)


cdef inline lanes atanh(lanes s) noexcept nogil:
    # atanh(s) = s + s**3 A(s**2), |s| <= 1/3
    cdef lanes square = s * s
    return polynomial(ATANH_TAIL, ATANH_TERMS, square) * (square * s) + s


cdef inline lanes nearest_power(lanes x, const real rate, lanes* k_out) noexcept nogil:
    # 2**k, and k = round(rate * x)
    # x, k: (1,)
    cdef lanes t = x * splat(rate) + splat(ROUNDER + EXPONENT_BIAS)
    k_out[0] = t - splat(ROUNDER + EXPONENT_BIAS)
    return as_lanes(as_bits(t) << EXPONENT_SHIFT)


cdef inline lanes reduce_argument(lanes x, lanes* r_out) noexcept nogil:
    # 2**k, and r = x - k ln 2 with |r| <= ln(2) / 2
    cdef lanes k
    cdef lanes scale = nearest_power(x, LOG2_E, &k)
    r_out[0] = (x - k * splat(LN2_HIGH)) - k * splat(LN2_LOW)
    return scale


cdef inline lanes exponential_parts(lanes x, lanes* scale_out) noexcept nogil:
    # exp(x) = scale + scale * tail, x <= EXP_LIMIT; from -EXP_LIMIT down it is 0, or a number below
    # the smallest normal one; returns tail
    # x, scale: (1,)
    cdef lanes r
    scale_out[0] = reduce_argument(at_least(x, splat(-EXP_LIMIT)), &r)
    return expm1_tail(r)


cdef inline lanes exponential(lanes x) noexcept nogil:
    # exp(x) for x <= EXP_LIMIT
    cdef lanes scale
    cdef lanes tail = exponential_parts(x, &scale)
    return scale * tail + scale


cdef inline lanes expm1_of_negative(lanes x) noexcept nogil:
    # exp(x) - 1 for x <= 0
    cdef lanes scale
    cdef lanes tail = exponential_parts(x, &scale)
    return scale * tail + (scale - splat(1))


cdef inline lanes exponential_of_any(lanes x) noexcept nogil:
    # exp(x) = exp(x / 2)**2: it overflows to infinity, and underflows to 0, where exp(x) does
    cdef lanes half = exponential(at_most(x * splat(<real>0.5), splat(EXP_LIMIT)))
    return half * half


cdef inline lanes bell(lanes x) noexcept nogil:
    # exp(-x**2 / 2), x >= 0; 0 from NORMAL_LIMIT on, and before where it is below the smallest
    # normal number. The error of a rounded square would be multiplied by it: so the square is a
    # sum, of the exact square of x's upper half and of what is left.
    cdef lanes upper, square, rest, k, r, scale
    x = at_most(x, splat(NORMAL_LIMIT))
    upper = as_lanes(as_bits(x) >> HALF_BITS << HALF_BITS)
    square = upper * upper * splat(<real>-0.5)
    rest = (x - upper) * (x + upper) * splat(<real>0.5)
    scale = nearest_power(square - rest, LOG2_E, &k)
    r = ((square - k * splat(LN2_HIGH)) - rest) - k * splat(LN2_LOW)
    return scale * expm1_tail(r) + scale


cdef inline lanes tail_ratio(lanes x) noexcept nogil:
    # Q(x) / exp(-x**2 / 2) = P(t) / (1 + 13/16 x), t = (x - c) / (x + c), x >= 0, where Q(x) is the
    # share of the normal distribution above x. After M. M. Shepherd and J. G. Laframboise,
    # Chebyshev approximation of (1 + 2x) exp(x**2) erfc x (1981).
    x = at_most(x, splat(NORMAL_LIMIT))
    cdef lanes t = (x - splat(NORMAL_CENTRE)) / (x + splat(NORMAL_CENTRE))
    return polynomial(NORMAL_TAIL, NORMAL_TERMS, t) / (splat(NORMAL_SLOPE) * x + splat(1))


cdef inline lanes logarithm(lanes x) noexcept nogil:
    # log(x) = k ln 2 + 2 atanh((m - 1) / (m + 1)), x = 2**k m, m in [sqrt(1/2), sqrt(2))
    # for x >= 1
    cdef bits k = (as_bits(x) - as_bits(splat(SQRT_HALF))) >> EXPONENT_SHIFT
    cdef lanes m = as_lanes(as_bits(x) - (k << EXPONENT_SHIFT))
    # k joins the low bits of ROUNDER, whose subtraction makes it a number.
    cdef lanes exponent = as_lanes(as_bits(splat(ROUNDER)) | k) - splat(ROUNDER)
    cdef lanes fraction = atanh((m - splat(1)) / (m + splat(1)))
    # x - x is 0, or NaN where x is infinite or NaN.
    return exponent * splat(LN2_HIGH) + (
        exponent * splat(LN2_LOW) + (fraction + fraction) + (x - x))


cdef inline lanes log_1_plus_exp(lanes x) noexcept nogil:
    # log(1 + exp(x)) = 2 atanh(u / (2 + u)), u = exp(x), x <= 0
    cdef lanes u = exponential(x)
    cdef lanes half = atanh(u / (u + splat(2)))
    return half + half
