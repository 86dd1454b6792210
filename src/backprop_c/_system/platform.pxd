"""Declarations of platform.h."""

from libc.stdint cimport uint32_t, uint64_t


cdef extern from "platform.h" nogil:
    const char* COMPILER_VERSION
    double monotonic_seconds()
    void* allocate(size_t size)
    void release(void* memory)
    void pause_briefly()
    int load_flag(const int* flag)
    void set_flag(int* flag, int value)
    uint64_t load_word(const uint64_t* word)
    void store_word(uint64_t* word, uint64_t value)
    uint64_t add_to_word(uint64_t* word, uint64_t value)
    bint swap_word(uint64_t* word, uint64_t expected, uint64_t value)
    void relax()
    void give_way()
    long process_number()
    void cpu_registers(uint32_t leaf, uint32_t* out)
    uint32_t saved_registers()


cdef extern from "assert.h":
    void c_assert "assert"(bint) noexcept nogil


cdef enum:
    CACHE_LINE = 64


# Between two looks for signals, in seconds; a driver without the GIL stops by it.
cdef extern from *:
    """
    #define SECONDS_OF_RUN 0.05
    """
    const double SECONDS_OF_RUN
