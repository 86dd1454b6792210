"""Other Cython code can cimport the engine and predict without Python and without the GIL."""

import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import backprop_c
from backprop_c import Network

MODULE = """
from libc.stdint cimport uintptr_t
from backprop_c._engine cimport Engine

def answer(Engine net, double[:, ::1] X, double[:, ::1] out, char[::1] space):
    cdef char* workspace = &space[0]
    workspace += -<uintptr_t>workspace % 64
    cdef const char* parameters = net.begin_reading()
    with nogil:
        net.predict_rows(parameters, X.shape[0], &X[0, 0], workspace, &out[0, 0])
    net.end_reading(parameters)
"""
SETUP = """
import sys
import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup

setup(script_args=["build_ext", "--inplace"], ext_modules=cythonize(
    [Extension("embedded", ["embedded.pyx"], include_dirs=[numpy.get_include()])],
    include_path=[sys.argv[1]], language_level=3))
"""


def test_embedding(tmp_path, monkeypatch):
    pytest.importorskip("Cython")
    (tmp_path / "embedded.pyx").write_text(textwrap.dedent(MODULE))
    (tmp_path / "build.py").write_text(SETUP)
    root = Path(backprop_c.__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "build.py", str(root)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    monkeypatch.syspath_prepend(tmp_path)
    import embedded

    net = Network((4, 5, 3), "tanh", random_state=0)
    X, out = np.random.default_rng(0).normal(size=(9, 4)), np.empty((9, 3))
    embedded.answer(net, X, out, np.empty(net.workspace_bytes + 64, dtype=np.int8))
    np.testing.assert_array_equal(out, net.predict(X))
