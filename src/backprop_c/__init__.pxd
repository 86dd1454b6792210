"""A network's predictions for other Cython code: without Python, without the GIL.

A complete example. ``embedded.pyx`` predicts as many rows as it is given::

    # cython: language_level=3, freethreading_compatible=True
    from libc.stdint cimport uintptr_t
    from libc.stdlib cimport free, malloc
    from backprop_c cimport Engine

    def predict(Engine net, double[:, ::1] X, double[:, ::1] out):
        cdef void* memory = malloc(net.workspace_bytes + 64)
        cdef char* workspace = <char*>memory + (64 - <uintptr_t>memory % 64)
        cdef const char* parameters = NULL
        if memory == NULL:
            raise MemoryError()
        try:
            parameters = net.begin_reading()
            with nogil:
                net.predict_rows(parameters, X.shape[0], &X[0, 0], workspace, &out[0, 0])
        finally:
            if parameters != NULL:
                net.end_reading(parameters)
            free(memory)

``setup.py`` builds it by ``python setup.py build_ext --inplace``, with Cython, NumPy, setuptools
and this package installed::

    import numpy
    from Cython.Build import cythonize
    from setuptools import Extension, setup

    module = Extension("embedded", ["embedded.pyx"], include_dirs=[numpy.get_include()])
    setup(ext_modules=cythonize([module]))

The rules:

- ``begin_reading`` and ``end_reading`` are called with the GIL, where there is one, and belong
  together: a fit in the same or another thread waits for ``end_reading`` before it writes its
  parameters, and says so after a second. Between the two, ``predict_rows`` may be called any
  number of times. In a child that is forked between the two, nobody reads any more.
- ``X`` is (n_samples, n_in) and ``out`` (n_samples, n_out), both C-contiguous, of the network's
  dtype, and apart from each other.
- ``workspace`` is ``net.workspace_bytes`` long and begins on a boundary of 64 bytes. Each thread
  needs its own.
- Nothing of this is checked. Arrays of another dtype or shape, or a workspace that is too short,
  are read and written past their ends. Check ``net.dtype`` and ``net.layer_sizes`` before.
"""

from backprop_c._engine.engine cimport Engine
