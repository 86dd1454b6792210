"""Declarations of sharing.h."""

from libc.stdint cimport int64_t, uint64_t


cdef extern from "sharing.h" nogil:
    uint64_t load_shared(const uint64_t* word)
    void store_shared(uint64_t* word, uint64_t value)
    uint64_t add_shared(uint64_t* word, int64_t change)
    bint swap_shared(uint64_t* word, uint64_t expected, uint64_t value)
    void begin_short_read(uint64_t* readers, const uint64_t* writing)
    void end_short_read(uint64_t* readers)
    void begin_write(const uint64_t* readers, uint64_t* writing)
    void end_write(uint64_t* writing)
