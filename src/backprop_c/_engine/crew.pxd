"""Threads that share the tasks of nogil work, in phases, without a lock."""

from libc.stdint cimport uint64_t


# A task of a phase: its number, and that of the thread that does it. `job` is what it is about.
ctypedef void (*Task)(void* job, Py_ssize_t number, Py_ssize_t thread) noexcept nogil


# What the threads of a crew look at. `ticket` is the number of the phase, how many tasks it has,
# and the next one to be taken; `task` and `job` belong to that phase. `arrived` and `gone` count
# the crew's threads that have begun and ended.
ctypedef struct Board:
    uint64_t ticket
    uint64_t done
    uint64_t arrived
    uint64_t gone
    int over
    Task task
    void* job


cdef void run_phase(Board* board, Task task, void* job, Py_ssize_t n_tasks) noexcept nogil


cdef class Crew:
    cdef Board board
    cdef uint64_t started
    cdef long process

    cdef void begin(self, Py_ssize_t size) noexcept
    cdef void end(self) noexcept
