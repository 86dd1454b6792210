"""The building blocks of a network, open: layers, activations, losses and update rules.

They go through the same tables of compiled functions as `Network`, at the level in use, and show
what it computes. Other Cython code finds them in ``functional.pxd``.

Arrays are of float32 or float64, all of a call of the same dtype. What is read may lie in memory
in any order: an array that is not C-contiguous is copied. What is written, ``out`` and
``parameters``, must be C-contiguous, or is refused. Numbers are not looked at, but for targets: a
NaN goes in, and comes out.
"""

cimport numpy as cnp
from cpython.pystate cimport PyThreadState
from libc.math cimport sqrt
from libc.string cimport strcmp

from functools import lru_cache

from backprop_c._engine.outcome cimport OptimizerState
from backprop_c._engine.plain cimport (
    backward_layer, clipping, enter_gil, forward_activation, forward_layer, leave_gil,
    loss_of_outputs, slopes_of_activation, update_parameters,
)
from backprop_c._engine.samples cimport are_targets, is_plain
from backprop_c._engine.states cimport (
    as_state, first_state, refuse_watching, scheduled_rate,
)
from backprop_c._engine.tables cimport table_of
from backprop_c._kernels.table cimport MAX_HYPERPARAMETERS, Loss, Table, Update
from backprop_c._validation.plain cimport (
    activation_formula, loss_formula, require_apart, room, taken, written,
)

from backprop_c._validation.shape import as_activations, as_loss, check_loss
from backprop_c._validation.targets import as_targets
from backprop_c.optimizers import as_optimizer
from backprop_c.optimizers.terms import terms_of_steps

cnp.import_array()


cdef enum:
    # What a number costs where it goes through an activation, a loss or an update rule.
    WORK_OF_NUMBER = 20


cdef const Table* FLOAT32 = table_of("float32")
cdef const Table* FLOAT64 = table_of("float64")

# What optimizers are to the kernels: looked up once.
cdef object terms_of = lru_cache(maxsize=64)(terms_of_steps)


cdef Rule rule_of(tuple terms) except *:
    """An update rule of what `terms_of_steps` makes of an optimizer."""
    cdef Rule rule
    cdef int k
    rule.code = terms[0]
    hyperparameters = terms[1]
    for k in range(MAX_HYPERPARAMETERS):
        rule.hyperparameters[k] = hyperparameters[k] if k < len(hyperparameters) else 0.0
    return rule


cdef Rule update_rule(optimizer) except *:
    return rule_of(terms_of(as_optimizer(optimizer)))


cdef const Table* table_for(cnp.ndarray array) noexcept:
    """The table of its dtype."""
    return FLOAT32 if cnp.PyArray_TYPE(array) == cnp.NPY_FLOAT32 else FLOAT64


cdef void* data_of(object array) noexcept:
    """Where its numbers are; NULL for None."""
    if array is None:
        return NULL
    return cnp.PyArray_DATA(<cnp.ndarray>array)


def dense_forward(X, weights, biases=None, out=None):
    """The pre-activations of a dense layer: ``z = X @ weights + biases``.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_in)
        The layer's inputs.
    weights : ndarray of shape (n_in, n_out)
    biases : ndarray of shape (n_out,), optional
        None: there are none.
    out : ndarray of shape (n_samples, n_out), optional
        Where z goes. None: a new array.

    Returns
    -------
    ndarray of shape (n_samples, n_out)

    Raises
    ------
    TypeError, ValueError
        If an array is of another kind, dtype or shape; or if `out` is not C-contiguous, or
        overlaps an array that is read.

    References
    ----------
    D. E. Rumelhart, G. E. Hinton and R. J. Williams, Learning representations by
    back-propagating errors, Nature 323 (1986), equation 1.

    Examples
    --------
    >>> import numpy as np
    >>> from backprop_c import functional
    >>> X = np.array([[1.0, 2.0]])
    >>> functional.dense_forward(X, np.array([[3.0], [4.0]]), biases=np.array([0.5]))
    array([[11.5]])
    """
    cdef cnp.ndarray x = taken(X, "X", ("n_samples", "n_in"))
    cdef cnp.ndarray w = taken(weights, "weights", (cnp.PyArray_DIM(x, 1), "n_out"), x)
    cdef Py_ssize_t n_samples = cnp.PyArray_DIM(x, 0)
    cdef Py_ssize_t n_in = cnp.PyArray_DIM(w, 0)
    cdef Py_ssize_t n_out = cnp.PyArray_DIM(w, 1)
    cdef cnp.ndarray b = None if biases is None else taken(biases, "biases", (n_out,), x)
    cdef cnp.ndarray z = room(out, "out", (n_samples, n_out), x)
    cdef PyThreadState* left
    cdef int failed
    require_apart(z, "out", x, "X")
    require_apart(z, "out", w, "weights")
    if b is not None:
        require_apart(z, "out", b, "biases")
    left = leave_gil(<double>n_samples * n_in * n_out)
    failed = forward_layer(table_for(x), n_samples, n_in, n_out, cnp.PyArray_DATA(x),
                           cnp.PyArray_DATA(w), data_of(b), cnp.PyArray_DATA(z))
    enter_gil(left, failed)
    return z


def activate(name, Z, out=None):
    """An activation: ``a = f(z)``, for each number, or for softmax over the last axis.

    Parameters
    ----------
    name : str or Activation
        A name, or an object such as ``activations.LeakyReLU(slope=0.1)``; `activations` has the
        formulas.
    Z : ndarray of shape (..., width)
        Pre-activations.
    out : ndarray of Z's shape, optional
        Where a goes; it may be Z. None: a new array.

    Returns
    -------
    ndarray of Z's shape

    Raises
    ------
    TypeError, ValueError
        If the name is not known; if an array is of another kind, dtype or shape; or if `out` is
        not C-contiguous, or overlaps a part of Z.

    References
    ----------
    See the classes of `activations`.

    Examples
    --------
    >>> import numpy as np
    >>> from backprop_c import functional
    >>> functional.activate("relu", np.array([-1.0, 2.0]))
    array([0., 2.])
    >>> functional.activate("softmax", np.array([[0.0, 0.0]]))
    array([[0.5, 0.5]])
    """
    cdef Formula formula = activation_formula(name)
    cdef cnp.ndarray z = taken(Z, "Z", (..., "width"))
    cdef cnp.ndarray a = room(out, "out", Z.shape, z)
    cdef Py_ssize_t width = cnp.PyArray_DIM(z, cnp.PyArray_NDIM(z) - 1)
    cdef Py_ssize_t size = cnp.PyArray_SIZE(z)
    cdef PyThreadState* left
    cdef int failed
    require_apart(a, "out", z, "Z", in_place=True)
    left = leave_gil(WORK_OF_NUMBER * <double>size)
    failed = forward_activation(table_for(z), &formula, size // width, width, cnp.PyArray_DATA(z),
                                cnp.PyArray_DATA(a))
    enter_gil(left, failed)
    return a


def derivative(name, Z, out=None):
    """An activation's derivative ``da/dz`` at each z.

    Backpropagation multiplies by it: ``delta = inputs_gradient * derivative(name, Z)`` takes
    dloss/da to dloss/dz. Softmax has none for each number, since its outputs depend on all z of
    a row; `loss_and_delta` goes through it.

    Parameters
    ----------
    name : str or Activation
        A name, or an object such as ``activations.LeakyReLU(slope=0.1)``.
    Z : ndarray of shape (..., width)
        Pre-activations.
    out : ndarray of Z's shape, optional
        Where the derivatives go; it may be Z. None: a new array.

    Returns
    -------
    ndarray of Z's shape

    Raises
    ------
    TypeError, ValueError
        As for `activate`; and for softmax.

    References
    ----------
    See the classes of `activations`.

    Examples
    --------
    >>> import numpy as np
    >>> from backprop_c import functional
    >>> functional.derivative("sigmoid", np.array([0.0]))
    array([0.25])
    """
    cdef Formula formula = activation_formula(name)
    cdef cnp.ndarray z = taken(Z, "Z", (..., "width"))
    cdef cnp.ndarray slopes = room(out, "out", Z.shape, z)
    cdef Py_ssize_t size = cnp.PyArray_SIZE(z)
    cdef PyThreadState* left
    if not table_for(z).activations[formula.code].elementwise:
        raise ValueError(
            f"{name!r} has no derivative of each number alone: a depends on all z of its row; "
            "loss_and_delta has the delta of such outputs")
    require_apart(slopes, "out", z, "Z", in_place=True)
    left = leave_gil(WORK_OF_NUMBER * <double>size)
    slopes_of_activation(table_for(z), &formula, size, cnp.PyArray_DATA(z),
                         cnp.PyArray_DATA(slopes))
    enter_gil(left, 0)
    return slopes


def dense_backward(X, weights, delta, weights_out=None, biases_out=None, inputs_out=None):
    """The gradients of a dense layer, of delta = dloss/dz.

    ``X.T @ delta`` for the weights, ``delta.sum(axis=0)`` for the biases, and ``delta @
    weights.T`` for the inputs, which is dloss/da of the layer before.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_in)
        The layer's inputs.
    weights : ndarray of shape (n_in, n_out)
    delta : ndarray of shape (n_samples, n_out)
        The derivatives of the loss by the layer's pre-activations. If they are those of a mean
        over samples, as `loss_and_delta` has them, so are the gradients.
    weights_out : ndarray of shape (n_in, n_out), optional
        Where the weights' gradient goes. None: a new array. False: it is not computed.
    biases_out : ndarray of shape (n_out,), optional
        As `weights_out`, for the biases.
    inputs_out : ndarray of shape (n_samples, n_in), optional
        As `weights_out`, for the inputs. False suits the first layer.

    Returns
    -------
    tuple of three ndarrays
        The gradients of weights, biases and inputs; None for what is not computed.

    Raises
    ------
    TypeError, ValueError
        If an array is of another kind, dtype or shape; or if one that is written to is not
        C-contiguous, or overlaps another one.

    References
    ----------
    D. E. Rumelhart, G. E. Hinton and R. J. Williams, Learning representations by
    back-propagating errors, Nature 323 (1986), equations 6 and 7.

    Examples
    --------
    >>> import numpy as np
    >>> from backprop_c import functional
    >>> X, weights = np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]])
    >>> functional.dense_backward(X, weights, np.array([[10.0]]))
    (array([[10.],
           [20.]]), array([10.]), array([[30., 40.]]))
    """
    cdef cnp.ndarray x = taken(X, "X", ("n_samples", "n_in"))
    cdef cnp.ndarray w = taken(weights, "weights", (cnp.PyArray_DIM(x, 1), "n_out"), x)
    cdef Py_ssize_t n_samples = cnp.PyArray_DIM(x, 0)
    cdef Py_ssize_t n_in = cnp.PyArray_DIM(w, 0)
    cdef Py_ssize_t n_out = cnp.PyArray_DIM(w, 1)
    cdef cnp.ndarray d = taken(delta, "delta", (n_samples, n_out), x)
    cdef double work = <double>n_samples * n_in * n_out
    cdef PyThreadState* left
    cdef int failed
    shapes = {"weights_out": (n_in, n_out), "biases_out": (n_out,), "inputs_out": (n_samples, n_in)}
    given = (weights_out, biases_out, inputs_out)
    made = []
    for (name, shape), out in zip(shapes.items(), given):
        if out is False:
            made.append(None)
            continue
        array = room(out, name, shape, x)
        for read, read_name in ((x, "X"), (w, "weights"), (d, "delta")):
            require_apart(array, name, read, read_name)
        for other, other_name in zip(made, shapes):
            if other is not None:
                require_apart(array, name, other, other_name)
        made.append(array)
    left = leave_gil(2 * work)
    failed = backward_layer(table_for(x), n_samples, n_in, n_out, cnp.PyArray_DATA(x),
                            cnp.PyArray_DATA(w), cnp.PyArray_DATA(d), data_of(made[0]),
                            data_of(made[1]), data_of(made[2]))
    enter_gil(left, failed)
    return tuple(made)


def loss_and_delta(loss, activation, Z, y, out=None):
    """The mean loss of outputs ``activation(Z)``, and its derivative by Z.

    The loss of a sample is summed over the outputs; the mean over the samples is taken of it.
    Delta is the derivative of that mean, so what `dense_backward` makes of it are gradients of
    the mean loss, with nothing left to be divided. Z and not the outputs are read: cross-entropies
    of outputs that round to 0 or 1 keep their digits.

    Parameters
    ----------
    loss : str or Loss
        A name, or an object such as ``losses.Huber(delta=2.0)``; `losses` has the formulas.
    activation : str or Activation
        That of the outputs.
    Z : ndarray of shape (n_samples, n_out)
        The outputs' pre-activations.
    y : array-like of shape (n_samples, n_out) or (n_samples,)
        Targets, as `Network.fit` takes them: class indices may stand for several outputs.
    out : ndarray of shape (n_samples, n_out), optional
        Where delta goes; it may be Z. None: a new array.

    Returns
    -------
    loss : float
    delta : ndarray of shape (n_samples, n_out)

    Raises
    ------
    TypeError, ValueError
        If a name is not known, or the loss does not go with the activation; if Z or `out` is of
        another kind, dtype or shape, or the targets are not what the loss takes; or if `out` is
        not C-contiguous, or overlaps y or a part of Z.

    References
    ----------
    C. M. Bishop, Neural networks for pattern recognition (1995), chapter 6; and the classes of
    `losses`.

    Examples
    --------
    >>> import numpy as np
    >>> from backprop_c import functional
    >>> Z = np.array([[1.0], [2.0]])
    >>> functional.loss_and_delta("squared_error", "identity", Z, [4.0, 2.0])
    (2.25, array([[-1.5],
           [ 0. ]]))
    """
    cdef cnp.ndarray z = taken(Z, "Z", ("n_samples", "n_out"))
    cdef Py_ssize_t n_samples = cnp.PyArray_DIM(z, 0)
    cdef Py_ssize_t n_out = cnp.PyArray_DIM(z, 1)
    cdef cnp.ndarray delta = room(out, "out", (n_samples, n_out), z)
    cdef const Table* table = table_for(z)
    cdef double value = 0
    cdef bint are_labels
    cdef PyThreadState* left
    cdef int failed
    cdef cnp.ndarray targets
    cdef Formula loss_terms, activation_terms
    cdef const Loss* entry
    loss_terms = loss_formula(loss)
    activation_terms = activation_formula(activation)
    entry = table.losses + loss_terms.code
    if entry.outputs[0] and strcmp(
            entry.outputs, table.activations[activation_terms.code].name) != 0:
        check_loss(as_loss(loss), *as_activations(activation, 1))
    targets = targets_of(entry, y, z)
    are_labels = cnp.PyArray_NDIM(targets) == 1
    require_apart(delta, "out", z, "Z", in_place=True)
    require_apart(delta, "out", targets, "y")
    left = leave_gil(WORK_OF_NUMBER * <double>n_samples * n_out)
    failed = loss_of_outputs(
        table, &loss_terms, &activation_terms, n_samples, n_out, cnp.PyArray_DATA(z),
        NULL if are_labels else cnp.PyArray_DATA(targets),
        <const long long*>cnp.PyArray_DATA(targets) if are_labels else NULL, &value,
        cnp.PyArray_DATA(delta))
    enter_gil(left, failed)
    return value, delta


cdef cnp.ndarray targets_of(const Loss* entry, object y, cnp.ndarray z):
    """Targets as the kernels read them: as they stand where that can be, else as fit takes them."""
    cdef Py_ssize_t n_samples = cnp.PyArray_DIM(z, 0)
    cdef Py_ssize_t n_out = cnp.PyArray_DIM(z, 1)
    if is_plain(y, cnp.PyArray_TYPE(z), n_samples, n_out) and are_targets(
            entry, n_samples, n_out, cnp.PyArray_TYPE(z), cnp.PyArray_DATA(<cnp.ndarray>y)):
        return y
    return as_targets(y, n_samples, n_out, entry.name.decode(), z.dtype)


def update(optimizer, parameters, gradient, state=None):
    """One step of an optimizer: parameters change in place.

    Parameters
    ----------
    optimizer : Optimizer or str
        Such as ``SGD(0.1)`` or ``"adam"``. `clip_norm` looks at this gradient alone; a schedule
        counts each call as an epoch, and needs its number of epochs.
    parameters : ndarray
        Of any shape. What changes.
    gradient : ndarray of the shape of `parameters`
        That of the mean loss.
    state : OptimizerState, optional
        What the last call for these parameters returned. None: this is the first step.

    Returns
    -------
    OptimizerState
        For the next call. The one that was passed changes and is returned.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another kind, or an array of another dtype or shape; if the state is
        of other parameters or of another update rule; or if `parameters` are not C-contiguous,
        or overlap `gradient`. Nothing has changed then.

    References
    ----------
    See the classes of `optimizers`.

    Examples
    --------
    >>> import numpy as np
    >>> from backprop_c import SGD, functional
    >>> weights = np.array([[1.0, 2.0]])
    >>> optimizer, state = SGD(0.1, momentum=0.9), None
    >>> for _ in range(2):
    ...     state = functional.update(optimizer, weights, np.array([[1.0, 0.0]]), state)
    >>> weights, state.steps
    (array([[0.71, 2.  ]]), 2)
    """
    cdef cnp.ndarray p, g
    cdef const Table* table
    cdef const Update* entry
    cdef OptimizerState kept
    cdef Rule rule
    cdef Py_ssize_t n
    cdef double scale = 1
    cdef double norm
    cdef PyThreadState* left
    optimizer = as_optimizer(optimizer)
    terms = terms_of(optimizer)
    rule = rule_of(terms)
    p = written(parameters, "parameters")
    g = taken(gradient, "gradient", parameters.shape, p)
    require_apart(p, "parameters", g, "gradient")
    n = cnp.PyArray_SIZE(p)
    table = table_for(p)
    entry = table.updates + rule.code
    kept = first_state(entry, rule.hyperparameters, n, cnp.PyArray_TYPE(p)) if state is None else (
        as_state(state, optimizer, entry, p))
    options = terms[2]
    if options["schedule"] is not None:
        rule.hyperparameters[0] = scheduled_rate(options["schedule"], kept.steps)
    if options["plateau"] is not None:
        refuse_watching("update")
    if options["rate_of_epoch"] is not None:
        rule.hyperparameters[0] = options["rate_of_epoch"](kept.steps)
    if options["clip_norm"]:
        norm = sqrt(table.sum_of_squares(n, cnp.PyArray_DATA(g)))
        scale = clipping(norm, options["clip_norm"])
    if options["clip_value"]:
        g = g.copy()
        table.clip(n, options["clip_value"], cnp.PyArray_DATA(g))
    left = leave_gil(WORK_OF_NUMBER * <double>n)
    update_parameters(table, &rule, scale, kept.steps + 1, n, cnp.PyArray_DATA(g),
                      <double*>cnp.PyArray_DATA(kept.carried), cnp.PyArray_DATA(kept.vectors),
                      cnp.PyArray_DATA(p))
    enter_gil(left, 0)
    kept.steps += 1
    return kept
