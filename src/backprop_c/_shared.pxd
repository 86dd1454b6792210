"""Parameters that one thread trains and any number read, as other compiled modules see them."""

from backprop_c._kernels.table cimport Plan, Table


cdef char* allocated(size_t size) except NULL


cdef class SharedParameters:
    cdef object __weakref__
    cdef Plan plan                 # batches
    cdef Plan single               # one row, whose kernels may be of another table
    cdef const Table* table
    cdef const Table* single_table
    cdef char* numbers
    cdef char* workspace
    cdef bint workspace_taken
    cdef bint training
    cdef bint enlisted             # among those of which a forked child must know
    cdef int readers
    cdef int type_number
    cdef readonly size_t workspace_bytes
    cdef readonly tuple layer_sizes
    cdef readonly object dtype
    cdef readonly object parameters
    cdef readonly tuple weights
    cdef readonly tuple biases

    cdef require_set_up(self)
    cdef char* take_workspace(self) except NULL
    cdef void give_workspace(self, char* workspace) noexcept
    cdef allocate_parameters(self, bint biases)
    cdef lay_out_parameters(self, bint biases)
    cdef enlist(self)
    cdef const char* begin_reading(self) except NULL
    cdef const char* go_on_reading(self, const char* numbers) except NULL
    cdef void end_reading(self, const char* numbers) noexcept
    cdef const char* copied(self, const char* numbers) except NULL
    cdef bint claim_training(self) except -1
    cdef void publish(self, const char* numbers) noexcept
