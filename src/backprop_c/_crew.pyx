"""Threads that share the tasks of nogil work, in phases.

The caller's thread announces a phase of so many tasks, and every thread takes the next one until
none is left; the phase is over when all tasks are done, and the caller goes on. Nobody waits for
a thread that has no task: so a thread that comes late, or finds no core, holds nobody up. Who
does which task is left to chance; what comes out is not, since tasks are cut by shapes alone.
"""

import threading

from backprop_c._kernels.platform cimport (
    add_to_word, give_way, load_flag, load_word, pause_briefly, relax, set_flag, store_word,
    swap_word,
)


cdef enum:
    # Bits of a ticket: the next task, and how many there are; the rest is the phase's number.
    BITS = 20
    # Waiting: some 20 microseconds in a loop, then for half a millisecond behind whoever else
    # wants the core, then by naps.
    SPINS = 1000
    YIELDS = 2000


cdef Py_ssize_t take(Phases* phases) noexcept nogil:
    """The number of a task that nobody else has, or -1."""
    cdef uint64_t ticket = load_word(&phases.ticket)
    cdef uint64_t mask = (1 << BITS) - 1
    while (ticket & mask) < (ticket >> BITS & mask):
        if swap_word(&phases.ticket, ticket, ticket + 1):
            return <Py_ssize_t>(ticket & mask)
        ticket = load_word(&phases.ticket)
    return -1


cdef void run_phase(Phases* phases, Py_ssize_t n_tasks) noexcept nogil:
    """Have all tasks done, by whoever is there, this thread among them."""
    cdef uint64_t serial = (load_word(&phases.ticket) >> (2 * BITS)) + 1
    cdef Py_ssize_t spins = 0
    cdef Py_ssize_t number
    store_word(&phases.done, 0)
    store_word(&phases.ticket, serial << (2 * BITS) | <uint64_t>n_tasks << BITS)
    while True:
        number = take(phases)
        if number < 0:
            break
        phases.task(phases.job, number, 0)
        add_to_word(&phases.done, 1)
    while load_word(&phases.done) != <uint64_t>n_tasks:
        spins += 1
        if spins < SPINS:
            relax()
        else:
            give_way()


cdef void help(Phases* phases, Py_ssize_t thread) noexcept nogil:
    """Do tasks until the caller is through."""
    cdef Py_ssize_t spins = 0
    cdef Py_ssize_t number
    while not load_flag(&phases.over):
        number = take(phases)
        if number >= 0:
            phases.task(phases.job, number, thread)
            add_to_word(&phases.done, 1)
            spins = 0
        elif spins < SPINS:
            spins += 1
            relax()
        elif spins < SPINS + YIELDS:
            spins += 1
            give_way()
        else:
            pause_briefly()


cdef class Crew:
    """The threads of one call: as a context, they are there inside and gone afterwards.

    Where a thread cannot be started, the others do its work.

    Parameters
    ----------
    keeps : object
        What the threads work on: kept alive by them.
    size : int
        Threads, the caller's among them.
    """

    def __init__(self, keeps, Py_ssize_t size):
        self.keeps = keeps
        self.threads = []
        self.size = size

    def __enter__(self):
        try:
            for number in range(1, self.size):
                thread = threading.Thread(target=self._help, args=(number,))
                self.threads.append(thread)
                try:
                    thread.start()
                except RuntimeError:
                    if thread.ident is not None:
                        raise
                    break
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *raised):
        set_flag(&self.phases.over)
        try:
            self._join()
        except BaseException:
            # Ctrl-C while waiting: they are about to end, and nothing may outlive the call.
            self._join()
            raise

    def _join(self):
        for thread in self.threads:
            if thread.ident is not None:
                thread.join()

    def _help(self, Py_ssize_t number):
        with nogil:
            help(&self.phases, number)
