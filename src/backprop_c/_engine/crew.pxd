"""Threads that share the tasks of nogil work, in phases, without a lock."""

from libc.stdint cimport uint64_t


# `ticket` is the number of the phase, how many tasks it has, and the next one to be taken.
# `job` and `task` are what all phases are about. `arrived` and `gone` count the crew's threads
# that have begun and ended.
ctypedef struct Phases:
    uint64_t ticket
    uint64_t done
    uint64_t arrived
    uint64_t gone
    int over
    void (*task)(void* job, Py_ssize_t number, Py_ssize_t thread) noexcept nogil
    void* job


cdef void run_phase(Phases* phases, Py_ssize_t n_tasks) noexcept nogil


cdef class Crew:
    cdef Phases phases
    cdef uint64_t started
    cdef long process

    cdef void begin(self, Py_ssize_t size,
                    void (*task)(void*, Py_ssize_t, Py_ssize_t) noexcept nogil, void* job) noexcept
    cdef void end(self) noexcept
