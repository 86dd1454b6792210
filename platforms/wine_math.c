/* Complex functions of C that Wine's library lacks, as Microsoft's compiler calls them: a complex
 * number is a structure of two numbers, and long double is double. */
#include <complex.h>
#include <math.h>

typedef struct { float part[2]; } Single;
typedef struct { double part[2]; } Double;

static float complex single(Single x) { return __builtin_complex(x.part[0], x.part[1]); }
static double complex full(Double x) { return __builtin_complex(x.part[0], x.part[1]); }
static Single of_single(float complex x) { return (Single){{crealf(x), cimagf(x)}}; }
static Double of_full(double complex x) { return (Double){{creal(x), cimag(x)}}; }

#define TO_COMPLEX(name)                                                     \
    Single own_##name##f(Single x) { return of_single(name##f(single(x))); } \
    Double own_##name(Double x) { return of_full(name(full(x))); }           \
    Double own_##name##l(Double x) { return of_full(name(full(x))); }
#define TO_REAL(name)                                                        \
    float own_##name##f(Single x) { return name##f(single(x)); }             \
    double own_##name(Double x) { return name(full(x)); }                    \
    double own_##name##l(Double x) { return name(full(x)); }

TO_REAL(creal)
TO_REAL(cimag)
TO_REAL(carg)
TO_REAL(cabs)
TO_COMPLEX(ccos)
TO_COMPLEX(ccosh)
TO_COMPLEX(cexp)
TO_COMPLEX(csin)
TO_COMPLEX(csinh)
TO_COMPLEX(ctan)
TO_COMPLEX(ctanh)

Single own_cpowf(Single x, Single y) { return of_single(cpowf(single(x), single(y))); }
Double own_cpow(Double x, Double y) { return of_full(cpow(full(x), full(y))); }
Double own_cpowl(Double x, Double y) { return of_full(cpow(full(x), full(y))); }
double own_cbrtl(double x) { return cbrt(x); }
double own_copysignl(double x, double y) { return copysign(x, y); }
