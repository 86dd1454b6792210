"""Building blocks on plain arrays: each takes its memory, goes through the table and is done."""

from libc.string cimport memcpy, memset

from backprop_c._engine.tables cimport table_of
from backprop_c._kernels.table cimport (
    MAX_SCALARS, Activation, Layer, Plan, Samples, Sums, Update,
)
from backprop_c._system.platform cimport allocate, release


cdef extern from "Python.h":
    PyThreadState* PyEval_SaveThread()
    void PyEval_RestoreThread(PyThreadState* state)


cdef enum:
    # Vectors of samples in a block of outputs.
    BLOCK_VECTORS = 4
    # The GIL is kept below some 20 microseconds: multiplications.
    WORK_WITH_GIL = 200000


cdef PyThreadState* leave_gil(double work) noexcept:
    """Let other threads run during work that takes longer than that."""
    return PyEval_SaveThread() if work > WORK_WITH_GIL else NULL


cdef int enter_gil(PyThreadState* left, int failed) except -1:
    """Take the GIL again, if it was left, and raise what there is to be raised."""
    if left != NULL:
        PyEval_RestoreThread(left)
    if failed:
        raise MemoryError("there is no memory for this call")
    return 0


cdef int product_into(const Table* table, Py_ssize_t n_rows, Py_ssize_t n_columns,
                      Py_ssize_t n_sum, const void* a, Py_ssize_t a_row_stride,
                      Py_ssize_t a_sum_stride, const void* b, bint transposed,
                      const void* biases, void* out) noexcept nogil:
    """out = a @ b + biases, or a @ b.T + biases if `transposed`."""
    cdef void* memory
    if n_sum == 0:
        memset(out, 0, n_rows * n_columns * table.real_bytes)
        return 0
    memory = allocate(table.plain.product_bytes(n_rows, n_columns, n_sum))
    if memory == NULL:
        return -1
    table.plain.product(n_rows, n_columns, n_sum, a, a_row_stride, a_sum_stride, b, transposed,
                        biases, memory, out)
    release(memory)
    return 0


cdef int forward_layer(const Table* table, Py_ssize_t n_samples, Py_ssize_t n_in,
                       Py_ssize_t n_out, const void* X, const void* weights,
                       const void* biases, void* z_out) noexcept nogil:
    """z = X @ weights + biases, which may be NULL."""
    return product_into(table, n_samples, n_out, n_in, X, n_in, 1, weights, False, biases, z_out)


cdef int forward_activation(const Table* table, const Formula* activation, Py_ssize_t n_samples,
                            Py_ssize_t width, const void* z, void* a_out) noexcept nogil:
    """a = activation(z), which may take the place of z."""
    cdef const Activation* entry = table.activations + activation.code
    cdef size_t n_bytes = table.plain.forward_bytes(entry, width)
    cdef void* memory = NULL
    if n_bytes:
        memory = allocate(n_bytes)
        if memory == NULL:
            return -1
    table.plain.forward(entry, activation.constants, n_samples, width, z, memory, a_out)
    if memory != NULL:
        release(memory)
    return 0


cdef void slopes_of_activation(const Table* table, const Formula* activation, Py_ssize_t n,
                               const void* z, void* slopes_out) noexcept nogil:
    """slopes = da/dz of an elementwise activation, which may take the place of z."""
    table.plain.slopes(table.activations + activation.code, activation.constants, n, z, slopes_out)


cdef int backward_layer(const Table* table, Py_ssize_t n_samples, Py_ssize_t n_in,
                        Py_ssize_t n_out, const void* X, const void* weights, const void* delta,
                        void* weights_out, void* biases_out, void* inputs_out) noexcept nogil:
    """X.T @ delta, the sums of delta's columns, and delta @ weights.T; NULL: it is left out."""
    if weights_out != NULL and product_into(table, n_in, n_out, n_samples, X, 1, n_in, delta,
                                            False, NULL, weights_out):
        return -1
    if biases_out != NULL:
        table.plain.column_sums(n_samples, n_out, delta, biases_out)
    if inputs_out != NULL:
        return product_into(table, n_samples, n_in, n_out, delta, n_out, 1, weights, True, NULL,
                            inputs_out)
    return 0


cdef int loss_of_outputs(const Table* table, const Formula* loss, const Formula* activation,
                         Py_ssize_t n_samples, Py_ssize_t n_out, const void* z, const void* y,
                         const long long* labels, double* loss_out, void* delta_out) noexcept nogil:
    """The mean loss, and its derivative by z. Targets are y or labels, the other one is NULL.

    A plan of one layer without weights: its block has targets, weights and labels of the samples,
    then z, a and delta.
    """
    cdef Plan plan
    cdef Layer layer
    cdef Samples samples
    cdef Sums sums
    cdef void* workspace
    memset(&plan, 0, sizeof(Plan))
    memset(&layer, 0, sizeof(Layer))
    memset(&samples, 0, sizeof(Samples))
    memset(&sums, 0, sizeof(Sums))
    layer.n_out = n_out
    layer.activation = table.activations + activation.code
    memcpy(layer.constants, activation.constants, sizeof(layer.constants))
    plan.n_layers = 1
    plan.layers = &layer
    plan.loss = table.losses + loss.code
    memcpy(plan.loss_constants, loss.constants, sizeof(plan.loss_constants))
    plan.targets = 0
    plan.sample_weights = n_out
    plan.labels = n_out + 1
    layer.block.z = n_out + 2
    layer.block.a = layer.block.z + n_out
    layer.block.kept = layer.block.z if layer.activation.reads == c"z" else layer.block.a
    layer.block.delta = layer.block.a + n_out
    plan.features = layer.block.delta + n_out
    plan.block_rows = min(BLOCK_VECTORS, (n_samples + table.lanes - 1) // table.lanes) * table.lanes
    samples.X = z
    samples.y = y
    samples.labels = labels
    workspace = allocate(plan.features * plan.block_rows * table.real_bytes)
    if workspace == NULL:
        return -1
    table.plain.outputs(&plan, &samples, n_samples, 1 / <double>n_samples, workspace, delta_out,
                        &sums)
    release(workspace)
    loss_out[0] = sums.loss / n_samples
    return 0


cdef void update_parameters(const Table* table, const Rule* rule, double scale, long long step,
                            Py_ssize_t n, const void* gradient, double* carried_out,
                            void* states_out, void* parameters_out) noexcept nogil:
    """The step of this number, from 1, with `scale` times the gradient."""
    cdef const Update* update = table.updates + rule.code
    cdef double scalars[MAX_SCALARS]
    memset(scalars, 0, sizeof(scalars))
    update.prepare(rule.hyperparameters, scale, step, carried_out, scalars)
    table.plain.update(update, n, scalars, gradient, states_out, parameters_out)


# -- By the type of the numbers -------------------------------------------------------------------

cdef const Table* FLOAT32 = table_of("float32")
cdef const Table* FLOAT64 = table_of("float64")


cdef int dense_forward_into(Py_ssize_t n_samples, Py_ssize_t n_in, Py_ssize_t n_out,
                            const real* X, const real* weights, const real* biases,
                            real* z_out) noexcept nogil:
    return forward_layer(FLOAT32 if real is float else FLOAT64, n_samples, n_in, n_out, X, weights,
                         biases, z_out)


cdef int activate_into(const Formula* activation, Py_ssize_t n_samples, Py_ssize_t width,
                       const real* z, real* a_out) noexcept nogil:
    return forward_activation(FLOAT32 if real is float else FLOAT64, activation, n_samples, width,
                              z, a_out)


cdef void derivative_into(const Formula* activation, Py_ssize_t n, const real* z,
                          real* slopes_out) noexcept nogil:
    slopes_of_activation(FLOAT32 if real is float else FLOAT64, activation, n, z, slopes_out)


cdef int dense_backward_into(Py_ssize_t n_samples, Py_ssize_t n_in, Py_ssize_t n_out,
                             const real* X, const real* weights, const real* delta,
                             real* weights_out, real* biases_out,
                             real* inputs_out) noexcept nogil:
    return backward_layer(FLOAT32 if real is float else FLOAT64, n_samples, n_in, n_out, X,
                          weights, delta, weights_out, biases_out, inputs_out)


cdef int loss_and_delta_into(const Formula* loss, const Formula* activation, Py_ssize_t n_samples,
                             Py_ssize_t n_out, const real* z, const real* y,
                             const long long* labels, double* loss_out,
                             real* delta_out) noexcept nogil:
    return loss_of_outputs(FLOAT32 if real is float else FLOAT64, loss, activation, n_samples,
                           n_out, z, y, labels, loss_out, delta_out)


cdef void update_into(const Rule* rule, double scale, long long step, Py_ssize_t n,
                      const real* gradient, double* carried_out, real* states_out,
                      real* parameters_out) noexcept nogil:
    update_parameters(FLOAT32 if real is float else FLOAT64, rule, scale, step, n, gradient,
                      carried_out, states_out, parameters_out)
