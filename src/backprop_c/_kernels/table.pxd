"""What every module of kernels exports: one table, whose address travels in a capsule.

The table is blind to dtype: numbers are passed as ``void *`` and only the kernels know
whether they are float32 or float64.
"""

cdef extern from *:
    """
    #define BACKPROP_C_CAPSULE "backprop_c._kernels.table"
    """
    const char* CAPSULE "BACKPROP_C_CAPSULE"


# How the work on a network's samples is cut. BATCH: many at a time; the first `n_wide` layers have
# their outputs on the lanes, the others the samples. SINGLE: one sample at a time, with outputs on
# the lanes; in networks with dropout, SINGLE_DROPPING does that work. SQUARES: many at a time, with
# the samples on the lanes, and in the place of the gradient the matrix of the normal equations.
# RECURRENT: units that feed each other, many samples at a time and on the lanes; RECURRENT_ROW
# predicts one sample, with its units on the lanes.
cdef enum:
    BATCH = 0
    SINGLE = 1
    SINGLE_DROPPING = 2
    SQUARES = 3
    RECURRENT = 4
    RECURRENT_ROW = 5
    N_SHAPES = 6


cdef enum:
    MAX_CONSTANTS = 4              # parameters of an activation, or of a loss
    MAX_STATES = 4                 # state vectors of an update rule
    MAX_CARRIED = 8                # scalars that live from step to step, a schedule's included
    MAX_SCALARS = 12               # what an update rule's formula reads: prepared once a step
    MAX_HYPERPARAMETERS = 8        # of an update rule
    MAX_MEMORY = 16                # steps that Anderson's acceleration looks back on
    SETTLING_VECTORS = 2           # of samples that settle together, at most


# Where a layer's pre-activations, activations and dloss/dz are. `z` equals `a` where nothing reads
# the pre-activations again. `kept` is the one of the two that the activation's derivative reads.
ctypedef struct Places:
    Py_ssize_t inputs              # of the layer, some of them dropped; where it has dropout
    Py_ssize_t z
    Py_ssize_t a
    Py_ssize_t kept
    Py_ssize_t delta


ctypedef struct Activation


# One layer of a network. `weights` and `biases` are offsets into the parameters; `biases` is -1
# in a network without biases.
ctypedef struct Layer:
    Py_ssize_t n_in
    Py_ssize_t n_out
    Py_ssize_t weights
    Py_ssize_t biases
    Py_ssize_t stride              # n_out, rounded up to whole vectors: a row's numbers
    Places block                   # in features of a block: of narrow layers, and the last wide one
    Places rows                    # in numbers for each row of a slab (wide), or of the workspace
    const Activation* activation
    double constants[MAX_CONSTANTS]    # the activation's parameters, in its entry's order
    double l1                      # the penalty on its weights is l1 times their sizes, or 0,
    double l2                      # and l2 / 2 times their squares, or 0
    double max_norm                # bound on the norm of a unit's incoming weights; 0 for none
    # Of its inputs, those are dropped whose 32 random bits are below a number, 0 where none is;
    # the others are multiplied by a scale. `first_input` counts the inputs of all layers.
    unsigned long long drop_below
    double drop_scale
    Py_ssize_t first_input
    bint across                    # its weight gradient is summed with its inputs on the lanes


# Entries that users can choose by name. `parameters` and `hyperparameters` are the names of numbers
# that come with an entry, separated by spaces.

# An activation. An elementwise one takes vectors in any order, so `width` times `vectors` of them;
# any other takes a block of samples, feature-major.
ctypedef struct Activation:
    const char* name
    const char* parameters
    char reads                 # what the derivative needs: "a", "z", or "-" for neither
    bint elementwise
    bint outputs_only          # not for hidden layers
    double lowest              # the smallest value that it returns
    double highest             # and the largest
    void (*forward)(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                    const void* z, void* a_out) noexcept nogil
    # delta from dloss/da to dloss/dz.
    void (*backward)(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                     const void* kept, void* delta_out) noexcept nogil
    # For builds with one lane, a whole layer of a single row; NULL if not elementwise. Back goes
    # the gradient of `layer`, and delta through this activation, which is that of `before`.
    void (*row_forward)(const Layer* layer, const void* x, const void* parameters,
                        void* memory) noexcept nogil
    void (*row_backward)(const Layer* layer, const Layer* before, const void* parameters,
                         void* memory, void* gradient_out) noexcept nogil


ctypedef struct Loss:
    const char* name
    const char* parameters
    const char* outputs        # the one output activation it goes with; "" for any
    double lowest              # the smallest target that it takes
    double highest             # and the largest
    bint above_lowest          # the smallest is not among them
    bint sums_to_one           # the targets of a sample must sum to 1
    bint delta_is_of_z         # delta_out is dloss/dz, and the loss reads z; else dloss/da
    double (*value_and_delta)(Py_ssize_t width, Py_ssize_t vectors, const double* constants,
                              const void* z, const void* a, const void* targets,
                              const void* sample_weights, void* delta_out) noexcept nogil


# How a fixed point is looked for.
cdef enum:
    RELAXATION = 0
    ANDERSON = 1
    DIRECT = 2                     # backward only: the linear equations are solved


# A sample has settled where no unit's change is above the tolerance; the backward run's is a share
# of the sample's largest error.
ctypedef struct Solver:
    int kind
    Py_ssize_t max_iterations
    double tolerance
    double damping                 # the share of a new value: 1 for all of it
    Py_ssize_t memory              # steps that Anderson's acceleration looks back on


# What LAPACK's sgesv and dgesv are: the solution of linear equations.
ctypedef void (*LinearSolver)(int* n, int* n_right, void* matrix, int* stride, int* pivots,
                              void* right_out, int* right_stride, int* failed_out) noexcept nogil


# Units that feed each other: of a network whose first layer is from the inputs to the units, whose
# second is from unit to unit, and whose third is from the units to the outputs. The third has no
# weights where the last units are the outputs.
ctypedef struct Recurrence:
    Solver forward
    Solver backward
    bint symmetric                 # the mean of the recurrent weights and their transpose counts
    # 1 where there is a connection, else 0: (n_in, n_units) and (n_units, n_units); NULL for all.
    const unsigned char* input_connections
    const unsigned char* connections
    # The units that feed each unit lie from `first_source` to before `stop_source`; those that it
    # feeds, between the targets.
    const Py_ssize_t* first_source
    const Py_ssize_t* stop_source
    const Py_ssize_t* first_target
    const Py_ssize_t* stop_target
    LinearSolver solve
    # Features of a block, as many of each as there are units.
    Py_ssize_t drive               # what does not change while the units settle; then the errors
    Py_ssize_t values
    Py_ssize_t next_values
    Py_ssize_t slopes              # the activation's, at the settled values
    Py_ssize_t seed                # the errors that come from the loss
    Py_ssize_t past                # of Anderson's acceleration: 2 + 2 memory
    # In the workspace, in bytes: weights as they count, and the matrix of the linear equations.
    Py_ssize_t weights_at
    Py_ssize_t matrix_at


# Some of a layer's parameters, whose gradient is summed and which are updated in one go: rows
# first..stop-1 of its weights, and its biases if it has the last row of them; of narrow layers,
# parameters of all of them. `begin` and `end` are offsets into the parameters.
ctypedef struct Range:
    Py_ssize_t layer
    Py_ssize_t first
    Py_ssize_t stop
    Py_ssize_t begin
    Py_ssize_t end


# A network, the shape of the work on it, and the layout of its memory.
#
# Each thread has a workspace: a block of samples, feature-major, in which each feature is a row of
# so many vectors; losses and metrics, in every shape of work, look there for the outputs.
# A part is what one thread takes at a time; a slab, the parts between two barriers. Threads share
# the slab's rows of activations, of wide layers.
ctypedef struct Plan:
    # What the driver reads. It does not know what layers there are: another kind of network is
    # another way to fill this in.
    int shape                      # whose routines do the work
    Py_ssize_t work                # roughly the multiplications of one sample's forward pass
    Py_ssize_t n_parameters
    Py_ssize_t stride              # between vectors of parameters, as of an optimizer's states
    Py_ssize_t block_rows          # samples in a block, whole vectors of them
    Py_ssize_t part_rows           # samples in a part, whole blocks of them
    Py_ssize_t max_parts
    Py_ssize_t gradient_size       # numbers of the first part's gradient
    Py_ssize_t part_stride         # between the gradients of parts
    Py_ssize_t row_size            # numbers for each row of a slab
    size_t workspace_bytes
    Py_ssize_t n_ranges
    Range* ranges
    bint sets_gradient             # batches are single samples, whose part sets all of the gradient
    bint gathers_slabs             # ranges are gathered after every slab, not only a batch's last
    bint drops                     # there is dropout
    bint penalized                 # there are penalties
    bint stops_at_zero             # some of them are l1: `stop_at_zero` follows an update
    Py_ssize_t n_bounded           # `constrain` takes numbers below this one
    # What the kernels read: the layers, the loss, and where things are.
    Py_ssize_t n_layers
    Py_ssize_t n_wide
    Layer* layers
    const Loss* loss
    double loss_constants[MAX_CONSTANTS]
    Py_ssize_t narrow_begin        # offset of the narrow layers' parameters
    Py_ssize_t targets             # features of a block
    Py_ssize_t sample_weights
    Py_ssize_t labels
    Py_ssize_t sample_bits         # random bits of each sample, where there is dropout
    Py_ssize_t roots               # of the sample weights, where squares are summed
    Py_ssize_t square_stride       # between the rows of their sums, whole vectors
    Py_ssize_t features
    Py_ssize_t predict_rows        # samples that a prediction takes at a time
    Py_ssize_t rows_at             # where predict's rows are in the workspace, in bytes
    Py_ssize_t panel_at            # where packed weights are
    Py_ssize_t forward_size        # numbers for each row of a slab that are not deltas
    Recurrence* recurrence         # NULL in a network that is fed forward


# Samples as the user gave them. Exactly one of `y` and `labels` is given for training;
# `sample_weights` and `order` may be NULL: every weight 1, rows as they stand.
ctypedef struct Samples:
    const void* X
    const void* y
    const long long* labels
    const void* sample_weights
    const Py_ssize_t* order


# What an epoch sums up, in float64; `batch_weight` is begun anew for each batch.
ctypedef struct Sums:
    double loss
    double weight
    double batch_weight
    double* metrics                # as many as the Measures say; NULL where there are none


ctypedef struct Measures


# Samples start..stop-1 of a slab that begins with sample `slab_start`.
ctypedef struct Part:
    Py_ssize_t slab_start
    Py_ssize_t start
    Py_ssize_t stop
    Py_ssize_t capacity            # rows that the slab's memory has room for
    bint packed                    # the workspace holds these very samples already
    bint fresh                     # the batch's first slab: begin the gradient with it
    bint last                      # the batch's last slab
    const Measures* measures       # NULL: no metrics
    bint dropping                  # with dropout, by the epoch's key
    unsigned long long key


# A name may have several entries, one for each way in which targets tell classes: "-": they need
# not; "l": the sample's class is its largest target; "h" and "s": each target is a class of its
# own, which the sample belongs to if the target is above 1/2, or above 0.
ctypedef struct Metric:
    const char* name
    const char* parameters
    char classes
    # What it knows of the targets: "-": nothing; "v": of each output the weighted squares of their
    # distances from the mean; "c": the weight of each class.
    char known
    bint of_one_output             # not for several outputs
    bint of_shares                 # outputs must be from 0 to 1
    bint larger_is_better
    bint of_pass                   # the pass adds its sums itself, in networks that settle
    int n_sums                     # for each output, of which two are counted at least
    void (*add)(Py_ssize_t width, Py_ssize_t vectors, const double* constants, const void* a,
                const void* targets, const void* labels, const void* sample_weights,
                double* sums_out) noexcept nogil
    double (*value)(Py_ssize_t width, double weight, const double* known,
                    const double* sums) noexcept nogil


# A metric that is asked for, and where its sums begin. `code` is its place in METRICS, or -1 of a
# function of the caller's, whose value is known[0].
ctypedef struct Measure:
    int code
    Py_ssize_t sums_at
    const double* constants        # its parameters
    const double* known


ctypedef struct Measures:
    Py_ssize_t n_outputs
    int n_measures
    const Measure* measures
    Py_ssize_t n_sums
    bint labels_wanted             # one of them reads labels
    # Of a network that settles: where its sums of iterations, of settled samples and, which is no
    # sum, the largest change are; -1 for none.
    Py_ssize_t iterations_at
    Py_ssize_t settled_at
    Py_ssize_t largest_at


ctypedef struct Update:
    const char* name
    const char* hyperparameters
    int n_states               # state vectors, each as long as the parameters,
    int n_carried              # and scalars, both of which live from step to step
    # What they begin with: all numbers of a state with the same. NULL: with 0.
    void (*begin)(const double* hyperparameters, double* states_out,
                  double* carried_out) noexcept nogil
    # What the formula reads in step number `step` (from 1). The summed gradient is multiplied by
    # `scale`: 1 / the batch's weight, and less if it is clipped.
    void (*prepare)(const double* hyperparameters, double scale, long long step,
                    double* carried_out, double* scalars_out) noexcept nogil
    void (*update)(Py_ssize_t begin, Py_ssize_t end, Py_ssize_t stride, const double* scalars,
                   const void* gradient, void* parameters_out) noexcept nogil


ctypedef struct Routines:
    # Forward, and (unless `gradient_out` is NULL) backward over a part: adds to the sums, and to
    # the gradient of narrow layers; that of wide ones is left to `gather`. SINGLE sets the
    # gradient. Nothing is divided by the weight yet.
    void (*run_part)(const Plan* plan, const Samples* samples, const Part* part,
                     const void* parameters, void* workspace, void* slab_rows, void* gradient_out,
                     Sums* sums_out) noexcept nogil
    # The gradient of a range: of wide layers over the slab's rows, added to it unless the slab is
    # fresh; of narrow ones over the parts, after the last slab. NULL where there is nothing to do.
    void (*gather)(const Plan* plan, const Samples* samples, const Part* slab,
                   const Range* range_, Py_ssize_t n_parts, void* slab_rows,
                   void* workspace, void* gradient_out) noexcept nogil
    void (*predict)(const Plan* plan, Py_ssize_t n_samples, const void* X,
                    const void* parameters, void* workspace, void* a_out) noexcept nogil


# On plain arrays, without padding, as users hold them: what `backprop_c.functional` goes through.
# `memory` is of so many bytes as a function next to it says, and aligned for vectors.
ctypedef struct Plain:
    size_t (*product_bytes)(Py_ssize_t n_rows, Py_ssize_t n_columns,
                            Py_ssize_t n_sum) noexcept nogil
    # out = a @ b + biases, or a @ b.T + biases if `transposed`; a may be read across, and biases
    # may be NULL.
    void (*product)(Py_ssize_t n_rows, Py_ssize_t n_columns, Py_ssize_t n_sum, const void* a,
                    Py_ssize_t a_row_stride, Py_ssize_t a_sum_stride, const void* b,
                    bint transposed, const void* biases, void* memory, void* out) noexcept nogil
    void (*column_sums)(Py_ssize_t n_rows, Py_ssize_t n_columns, const void* x,
                        void* sums_out) noexcept nogil
    size_t (*forward_bytes)(const Activation* activation, Py_ssize_t width) noexcept nogil
    void (*forward)(const Activation* activation, const double* constants, Py_ssize_t n_rows,
                    Py_ssize_t width, const void* z, void* memory, void* a_out) noexcept nogil
    # da/dz of an elementwise activation.
    void (*slopes)(const Activation* activation, const double* constants, Py_ssize_t n,
                   const void* z, void* slopes_out) noexcept nogil
    # Adds the loss of samples whose `X` is z of the plan's one layer; delta_out is dloss/dz times
    # `scale`. The workspace is a block of the plan.
    void (*outputs)(const Plan* plan, const Samples* samples, Py_ssize_t n_samples, double scale,
                    void* workspace, void* delta_out, Sums* sums_out) noexcept nogil
    void (*update)(const Update* update, Py_ssize_t n, const double* scalars,
                   const void* gradient, void* states_out, void* parameters_out) noexcept nogil


# A step of damped least squares, from the sums of squares that SQUARES gathers. These are rows of
# `square_stride` numbers, one for each parameter; the last column is the gradient.
ctypedef struct Solution:
    # Penalties join the sums, times `weight`.
    void (*add_curvature)(const Plan* plan, double weight, const void* parameters,
                          void* squares_out) noexcept nogil
    # The gradient's largest entry.
    double (*steepest)(const Plan* plan, const void* squares) noexcept nogil
    # factor = squares, with a shift of the diagonal.
    void (*damp)(const Plan* plan, double shift, const void* squares,
                 void* factor_out) noexcept nogil
    # Cholesky's factorization, some rows after the other: finish rows first..stop-1, which says
    # whether that can be done, and take them from the rows behind.
    bint (*factor_rows)(const Plan* plan, Py_ssize_t first, Py_ssize_t stop, void* factor_out,
                        void* negative_out) noexcept nogil
    void (*take_rows)(const Plan* plan, Py_ssize_t first, Py_ssize_t stop, Py_ssize_t begin,
                      Py_ssize_t end, const void* negative, void* panel,
                      void* factor_out) noexcept nogil
    # trial = parameters - the solution; returns how much less the sum should be.
    double (*damped_step)(const Plan* plan, double shift, const void* squares, const void* factor,
                          const void* parameters, void* step_out, void* trial_out) noexcept nogil


ctypedef struct Table:
    int real_bytes
    int lanes
    double epsilon                 # of the numbers: 1 and the next one are so far apart
    int panel                  # the outputs that a tile of the wide kernels takes at a time,
    int panel_depth            # and the terms of their sums
    int n_activations
    int n_losses
    int n_metrics
    int n_updates
    const Activation* activations
    const Loss* losses
    # A loss without a name: its targets are dloss/da, and its value is 0.
    const Loss* given_delta
    const Metric* metrics
    const Update* updates
    const Routines* routines           # by shape
    # Of plans for single rows: the derivatives of the outputs by the inputs, or by the parameters.
    # Those of one output are made in `row` first and then streamed past the caches; unless it is
    # NULL.
    void (*jacobian)(const Plan* plan, Py_ssize_t n_samples, const void* X, bint of_parameters,
                     const void* parameters, void* workspace, void* row,
                     void* jacobian_out) noexcept nogil
    # Of plans for batches whose layers are all narrow: the derivatives by the inputs alone.
    void (*batch_jacobian)(const Plan* plan, Py_ssize_t n_samples, const void* X,
                           bint of_parameters, const void* parameters, void* workspace,
                           void* row, void* jacobian_out) noexcept nogil
    # Of a network that settles: the values of its units, (n_samples, n_units), and of each sample
    # how many iterations they took, and what the last of them would still have changed.
    void (*settled_units)(const Plan* plan, Py_ssize_t n_samples, const void* X,
                          const void* parameters, void* workspace, void* units_out,
                          double* iterations_out, double* changes_out) noexcept nogil
    # The penalty on the weights in a range of the parameters; its gradient times `weight` is added.
    double (*penalize)(const Plan* plan, Py_ssize_t begin, Py_ssize_t end, double weight,
                       const void* parameters, void* gradient_out) noexcept nogil
    # Weights with an l1 penalty end at 0 where a step would carry them through it.
    void (*stop_at_zero)(const Plan* plan, Py_ssize_t begin, Py_ssize_t end, const void* before,
                         const void* gradient, void* parameters_out) noexcept nogil
    double (*sum_of_squares)(Py_ssize_t n, const void* x) noexcept nogil
    # Holds numbers between -limit and limit.
    void (*clip)(Py_ssize_t n, double limit, void* x_out) noexcept nogil
    # Brings the weights of each unit of a layer down to the layer's bound.
    void (*constrain)(const Plan* plan, Py_ssize_t layer, void* parameters_out) noexcept nogil
    bint (*all_finite)(Py_ssize_t n, const void* x) noexcept nogil
    void (*copy)(Py_ssize_t n, const void* x, void* x_out) noexcept nogil
    # The sum of a b; b += factor a.
    double (*dot)(Py_ssize_t n, const void* a, const void* b) noexcept nogil
    void (*add_times)(Py_ssize_t n, double factor, const void* a, void* b_out) noexcept nogil
    # To float64, times a factor; and from there, where a direction leads by so much.
    void (*as_doubles)(Py_ssize_t n, double factor, const void* x, double* x_out) noexcept nogil
    void (*along)(Py_ssize_t n, const double* x, double length, const double* direction,
                  void* x_out) noexcept nogil
    Plain plain
    Solution solution
