"""The kernels' table for a dtype."""

from backprop_c._kernels.table cimport Table


cdef const Table* table_of(str dtype_name, bint single=*) except NULL
