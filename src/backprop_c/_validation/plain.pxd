"""What the building blocks take: names and arrays."""

cimport numpy as cnp

from backprop_c._engine.plain cimport Formula


# An activation or a loss, by name or as an object.
cdef Formula activation_formula(activation) except *
cdef Formula loss_formula(loss) except *

cdef cnp.ndarray taken(object array, str name, tuple shape, cnp.ndarray like=*)
cdef cnp.ndarray room(object out, str name, tuple shape, cnp.ndarray like)
cdef cnp.ndarray written(object array, str name)
cdef require_apart(cnp.ndarray out, str name, cnp.ndarray read, str read_name,
                   bint in_place=*)
