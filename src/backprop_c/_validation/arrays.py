"""Arrays of real numbers, as the kernels read them."""

import numpy as np

# Kinds of dtypes: booleans, unsigned and signed integers, floats.
REAL_KINDS = "buif"


def as_numbers(value, name):
    """An array of real numbers, of whatever dtype they came in."""
    parts = value if isinstance(value, (list, tuple)) else (value,)
    if any(isinstance(part, np.ma.MaskedArray) and np.ma.is_masked(part) for part in parts):
        raise ValueError(f"{name} has masked entries; fill them or leave their samples out")
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} must be a rectangular array: {error}") from None
    if array.dtype.kind not in REAL_KINDS:
        raise TypeError(f"{name} must hold real numbers, but {what_it_holds(value, array, name)}")
    return array


def what_it_holds(value, array, name):
    """What came in place of real numbers, and what turns it into them, in words."""
    if hasattr(value, "toarray"):
        return f"is a sparse matrix: pass {name}.toarray()"
    if hasattr(value, "dtypes"):
        return what_pandas_holds(value.dtypes, name)
    items = array.ravel()[:100]
    if array.dtype.kind in "USTO" and items.size and all(isinstance(item, str) for item in items):
        return f"its dtype is {array.dtype}, and it holds text: {text_remedy(name)}"
    if array.dtype.kind == "O" and array.size:
        position = next(
            (at for at, item in np.ndenumerate(array) if not is_plain_number(item)),
            (0,) * array.ndim,
        )
        where = f"{name}[{', '.join(map(str, position))}]" if position else name
        return f"its dtype is object, and {where} is {array[position]!r}: pass floats"
    return f"its dtype is {array.dtype}"


def is_plain_number(item):
    """Whether it is a number that some dtype of NumPy's holds."""
    return isinstance(item, float) or (isinstance(item, int) and -(2**63) <= item < 2**63)


def what_pandas_holds(dtypes, name):
    """As what_it_holds, by the dtypes of a frame's columns, or by that of a series."""
    columns = list(dtypes.items()) if hasattr(dtypes, "items") else [(name, dtypes)]
    # What pandas calls Int64 or boolean is no dtype of NumPy's, but has a kind like one.
    text = [column for column in columns if getattr(column[1], "kind", "O") not in REAL_KINDS]
    shown = ", ".join(f"{column!r} is {dtype}" for column, dtype in (text or columns)[:3])
    if text:
        return f"column {shown}: {text_remedy(name)}"
    return (
        f"its dtypes are mixed or nullable ({shown}): pass {name}.astype(float), with missing "
        "values filled or left out"
    )


def text_remedy(name):
    """How text becomes numbers: class names in y, categories in X."""
    if name == "y":
        return "number the classes, names, y = numpy.unique(y, return_inverse=True)"
    return f"give each category a column of 0 and 1, by pandas.get_dummies({name}, dtype=float)"


def as_finite(array, name, dtype):
    """The array as the kernels read it: of the dtype, C-contiguous, aligned and finite."""
    converted = array
    if array.dtype != dtype or not (array.flags.c_contiguous and array.flags.aligned):
        with np.errstate(all="ignore"):
            converted = np.require(array, dtype, ["C", "A"])
    finite = np.isfinite(converted)
    if not finite.all():
        position = np.unravel_index(np.argmin(finite), converted.shape)
        where = f"{name}[{', '.join(map(str, position))}]"
        value = array[position]
        if np.isfinite(value):
            raise ValueError(f"{where} is {value!s}, which {dtype} cannot hold")
        raise ValueError(f"{where} is {value}; {name} must be finite")
    return converted


def check_features(array, name, n_in):
    """Raise unless the last axis has one entry for each input of the network."""
    if array.shape[-1] != n_in:
        raise ValueError(
            f"{name} has {array.shape[-1]} features, but the network has {n_in} inputs"
        )


def as_inputs(X, n_in, dtype):
    """(n_samples, n_in) or (n_in,), for prediction."""
    array = as_numbers(X, "X")
    if array.ndim not in (1, 2):
        raise ValueError(f"X must be (n_samples, {n_in}) or ({n_in},), but has shape {array.shape}")
    check_features(array, "X", n_in)
    return as_finite(array, "X", dtype)


def check_out(others, out, shape, dtype):
    """Raise unless the outputs can be written to `out`, which must not overlap the others.

    Those are X as it came, X as it is read, and the network's parameters.
    """
    if not isinstance(out, np.ndarray) or out.dtype != dtype:
        came = f"an array of {out.dtype}" if isinstance(out, np.ndarray) else repr(type(out))
        raise TypeError(f"out must be an array of {dtype}, but is {came}")
    if out.shape != shape:
        raise ValueError(f"out must have shape {shape}, but has shape {out.shape}")
    if not out.flags.carray:
        raise ValueError("out must be C-contiguous, aligned and writable")
    *inputs, parameters = others
    for array in inputs:
        if isinstance(array, np.ndarray) and np.shares_memory(array, out):
            raise ValueError("out must not overlap X")
    if np.shares_memory(parameters, out):
        raise ValueError("out must not overlap the network's parameters")
