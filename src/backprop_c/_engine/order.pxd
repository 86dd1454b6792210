"""Drawing the order in which an epoch takes its samples."""

cdef extern from "numpy/random/bitgen.h":
    ctypedef struct bitgen_t:
        void* state
        unsigned long long (*next_uint64)(void* state) noexcept nogil
        unsigned int (*next_uint32)(void* state) noexcept nogil


cdef void shuffle(bitgen_t* bit_generator, Py_ssize_t start, Py_ssize_t stop,
                  Py_ssize_t* order_out) noexcept nogil
