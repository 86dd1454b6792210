"""Small things that several tests need."""

import numpy as np
import pandas

TOLERANCE = {"float64": 1e-11, "float32": 3e-4}


def assert_close(got, expected, dtype):
    """Equal but for rounding, relative to the largest expected number."""
    got, expected = np.asarray(got, dtype=float), np.asarray(expected, dtype=float)
    scale = max(1e-3, np.abs(expected).max(initial=0))
    np.testing.assert_allclose(got, expected, rtol=0, atol=TOLERANCE[str(dtype)] * scale)


# Ways to hold the same numbers: name -> from a C-ordered array.
LAYOUTS = {
    "plain": lambda a: a,
    "fortran": np.asfortranarray,
    "strided": lambda a: np.repeat(np.repeat(a, 2, axis=0), 3, axis=-1)[::2, ..., ::3],
    "reversed": lambda a: a[::-1].copy()[::-1],
    "readonly": lambda a: np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape),
    "swapped": lambda a: a.astype(a.dtype.newbyteorder()),
    "unaligned": lambda a: np.frombuffer(b"?" + a.tobytes(), a.dtype, offset=1).reshape(a.shape),
    "list": lambda a: a.tolist(),
    "frame": pandas.DataFrame,
}


def assert_same_network(one, other):
    """Two networks are equal by value: shape, names, dtype, bits of the parameters, generator."""
    assert type(one) is type(other)
    for name in ("layer_sizes", "activations", "loss", "dtype", "optimizer"):
        assert getattr(one, name) == getattr(other, name), name
    assert bool(one.biases) == bool(other.biases)
    assert one.parameters.tobytes() == other.parameters.tobytes()
    assert state_of(one._generator) == state_of(other._generator)
    if one.history is None or other.history is None:
        assert one.history is other.history
    else:
        assert one.history.to_dict() == other.history.to_dict()


def state_of(generator):
    """A generator's state as something to compare."""
    return repr(generator.bit_generator.state)


def targets_for(rng, loss, n_samples, n_out):
    """Random targets that the loss takes."""
    if loss == "squared_error":
        return rng.normal(size=(n_samples, n_out))
    targets = rng.random((n_samples, n_out))
    return targets / targets.sum(axis=1, keepdims=True) if loss == "cross_entropy" else targets
