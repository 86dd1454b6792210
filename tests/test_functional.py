"""The building blocks: against the formulas, against networks, in all layouts, and from Cython."""

import copy

import numpy as np
import pytest
import reference
import reference_rules
from helpers import LAYOUTS, assert_close, build_cython, cython_blocks, lanes_of, targets_for

import backprop_c
from backprop_c import SGD, Adam, Nadam, Network, functional, losses, optimizers, schedules
from backprop_c._validation.shape import CLASSES
from backprop_c.activations import Activation, LeakyReLU, Softmax
from backprop_c.losses import Loss
from backprop_c.optimizers import as_optimizer

DTYPES = ("float64", "float32")
GUARD = 12345.0


def sizes(dtype):
    """Around a vector: where rows are whole vectors, and where they are not."""
    lanes = lanes_of(dtype)
    return sorted({1, max(1, lanes - 1), lanes, lanes + 1, 40})


def guarded(shape, dtype):
    """An array with numbers behind it that nobody may write to."""
    size = int(np.prod(shape))
    memory = np.full(size + 64, GUARD, dtype)
    return memory[:size].reshape(shape), memory[size:]


def name_of(entry):
    """What the reference calls an activation or a loss, which may be an object."""
    return entry if isinstance(entry, str) else entry.name


# -- Layers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
def test_layers_of_all_sizes(dtype, rng):
    """Forward, and the three gradients; where sums are long, too, and panels are packed."""
    shapes = [(n, m, k) for n in sizes(dtype) for m in sizes(dtype) for k in sizes(dtype)]
    for n, n_in, n_out in [*shapes, (50, 600, 3), (600, 5, 7), (3, 7, 600), (60, 40, 550)]:
        X, weights, biases, delta = (
            rng.normal(size=shape).astype(dtype)
            for shape in ((n, n_in), (n_in, n_out), n_out, (n, n_out))
        )
        x, w, b, d = (array.astype(float) for array in (X, weights, biases, delta))
        out, behind = guarded((n, n_out), dtype)
        assert functional.dense_forward(X, weights, biases, out=out) is out
        assert (behind == GUARD).all()
        assert_close(out, x @ w + b, dtype)
        z = functional.dense_forward(X, weights)
        assert z.dtype == dtype
        assert_close(z, x @ w, dtype)
        expected = x.T @ d, d.sum(axis=0), d @ w.T
        rooms = [guarded(array.shape, dtype) for array in expected]
        outs = [array for array, _ in rooms]
        got = functional.dense_backward(X, weights, delta, *outs)
        for one, array, number in zip(got, outs, expected, strict=True):
            assert one is array
            assert_close(one, number, dtype)
        assert all((behind == GUARD).all() for _, behind in rooms)
        again = functional.dense_backward(X, weights, delta)
        assert all(np.array_equal(*pair) for pair in zip(got, again, strict=True))


def test_gradients_that_nobody_wants(rng):
    X, weights, delta = (rng.normal(size=shape) for shape in ((5, 4), (4, 3), (5, 3)))
    every = functional.dense_backward(X, weights, delta)
    for k, name in enumerate(("weights_out", "biases_out", "inputs_out")):
        got = functional.dense_backward(X, weights, delta, **{name: False})
        assert got[k] is None
        for j in {0, 1, 2} - {k}:
            np.testing.assert_array_equal(got[j], every[j])


def test_no_samples_at_all():
    X, weights = np.empty((0, 4)), np.ones((4, 3))
    assert functional.dense_forward(X, weights).shape == (0, 3)
    gradients = functional.dense_backward(X, weights, np.empty((0, 3)))
    assert [gradient.shape for gradient in gradients] == [(4, 3), (3,), (0, 4)]
    assert not gradients[0].any()
    assert not gradients[1].any()
    assert functional.activate("softmax", np.empty((0, 3))).shape == (0, 3)


# -- Activations and losses --------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", reference.ACTIVATIONS)
def test_activations(name, dtype, rng):
    forward, backward = reference.ACTIVATIONS[name]
    for n in (*sizes(dtype), 300):
        for width in (1, 3, 17):
            Z = (3 * rng.normal(size=(n, width))).astype(dtype)
            z = Z.astype(float)
            a = forward(z)
            out, behind = guarded(Z.shape, dtype)
            assert functional.activate(name, Z, out=out) is out
            assert_close(out, a, dtype)
            assert (behind == GUARD).all()
            by_object = functional.activate(CLASSES[Activation][name](), Z.reshape(n, 1, width))
            np.testing.assert_array_equal(by_object[:, 0], out)
            if name == "softmax":
                slopes = None
            else:
                slopes, behind = guarded(Z.shape, dtype)
                assert functional.derivative(name, Z, out=slopes) is slopes
                assert_close(slopes, backward(np.ones_like(z), z, a), dtype)
                assert (behind == GUARD).all()
                in_place = Z.copy()
                functional.derivative(name, in_place, out=in_place)
                np.testing.assert_array_equal(in_place, slopes)
            functional.activate(name, Z, out=Z)
            np.testing.assert_array_equal(Z, out)


def test_a_row_alone():
    np.testing.assert_array_equal(functional.activate("softmax", np.zeros(4)), np.full(4, 0.25))
    np.testing.assert_array_equal(functional.derivative("tanh", np.zeros(3)), np.ones(3))


def test_activations_with_parameters():
    Z = np.array([-2.0, 2.0])
    leaky = LeakyReLU(slope=0.25)
    np.testing.assert_array_equal(functional.activate(leaky, Z), [-0.5, 2.0])
    np.testing.assert_array_equal(functional.derivative(leaky, Z), [0.25, 1.0])


def test_softmax_has_no_derivative_of_each_number():
    for softmax in ("softmax", Softmax()):
        with pytest.raises(
            ValueError, match=r"no derivative of each number alone: .*loss_and_delta"
        ):
            functional.derivative(softmax, np.zeros((2, 3)))


def pairs():
    """Each loss with the outputs that it needs, or with some that read a, z or a whole row."""
    table = backprop_c._validation.entries.LOSSES
    return [
        (loss, activation)
        for loss in reference.LOSSES
        for activation in ([table[loss].outputs] if table[loss].outputs else ["tanh", "softmax"])
    ] + [("squared_error", "gelu")]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("loss", "activation"), pairs())
def test_losses(loss, activation, dtype, rng):
    forward, backward = reference.ACTIVATIONS[activation]
    for n in (*sizes(dtype), 300):
        for n_out in (1, 3, 17):
            Z = rng.normal(size=(n, n_out)).astype(dtype)
            y = targets_for(rng, loss, n, n_out).astype(dtype)
            z, t = Z.astype(float), y.astype(float)
            a = forward(z)
            values, g = reference.LOSSES[loss](z, a, t)
            out, behind = guarded(Z.shape, dtype)
            value, delta = functional.loss_and_delta(loss, activation, Z, y, out=out)
            assert delta is out
            assert type(value) is float
            assert (behind == GUARD).all()
            assert_close(value, values.mean(), dtype)
            assert_close(delta, backward(g, z, a) / n, dtype)
            objects = CLASSES[Loss][loss](), CLASSES[Activation][activation]()
            again, delta = functional.loss_and_delta(*objects, Z, y.tolist(), out=Z)
            assert again == value
            assert delta is Z
            np.testing.assert_array_equal(delta, out)


@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
def test_class_indices_stand_for_targets(loss, rng):
    Z, labels = rng.normal(size=(9, 4)), rng.integers(0, 4, 9)
    value, delta = functional.loss_and_delta(loss, "softmax", Z, labels)
    expected, other = functional.loss_and_delta(loss, "softmax", Z, np.eye(4)[labels])
    assert value == expected
    np.testing.assert_array_equal(delta, other)


def test_losses_with_parameters():
    value, delta = functional.loss_and_delta(
        losses.Huber(delta=2.0), "identity", np.array([[2.0]]), [5.0]
    )
    assert value == 4.0
    np.testing.assert_array_equal(delta, [[-2.0]])


# -- Updates -----------------------------------------------------------------------------------

OPTIMIZERS = (
    (SGD(0.1), reference_rules.SGDRule(0.1)),
    (SGD(0.1, 0.9, True, 0.01), reference_rules.SGDRule(0.1, 0.9, True, 0.01)),
    (SGD(0.1, 0.9, of_steps=True), reference_rules.SGDRule(0.1, 0.9, of_steps=True)),
    (Adam(0.01, weight_decay=0.1), reference_rules.AdamRule(0.01, weight_decay=0.1)),
    (Nadam(0.01), reference_rules.NadamRule(0.01)),
    (Adam(0.01, amsgrad=True), reference_rules.AdamRule(0.01, amsgrad=True)),
    (optimizers.Adamax(0.01), reference_rules.AdamaxRule(0.01)),
    (optimizers.Adagrad(0.01), reference_rules.AdagradRule(0.01)),
    (optimizers.Adadelta(), reference_rules.AdadeltaRule(1.0)),
    (optimizers.Lion(0.01), reference_rules.LionRule(0.01)),
    (optimizers.Rprop(), reference_rules.RpropRule(0.07)),
    *(
        (optimizers.RMSprop(**options), reference_rules.RMSpropRule(0.01, **options))
        for options in (
            {},
            {"momentum": 0.5},
            {"centred": True},
            {"momentum": 0.5, "centred": True},
        )
    ),
)


def test_all_update_rules_are_here():
    rules = {as_optimizer(optimizer).rule for optimizer, _ in OPTIMIZERS}
    assert rules == set(backprop_c._validation.entries.UPDATES) - {"levenberg_marquardt", "lbfgs"}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("optimizer", "rule"), OPTIMIZERS, ids=lambda one: type(one).__name__)
def test_updates(optimizer, rule, dtype, rng):
    lanes = lanes_of(dtype)
    for n in (*sizes(dtype), 32 * lanes, 32 * lanes + 1, 100 * lanes + 3):
        fresh = copy.deepcopy(rule)
        parameters, behind = guarded((n, 1), dtype)
        parameters[:] = rng.normal(size=(n, 1))
        expected, state = parameters.astype(float), None
        for k in range(4):
            gradient = rng.normal(size=(n, 1)).astype(dtype)
            expected = fresh(expected, gradient.astype(float))
            kept = functional.update(optimizer, parameters, gradient, state)
            assert state is None or kept is state
            state = kept
            assert state.steps == k + 1
        assert_close(parameters, expected, dtype)
        assert (behind == GUARD).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "optimizer",
    [
        *(optimizer for optimizer, _ in OPTIMIZERS),
        SGD(0.1, clip_norm=3.0),
        Adam(schedules.Cosine(0.1, epochs=3, warmup=1)),
    ],
    ids=repr,
)
def test_updates_are_those_of_training_to_the_bit(optimizer, dtype):
    """Of gradients that any kernel finds exactly: whole numbers, which parameters do not change."""
    net = Network((2, 3), "identity", dtype=dtype, random_state=0)
    net.optimizer = optimizer
    parameters, state = net.parameters.copy(), None
    x, y = np.array([1.0, 2.0], dtype), np.array([3.0, -1.0, 2.0], dtype)
    gradient = np.concatenate([np.outer(x, y).ravel(), y])
    for _ in range(5):
        net.train_step(x, output_gradient=y)
        state = functional.update(optimizer, parameters, gradient, state)
        assert parameters.tobytes() == net.parameters.tobytes()
    assert state.vectors.tobytes() == net._optimizer_state.vectors.tobytes()
    assert state.carried.tobytes() == net._optimizer_state.carried.tobytes()


def test_a_norm_without_room_in_float64_is_not_clipped_away():
    """The parameters are NaN, as a fit's would be: a step of 0 would hide what went wrong."""
    parameters = np.ones(3)
    functional.update(SGD(0.1, clip_norm=1.0), parameters, np.full(3, 1e200))
    assert np.isnan(parameters).all()


# -- A network of building blocks --------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 7, 130])
@pytest.mark.parametrize("hidden", ["tanh", "gelu"])
def test_a_network_of_building_blocks(hidden, n, dtype, rng):
    net = Network((5, 17, 9, 3), [hidden, hidden, "softmax"], dtype=dtype, random_state=0)
    X, y = rng.normal(size=(n, 5)).astype(dtype), rng.integers(0, 3, n)
    inputs, zs = [X], []
    for k, weights in enumerate(net.weights):
        zs.append(functional.dense_forward(inputs[-1], weights, net.biases[k]))
        inputs.append(functional.activate(net.activations[k], zs[-1]))
    loss, delta = functional.loss_and_delta(net.loss, net.activations[-1], zs[-1], y)
    parts = []
    for k in (2, 1, 0):
        weights, biases, inputs_gradient = functional.dense_backward(
            inputs[k], net.weights[k], delta
        )
        parts = [weights.ravel(), biases, *parts]
        if k:
            delta = inputs_gradient * functional.derivative(hidden, zs[k - 1])
    expected_loss, gradient = net.loss_and_gradient(X, y)
    assert_close(inputs[-1], net.predict(X), dtype)
    assert_close(loss, expected_loss, dtype)
    assert_close(np.concatenate(parts), gradient, dtype)
    parameters = net.parameters.copy()
    functional.update(SGD(0.1), parameters, np.concatenate(parts))
    net.fit(X, y, epochs=1, batch_size=None, optimizer=SGD(0.1))
    assert_close(parameters, net.parameters, dtype)


# -- Arrays in memory, and what is refused -----------------------------------------------------


@pytest.mark.parametrize("layout", sorted(set(LAYOUTS) - {"plain", "list", "frame"}))
def test_what_is_read_may_lie_anyhow(layout, rng):
    X, weights, delta = (rng.normal(size=shape) for shape in ((6, 4), (4, 3), (6, 3)))
    x, w, d = (LAYOUTS[layout](array) for array in (X, weights, delta))
    plain, other = (
        [
            functional.dense_forward(*arrays[:2], arrays[2][0]),
            functional.activate("softmax", arrays[2]),
            functional.derivative("tanh", arrays[0]),
            *functional.dense_backward(*arrays),
            *functional.loss_and_delta("squared_error", "tanh", arrays[2], arrays[2]),
        ]
        for arrays in ((X, weights, delta), (x, w, d))
    )
    for one, two in zip(plain, other, strict=True):
        np.testing.assert_array_equal(one, two)
    one, two = np.zeros_like(weights), np.zeros_like(weights)
    functional.update(SGD(0.1), one, weights)
    functional.update(SGD(0.1), two, w)
    np.testing.assert_array_equal(one, two)


X, W, B, D = np.ones((5, 4)), np.ones((4, 3)), np.ones(3), np.ones((5, 3))
S, D2, E = np.ones((3, 3)), np.ones((5, 3)), np.ones(20)
SINGLE = W.astype("float32")
ADAM_STATE = functional.update(Adam(), W.copy(), W)
FOR_TWO = functional.update(SGD(0.1, 0.9), np.ones(2), np.ones(2))
READ_ONLY = FOR_TWO.copy()
READ_ONLY.vectors.flags.writeable = False


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (TypeError, "X must be an array of float32 or float64, but is of type list: pass numpy.as",
         lambda f: f.dense_forward([[1.0]], W)),
        (TypeError, r"X must be of dtype float32 or float64, but is of int64: pass X.astype\(",
         lambda f: f.dense_forward(X.astype("int64"), W)),
        (TypeError, r"weights must be of dtype float64, but is of float32: pass weights.astype\(",
         lambda f: f.dense_forward(X, SINGLE)),
        (ValueError, r"X must be \(n_samples, n_in\), but has shape \(4,\)",
         lambda f: f.dense_forward(X[0], W)),
        (ValueError, r"weights must be \(4, n_out\), but has shape \(3, 4\)",
         lambda f: f.dense_forward(X, W.T)),
        (ValueError, r"weights must be \(4, n_out\), but has shape \(4, 0\)",
         lambda f: f.dense_forward(X, W[:, :0])),
        (ValueError, r"biases must be \(3,\), but has shape \(4,\)",
         lambda f: f.dense_forward(X, W, np.ones(4))),
        (ValueError, "X has masked entries",
         lambda f: f.dense_forward(np.ma.masked_equal(X, 1.0), W)),
        (TypeError, "out must be of dtype float64, but is of float32",
         lambda f: f.dense_forward(X, W, out=np.empty((5, 3), "float32"))),
        (TypeError, "out must be an array of float64, but is of type list",
         lambda f: f.activate("tanh", D, out=[])),
        (ValueError, r"out must have shape \(5, 3\), but has shape \(3, 5\)",
         lambda f: f.dense_forward(X, W, out=np.empty((3, 5)))),
        (ValueError, r"out must be C-contiguous.*pass numpy.empty\(\(5, 3\), 'float64'\)",
         lambda f: f.dense_forward(X, W, out=np.empty((3, 5)).T)),
        (ValueError, "inputs_out must be C-contiguous",
         lambda f: f.dense_backward(X, W, D, inputs_out=np.empty((5, 8))[:, ::2])),
        (ValueError, r"delta must be \(5, 3\), but has shape \(4, 3\)",
         lambda f: f.dense_backward(X, W, D[:4])),
        (ValueError, "out must not overlap Z, which is read while out is written",
         lambda f: f.activate("tanh", X[:4], out=X[1:])),
        (ValueError, "out must not overlap X",
         lambda f: f.dense_forward(S, S + 1, out=S)),
        (ValueError, "out must not overlap weights", lambda f: f.dense_forward(S + 1, S, out=S)),
        (ValueError, "inputs_out must not overlap X",
         lambda f: f.dense_backward(X, W, D, inputs_out=X)),
        (ValueError, "biases_out must not overlap weights_out",
         lambda f: f.dense_backward(X, W, D, E[:12].reshape(4, 3), E[9:12])),
        (ValueError, "activation 'swish' is not known", lambda f: f.activate("swish", D)),
        (TypeError, "activation must be a name or an object", lambda f: f.activate(3, D)),
        (ValueError, "loss 'cross_entropy' needs 'softmax' outputs, but the last activation is",
         lambda f: f.loss_and_delta("cross_entropy", "tanh", D, [0] * 5)),
        (ValueError, "Z must be .n_samples, n_out., but has shape",
         lambda f: f.loss_and_delta("squared_error", "tanh", B, B)),
        (ValueError, "y has 4 samples, but X has 5",
         lambda f: f.loss_and_delta("squared_error", "tanh", D, D[:4])),
        (ValueError, r"y\[0, 0\] is nan",
         lambda f: f.loss_and_delta("squared_error", "tanh", D, D * np.nan)),
        (ValueError, "targets of 'binary_cross_entropy' are between 0 and 1",
         lambda f: f.loss_and_delta("binary_cross_entropy", "sigmoid", D, D * 2)),
        (ValueError, "out must not overlap y",
         lambda f: f.loss_and_delta("squared_error", "tanh", D, D2, out=D2)),
        (TypeError, "optimizer must be a name or an", lambda f: f.update(3, W, W)),
        (TypeError, "parameters must be an array", lambda f: f.update(Adam(), [1.0], W)),
        (ValueError, "parameters must be C-contiguous", lambda f: f.update(Adam(), W.T, W)),
        (ValueError, r"gradient must be \(4, 3\)", lambda f: f.update(Adam(), W, W.T)),
        (ValueError, "parameters must not overlap gradient", lambda f: f.update(Adam(), W, W)),
        (TypeError, "state must be what update returned, or None, but is of type dict",
         lambda f: f.update(Adam(), W, W.copy(), {})),
        (ValueError, "state is of the update rule 'adam', but SGD.* has the rule 'sgd'",
         lambda f: f.update(SGD(0.1), W, W.copy(), ADAM_STATE)),
        (ValueError, "state is of other parameters: 1 vectors for 12 .* but it has 2 numbers",
         lambda f: f.update(SGD(0.1, 0.9), W, W.copy(), FOR_TWO)),
        (ValueError, "the optimizer's state is read-only",
         lambda f: f.update(SGD(0.1, 0.9), np.ones(2), np.ones(2), READ_ONLY)),
        (ValueError, "update needs a schedule with a number of epochs",
         lambda f: f.update(SGD(schedules.Cosine(0.1)), W, W.copy())),
    ],
)  # fmt: skip
def test_what_is_refused(error, message, call):
    steps = ADAM_STATE.steps
    with pytest.raises(error, match=message):
        call(functional)
    np.testing.assert_array_equal(W, np.ones((4, 3)))
    assert ADAM_STATE.steps == steps


# -- From Cython -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """The example at the head of functional.pxd, as it stands there, built and imported."""
    pytest.importorskip("Cython")
    (source,) = cython_blocks("functional.pxd")
    yield from build_cython(tmp_path_factory.mktemp("own"), "own", source)


@pytest.mark.long
def test_the_example_trains(own, rng):
    X, y = rng.normal(size=(30, 4)), rng.random((30, 3))
    net = Network((4, 3), "sigmoid", "squared_error", biases=False, random_state=0)
    weights = net.weights[0].copy()
    loss = own.train(X, y, weights, 50, 0.5)
    history = net.fit(X, y, epochs=50, batch_size=None, optimizer=SGD(0.5), shuffle=False)
    assert_close(loss, history["loss"][-1], "float64")
    assert_close(weights, net.weights[0], "float64")
