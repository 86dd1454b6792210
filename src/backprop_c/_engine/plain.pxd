"""Building blocks on plain arrays: what `backprop_c.functional` is made of, plain C.

Arrays are C-contiguous, and nothing is checked. What takes memory returns 0, or -1 where there is
none.
"""

from cpython.pystate cimport PyThreadState

from backprop_c._kernels.table cimport MAX_CONSTANTS, MAX_HYPERPARAMETERS, Table


# An activation or a loss: its place in the table, and its parameters.
ctypedef struct Formula:
    int code
    double constants[MAX_CONSTANTS]


# An update rule: its place in the table, and its hyperparameters, of which the first is the
# learning rate.
ctypedef struct Rule:
    int code
    double hyperparameters[MAX_HYPERPARAMETERS]


cdef inline double clipping(double norm, double clip_norm) noexcept nogil:
    """What brings a norm down to clip_norm: 1 below it, NaN where the norm is infinite.

    So a training that diverged is not hidden.
    """
    return clip_norm / norm + (norm - norm) if norm > clip_norm else 1.0


cdef PyThreadState* leave_gil(double work) noexcept
cdef int enter_gil(PyThreadState* left, int failed) except -1

# By the table of a dtype.

cdef int product_into(const Table* table, Py_ssize_t n_rows, Py_ssize_t n_columns,
                      Py_ssize_t n_sum, const void* a, Py_ssize_t a_row_stride,
                      Py_ssize_t a_sum_stride, const void* b, bint transposed,
                      const void* biases, void* out) noexcept nogil
cdef int forward_layer(const Table* table, Py_ssize_t n_samples, Py_ssize_t n_in,
                       Py_ssize_t n_out, const void* X, const void* weights,
                       const void* biases, void* z_out) noexcept nogil
cdef int forward_activation(const Table* table, const Formula* activation, Py_ssize_t n_samples,
                            Py_ssize_t width, const void* z, void* a_out) noexcept nogil
cdef void slopes_of_activation(const Table* table, const Formula* activation, Py_ssize_t n,
                               const void* z, void* slopes_out) noexcept nogil
cdef int backward_layer(const Table* table, Py_ssize_t n_samples, Py_ssize_t n_in,
                        Py_ssize_t n_out, const void* X, const void* weights, const void* delta,
                        void* weights_out, void* biases_out, void* inputs_out) noexcept nogil
cdef int loss_of_outputs(const Table* table, const Formula* loss, const Formula* activation,
                         Py_ssize_t n_samples, Py_ssize_t n_out, const void* z, const void* y,
                         const long long* labels, double* loss_out, void* delta_out) noexcept nogil
cdef void update_parameters(const Table* table, const Rule* rule, double scale, long long step,
                            Py_ssize_t n, const void* gradient, double* carried_out,
                            void* states_out, void* parameters_out) noexcept nogil


# By the type of the numbers: what other Cython code cimports from `backprop_c.functional`, whose
# rules hold.

ctypedef fused real:
    float
    double


# z = X @ weights + biases
# X: (n_samples, n_in), weights: (n_in, n_out), biases: (n_out,) or NULL, z: (n_samples, n_out)
cdef int dense_forward_into(Py_ssize_t n_samples, Py_ssize_t n_in, Py_ssize_t n_out,
                            const real* X, const real* weights, const real* biases,
                            real* z_out) noexcept nogil

# a = activation(z)
# z, a: (n_samples, width)
cdef int activate_into(const Formula* activation, Py_ssize_t n_samples, Py_ssize_t width,
                       const real* z, real* a_out) noexcept nogil

# slopes = da/dz, of an activation other than softmax
# z, slopes: (n,)
cdef void derivative_into(const Formula* activation, Py_ssize_t n, const real* z,
                          real* slopes_out) noexcept nogil

# weights_out = X.T @ delta, biases_out = delta.sum(axis=0), inputs_out = delta @ weights.T
# X, inputs: (n_samples, n_in) or NULL, weights, weights_out: (n_in, n_out) or NULL,
# delta: (n_samples, n_out), biases_out: (n_out,) or NULL
cdef int dense_backward_into(Py_ssize_t n_samples, Py_ssize_t n_in, Py_ssize_t n_out,
                             const real* X, const real* weights, const real* delta,
                             real* weights_out, real* biases_out,
                             real* inputs_out) noexcept nogil

# loss = the mean loss of activation(z), delta = dloss/dz
# z, delta: (n_samples, n_out); targets are y: (n_samples, n_out), or labels: (n_samples,), classes
# from 0 on; the other one is NULL
cdef int loss_and_delta_into(const Formula* loss, const Formula* activation, Py_ssize_t n_samples,
                             Py_ssize_t n_out, const real* z, const real* y,
                             const long long* labels, double* loss_out,
                             real* delta_out) noexcept nogil

# parameters, states and carried = those after step `step`, from 1, with `scale` * gradient
# gradient, parameters: (n,), states: (n_states, n), carried: (n_carried,), as an OptimizerState of
# the optimizer has them
cdef void update_into(const Rule* rule, double scale, long long step, Py_ssize_t n,
                      const real* gradient, double* carried_out, real* states_out,
                      real* parameters_out) noexcept nogil
