"""trace of a recurrent network: the kernels' numbers, its call and its documentation."""

import doctest
import inspect
import re
import subprocess
import sys
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from recurrent_problems import made, three_units
from trace_recurrent_pages import check_arithmetic

from backprop_c import SGD, RecurrentNetwork, losses, trace
from backprop_c.trace.settling import PartTrace, SettlingTrace

MASK = np.array([[1, 1, 0, 1], [1, 0, 1, 0], [0, 1, 1, 1], [0, 0, 1, 0]], bool)
INPUT_MASK = np.array([[1, 0, 1, 0], [0, 0, 1, 1]], bool)
BOTH_MASKS = {"connections": MASK, "input_connections": INPUT_MASK}
SIGMOID = {"activation": "sigmoid", "loss": "binary_cross_entropy"}
READOUT = {"output_activation": "softmax", "loss": "cross_entropy"}
KINDS = {
    "plain": {},
    "damping": {"damping": 0.5},
    "masks": BOTH_MASKS,
    "symmetric": {"symmetric": True},
    "symmetric with masks": {"symmetric": True, "connections": MASK & MASK.T},
    "no biases": {"biases": False},
    "readout": READOUT,
    "readout with masks, no biases": READOUT | BOTH_MASKS | {"biases": False},
    "linear readout": {"output_activation": "identity", "loss": "huber"},
    "sigmoid": SIGMOID,
    "sigmoid, hardly settled": SIGMOID | {"tolerance": 0.1},
    "smoothed": SIGMOID | {"loss": losses.BinaryCrossEntropy(0.25)},
    "gelu, which reads z": {"activation": "gelu", "output_activation": "tanh"},
    "penalties": {"l1": 0.1, "l2": (0.2, 0.3)},
    "penalties with masks": {"l1": (0.1, 0.2), "symmetric": True, "connections": MASK & MASK.T},
    "penalties with a readout": READOUT | {"l1": (0, 0, 0.3), "l2": 0.1},
    "float32": {"dtype": "float32"},
    "float32 readout": READOUT | {"dtype": "float32"},
    "anderson": {"solver": "anderson"},
    "anderson, and errors by relaxation": {"solver": "anderson", "backward_solver": "relaxation"},
    "a wide tolerance": {"tolerance": 0.3},
    "few iterations": {"max_iterations": 3, "tolerance": 1e-9},
}


def close(got, expected, dtype="float64"):
    tolerance = 1e-12 if dtype == "float64" else 1e-5
    np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance)


@pytest.mark.filterwarnings("ignore:.*did not settle")
@pytest.mark.parametrize("kind", KINDS)
def test_the_numbers_are_those_of_the_network(kind, rng):
    options = KINDS[kind]
    net = made(rng, **options)
    if "penalties" in kind:
        net.recurrent_weights[::2] = 0
    x, y = rng.normal(size=2), np.array([1.0, 0.0])
    before = net.parameters.copy()
    steps = trace(net, x, y, learning_rate=0.3, verbose=False)
    np.testing.assert_array_equal(net.parameters, before)
    dtype = net.dtype.name
    assert isinstance(steps, SettlingTrace)

    units, info = net.settle(x, return_info=True)
    close(steps.units, units, dtype)
    assert (steps.iterations, steps.units_settled) == (info["iterations"], info["settled"])
    loss, gradient = net.loss_and_gradient([x], [y])
    close(steps.loss, loss, dtype)
    close(steps.gradient, gradient, dtype)
    assert steps.gradient.dtype == steps.states.dtype == net.dtype
    close(steps.outputs, net.predict(x), dtype)
    close(steps.sample_loss + steps.penalty, steps.loss, dtype)
    np.testing.assert_array_equal(steps.target, y)

    trained = made(np.random.default_rng(), **options)
    trained.parameters[:] = before
    trained.fit([x], [y], epochs=1, optimizer=SGD(0.3))
    close(steps.new_parameters, trained.parameters, dtype)
    close(steps.new_loss, trained.evaluate([x], [y])["loss"], dtype)
    close(steps.new_outputs, trained.predict(x), dtype)
    check_arithmetic(steps)
    assert ("  smoothed target\n    t[1] = (1 - 0.25) * 1" in str(steps)) == (kind == "smoothed")


@pytest.mark.filterwarnings("ignore:.*did not settle")
@pytest.mark.parametrize("kind", ["plain", "damping", "masks", "symmetric", "readout", "sigmoid"])
def test_each_iteration_is_the_kernels(kind, rng):
    """A network that stops after k iterations has the values of row k; and so have its errors."""
    net = made(rng, **KINDS[kind])
    x, y = rng.normal(size=2), np.array([0.0, 1.0])
    steps = trace(net, x, y, learning_rate=0.1, verbose=False)
    assert steps.settled
    assert steps.errors_settled
    iterations = net.settle(x, return_info=True)[1]["iterations"]
    assert len(steps.changes) == len(steps.states) - 1 == iterations > 5
    for k in range(1, len(steps.states)):
        shorter = made(rng, **KINDS[kind] | {"max_iterations": k})
        shorter.parameters[:] = net.parameters
        units, info = shorter.settle(x, return_info=True)
        close(steps.found[k - 1], units)
        close(steps.changes[k - 1], info["residual"])
    for k in range(1, len(steps.errors)):
        shorter = made(rng, **KINDS[kind] | {"backward_max_iterations": k})
        shorter.parameters[:] = net.parameters
        _, gradient = shorter.loss_and_gradient([x], [y])
        start = net.input_weights.size + net.recurrent_weights.size
        last = k + 1 == len(steps.errors)
        close(steps.errors[k] if last else steps.errors_found[k - 1], gradient[start : start + 4])
    np.testing.assert_array_equal(steps.states[0], 0)
    np.testing.assert_array_equal(steps.errors[0], steps.seed)
    np.testing.assert_array_equal(steps.delta, steps.errors[-1])
    close(steps.changes, np.abs(steps.found - steps.states[:-1]).max(axis=1))
    close(steps.error_changes, np.abs(steps.errors_found - steps.errors[:-1]).max(axis=1))


def test_the_slopes_are_those_of_the_settled_values(rng):
    """Of tanh they are told from the values, also where those have hardly settled."""
    net = made(rng, tolerance=0.3, output_activation="identity")
    steps = trace(net, rng.normal(size=2), [0.5, 1.0], learning_rate=0.1, verbose=False)
    close(steps.slopes, 1 - steps.units**2)
    by_outputs = steps.outputs - steps.target
    close(steps.output_delta, by_outputs)
    close(steps.seed, steps.slopes * (net.readout_weights @ by_outputs))
    net = made(rng)
    steps = trace(net, rng.normal(size=2), [0.5, 1.0], learning_rate=0.1, verbose=False)
    np.testing.assert_array_equal(steps.seed[:2], 0)
    close(steps.seed[2:], steps.slopes[2:] * (steps.units[2:] - [0.5, 1.0]))


def test_errors_that_are_solved_for(rng):
    pytest.importorskip("scipy")
    net = made(rng, backward_solver="direct")
    steps = trace(net, rng.normal(size=2), [0.5, 1.0], learning_rate=0.1, verbose=False)
    matrix = np.eye(4) - steps.slopes[:, None] * net.recurrent_weights
    close(steps.delta, np.linalg.solve(matrix, steps.seed))
    np.testing.assert_allclose(steps.errors[-1], steps.delta, rtol=0, atol=1e-5)
    assert "the network's solver of the errors, direct, goes on with\n    delta[1] = " in str(steps)
    check_arithmetic(steps)


def test_stored_weights_that_do_not_count(rng):
    """Those without a connection, and what differs from the transpose in a symmetric network."""
    net = made(rng, symmetric=True, connections=MASK & MASK.T, input_connections=INPUT_MASK)
    net.parameters[:] = rng.normal(size=net.parameters.size) / 4
    x, y = rng.normal(size=2), [0.5, 1.0]
    steps = trace(net, x, y, learning_rate=0.1, verbose=False)
    between = np.where(net.connections, net.recurrent_weights, 0)
    close(steps.recurrent_weights, (between + between.T) / 2)
    close(steps.input_weights, np.where(INPUT_MASK, net.input_weights, 0))
    close(steps.gradient, net.loss_and_gradient([x], [y])[1])
    page = str(steps)
    assert "w_in[1,2]" not in page
    assert "w[1,3]" not in page
    assert "w_in[1,3]" in page
    assert "\n  w is the mean of the recurrent weights and their transpose\n" in page
    check_arithmetic(steps)


# Where plain relaxation goes to and fro between two values, and Anderson finds the one between.
def swinging(**options):
    net = RecurrentNetwork(1, 1, 1, biases=False, **options)
    net.parameters[:] = [0.5, -3.0]
    return net


def test_anderson_where_relaxation_does_not_settle():
    net = swinging(solver="anderson")
    steps = trace(net, [1.0], [0.5], learning_rate=0.1, verbose=False)
    assert not steps.settled
    assert steps.units_settled
    assert len(steps.changes) == 200
    close(steps.units, net.settle([1.0]))
    assert abs(steps.units[0] - steps.states[-1, 0]) > 0.1
    close(steps.gradient, net.loss_and_gradient([[1.0]], [0.5])[1])
    page = str(steps)
    assert "\n  plain relaxation has not settled after 200 iterations: the largest " in page
    assert (
        f"\n  the network's solver, anderson, has settled after {steps.iterations} iterations, and "
        f"it goes on with\n    s[1] = {steps.units[0]:.10g}\n"
    ) in page
    check_arithmetic(steps)


def test_what_does_not_settle_at_all():
    net = swinging()
    steps = trace(net, [1.0], [0.5], learning_rate=0.1, verbose=False)
    assert not steps.units_settled
    close(steps.units, net.settle([1.0]))
    np.testing.assert_array_equal(steps.units, steps.states[-1])
    close(steps.gradient, net.loss_and_gradient([[1.0]], [0.5])[1])
    assert "\n  the network goes on with these values\n" in str(steps)
    check_arithmetic(steps)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("damping", [1.0, 0.5])
def test_what_is_no_number(damping):
    net = RecurrentNetwork(1, 2, 1, activation="identity", biases=False, damping=damping)
    net.parameters[:] = [1.0, 1e300, 1e300, -1e300, 0.0, 1e300]
    steps = trace(net, [1.0], [0.5], learning_rate=0.1, verbose=False)
    assert not np.isfinite(steps.states[-1, 0])
    assert not np.isfinite(steps.gradient).all()
    assert not steps.settled
    assert "nan" in str(steps)


# -- The call --------------------------------------------------------------------------------


def test_it_prints_the_page(capsys):
    steps = trace(three_units(), [[2.0]], 1.0)
    assert capsys.readouterr().out == f"{steps}\n"
    assert steps.learning_rate == 0.001
    assert repr(steps) == (
        f"<SettlingTrace of 3 units: settled after {steps.iterations} iterations, "
        f"loss {steps.loss:.6g}, after one step {steps.new_loss:.6g}>"
    )


def test_a_class_index(rng):
    steps = trace(made(rng, **READOUT), [1.0, 2.0], 1, learning_rate=0.1, verbose=False)
    np.testing.assert_array_equal(steps.target, [0, 1])


def test_it_is_frozen():
    steps = trace(three_units(), [2.0], 1.0, verbose=False)
    for one in (steps, steps.parts[0]):
        with pytest.raises(FrozenInstanceError):
            one.x = 3
    assert steps != trace(three_units(), [2.0], 1.0, verbose=False)


def test_it_belongs_to_nobody_else():
    """Writing to the trace changes no network, and training changes no trace."""
    net = three_units()
    steps = trace(net, [2.0], 1.0, verbose=False)
    page = str(steps)
    net.parameters[:] = 7
    assert str(steps) == page
    for part in steps.parts:
        part.weights[:] = 3
    assert (net.parameters == 7).all()


def own_loss(y_true, y_pred):
    return abs(y_pred - y_true).sum(axis=1), np.sign(y_pred - y_true)


@pytest.mark.parametrize(
    ("options", "x", "y", "message"),
    [
        ({}, [1.0, 2.0], 1.0, "X has 2 features, but the network has 1 inputs"),
        ({}, np.ones((2, 1)), 1.0, "x must be one sample, but has shape (2, 1)"),
        ({}, [1.0], np.ones((2, 1)), "y must be one sample, but has shape (2, 1)"),
        ({}, [np.nan], 1.0, "X[0, 0] is nan"),
        ({"loss": own_loss}, [1.0], 1.0, "trace knows the losses of this package"),
    ],
)
def test_bad_arguments(options, x, y, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        trace(three_units(**options), x, y, verbose=False)


def test_a_bad_learning_rate():
    net = three_units()
    with pytest.raises(ValueError, match="learning_rate must be positive"):
        trace(net, [1.0], 1.0, learning_rate=0, verbose=False)
    net.optimizer = "lbfgs"
    with pytest.raises(ValueError, match="learning_rate is needed here: LBFGS"):
        trace(net, [1.0], 1.0, verbose=False)


# -- Its documentation -----------------------------------------------------------------------


@pytest.mark.thread_unsafe(reason="doctest redirects what is printed")
def test_the_docstring_is_true():
    found = doctest.DocTestFinder(recurse=False).find(SettlingTrace, "SettlingTrace")
    results = doctest.DocTestRunner(verbose=False).run(found[0])
    assert results.attempted == 6
    assert results.failed == 0


@pytest.mark.parametrize("kind", [PartTrace, SettlingTrace])
def test_every_attribute_is_documented(kind):
    named = re.findall(r"^([\w, ]+) : ", inspect.getdoc(kind), re.MULTILINE)
    documented = [name for names in named for name in names.split(", ")]
    assert sorted(documented) == sorted(kind.__annotations__)


@pytest.mark.thread_unsafe(reason="starts a process")
def test_it_is_imported_when_it_is_asked_for():
    code = (
        "import sys, backprop_c; "
        "print([name for name in sys.modules if 'settling' in name or 'recurrent' in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
