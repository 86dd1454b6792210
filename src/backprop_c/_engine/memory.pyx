"""Memory that is taken once and used again: one piece, from which a pass cuts what it needs.

A fit or an evaluation leaves its piece to the next one, of whatever network. So thousands of
networks share one, which is in the cache.
"""

from libc.string cimport memset

from backprop_c._system.platform cimport CACHE_LINE, allocate, c_assert, release


cdef enum:
    # How many pieces wait to be used again, and how many bytes they may have in all.
    MOST_SPARE = 8
    MOST_SPARE_BYTES = 67108864

# Pieces that nobody uses, with their sizes: (bytes, piece). Several threads may take them out and
# put them back. No size is read from a piece: another thread may have just taken it.
spare = []


cdef char* allocated(size_t size) except NULL:
    """`size` bytes, with a cleared cache line behind them: the kernels read whole vectors."""
    memory = <char*>allocate(size + CACHE_LINE)
    if memory == NULL:
        raise MemoryError()
    memset(memory + size, 0, CACHE_LINE)
    return memory


cdef size_t room_for(size_t size) noexcept:
    """What a cut of some size takes: whole cache lines, and one more, as of `allocated`."""
    return (size + CACHE_LINE - 1) // CACHE_LINE * CACHE_LINE + CACHE_LINE


cdef class Memory:
    """One piece of memory, which grows when it must and is cut anew for each use."""

    def __dealloc__(self):
        release(self.begin)

    cdef int reserve(self, size_t size) except -1:
        """Have room for cuts of so many bytes in all, as room_for counts them; cut from the start.

        What is there is kept if it is large enough.
        """
        self.used = 0
        if size <= self.size:
            return 0
        release(self.begin)
        self.begin = NULL
        self.size = 0
        self.begin = allocated(size)
        self.size = size
        self.allocations += 1
        return 0

    cdef char* cut(self, size_t size) noexcept:
        """The next bytes, on a cache line of their own, with a cleared line behind them."""
        cdef char* piece = self.begin + self.used
        self.used += room_for(size)
        c_assert(self.used <= self.size)
        memset(piece + size, 0, room_for(size) - size)
        return piece


cdef Memory take_memory(size_t size):
    """A piece with room for so many bytes, which is the caller's until it is put back."""
    cdef Memory memory
    try:
        _, memory = spare.pop()
    except IndexError:
        memory = Memory()
    memory.reserve(size)
    return memory


cdef void put_back(Memory memory) noexcept:
    """Leave a piece to others, unless that is too much. The caller must not read it afterwards."""
    size = memory.size
    # Of a copy: while the stock itself is gone through, other threads take pieces out of it.
    total = size + sum([other for other, _ in tuple(spare)])
    if total <= MOST_SPARE_BYTES and len(spare) < MOST_SPARE:
        spare.append((size, memory))
