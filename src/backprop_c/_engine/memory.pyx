"""Memory that is taken once and used again: one piece, from which a pass cuts what it needs.

A fit or an evaluation leaves its piece to the next one, of whatever network. So thousands of
networks share one, which is in the cache.
"""

from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.stdint cimport uint64_t, uintptr_t
from libc.string cimport memset

from backprop_c._system.platform cimport CACHE_LINE, allocate, c_assert, release
from backprop_c._system.sharing cimport add_shared, load_shared, swap_shared


cdef enum:
    # How many pieces wait to be used again, and how many bytes they may have in all.
    MOST_SPARE = 8
    MOST_SPARE_BYTES = 67108864

# The pieces that nobody uses: each place has the address of one, or 0. Whoever swaps an address for
# 0 has the piece, and the reference to it. So no thread waits for another.
cdef uint64_t[MOST_SPARE] places
# How many bytes these pieces have in all.
cdef uint64_t spare_bytes = 0


cdef char* allocated(size_t size) except NULL:
    """`size` bytes, with a cleared cache line behind them: the kernels read whole vectors."""
    memory = <char*>allocate(size + CACHE_LINE)
    if memory == NULL:
        raise MemoryError(f"there is no memory for {size:,} bytes")
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


cdef Memory spare_piece():
    """A piece that nobody uses, the one that was put back last; or None."""
    cdef uint64_t address
    cdef Memory memory
    cdef int k
    for k in range(MOST_SPARE - 1, -1, -1):
        address = load_shared(&places[k])
        if address != 0 and swap_shared(&places[k], address, 0):
            memory = <Memory><void*><uintptr_t>address
            Py_DECREF(memory)
            add_shared(&spare_bytes, -<Py_ssize_t>memory.size)
            return memory
    return None


cdef Memory take_memory(size_t size):
    """A piece with room for so many bytes, which is the caller's until it is put back."""
    cdef Memory memory = spare_piece()
    if memory is None:
        memory = Memory()
    memory.reserve(size)
    return memory


cdef void put_back(Memory memory) noexcept:
    """Leave a piece to others, unless that is too much. The caller must not read it afterwards."""
    cdef Py_ssize_t size = memory.size
    cdef uint64_t address = <uint64_t><uintptr_t><void*>memory
    cdef int k
    if add_shared(&spare_bytes, size) <= MOST_SPARE_BYTES:
        Py_INCREF(memory)
        for k in range(MOST_SPARE):
            if swap_shared(&places[k], 0, address):
                return
        Py_DECREF(memory)
    add_shared(&spare_bytes, -size)


def drop_spare():
    """Give up the pieces that nobody uses."""
    while spare_piece() is not None:
        pass


def spare():
    """The pieces that nobody uses, in the order in which they were put back; for tests."""
    pieces = []
    while (memory := spare_piece()) is not None:
        pieces.insert(0, memory)
    for memory in pieces:
        put_back(memory)
    return pieces
