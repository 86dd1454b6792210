"""What is held by pandas or SciPy and is no array of numbers: the message names the remedy."""

import re

import numpy as np
import pytest

from backprop_c import Network

X = np.arange(12.0).reshape(4, 3) / 10
Y = np.zeros((4, 2))
TEXT = ["a", "b", "a", "b"]


@pytest.fixture
def net():
    """A network; afterwards it must be what it was."""
    net = Network((3, 2), random_state=1)
    before = net.parameters.tobytes()
    yield net
    assert net.parameters.tobytes() == before
    assert net.history is None


def refused(net, X, y, message):
    for use in (net.fit, net.evaluate, net.loss_and_gradient):
        with pytest.raises(TypeError, match=re.escape(message)):
            use(X, y)


def test_sparse_matrices(net):
    sparse = pytest.importorskip("scipy.sparse")
    for made in (sparse.csr_matrix, sparse.coo_array):
        message = "X must hold real numbers, but is a sparse matrix: pass X.toarray()"
        refused(net, made(X), Y, message)
        with pytest.raises(TypeError, match=re.escape(message)):
            net.predict(made(X))
        refused(net, X, made(Y), "y must hold real numbers, but is a sparse matrix: pass y.toarr")


@pytest.mark.parametrize(
    ("columns", "messages"),
    [
        (
            {"a": [1, 2, 3, 4], "b": TEXT, "c": X[:, 0]},
            (
                "X must hold real numbers, but column 'b' is ",
                ": give each category a column of 0 and 1, by pandas.get_dummies(X, dtype=float)",
            ),
        ),
        (
            {"a": [1, 2, 3, 4], "b": "nullable", "c": X[:, 0]},
            (
                "but its dtypes are mixed or nullable ('a' is int64, 'b' is Int64, 'c' is "
                "float64): pass X.astype(float), with missing values filled or left out",
            ),
        ),
        (
            {"a": [True] * 4, "b": X[:, 0], "c": X[:, 1]},
            ("but its dtypes are mixed or nullable ('a' is bool, 'b' is float64, ",),
        ),
    ],
)
def test_frames(net, columns, messages):
    pandas = pytest.importorskip("pandas")
    columns = {
        name: pandas.array([1, None, 3, 4], dtype="Int64") if isinstance(values, str) else values
        for name, values in columns.items()
    }
    for message in messages:
        refused(net, pandas.DataFrame(columns), Y, message)


def test_series(net):
    pandas = pytest.importorskip("pandas")
    for message in ("column 'y' is ", ": number the classes, names, y = numpy.unique(y, return_"):
        refused(net, X, pandas.Series(TEXT), message)
    refused(
        net,
        X,
        pandas.Series([True, None, False, True], dtype="boolean"),
        "but its dtypes are mixed or nullable ('y' is boolean): pass y.astype(float)",
    )
