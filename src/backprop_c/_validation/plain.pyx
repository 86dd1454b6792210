"""What the building blocks take: names, and arrays of one dtype, as they are or copied to C order.

Compiled, since a call may be no more than a microsecond's work.
"""

cimport numpy as cnp

import numpy as np

from backprop_c._engine.plan cimport take_constants

from backprop_c._validation.arrays import as_numbers
from backprop_c._validation.entries import ACTIVATIONS, LOSSES
from backprop_c._validation.scalars import DTYPES
from backprop_c._validation.shape import as_entry, coded
from backprop_c.activations import Activation
from backprop_c.losses import Loss

cnp.import_array()


# What names stand for: looked up once.
cdef dict ACTIVATION_TERMS = {
    name: coded(as_entry(name, "activation", Activation, ACTIVATIONS)) for name in ACTIVATIONS}
cdef dict LOSS_TERMS = {name: coded(as_entry(name, "loss", Loss, LOSSES)) for name in LOSSES}


cdef Formula formula_of(tuple terms) except *:
    """An activation or a loss, as the kernels take it."""
    cdef Formula formula
    code, constants = terms
    formula.code = code
    take_constants(constants, formula.constants)
    return formula


cdef Formula activation_formula(activation) except *:
    terms = ACTIVATION_TERMS.get(activation) if type(activation) is str else None
    return formula_of(terms or coded(as_entry(activation, "activation", Activation, ACTIVATIONS)))


cdef Formula loss_formula(loss) except *:
    terms = LOSS_TERMS.get(loss) if type(loss) is str else None
    return formula_of(terms or coded(as_entry(loss, "loss", Loss, LOSSES)))


cdef bint is_of(object array, cnp.ndarray like):
    """Whether it is an array of the dtype of another one; None for float32 or float64."""
    cdef int type_number
    if type(array) is not cnp.ndarray:
        return False
    type_number = cnp.PyArray_TYPE(<cnp.ndarray>array)
    if like is None:
        return type_number == cnp.NPY_FLOAT32 or type_number == cnp.NPY_FLOAT64
    return type_number == cnp.PyArray_TYPE(like)


cdef bint has_shape(cnp.ndarray array, tuple shape):
    """Whether the array has this shape. A number is that size.

    "n_samples" is any size, and another name any size but 0. A leading `...` stands for any number
    of dimensions.
    """
    cdef int ndim = cnp.PyArray_NDIM(array)
    cdef int skipped = 0
    cdef int k
    if shape and shape[0] is ...:
        shape = shape[1:]
        skipped = ndim - <int>len(shape)
    if skipped < 0 or ndim - skipped != len(shape):
        return False
    for k in range(skipped, ndim):
        asked = shape[k - skipped]
        if type(asked) is int:
            if cnp.PyArray_DIM(array, k) != asked:
                return False
        elif cnp.PyArray_DIM(array, k) == 0 and asked != "n_samples":
            return False
    return True


cdef cnp.ndarray taken(object array, str name, tuple shape, cnp.ndarray like=None):
    """What is read: as it is, or a copy in C order; of the dtype of another array, if given."""
    cdef cnp.ndarray given
    if is_of(array, like) and has_shape(<cnp.ndarray>array, shape):
        given = <cnp.ndarray>array
        if cnp.PyArray_ISCARRAY_RO(given):
            return given
    require_dtype(array, name, like)
    given = as_numbers(array, name)
    if not has_shape(given, shape):
        raise ValueError(f"{name} must be {in_words(shape)}, but has shape {array.shape}")
    return np.require(given, given.dtype.newbyteorder("="), ["C", "A"])


cdef cnp.ndarray room(object out, str name, tuple shape, cnp.ndarray like):
    """What is written: the caller's array as it is, or a new one."""
    if out is None:
        return np.empty(shape, like.dtype)
    require_dtype(out, name, like)
    if not has_shape(<cnp.ndarray>out, shape):
        raise ValueError(f"{name} must have shape {shape}, but has shape {out.shape}")
    return written(out, name)


cdef cnp.ndarray written(object array, str name):
    """What is written, of whatever shape; one that does not lie in memory as needed is refused."""
    require_dtype(array, name, None)
    if not cnp.PyArray_ISCARRAY(<cnp.ndarray>array):
        raise ValueError(
            f"{name} must be C-contiguous, aligned, writable and of this machine's byte order: "
            f"pass numpy.empty({array.shape}, {array.dtype.name!r}), or an array like it")
    return <cnp.ndarray>array


cdef require_dtype(object array, str name, cnp.ndarray like):
    """Raise unless it is an array of the dtype of another one; None for float32 or float64."""
    if is_of(array, like):
        return
    expected = DTYPES if like is None else (like.dtype.name,)
    remedy = expected[-1]
    if not isinstance(array, np.ndarray):
        raise TypeError(
            f"{name} must be an array of {' or '.join(expected)}, but is of type "
            f"{type(array).__name__}: pass numpy.asarray({name}, {remedy!r})")
    if array.dtype.name not in expected:
        raise TypeError(
            f"{name} must be of dtype {' or '.join(expected)}, but is of {array.dtype}: pass "
            f"{name}.astype({remedy!r})")


cdef str in_words(tuple shape):
    """A shape as people write it: (n_samples, 3), (..., width), (4,)."""
    words = ["..." if one is ... else str(one) for one in shape]
    return f"({', '.join(words)}{',' if len(words) == 1 else ''})"


cdef require_apart(cnp.ndarray out, str name, cnp.ndarray read, str read_name,
                   bint in_place=False):
    """Raise where what is written lies over what is read; `in_place`: unless it is the same."""
    cdef char* begin = cnp.PyArray_BYTES(out)
    cdef char* read_begin = cnp.PyArray_BYTES(read)
    if in_place and begin == read_begin:
        return
    if (begin < read_begin + cnp.PyArray_NBYTES(read)
            and read_begin < begin + cnp.PyArray_NBYTES(out)):
        raise ValueError(
            f"{name} must not overlap {read_name}, which is read while {name} is written: pass "
            "an array of its own")
