"""Threads that share the tasks of nogil work, in phases, without a lock."""

from libc.stdint cimport uint64_t


# `ticket` is the number of the phase, how many tasks it has, and the next one to be taken.
# `job` and `task` are what all phases are about.
ctypedef struct Phases:
    uint64_t ticket
    uint64_t done
    int over
    void (*task)(void* job, Py_ssize_t number, Py_ssize_t thread) noexcept nogil
    void* job


cdef void run_phase(Phases* phases, Py_ssize_t n_tasks) noexcept nogil


cdef class Crew:
    cdef Phases phases
    cdef object keeps
    cdef list threads
    cdef readonly Py_ssize_t size
