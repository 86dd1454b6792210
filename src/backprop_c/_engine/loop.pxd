"""The nogil driver's orders and its position: plain C, so that a run can stop and go on."""

from backprop_c._engine.crew cimport Phases
from backprop_c._kernels.table cimport (
    MAX_SCALARS, Part, Plan, Samples, Sums, Table, Update, Work,
)


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
    const Work* work
    Samples samples
    Py_ssize_t n_samples
    Py_ssize_t batch_size
    Py_ssize_t epochs
    const Update* update           # NULL: only look at the loss, the metrics and the gradient
    const double* hyperparameters
    bitgen_t* bit_generator        # NULL: rows are taken as they stand
    Py_ssize_t* order              # (n_samples,), where there is a bit generator
    # What it is done with. `finished` is as of the last finished epoch, `earlier` as of the one
    # before; both are NULL where there is no update.
    State live
    State finished
    State earlier
    char* gradient                 # NULL: losses and metrics only
    char* workspaces               # one for each thread
    char* slab_rows
    Sums* part_sums                # one for each part of a slab
    Phases* phases                 # NULL: one thread
    # Where it stands: `row` is the batch's first sample in the epoch's order, `offset` how far
    # into the batch its slabs are done.
    Py_ssize_t epoch
    bint begun                     # the epoch has, and so many places of its order are drawn
    Py_ssize_t shuffled
    Py_ssize_t row
    Py_ssize_t offset
    Sums sums
    Py_ssize_t columns
    double* record                 # (epochs, columns): the loss, and each metric asked for
    const int* stop                # set from elsewhere: end with this epoch
    bint diverged                  # the loss, or what the updates led to, was not finite;
    bint overflowed                # the loss was, the parameters were not
    # The slab at work.
    Part slab
    bint ranging                   # the phase is over ranges of parameters, not over parts
    bint gathering
    bint updating
    Py_ssize_t n_gradients         # parts of the batch's first slab
    double scalars[MAX_SCALARS]


cdef Py_ssize_t slab_size(const Plan* plan) noexcept nogil
cdef void do_task(void* job, Py_ssize_t number, Py_ssize_t thread) noexcept nogil
cdef void run(Job* job, double seconds) noexcept nogil


# A prediction of many rows, in parts.
ctypedef struct Prediction:
    const Plan* plan
    const Work* work
    Py_ssize_t n_samples
    Py_ssize_t done
    Py_ssize_t part_rows           # samples that a thread takes at a time
    size_t row_in                  # bytes of a row of X, and of the outputs
    size_t row_out
    const char* X
    char* a_out
    const char* parameters
    char* workspaces
    Phases* phases                 # NULL: one thread


cdef void predict_task(void* prediction, Py_ssize_t number, Py_ssize_t thread) noexcept nogil
cdef void predict_run(Prediction* prediction, double seconds) noexcept nogil
