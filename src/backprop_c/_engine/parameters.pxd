"""Parameters that one thread trains and any number read, as other compiled modules see them."""

from libc.stdint cimport uint64_t

from backprop_c._kernels.table cimport Plan, Table


cdef struct Sharing:
    uint64_t trained_by            # a number of the fit that has this network; 0 where none has
    uint64_t readers               # long reads of the parameters
    uint64_t short_readers         # and short ones; used, as the next, where there is no GIL
    uint64_t writing               # a fit writes the parameters
    uint64_t workspace_taken
    uint64_t enlisted              # among those of which a forked child must know
    Sharing* before                # its neighbours there
    Sharing* after


cdef class SharedParameters:
    cdef object __weakref__
    cdef Plan plan                 # batches
    cdef Plan single               # one row, whose kernels may be of another table
    cdef const Table* table
    cdef const Table* single_table
    cdef char* shared
    cdef char* workspace
    cdef Sharing sharing           # what threads that have this network agree through
    cdef int stop_wanted           # of the fit that has it
    cdef SharedParameters leader   # whose stop ends the fits of this network, too; or None
    cdef uint64_t written          # the parameters' fingerprint when a fit last read or wrote them
    cdef int type_number
    cdef readonly size_t workspace_bytes
    cdef readonly tuple layer_sizes
    cdef tuple shares_dropped
    cdef readonly object dtype
    cdef readonly object parameters
    cdef readonly tuple weights
    cdef readonly tuple biases

    cdef require_set_up(self)
    cdef bint are_writable(self)
    cdef char* take_workspace(self, bint* own_out) except NULL
    cdef void give_workspace(self, char* workspace, bint own) noexcept
    cdef allocate_parameters(self, n_parameters)
    cdef lay_out_parameters(self)
    cdef void enlist(self) noexcept
    cdef const char* begin_reading(self) except NULL
    cdef const char* go_on_reading(self, const char* parameters) except NULL
    cdef void end_reading(self, const char* parameters) noexcept
    cdef const char* copied(self, const char* parameters) except NULL
    cdef bint is_training(self) noexcept
    cdef claim_training(self, uint64_t fit)
    cdef void give_back_training(self, uint64_t fit) noexcept
    cdef int* stop_flag(self) noexcept
    cdef uint64_t number(self) noexcept
    cdef publish(self, const char* parameters, bint* overwritten_out)
    cdef void fetch(self, char* parameters_out) noexcept
    cdef wait_for_readers(self, str who, int stacklevel)
    cdef uint64_t fingerprint(self) noexcept
