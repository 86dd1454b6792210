"""What every module of kernels exports: one table, whose address travels in a capsule.

The table is blind to dtype: numbers are passed as ``void *`` and only the kernels know
whether they are float32 or float64.
"""

cdef extern from *:
    """
    #define BACKPROP_C_CAPSULE "backprop_c._kernels.table"
    """
    const char* CAPSULE "BACKPROP_C_CAPSULE"


# One layer of a network. `weights` and `biases` are offsets into the parameters, `z` and `a`
# feature rows of the workspace; `biases` is -1 in a network without biases, and `z` equals
# `a` where nothing reads the pre-activations again.
ctypedef struct Layer:
    Py_ssize_t n_in
    Py_ssize_t n_out
    Py_ssize_t weights
    Py_ssize_t biases
    Py_ssize_t z
    Py_ssize_t a
    int activation


# A network and the layout of its workspace: `features` rows of `block_vectors` lanes each.
# A block is that many vectors of samples: all its rows fit in the first-level cache together.
ctypedef struct Plan:
    Py_ssize_t n_layers
    Layer* layers
    Py_ssize_t n_parameters
    int loss
    Py_ssize_t block_vectors
    Py_ssize_t features
    Py_ssize_t x
    Py_ssize_t targets
    Py_ssize_t sample_weights
    Py_ssize_t labels
    Py_ssize_t delta
    Py_ssize_t delta_next


# Samples as the user gave them. Exactly one of `y` and `labels` is given for training;
# `sample_weights` and `order` may be NULL: every weight 1, rows as they stand.
ctypedef struct Samples:
    const void* X
    const void* y
    const long long* labels
    const void* sample_weights
    const Py_ssize_t* order


# What an epoch sums up, in float64; `batch_weight` is begun anew for each batch.
cdef enum:
    MAX_METRICS = 8

ctypedef struct Sums:
    double loss
    double weight
    double batch_weight
    double metrics[MAX_METRICS]


ctypedef struct Activation:
    const char* name
    char reads                 # what the derivative needs: "a", "z", or "-" for neither
    bint outputs_only
    void (*forward)(Py_ssize_t width, Py_ssize_t vectors,
                    const void* z, void* a_out) noexcept nogil
    void (*backward)(Py_ssize_t width, Py_ssize_t vectors,
                     const void* kept, void* delta_out) noexcept nogil


ctypedef struct Loss:
    const char* name
    const char* outputs        # the one output activation it goes with; "" for any
    char targets               # "-": any; "p": each in [0, 1]; "d": of a sample, >= 0 and sum 1
    bint delta_is_of_z         # delta_out is dloss/dz, and the loss reads z; else dloss/da
    double (*value_and_delta)(Py_ssize_t width, Py_ssize_t vectors, const void* z,
                              const void* a, const void* targets,
                              const void* sample_weights, void* delta_out) noexcept nogil


ctypedef struct Metric:
    const char* name
    bint reads_labels
    double (*value)(Py_ssize_t width, Py_ssize_t vectors, const void* a, const void* targets,
                    const void* labels, const void* sample_weights) noexcept nogil


ctypedef struct Update:
    const char* name
    Py_ssize_t n_states        # state vectors, each as long as the parameters
    void (*update)(Py_ssize_t n, const double* hyperparameters, double scale, long long steps,
                   const void* gradient, void* parameters_out, void* states_out) noexcept nogil


ctypedef struct Table:
    int real_bytes
    int lanes
    int n_activations
    int n_losses
    int n_metrics
    int n_updates
    const Activation* activations
    const Loss* losses
    const Metric* metrics
    const Update* updates
    # Add the loss, the metrics and (unless NULL) the gradient of samples start..stop-1, not
    # yet divided by the weight. `packed`: the workspace holds these very samples already.
    void (*accumulate)(const Plan* plan, const Samples* samples, Py_ssize_t start,
                       Py_ssize_t stop, bint packed, unsigned int metrics,
                       const void* parameters, void* workspace, void* gradient_out,
                       Sums* sums_out) noexcept nogil
    void (*predict)(const Plan* plan, Py_ssize_t n_samples, const void* X,
                    const void* parameters, void* workspace, void* a_out) noexcept nogil
    bint (*all_finite)(Py_ssize_t n, const void* x) noexcept nogil
