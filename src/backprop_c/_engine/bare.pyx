"""Kernels by themselves: what tests compare with NumPy, and what benchmarks time."""

cimport numpy as cnp
from libc.string cimport memset

from backprop_c._engine.plain cimport product_into
from backprop_c._engine.plan cimport free_plan, make_plan
from backprop_c._engine.tables cimport table_of
from backprop_c._kernels.table cimport BATCH, MAX_CONSTANTS, Plan, Table

cnp.import_array()


cdef class BareKernels:
    """Penalties, bounds and given derivatives of a network of these sizes.

    Arrays are of the dtype, and may be read past their ends by a cache line.
    """

    cdef const Table* table
    cdef Plan plan

    def __cinit__(self, str dtype_name, tuple layer_sizes, bint biases, tuple l1, tuple l2,
                  tuple max_norm):
        memset(&self.plan, 0, sizeof(Plan))
        self.table = table_of(dtype_name)
        make_plan(&self.plan, self.table, BATCH, layer_sizes,
                  ((0, ()),) * (len(layer_sizes) - 1), (0, ()), biases, l1, l2,
                  (0.0,) * len(l2), max_norm)

    def __dealloc__(self):
        free_plan(&self.plan)

    def penalize(self, begin, end, double weight, cnp.ndarray parameters, cnp.ndarray gradient):
        return self.table.penalize(
            &self.plan, begin, end, weight, cnp.PyArray_DATA(parameters),
            NULL if gradient is None else cnp.PyArray_DATA(gradient))

    def sum_of_squares(self, cnp.ndarray x):
        return self.table.sum_of_squares(cnp.PyArray_SIZE(x), cnp.PyArray_DATA(x))

    def stop_at_zero(self, begin, end, cnp.ndarray before, cnp.ndarray gradient,
                     cnp.ndarray parameters):
        self.table.stop_at_zero(&self.plan, begin, end, cnp.PyArray_DATA(before),
                                cnp.PyArray_DATA(gradient), cnp.PyArray_DATA(parameters))

    def constrain(self, layer, cnp.ndarray parameters):
        self.table.constrain(&self.plan, layer, cnp.PyArray_DATA(parameters))

    def given_delta(self, cnp.ndarray targets, cnp.ndarray weights, cnp.ndarray delta):
        """The value for targets of (width, lanes); the delta is left in `delta`."""
        cdef double constants[MAX_CONSTANTS]
        memset(constants, 0, sizeof(constants))
        return self.table.given_delta.value_and_delta(
            cnp.PyArray_DIM(targets, 0), cnp.PyArray_DIM(targets, 1) // self.table.lanes, constants,
            NULL, NULL, cnp.PyArray_DATA(targets), cnp.PyArray_DATA(weights),
            cnp.PyArray_DATA(delta))


def dense_product(
    str kind, cnp.ndarray a not None, cnp.ndarray b not None, cnp.ndarray out not None
):
    """One product of a dense layer as the wide kernels compute it: what benchmarks time.

    "forward": ``out = a @ b`` with a = X, b = weights; "backward_inputs": ``out = a @ b.T`` with
    a = delta, b = weights; "backward_weights": ``out = a.T @ b`` with a = X, b = delta.
    """
    cdef const Table* table
    cdef bint from_weights = kind == "backward_weights"
    cdef bint transposed = kind == "backward_inputs"
    cdef Py_ssize_t n_rows, n_sum, n_columns
    cdef int type_number = cnp.PyArray_TYPE(a)
    cdef int failed
    for array in (a, b, out):
        if (type_number not in (cnp.NPY_FLOAT32, cnp.NPY_FLOAT64)
                or cnp.PyArray_TYPE(array) != type_number
                or cnp.PyArray_NDIM(array) != 2 or not cnp.PyArray_ISCARRAY(array)):
            raise ValueError("a, b and out must be matrices of one dtype, C-contiguous")
    n_rows = a.shape[1 if from_weights else 0]
    n_sum = a.shape[0 if from_weights else 1]
    n_columns = b.shape[0 if transposed else 1]
    if not ((from_weights or transposed or kind == "forward")
            and b.shape[1 if transposed else 0] == n_sum
            and out.shape[0] == n_rows and out.shape[1] == n_columns):
        raise ValueError(f"{kind!r} does not go with these shapes")
    table = table_of("float32" if type_number == cnp.NPY_FLOAT32 else "float64")
    with nogil:
        failed = product_into(
            table, n_rows, n_columns, n_sum, cnp.PyArray_DATA(a), 1 if from_weights else n_sum,
            n_rows if from_weights else 1, cnp.PyArray_DATA(b), transposed, NULL,
            cnp.PyArray_DATA(out))
    if failed:
        raise MemoryError()
