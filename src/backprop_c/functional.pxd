"""The building blocks for other Cython code: without Python, without the GIL.

A complete example. ``own.pyx`` makes steps of plain gradient descent with one sigmoid layer::

    # cython: language_level=3, freethreading_compatible=True
    import numpy as np
    from backprop_c.functional cimport (
        Formula, activation_formula, dense_backward_into, dense_forward_into, loss_and_delta_into,
        loss_formula,
    )

    def train(double[:, ::1] X, double[:, ::1] y, double[:, ::1] weights, int steps, double rate):
        cdef Formula loss = loss_formula("squared_error")
        cdef Formula activation = activation_formula("sigmoid")
        cdef double[:, ::1] delta = np.empty_like(y)
        cdef double[:, ::1] gradient = np.empty_like(weights)
        cdef Py_ssize_t n = X.shape[0]
        cdef Py_ssize_t n_in = X.shape[1]
        cdef Py_ssize_t n_out = y.shape[1]
        cdef double value = 0
        cdef int step, i, j, failed = 0
        with nogil:
            for step in range(steps):
                failed |= dense_forward_into(
                    n, n_in, n_out, &X[0, 0], &weights[0, 0], <double*>NULL, &delta[0, 0])
                failed |= loss_and_delta_into(
                    &loss, &activation, n, n_out, &delta[0, 0], &y[0, 0], NULL, &value,
                    &delta[0, 0])
                failed |= dense_backward_into(
                    n, n_in, n_out, &X[0, 0], &weights[0, 0], &delta[0, 0], &gradient[0, 0],
                    <double*>NULL, <double*>NULL)
                for i in range(n_in):
                    for j in range(n_out):
                        weights[i, j] -= rate * gradient[i, j]
        if failed:
            raise MemoryError()
        return value

It is built as the example in ``backprop_c/__init__.pxd`` is.

The rules:

- The functions do what those of the same name in Python do; their docstrings have the formulas,
  and ``_engine/plain.pxd`` has their signatures and shapes.
- Arrays are pointers to float or double, all of a call to the same of them: rows one after the
  other, without gaps. Shapes are what the numbers before the pointers say.
- What is marked "or NULL" may be left out, as ``<double*>NULL``.
- What is written must not overlap what is read, but for ``a_out``, ``slopes_out`` and
  ``delta_out`` of a loss, which may stand in the place of z.
- A function that takes memory of its own returns 0, or -1 where there is none.
- Nothing is checked: not shapes, not targets, not that loss and activation go together.
- Formulas and rules are made with the GIL, where there is one, and used without it.
"""

from backprop_c._engine.plain cimport (
    Formula, Rule, activate_into, dense_backward_into, dense_forward_into, derivative_into,
    loss_and_delta_into, update_into,
)
from backprop_c._validation.plain cimport activation_formula, loss_formula


# An optimizer's rule, with its learning rate in `hyperparameters[0]`, which may be changed from
# step to step; neither a schedule nor clipping is in it.
cdef Rule update_rule(optimizer) except *
