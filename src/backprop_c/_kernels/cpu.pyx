"""Which instruction-set levels this processor and this operating system can run.

The levels are those of the x86-64 psABI, https://gitlab.com/x86-psABIs/x86-64-ABI; the bits are
from Intel's Software Developer's Manual, volume 2A, CPUID. Built for the baseline alone.
"""

from libc.stdint cimport uint32_t

from backprop_c._kernels.platform cimport COMPILER_VERSION, cpu_registers, saved_registers

cdef extern from *:
    const char* LEVELS_BUILT  # defined by setup.py

# Leaf 1, ecx: FMA, SSE4.2, MOVBE, OSXSAVE, AVX, F16C.
cdef uint32_t LEAF_1_V3 = 1 << 12 | 1 << 20 | 1 << 22 | 1 << 27 | 1 << 28 | 1 << 29
cdef uint32_t OSXSAVE = 1 << 27
# Leaf 7, ebx: BMI1, AVX2, BMI2; leaf 0x80000001, ecx: LZCNT.
cdef uint32_t LEAF_7_V3 = 1 << 3 | 1 << 5 | 1 << 8
cdef uint32_t LEAF_EXTENDED_V3 = 1 << 5
# Leaf 7, ebx: AVX512 F, DQ, CD, BW, VL.
cdef uint32_t LEAF_7_V4 = 0xd0030000
# XCR0: SSE and AVX state; opmask and both halves of the 512-bit registers.
cdef uint32_t SAVED_V3 = 0x6
cdef uint32_t SAVED_V4 = 0xe6

compiler = COMPILER_VERSION.decode()
levels_built = tuple(LEVELS_BUILT.decode().split())


def levels_supported():
    """The names of the levels that can run here, the fastest first."""
    cdef uint32_t leaf_1[4]
    cdef uint32_t leaf_7[4]
    cdef uint32_t extended[4]
    cdef uint32_t saved
    cpu_registers(1, leaf_1)
    cpu_registers(7, leaf_7)
    cpu_registers(0x80000001, extended)
    saved = saved_registers() if leaf_1[2] & OSXSAVE else 0
    v3 = (
        leaf_1[2] & LEAF_1_V3 == LEAF_1_V3
        and leaf_7[1] & LEAF_7_V3 == LEAF_7_V3
        and extended[2] & LEAF_EXTENDED_V3 == LEAF_EXTENDED_V3
        and saved & SAVED_V3 == SAVED_V3
    )
    v4 = v3 and leaf_7[1] & LEAF_7_V4 == LEAF_7_V4 and saved & SAVED_V4 == SAVED_V4
    return ("v4",) * v4 + ("v3",) * v3 + ("baseline", "scalar")
