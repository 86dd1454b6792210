"""The Iris epoch as a C loop for this network alone: how fast it can be, more or less.

Samples are on the lanes of vectors and stay in the first-level cache, sizes are constants, the
weights and all sums of an epoch are in registers.
"""

import ctypes
import os
import shlex
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from numpy.ctypeslib import ndpointer

import work

SOURCE = r"""
#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX__)
#define BYTES 32
#else
#define BYTES 16
#endif
#define LANES (BYTES / 8)
#define SAMPLES 130
#define WHOLE (SAMPLES / LANES)
#define STRIDE 136 /* the samples of a feature; LANES divides it */
#define INLINE static inline __attribute__((always_inline))

typedef double lanes __attribute__((vector_size(BYTES)));
typedef long long bits __attribute__((vector_size(BYTES)));

typedef struct {
    lanes first[4][2], second[2][3], error;
    bits hits;
} sums;

/* 1 / (1 + exp(-z)): Cody and Waite's reduction, Taylor's series in Estrin's order. */
INLINE lanes sigmoid(lanes z)
{
    const double magic = 6755399441055744.0; /* 1.5 * 2^52: its low bits are an integer's */
    lanes t = z * -1.4426950408889634 + magic;
    lanes k = t - magic;
    lanes r = -z - k * 6.93147180369123816490e-01 - k * 1.90821492927058770002e-10;
    lanes r2 = r * r, r4 = r2 * r2, r8 = r4 * r4;
    lanes low = (1 + r) + r2 * (0.5 + r * (1 / 6.0));
    lanes middle = (1 / 24.0 + r * (1 / 120.0)) + r2 * (1 / 720.0 + r * (1 / 5040.0));
    lanes high = (1 / 40320.0 + r * (1 / 362880.0))
               + r2 * (1 / 3628800.0 + r * (1 / 39916800.0));
    lanes e = low + r4 * middle + r8 * high;
    e = (lanes)((bits)e + ((bits)t << 52)); /* times 2^k; |z| stays far below 700 here */
    return 1 / (1 + e);
}

INLINE lanes larger(lanes a, lanes b)
{
    bits mask = a > b;
    return (lanes)((mask & (bits)a) | (~mask & (bits)b));
}

/* One vector of samples: forward, backward, and all sums. The last one has LANES - 2 to ignore. */
INLINE void samples(const double *X, const double *Y, const double *W, sums *s, int last)
{
    lanes x[4], y[3], h[2], o[3], delta[3], chosen = {0}, best;
    for (int i = 0; i < 4; i++) x[i] = *(const lanes *)(X + i * STRIDE);
    for (int k = 0; k < 3; k++) y[k] = *(const lanes *)(Y + k * STRIDE);
    for (int j = 0; j < 2; j++)
        h[j] = sigmoid(x[0] * W[j] + x[1] * W[2 + j] + x[2] * W[4 + j] + x[3] * W[6 + j]);
    for (int k = 0; k < 3; k++)
        o[k] = sigmoid(h[0] * W[8 + k] + h[1] * W[11 + k]);
    best = larger(o[0], larger(o[1], o[2]));
    for (int k = 0; k < 3; k++) {
        lanes error = o[k] - y[k];
        chosen += y[k] * o[k];
        if (last)
            for (int l = SAMPLES % LANES; l < LANES; l++) error[l] = 0;
        s->error += error * error;
        delta[k] = error * o[k] * (1 - o[k]);
    }
    bits hit = chosen == best;
    if (last)
        for (int l = SAMPLES % LANES; l < LANES; l++) hit[l] = 0;
    s->hits -= hit;
    for (int j = 0; j < 2; j++) {
        lanes back = delta[0] * W[8 + 3 * j] + delta[1] * W[9 + 3 * j] + delta[2] * W[10 + 3 * j];
        back *= h[j] * (1 - h[j]);
        for (int k = 0; k < 3; k++) s->second[j][k] += h[j] * delta[k];
        for (int i = 0; i < 4; i++) s->first[i][j] += x[i] * back;
    }
}

INLINE double total(lanes v)
{
    double sum = 0;
    for (int l = 0; l < LANES; l++) sum += v[l];
    return sum;
}

/* X (4, STRIDE), Y (3, STRIDE), W: 8 weights of the first layer, 6 of the second. */
void train(long epochs, const double *X, const double *Y, double *W, double rate, double *mse,
           double *accuracy)
{
    for (long epoch = 0; epoch < epochs; epoch++) {
        sums s = {0};
        double hits = 0;
        for (int block = 0; block < WHOLE; block++)
            samples(X + block * LANES, Y + block * LANES, W, &s, 0);
        if (SAMPLES % LANES)
            samples(X + WHOLE * LANES, Y + WHOLE * LANES, W, &s, 1);
        for (int l = 0; l < LANES; l++) hits += s.hits[l];
        mse[epoch] = total(s.error) / (3 * SAMPLES);
        accuracy[epoch] = hits / SAMPLES;
        for (int i = 0; i < 4; i++)
            for (int j = 0; j < 2; j++) W[2 * i + j] -= rate * total(s.first[i][j]);
        for (int j = 0; j < 2; j++)
            for (int k = 0; k < 3; k++) W[8 + 3 * j + k] -= rate * total(s.second[j][k]);
    }
}
"""
STRIDE = 136
COMPILER = shlex.split(os.environ.get("CC", "cc"))
# Sums may not be reordered: that would undo the rounding by a magic number.
FLAGS = ("-O3", "-march=native", "-ffast-math", "-fno-associative-math", "-fPIC")


def compiled():
    """The function. Linked without -ffast-math, which would flush denormals for everybody."""
    with tempfile.TemporaryDirectory() as folder:
        source, made, library = (Path(folder, f"iris{end}") for end in (".c", ".o", ".so"))
        source.write_text(SOURCE, encoding="ascii")
        try:
            for command in ((*FLAGS, "-c", source, "-o", made), ("-shared", made, "-o", library)):
                subprocess.run([*COMPILER, *command], check=True, capture_output=True, text=True)
        except (FileNotFoundError, subprocess.CalledProcessError) as error:
            raise ImportError(
                f"no C compiler: {getattr(error, 'stderr', None) or error}"
            ) from error
        function = ctypes.CDLL(str(library)).train
    array = ndpointer(np.float64, flags="C")
    function.restype = None
    function.argtypes = (ctypes.c_long, array, array, array, ctypes.c_double, array, array)
    return function


train = compiled()


def packed(rows):
    """Feature-major, padded, at the start of a cache line."""
    buffer = np.zeros(rows.shape[1] * STRIDE + 8)
    skip = -buffer.ctypes.data % 64 // 8
    out = buffer[skip : skip + rows.shape[1] * STRIDE].reshape(-1, STRIDE)
    out[:, : len(rows)] = rows.T
    return out


class Training(work.Training):
    """All epochs in one call."""

    def __init__(self, problem):
        super().__init__(problem)
        self.X, self.y = packed(self.case.X), packed(self.case.y)

    def train(self, epochs, shuffle):
        parameters = self.case.parameters
        mse, accuracy = np.empty(epochs), np.empty(epochs)
        rate = self.problem.learning_rate / len(self.case.X)
        train(epochs, self.X, self.y, parameters, rate, mse, accuracy)
        return work.Outcome(mse * self.case.y.shape[1] / 2, parameters)


def training(problem):
    """Iris."""
    return Training(problem) if problem.name == "iris" else None
