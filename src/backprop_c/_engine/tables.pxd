"""The kernels' table for a dtype, and its product."""

from backprop_c._kernels.table cimport Table


cdef const Table* table_of(str dtype_name, bint single=*) except NULL
cdef int product_into(const Table* table, Py_ssize_t n_rows, Py_ssize_t n_columns,
                      Py_ssize_t n_sum, const void* a, Py_ssize_t a_row_stride,
                      Py_ssize_t a_sum_stride, const void* b, bint transposed,
                      const void* biases, void* out) noexcept nogil
