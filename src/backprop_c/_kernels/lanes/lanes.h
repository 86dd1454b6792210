/* The SIMD lane type: what the .pxi sources compute with, at every level and dtype.
 *
 * A module of kernels is compiled with REAL_IS_FLOAT (0 or 1), LANE_BYTES (the width of a vector,
 * or 0 for one lane), and SINGLE_ROWS_ALONE (1 where it does nothing but single rows).
 * With a width, `lanes` is a vector type of GCC's and Clang's, and ordinary arithmetic on it is
 * SIMD; with one lane it is `real` itself, and the same source is scalar code. A compiler without
 * vector types can build one lane alone.
 */
#ifndef BACKPROP_C_LANES_H
#define BACKPROP_C_LANES_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if LANE_BYTES && defined(__SSE2__)
#include <immintrin.h>
#endif

#include "numbers.h"

#ifndef SINGLE_ROWS_ALONE
#define SINGLE_ROWS_ALONE 0
#endif

/* Cython's `inline` becomes a promise: tile sizes passed as arguments must be constants. */
#if defined(__GNUC__) || defined(__clang__)
#undef CYTHON_INLINE
#define CYTHON_INLINE inline __attribute__((always_inline))
#define LANES_INLINE static inline __attribute__((always_inline))
#else
#define LANES_INLINE static inline
#if LANE_BYTES
#error "This compiler has no vector types: build with LANE_BYTES=0, or with GCC or Clang."
#endif
#endif

#if LANE_BYTES
#define LANES_ARE_VECTORS 1
#define LANES ((int)(LANE_BYTES / sizeof(real)))
/* A vector that is aligned like one number, so that a pointer into any array may be read as lanes.
 * In two steps: GCC 14 to 16 for aarch64 crash on a function that takes a vector whose alignment
 * was lowered in the typedef that made it. */
#define DEFINE_VECTOR(name, type, bytes)                                                \
    typedef type name##_aligned __attribute__((vector_size(bytes), may_alias));         \
    typedef name##_aligned name __attribute__((aligned(sizeof(type))))
DEFINE_VECTOR(lanes, real, LANE_BYTES);
DEFINE_VECTOR(bits, whole, LANE_BYTES);

#define splat(x) ((real)(x) - (lanes){0})
#define splat_bits(x) ((whole)(x) - (bits){0})
#define as_bits(x) ((bits)(x))
#define as_lanes(x) ((lanes)(x))
/* x86 has instructions that compilers do not find from the vectors' own operations: X86(max) is
 * the one for vectors of these lanes, and LANES_WHERE, of AVX-512, makes a mask of a bit a lane. */
#if defined(__SSE2__)
#if LANE_BYTES == 16
#define X86_(operation, suffix) _mm_##operation##_##suffix
#elif LANE_BYTES == 32
#define X86_(operation, suffix) _mm256_##operation##_##suffix
#else
#define X86_(operation, suffix) _mm512_##operation##_##suffix
#endif
#if REAL_IS_FLOAT
#define X86(operation) X86_(operation, ps)
#define LANES_WHERE(a, relation, b) _mm512_cmp_ps_mask((a), (b), (relation))
#else
#define X86(operation) X86_(operation, pd)
#define LANES_WHERE(a, relation, b) _mm512_cmp_pd_mask((a), (b), (relation))
#endif
#endif

/* x where all bits of the mask are 1, y where all are 0. */
LANES_INLINE lanes select_bits(bits mask, lanes x, lanes y) {
#if LANE_BYTES == 32 && defined(__AVX__)
    return X86(blendv)(y, x, (lanes)mask);
#else
    return (lanes)(((bits)x & mask) | ((bits)y & ~mask));
#endif
}
/* x where a < b, y elsewhere (also where a or b is NaN). */
LANES_INLINE lanes select_less(lanes a, lanes b, lanes x, lanes y) {
#if LANE_BYTES == 64
    return X86(mask_blend)(LANES_WHERE(a, _CMP_LT_OQ, b), y, x);
#else
    return select_bits((bits)(a < b), x, y);
#endif
}
/* Likewise where a == b. */
LANES_INLINE lanes select_equal(lanes a, lanes b, lanes x, lanes y) {
#if LANE_BYTES == 64
    return X86(mask_blend)(LANES_WHERE(a, _CMP_EQ_OQ, b), y, x);
#else
    return select_bits((bits)(a == b), x, y);
#endif
}
/* Likewise where a <= b. */
LANES_INLINE lanes select_up_to(lanes a, lanes b, lanes x, lanes y) {
#if LANE_BYTES == 64
    return X86(mask_blend)(LANES_WHERE(a, _CMP_LE_OQ, b), y, x);
#else
    return select_bits((bits)(a <= b), x, y);
#endif
}
/* Likewise where a < b as unsigned integers. */
LANES_INLINE lanes select_below(bits a, bits b, lanes x, lanes y) {
    return select_bits((bits)(a < b), x, y);
}

/* x, or the bound that it is beyond; NaN stays NaN: the instructions of x86 return their second
 * operand if either is NaN. */
#if defined(__SSE2__)
LANES_INLINE lanes at_least(lanes x, lanes lowest) { return X86(max)(lowest, x); }
LANES_INLINE lanes at_most(lanes x, lanes highest) { return X86(min)(highest, x); }
#else
LANES_INLINE lanes at_least(lanes x, lanes lowest) { return select_less(x, lowest, lowest, x); }
LANES_INLINE lanes at_most(lanes x, lanes highest) { return select_less(highest, x, highest, x); }
#endif

/* The larger of two sizes, and NaN where one is: sizes are ordered as their bits are, taken for
 * integers, and NaN is above all numbers. */
LANES_INLINE lanes larger_size(lanes a, lanes b) {
#if LANE_BYTES == 64 && REAL_IS_FLOAT
    return (lanes)_mm512_max_epu32((__m512i)a, (__m512i)b);
#elif LANE_BYTES == 64
    return (lanes)_mm512_max_epu64((__m512i)a, (__m512i)b);
#else
    return select_below(as_bits(a), as_bits(b), b, a);
#endif
}

/* A bit for each lane, 1 where a <= b. */
LANES_INLINE unsigned lanes_up_to(lanes a, lanes b) {
#if !defined(__SSE2__)
    unsigned found = 0;
    for (int k = 0; k < LANES; k++) found |= (unsigned)(a[k] <= b[k]) << k;
    return found;
#elif LANE_BYTES == 64
    return LANES_WHERE(a, _CMP_LE_OQ, b);
#else
    return (unsigned)X86(movemask)((lanes)(a <= b));
#endif
}

/* All bits where a == b, none elsewhere: a mask for select_bits. */
#define bits_where_equal(a, b) ((bits)((a) == (b)))

#define absolute(x) as_lanes(as_bits(x) & ~as_bits(splat(-0.0)))
#define minus_absolute(x) as_lanes(as_bits(x) | as_bits(splat(-0.0)))
#define with_sign_of(z, x) as_lanes(as_bits(absolute(x)) | (as_bits(z) & as_bits(splat(-0.0))))

/* x in the first lane, 0 in the others. */
#define first_lane(x) ((lanes){(real)(x)})
/* 0, 1, 2 ... */
LANES_INLINE bits lane_numbers(void) {
    bits places = {0};
    for (int k = 0; k < LANES; k++) places[k] = (whole)k;
    return places;
}

/* The sum over the lanes, by halves: an order that depends on LANES alone. */
DEFINE_VECTOR(float_16, float, 16);
DEFINE_VECTOR(double_16, double, 16);
LANES_INLINE float sum_float_16(float_16 x) { return (x[0] + x[2]) + (x[1] + x[3]); }
LANES_INLINE double sum_double_16(double_16 x) { return x[0] + x[1]; }
LANES_INLINE float_16 fold_float_16(float_16 x) { return x; }
LANES_INLINE double_16 fold_double_16(double_16 x) { return x; }
#define DEFINE_SUM(type, bytes, half_bytes)                                             \
    DEFINE_VECTOR(type##_##bytes, type, bytes);                                         \
    LANES_INLINE type##_16 fold_##type##_##bytes(type##_##bytes x) {                    \
        union { type##_##bytes whole; type##_##half_bytes half[2]; } parts = {x};       \
        return fold_##type##_##half_bytes(parts.half[0] + parts.half[1]);               \
    }                                                                                   \
    LANES_INLINE type sum_##type##_##bytes(type##_##bytes x) {                          \
        return sum_##type##_16(fold_##type##_##bytes(x));                               \
    }
#if LANE_BYTES >= 32
DEFINE_SUM(float, 32, 16)
DEFINE_SUM(double, 32, 16)
#endif
#if LANE_BYTES >= 64
DEFINE_SUM(float, 64, 32)
DEFINE_SUM(double, 64, 32)
#endif
#define SUM_OF_(type, bytes) sum_##type##_##bytes
#define SUM_OF(type, bytes) SUM_OF_(type, bytes)
#define FOLD_OF_(type, bytes) fold_##type##_##bytes
#define FOLD_OF(type, bytes) FOLD_OF_(type, bytes)

/* A sum of lanes in float64. Two vectors for float lanes: one of twice the width would be
 * legal, but GCC keeps it in memory. */
#if REAL_IS_FLOAT
#define lane_sum SUM_OF(float, LANE_BYTES)
DEFINE_VECTOR(doubles, double, LANE_BYTES);
DEFINE_VECTOR(half_lanes, float, LANE_BYTES / 2);
typedef struct { doubles low, high; } accumulator;
LANES_INLINE accumulator empty_sum(void) { return (accumulator){(doubles){0}, (doubles){0}}; }
/* Half of the lanes in float64. Each by itself: GCC makes one conversion of the list, but of
 * __builtin_convertvector one for each two lanes, and what puts them together. */
LANES_INLINE doubles widen(half_lanes x) {
#if LANE_BYTES == 16
    return (doubles){x[0], x[1]};
#elif LANE_BYTES == 32
    return (doubles){x[0], x[1], x[2], x[3]};
#else
    return (doubles){x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7]};
#endif
}
LANES_INLINE accumulator accumulate(accumulator total, lanes x) {
    union { lanes whole; half_lanes half[2]; } parts = {x};
    total.low += widen(parts.half[0]);
    total.high += widen(parts.half[1]);
    return total;
}
LANES_INLINE accumulator accumulate_square(accumulator total, lanes x) {
    union { lanes whole; half_lanes half[2]; } parts = {x};
    doubles low = widen(parts.half[0]);
    doubles high = widen(parts.half[1]);
    total.low += low * low;
    total.high += high * high;
    return total;
}
LANES_INLINE double accumulated(accumulator total) {
    return SUM_OF(double, LANE_BYTES)(total.low + total.high);
}
LANES_INLINE double accumulated_lane(accumulator total, int k) {
    return k < LANES / 2 ? total.low[k] : total.high[k - LANES / 2];
}
#else
#define lane_sum SUM_OF(double, LANE_BYTES)
typedef lanes accumulator;
#define empty_sum() ((lanes){0})
#define accumulate(total, x) ((total) + (x))
#define accumulate_square(total, x) ((total) + (x) * (x))
#define accumulated lane_sum
#define accumulated_lane(total, k) ((total)[k])
#endif
#else
#define LANES_ARE_VECTORS 0
#define LANES 1
typedef real lanes;
typedef whole bits;
typedef double accumulator;
#define splat(x) ((real)(x))
#define empty_sum() (0.0)
#define absolute(x) ABSOLUTE_VALUE(x) /* stays in a vector register, as bits would not */
#define minus_absolute(x) (-ABSOLUTE_VALUE(x))
#define with_sign_of(z, x) COPY_SIGN(x, z)
#define first_lane(x) ((real)(x))
#define splat_bits(x) ((whole)(x))
#define lane_numbers() ((whole)0)
#define select_below(a, b, x, y) ((a) < (b) ? (x) : (y))
LANES_INLINE bits as_bits(lanes x) { bits b; memcpy(&b, &x, sizeof b); return b; }
LANES_INLINE lanes as_lanes(bits b) { lanes x; memcpy(&x, &b, sizeof x); return x; }
#define select_less(a, b, x, y) ((a) < (b) ? (x) : (y))
#define select_up_to(a, b, x, y) ((a) <= (b) ? (x) : (y))
#define select_equal(a, b, x, y) ((a) == (b) ? (x) : (y))
#define bits_where_equal(a, b) ((bits)((a) == (b)))
LANES_INLINE lanes at_least(lanes x, lanes lowest) { return x < lowest ? lowest : x; }
LANES_INLINE lanes at_most(lanes x, lanes highest) { return highest < x ? highest : x; }
LANES_INLINE lanes larger_size(lanes a, lanes b) { return as_bits(a) < as_bits(b) ? b : a; }
LANES_INLINE unsigned lanes_up_to(lanes a, lanes b) { return a <= b; }
#define select_bits(mask, x, y) ((mask) ? (x) : (y))
#define accumulate(total, x) ((total) + (double)(x))
#define accumulate_square(total, x) ((total) + (double)(x) * (double)(x))
#define accumulated_lane(total, k) (total)
#define lane_sum(x) (x)
#define accumulated(x) (x)
#endif

#define ALL_LANES ((1u << LANES) - 1)

/* value * weight, and 0 where the weight is 0, even if the value is infinite or NaN. */
LANES_INLINE lanes weighted(lanes value, lanes weight) {
#if LANE_BYTES == 64
    return X86(maskz_mul)(LANES_WHERE(weight, _CMP_NEQ_UQ, splat(0)), value, weight);
#else
    return select_equal(weight, splat(0), splat(0), value * weight);
#endif
}

/* The square root of each lane: correctly rounded, so that levels agree. GCC and Clang make one
 * instruction of the loop. */
LANES_INLINE lanes square_root(lanes x) {
#if LANES_ARE_VECTORS
    lanes root;
    for (int k = 0; k < LANES; k++) root[k] = SQUARE_ROOT(x[k]);
    return root;
#else
    return SQUARE_ROOT(x);
#endif
}

/* What brings a length down to a limit, for each lane the square of a length: limit / length, and
 * 1 below the limit. NaN where the square is too large: a training that diverged is not hidden. */
LANES_INLINE lanes factors_to_limit(accumulator squares, double limit) {
    real factors[LANES];
    lanes factor;
    for (int k = 0; k < LANES; k++) {
        double length = sqrt(accumulated_lane(squares, k));
        factors[k] = length > limit ? (real)(limit / length + (length - length)) : 1;
    }
    memcpy(&factor, factors, sizeof factor);
    return factor;
}

/* LANES numbers from anywhere. */
LANES_INLINE lanes load(const real *memory) { return *(const lanes *)memory; }

/* The first n numbers, or as many as there are lanes, from anywhere; 0 in the other lanes. */
LANES_INLINE lanes load_first(const real *memory, ptrdiff_t n) {
    real values[LANES] = {0};
    if (LANES == 1 || n >= LANES) return load(memory);
    for (ptrdiff_t k = 0; k < n; k++) values[k] = memory[k];
    return load(values);
}

LANES_INLINE real lane(lanes x, int k) {
    real values[LANES];
    memcpy(values, &x, sizeof values);
    return values[k];
}

/* The first n lanes, or all of them, to anywhere. */
LANES_INLINE void store(real *memory, lanes x, ptrdiff_t n) {
    if (LANES == 1 || n >= LANES) {
        *(lanes *)memory = x;
    } else {
        real values[LANES];
        memcpy(values, &x, sizeof values);
        for (ptrdiff_t k = 0; k < n; k++) memory[k] = values[k];
    }
}

/* A copy past the caches, for what is larger than they are: a line is not read before it is
 * written. Streams are in order with other stores when end_streams has been called. */
#if LANES_ARE_VECTORS && defined(__SSE2__)
LANES_INLINE void stream(real *memory, const real *x, ptrdiff_t n) {
    ptrdiff_t k = 0;
    for (; k < n && (size_t)(memory + k) % LANE_BYTES; k++) memory[k] = x[k];
    for (; k + LANES <= n; k += LANES) X86(stream)(memory + k, load(x + k));
    for (; k < n; k++) memory[k] = x[k];
}
#define end_streams() _mm_sfence()
#else
#define stream(memory, x, n) memcpy((memory), (x), (size_t)(n) * sizeof(real))
#define end_streams() ((void)0)
#endif

/* Blocks of QUAD x QUAD numbers are transposed in registers of 16 bytes, which every level has:
 * out[j][i] = in[i][j], rows of `out` being out_stride apart. */
#if LANES_ARE_VECTORS && defined(__clang__)
#define SHUFFLE2(a, b, i, j) __builtin_shufflevector(a, b, i, j)
#define SHUFFLE4(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#elif LANES_ARE_VECTORS
DEFINE_VECTOR(wholes_16, whole, 16);
#define SHUFFLE2(a, b, i, j) __builtin_shuffle(a, b, (wholes_16){i, j})
#define SHUFFLE4(a, b, i, j, k, l) __builtin_shuffle(a, b, (wholes_16){i, j, k, l})
#endif
/* add_lane_sums: memory[k] += lane_sum(x[k]) for QUAD vectors at once, in the same order. */
#if !LANES_ARE_VECTORS
#define QUAD 1
LANES_INLINE void add_lane_sums(real *memory, const lanes *x) { memory[0] += x[0]; }
LANES_INLINE void transpose_quad(const real *const *in, real *out, ptrdiff_t out_stride) {
    (void)out_stride;
    out[0] = in[0][0];
}
#elif REAL_IS_FLOAT
#define QUAD 4
LANES_INLINE void add_lane_sums(real *memory, const lanes *x) {
    float_16 a = FOLD_OF(float, LANE_BYTES)(x[0]), b = FOLD_OF(float, LANE_BYTES)(x[1]);
    float_16 c = FOLD_OF(float, LANE_BYTES)(x[2]), d = FOLD_OF(float, LANE_BYTES)(x[3]);
    float_16 ab = SHUFFLE4(a, b, 0, 4, 1, 5) + SHUFFLE4(a, b, 2, 6, 3, 7);
    float_16 cd = SHUFFLE4(c, d, 0, 4, 1, 5) + SHUFFLE4(c, d, 2, 6, 3, 7);
    *(float_16 *)memory += SHUFFLE4(ab, cd, 0, 1, 4, 5) + SHUFFLE4(ab, cd, 2, 3, 6, 7);
}
LANES_INLINE void transpose_quad(const real *const *in, real *out, ptrdiff_t out_stride) {
    float_16 a = *(const float_16 *)in[0], b = *(const float_16 *)in[1];
    float_16 c = *(const float_16 *)in[2], d = *(const float_16 *)in[3];
    float_16 ab_low = SHUFFLE4(a, b, 0, 4, 1, 5), ab_high = SHUFFLE4(a, b, 2, 6, 3, 7);
    float_16 cd_low = SHUFFLE4(c, d, 0, 4, 1, 5), cd_high = SHUFFLE4(c, d, 2, 6, 3, 7);
    *(float_16 *)out = SHUFFLE4(ab_low, cd_low, 0, 1, 4, 5);
    *(float_16 *)(out + out_stride) = SHUFFLE4(ab_low, cd_low, 2, 3, 6, 7);
    *(float_16 *)(out + 2 * out_stride) = SHUFFLE4(ab_high, cd_high, 0, 1, 4, 5);
    *(float_16 *)(out + 3 * out_stride) = SHUFFLE4(ab_high, cd_high, 2, 3, 6, 7);
}
#else
#define QUAD 2
LANES_INLINE void add_lane_sums(real *memory, const lanes *x) {
    double_16 a = FOLD_OF(double, LANE_BYTES)(x[0]), b = FOLD_OF(double, LANE_BYTES)(x[1]);
    *(double_16 *)memory += SHUFFLE2(a, b, 0, 2) + SHUFFLE2(a, b, 1, 3);
}
LANES_INLINE void transpose_quad(const real *const *in, real *out, ptrdiff_t out_stride) {
    double_16 a = *(const double_16 *)in[0], b = *(const double_16 *)in[1];
    *(double_16 *)out = SHUFFLE2(a, b, 0, 2);
    *(double_16 *)(out + out_stride) = SHUFFLE2(a, b, 1, 3);
}
#endif

/* base ** exponent, exponent >= 0, by squaring: the same bits everywhere. No branch takes a factor
 * or leaves it out, since a count of steps is hard to foresee. */
LANES_INLINE double power(double base, long long exponent) {
    double result = 1;
    for (; exponent; exponent >>= 1) {
        double factor = 1;
        uint64_t taken, left, mask = 0 - (uint64_t)(exponent & 1);
        memcpy(&taken, &base, sizeof taken);
        memcpy(&left, &factor, sizeof left);
        taken = (taken & mask) | (left & ~mask);
        memcpy(&factor, &taken, sizeof factor);
        result *= factor;
        base *= base;
    }
    return result;
}

/* Tiles are sized for the register file, 32 vectors at 64 bytes, 16 below. With samples on the
 * lanes: TILE outputs by two vectors, or SETTLING_TILE where units settle, since such tiles do more
 * at their end than store a sum; gradients TILE_INPUTS by TILE_OUTPUTS. With outputs on the lanes: TILE_ROWS by
 * TILE_COLUMNS vectors. */
#define TILE_ROWS 6
#if LANE_BYTES == 64
#define TILE 12
#define SETTLING_TILE 8
#define TILE_INPUTS 4
#define TILE_OUTPUTS 4
#define TILE_COLUMNS 4
#else
#define TILE 6
#define SETTLING_TILE 6
#define TILE_INPUTS 2
#define TILE_OUTPUTS 4
#define TILE_COLUMNS 2
#endif
#define PANEL (TILE_COLUMNS * LANES)
/* Terms of a sum that a tile takes before it goes to memory: a packed panel of PANEL by so many
 * stays in the second-level cache. */
#define PANEL_DEPTH 512
/* A panel is packed if so many rows read it, and its own rows are so many bytes apart. */
#define PACKED_ROWS 48
#define PACKED_STRIDE 2048

#endif
