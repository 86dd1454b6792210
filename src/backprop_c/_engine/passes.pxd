"""A pass: samples go through a network once, batch by batch. Plain C, so that it can go on."""

from libc.string cimport memcpy, memset

from backprop_c._engine.crew cimport Board, Task
from backprop_c._engine.memory cimport Memory
from backprop_c._kernels.table cimport (
    Measures, Part, Plan, Samples, Sums, Table, Routines,
)
from backprop_c._system.platform cimport monotonic_seconds


cdef enum:
    # What a batch costs beside its samples, in multiplications.
    WORK_OF_BATCH = 100
    # Multiplications between two looks at the clock: 10 to 200 microseconds, by level.
    WORK_BETWEEN_LOOKS = 400000
    # The GIL is kept below some 20 microseconds: multiplications of forward passes.
    WORK_OF_SHORT_RUN = 15000
    MAX_PHASES = 4


# What follows when the gradient of a batch's parts is there: a step of one thread, then tasks that
# threads share. Either may be missing.
ctypedef struct Phase:
    void (*begin)(void* owner) noexcept nogil
    Task task
    Py_ssize_t n_tasks


# Called before a batch, for a loss of the caller's. It writes the loss's derivatives where targets
# would be, and adds the loss and the metrics to the sums. It returns 1 if the function raised an
# exception, else 0.
ctypedef int (*BeforeBatch)(void* context, void* pass_, Py_ssize_t start,
                            Py_ssize_t size) noexcept nogil


ctypedef struct Pass:
    # What to do.
    const Table* table
    const Plan* plan
    const Routines* routines
    Samples samples
    Py_ssize_t n_samples
    Py_ssize_t batch_size
    const Measures* measures       # NULL: no metrics
    const char* parameters         # may be a fit's own, which change from batch to batch
    char* gradient                 # NULL: losses and metrics only
    BeforeBatch before_batch       # NULL: nothing
    void* context
    # What it works with.
    char* workspaces               # one for each thread
    char* slab_rows
    Sums* part_sums                # one for each part of a slab
    Board* board                   # NULL: one thread
    # What follows a batch's gradient.
    void* owner
    int n_phases
    Phase phases[MAX_PHASES]
    # Where it stands: `row` is the batch's first sample in the order of this pass, `offset` how
    # far into the batch its slabs are done.
    Py_ssize_t row
    Py_ssize_t offset
    Sums sums
    bint failed                    # before_batch raised an exception
    # The slab at work.
    Part slab
    bint gathering                 # there is something to be gathered over ranges
    Py_ssize_t n_gradients         # parts of the batch's first slab


cdef Py_ssize_t slab_size(const Plan* plan) noexcept nogil
cdef Py_ssize_t parts_of_batch(const Plan* plan, Py_ssize_t batch_size) noexcept nogil
cdef inline void begin_pass(Pass* pass_) noexcept nogil:
    """Back to the first sample."""
    pass_.failed = False
    pass_.sums.loss = pass_.sums.weight = 0
    if pass_.measures != NULL:
        memset(pass_.sums.metrics, 0, pass_.measures.n_sums * sizeof(double))
    pass_.row = 0
    pass_.offset = 0


cdef Py_ssize_t run_slab(Pass* pass_) noexcept nogil
cdef inline bint time_is_over(double deadline, Py_ssize_t* work_out) noexcept nogil:
    """Whether the deadline has come; the clock is read when enough work has been done."""
    if work_out[0] <= WORK_BETWEEN_LOOKS:
        return False
    work_out[0] = 0
    return monotonic_seconds() > deadline


cdef bint run_pass(Pass* pass_, double deadline, Py_ssize_t* work_out) noexcept nogil
cdef void gather_range(void* pass_, Py_ssize_t number, Py_ssize_t thread) noexcept nogil
cdef void share(Board* board, Task task, void* job, Py_ssize_t n_tasks) noexcept nogil
cdef double penalty(const Table* table, const Plan* plan, const char* parameters) noexcept nogil
cdef double* metrics_of_pass(const Pass* pass_, double* metrics_out) noexcept nogil
cdef inline double* means_of_pass(const Pass* pass_, double* means_out) noexcept nogil:
    """The loss without penalties, and the metrics, over a whole pass; the place behind them."""
    means_out[0] = pass_.sums.loss / pass_.sums.weight
    return means_out + 1 if pass_.measures == NULL else metrics_of_pass(pass_, means_out + 1)


cdef inline size_t bytes_of_sums_of(const Pass* pass_) noexcept nogil:
    """What the sums of the metrics take."""
    return 0 if pass_.measures == NULL else pass_.measures.n_sums * sizeof(double)


cdef inline void copy_sums(const Pass* pass_, const Sums* sums, Sums* sums_out) noexcept nogil:
    """sums_out = sums, with those of the metrics."""
    sums_out.loss = sums.loss
    sums_out.weight, sums_out.batch_weight = sums.weight, sums.batch_weight
    memcpy(sums_out.metrics, sums.metrics, bytes_of_sums_of(pass_))


cdef void set_pass(Pass* pass_, const Table* table, const Plan* plan, const Samples* samples,
                   Py_ssize_t n_samples, Py_ssize_t batch_size,
                   const Measures* measures) noexcept
cdef size_t room_for_pass(const Pass* pass_, Py_ssize_t n_threads, bint gradient_wanted) noexcept
cdef void lay_out_pass(Pass* pass_, Memory memory, Py_ssize_t n_threads,
                       bint gradient_wanted) noexcept
