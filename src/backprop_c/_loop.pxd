"""The nogil driver's orders and its position: plain C, so that a run can stop and go on."""

from backprop_c._kernels.table cimport Plan, Samples, Sums, Table, Update


cdef extern from "numpy/random/bitgen.h":
    ctypedef struct bitgen_t:
        void* state
        unsigned long long (*next_uint64)(void* state) noexcept nogil
        unsigned int (*next_uint32)(void* state) noexcept nogil


# All that training changes: the parameters, then the optimizer's state vectors, and the number
# of updates made.
ctypedef struct State:
    char* numbers
    long long steps


ctypedef struct Job:
    # What to do.
    const Table* table
    const Plan* plan
    Samples samples
    Py_ssize_t n_samples
    Py_ssize_t batch_size
    Py_ssize_t epochs
    unsigned int metrics           # bit m asks for the table's metric m
    const Update* update           # NULL: only look at the loss, the metrics and the gradient
    const double* hyperparameters
    bitgen_t* bit_generator        # NULL: rows are taken as they stand
    Py_ssize_t* order              # (n_samples,), where there is a bit generator
    # What it is done with. `finished` is as of the last finished epoch, `earlier` as of the one
    # before; both are NULL where there is no update.
    State live
    State finished
    State earlier
    size_t state_bytes
    char* gradient                 # NULL: losses and metrics only
    char* workspace
    # Where it stands: `row` is the batch's first sample in the epoch's order, `offset` how far
    # into the batch the gradient has been summed.
    Py_ssize_t epoch
    bint begun                     # the epoch has, and so many places of its order are drawn
    Py_ssize_t shuffled
    Py_ssize_t row
    Py_ssize_t offset
    bint packed                    # the workspace holds the one block there is
    Sums sums
    double* record                 # (epochs, 1 + metrics asked for)
    int stop
    bint diverged


cdef Py_ssize_t work_per_sample(const Plan* plan) noexcept nogil
cdef void run(Job* job, double seconds) noexcept nogil
cdef Py_ssize_t predict_run(const Table* table, const Plan* plan, Py_ssize_t start,
                            Py_ssize_t n_samples, const char* X, const char* parameters,
                            char* workspace, char* a_out, double seconds) noexcept nogil
