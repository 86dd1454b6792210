"""Threads that share the tasks of nogil work, in phases.

The caller's thread announces a phase of so many tasks, and every thread takes the next one until
none is left; the phase is over when all tasks are done, and the caller goes on. Nobody waits for
a thread that has no task: so a thread that comes late, or finds no core, holds nobody up. Who
does which task is left to chance; what comes out is not, since tasks are cut by shapes alone.
"""

from backprop_c._system.platform cimport (
    add_to_word, give_way, load_flag, load_word, pause_briefly, process_number, relax, set_flag,
    store_word, swap_word,
)


cdef extern from "pythread.h":
    # A thread of the operating system's, from C to C: it has nothing to do with Python. So no
    # Python code runs when it starts, and nothing that replaces Python's threads concerns it.
    unsigned long PyThread_start_new_thread(void (*function)(void*) noexcept nogil, void* argument)
    const unsigned long PYTHREAD_INVALID_THREAD_ID


cdef enum:
    # Bits of a ticket: the next task, and how many there are; the rest is the phase's number.
    BITS = 20
    # Waiting: some 20 microseconds in a loop, then for half a millisecond behind whoever else
    # wants the core, then by naps.
    SPINS = 1000
    YIELDS = 2000


cdef Py_ssize_t take(Board* board) noexcept nogil:
    """The number of a task that nobody else has, or -1."""
    cdef uint64_t ticket = load_word(&board.ticket)
    cdef uint64_t mask = (1 << BITS) - 1
    while (ticket & mask) < (ticket >> BITS & mask):
        if swap_word(&board.ticket, ticket, ticket + 1):
            return <Py_ssize_t>(ticket & mask)
        ticket = load_word(&board.ticket)
    return -1


cdef void run_phase(Board* board, Task task, void* job, Py_ssize_t n_tasks) noexcept nogil:
    """Have all tasks done, by whoever is there, this thread among them."""
    cdef uint64_t serial = (load_word(&board.ticket) >> (2 * BITS)) + 1
    cdef Py_ssize_t spins = 0
    cdef Py_ssize_t number
    store_word(&board.done, 0)
    board.task = task
    board.job = job
    store_word(&board.ticket, serial << (2 * BITS) | <uint64_t>n_tasks << BITS)
    while True:
        number = take(board)
        if number < 0:
            break
        task(job, number, 0)
        add_to_word(&board.done, 1)
    while load_word(&board.done) != <uint64_t>n_tasks:
        spins += 1
        if spins < SPINS:
            relax()
        else:
            give_way()


cdef void help(Board* board, Py_ssize_t thread) noexcept nogil:
    """Do tasks until the caller is through."""
    cdef Py_ssize_t spins = 0
    cdef Py_ssize_t number
    while not load_flag(&board.over):
        number = take(board)
        if number >= 0:
            board.task(board.job, number, thread)
            add_to_word(&board.done, 1)
            spins = 0
        elif spins < SPINS:
            spins += 1
            relax()
        elif spins < SPINS + YIELDS:
            spins += 1
            give_way()
        else:
            pause_briefly()


# Threads that were ever started in this process, and those of them that have ended.
cdef uint64_t all_started = 0
cdef uint64_t all_ended = 0


cdef void live(void* board_) noexcept nogil:
    """What a thread of the crew does from its first moment to its last."""
    cdef Board* board = <Board*>board_
    help(board, <Py_ssize_t>add_to_word(&board.arrived, 1))
    add_to_word(&all_ended, 1)
    # Last of all: after this the crew's memory may be freed.
    add_to_word(&board.gone, 1)


cdef class Crew:
    """The threads of one call, from `begin` to `end`.

    Where a thread cannot be started, the others do its work.
    """

    def __dealloc__(self):
        self.end()

    cdef void begin(self, Py_ssize_t size) noexcept:
        """Start the threads; `size` counts the caller's."""
        self.process = process_number()
        for _ in range(1, size):
            if PyThread_start_new_thread(live, &self.board) == PYTHREAD_INVALID_THREAD_ID:
                break
            self.started += 1
            add_to_word(&all_started, 1)

    cdef void end(self) noexcept:
        """Wait for the threads to end, which they do at once; in a forked child there are none."""
        set_flag(&self.board.over, True)
        if self.process != process_number():
            return
        with nogil:
            while load_word(&self.board.gone) != self.started:
                pause_briefly()


def thread_counts():
    """How many threads this process has started, and how many of them have ended."""
    return load_word(&all_started), load_word(&all_ended)
