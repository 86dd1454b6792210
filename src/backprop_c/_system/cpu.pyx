"""Which instruction-set levels this processor and this operating system can run.

The levels are those of the x86-64 psABI, https://gitlab.com/x86-psABIs/x86-64-ABI; the bits are
from Intel's Software Developer's Manual, volume 2A, CPUID. Built for the baseline alone.
"""

from libc.stdint cimport uint32_t

from backprop_c._system.platform cimport COMPILER_VERSION, cpu_registers, saved_registers

cdef extern from *:
    const char* LEVELS_BUILT  # defined by setup.py

# Where cpuid tells of a feature: the leaf, the register (eax, ebx, ecx, edx: 0 to 3) and the bit.
# Names are those of the compilers' flags.
cdef int EBX = 1, ECX = 2
PLACES = {
    "sse3": (1, ECX, 0),
    "ssse3": (1, ECX, 9),
    "fma": (1, ECX, 12),
    "sse4.1": (1, ECX, 19),
    "sse4.2": (1, ECX, 20),
    "movbe": (1, ECX, 22),
    "popcnt": (1, ECX, 23),
    "osxsave": (1, ECX, 27),
    "avx": (1, ECX, 28),
    "f16c": (1, ECX, 29),
    "bmi": (7, EBX, 3),
    "avx2": (7, EBX, 5),
    "bmi2": (7, EBX, 8),
    "avx512f": (7, EBX, 16),
    "avx512dq": (7, EBX, 17),
    "avx512cd": (7, EBX, 28),
    "avx512bw": (7, EBX, 30),
    "avx512vl": (7, EBX, 31),
    "lzcnt": (0x80000001, ECX, 5),
}
# What a level needs: the features that it is compiled with, and those that they bring along.
cdef tuple V3 = (
    "sse3", "ssse3", "sse4.1", "sse4.2", "popcnt", "osxsave", "avx", "avx2", "fma", "f16c", "bmi",
    "bmi2", "lzcnt", "movbe",
)
FEATURES = {"v3": V3, "v4": (*V3, "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl")}
# XCR0: SSE and AVX state; opmask and both halves of the 512-bit registers.
cdef uint32_t SAVED_V3 = 0x6
cdef uint32_t SAVED_V4 = 0xe6

compiler = COMPILER_VERSION.decode()
levels_built = tuple(LEVELS_BUILT.decode().split())


def levels_supported():
    """The names of the levels that can run here, the fastest first."""
    cdef uint32_t registers[4]
    cdef uint32_t saved = 0
    found = set()
    for leaf in (1, 7, 0x80000001):
        cpu_registers(leaf, registers)
        for feature, (place, register, bit) in PLACES.items():
            if place == leaf and registers[<int> register] >> <int> bit & 1:
                found.add(feature)
    if "osxsave" in found:
        saved = saved_registers()
    v3 = found.issuperset(FEATURES["v3"]) and saved & SAVED_V3 == SAVED_V3
    v4 = v3 and found.issuperset(FEATURES["v4"]) and saved & SAVED_V4 == SAVED_V4
    return ("v4",) * v4 + ("v3",) * v3 + ("baseline", "scalar")
