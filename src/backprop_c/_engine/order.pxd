"""Drawing the order in which an epoch takes its samples: uniform, without bias, without the GIL.

It is inlined into the driver: small networks draw one every 200 ns.
"""

cdef extern from "numpy/random/bitgen.h":
    ctypedef struct bitgen_t:
        void* state
        unsigned long long (*next_uint64)(void* state) noexcept nogil
        unsigned int (*next_uint32)(void* state) noexcept nogil


cdef inline Py_ssize_t below(bitgen_t* bit_generator, Py_ssize_t bound) noexcept nogil:
    """A uniform integer in 0..bound-1.

    Below 2**32 by D. Lemire's method, Fast random integer generation in an interval (2019):
    the high half of a product, drawn again where the low half would be unfair.
    """
    cdef unsigned long long product, mask, value
    cdef unsigned int range_ = <unsigned int>bound
    cdef unsigned int threshold
    if (<unsigned long long>bound) >> 32 == 0:
        product = <unsigned long long>bit_generator.next_uint32(bit_generator.state) * range_
        if <unsigned int>product < range_:
            threshold = <unsigned int>(0 - range_) % range_
            while <unsigned int>product < threshold:
                product = <unsigned long long>bit_generator.next_uint32(
                    bit_generator.state) * range_
        return <Py_ssize_t>(product >> 32)
    mask = 1
    while mask < <unsigned long long>bound:
        mask = mask << 1 | 1
    value = bit_generator.next_uint64(bit_generator.state) & mask
    while value >= <unsigned long long>bound:
        value = bit_generator.next_uint64(bit_generator.state) & mask
    return <Py_ssize_t>value


cdef inline Py_ssize_t at_most(bitgen_t* bit_generator, Py_ssize_t largest) noexcept nogil:
    """A uniform integer in 0..largest, as NumPy's RandomState draws it: masked, until it fits."""
    cdef unsigned long long mask = 1
    cdef unsigned long long value
    while mask < <unsigned long long>largest:
        mask = mask << 1 | 1
    while True:
        if (<unsigned long long>largest) >> 32 == 0:
            value = bit_generator.next_uint32(bit_generator.state) & mask
        else:
            value = bit_generator.next_uint64(bit_generator.state) & mask
        if value <= <unsigned long long>largest:
            return <Py_ssize_t>value


cdef inline void shuffle_again(bitgen_t* bit_generator, Py_ssize_t start, Py_ssize_t stop,
                               Py_ssize_t n, Py_ssize_t* order_out) noexcept nogil:
    """Go on with shuffling n places of an order that is there, as NumPy's RandomState.shuffle does.

    That goes from the last place down; `start` and `stop` count those that have been drawn for.
    """
    cdef Py_ssize_t k, other, kept
    for k in range(n - 1 - start, max(n - 1 - stop, 0), -1):
        other = at_most(bit_generator, k)
        kept = order_out[k]
        order_out[k] = order_out[other]
        order_out[other] = kept


cdef inline void shuffle(bitgen_t* bit_generator, Py_ssize_t start, Py_ssize_t stop,
                         Py_ssize_t* order_out) noexcept nogil:
    """Go on with a fresh permutation of 0, 1, ... from place `start` to place `stop`.

    R. Durstenfeld's shuffle (1964), inside out: it fills the array as it goes.
    """
    cdef Py_ssize_t k, other
    for k in range(start, stop):
        other = below(bit_generator, k + 1) if k else 0
        order_out[k] = order_out[other]
        order_out[other] = k
