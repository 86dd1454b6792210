"""Memory that is taken once and used again."""

cdef char* allocated(size_t size) except NULL


cdef class Memory:
    cdef char* begin
    cdef size_t size
    cdef size_t used
    cdef readonly Py_ssize_t allocations

    cdef int reserve(self, size_t size) except -1
    cdef char* cut(self, size_t size) noexcept


cdef size_t room_for(size_t size) noexcept
cdef Memory take_memory(size_t size)
cdef void put_back(Memory memory) noexcept
