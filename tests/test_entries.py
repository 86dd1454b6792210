"""Activations and losses as objects: the kernels' tables in Python, what a name stands for."""

import copy
import inspect
import pickle
import re
from dataclasses import FrozenInstanceError, asdict, fields, is_dataclass, replace

import numpy as np
import pytest
import reference as formulas
from helpers import assert_same_network, check_network

from backprop_c import Network, activations, losses
from backprop_c._validation.entries import ACTIVATIONS, LOSSES
from backprop_c._validation.shape import CLASSES

KINDS = {activations.Activation: ACTIVATIONS, losses.Loss: LOSSES}
MADE = [
    activations.LeakyReLU(slope=0.2),
    activations.ELU(alpha=0.5),
    losses.Huber(delta=2.0),
    *[made() for kind in KINDS for made in CLASSES[kind].values()],
]


@pytest.mark.parametrize("kind", KINDS)
def test_classes_and_entries_are_the_same(kind):
    """Each entry has its class, and each parameter its field, in the entry's order."""
    table, classes = KINDS[kind], CLASSES[kind]
    assert set(classes) == set(table)
    for name, made in classes.items():
        assert tuple(field.name for field in fields(made)) == table[name].parameters, name
        assert len(made().constants()) == len(table[name].parameters)


@pytest.mark.parametrize(
    ("made", "expected", "constants"),
    [
        (activations.ReLU(), "ReLU()", ()),
        (activations.LeakyReLU(), "LeakyReLU()", (0.01,)),
        (activations.LeakyReLU(0.01), "LeakyReLU()", (0.01,)),
        (activations.LeakyReLU(np.float32(0.5)), "LeakyReLU(slope=0.5)", (0.5,)),
        (activations.ELU(0.5), "ELU(alpha=0.5)", (0.5,)),
        (losses.SquaredError(), "SquaredError()", ()),
        (losses.Huber(2), "Huber(delta=2.0)", (2.0,)),
    ],
)
def test_repr_is_what_is_typed(made, expected, constants):
    assert repr(made) == expected
    assert eval(expected, vars(activations) | vars(losses)) == made
    assert made.constants() == constants
    assert all(type(value) is float for value in made.constants())


@pytest.mark.parametrize("made", MADE, ids=repr)
def test_they_are_values(made):
    """Equal by kind and parameters, frozen, and the same after a copy."""
    for other in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert other == made
        assert hash(other) == hash(made)
    assert sum(other == made for other in MADE) == 1
    for name in ("name", "slope", "delta", "note"):
        with pytest.raises(FrozenInstanceError, match=f"cannot assign to field '{name}'"):
            setattr(made, name, 0.5)


def test_they_are_dataclasses():
    """Without a decorator: the standard library's functions take them, and so does `inspect`."""
    made = losses.Huber(delta=2.0)
    assert is_dataclass(made)
    assert asdict(made) == {"delta": 2.0}
    assert replace(made, delta=3) == losses.Huber(delta=3.0) != made
    # What copy.replace calls, where Python has it.
    assert made.__replace__(delta=3) == losses.Huber(delta=3.0)
    assert made == losses.Huber(delta=2.0)
    with pytest.raises(ValueError, match="delta must be positive"):
        replace(made, delta=-1)
    assert str(inspect.signature(losses.Huber)) == "(delta: float = 1.0)"
    assert str(inspect.signature(activations.ReLU)) == "()"
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'delta'"):
        del made.delta
    assert made != activations.LeakyReLU(slope=2.0)
    assert losses.Huber.__match_args__ == ("delta",)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((1.0, 2.0), {}), "Huber takes at most 1 positional arguments, but got 2"),
        (((1.0,), {"delta": 2.0}), "Huber got delta twice, by its place and by its name"),
        (((), {"slope": 2.0}), "Huber has no parameter 'slope'; known: delta"),
    ],
)
def test_arguments_that_do_not_fit(arguments, message):
    values, named = arguments
    with pytest.raises(TypeError, match=re.escape(message)):
        losses.Huber(*values, **named)


@pytest.mark.parametrize("kind", KINDS)
def test_a_base_has_no_entry(kind):
    with pytest.raises(TypeError, match="abstract class"):
        kind()


@pytest.mark.parametrize(
    ("make", "bad", "error", "message"),
    [
        (activations.LeakyReLU, -0.1, ValueError, "slope must be at least 0 and finite, but is -0"),
        (activations.LeakyReLU, np.inf, ValueError, "slope must be at least 0 and finite"),
        (activations.LeakyReLU, np.nan, ValueError, "slope must be at least 0 and finite"),
        (activations.LeakyReLU, "0.1", TypeError, "slope must be a number, but is '0.1'"),
        (activations.ELU, -1, ValueError, "alpha must be at least 0 and finite, but is -1.0"),
        (activations.ELU, np.inf, ValueError, "alpha must be at least 0 and finite, but is inf"),
        (activations.ELU, "1", TypeError, "alpha must be a number, but is '1'"),
        (losses.Huber, 0, ValueError, "delta must be positive and finite, but is 0.0"),
        (losses.Huber, np.inf, ValueError, "delta must be positive and finite, but is inf"),
        (losses.Huber, np.nan, ValueError, "delta must be positive and finite, but is nan"),
        (losses.Huber, None, TypeError, "delta must be a number, but is None"),
    ],
)
def test_bad_parameters(make, bad, error, message):
    with pytest.raises(error, match=re.escape(message)):
        make(bad)


def test_a_name_stands_for_the_object_with_its_defaults():
    """The network says the name wherever that says all."""
    by_name = Network((3, 4, 2), ("leaky_relu", "identity"), "huber", random_state=0)
    by_object = Network(
        (3, 4, 2),
        (activations.LeakyReLU(), activations.Identity()),
        losses.Huber(delta=1),
        random_state=0,
    )
    for net in (by_name, by_object):
        assert net.activations == ("leaky_relu", "identity")
        assert net.loss == "huber"
    assert_same_network(by_name, by_object)
    assert Network((3, 4, 2), activations.Tanh()).activations == ("tanh", "tanh")


def test_objects_with_parameters_of_their_own(rng):
    """They are shown, copied and pickled with the network, and the kernels compute with them."""
    leaky, huber = activations.LeakyReLU(slope=0.25), losses.Huber(delta=0.5)
    net = Network((2, 2), leaky, huber, biases=False, random_state=0)
    assert net.activations == (leaky,)
    assert net.loss == huber
    assert repr(net) == (
        "<Network 2-2: LeakyReLU(slope=0.25); Huber(delta=0.5); float64; no biases; 4 parameters>"
    )
    net.weights[0][:] = np.eye(2)
    np.testing.assert_array_equal(net.predict([[-4.0, 4.0]]), [[-1.0, 4.0]])
    assert net.evaluate([[-4.0, 4.0]], [[-1.0, 0.0]]) == {"loss": 0.5 * (4 - 0.25)}
    net.fit(rng.normal(size=(9, 2)), rng.normal(size=(9, 2)), epochs=2)
    for other in (copy.copy(net), pickle.loads(pickle.dumps(net))):
        assert_same_network(net, other)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("sizes", [(3, 4, 2), (20, 48, 32), (40, 64, 2)])
@pytest.mark.parametrize("n_samples", [1, 2, 40])
def test_parameters_of_their_own_against_the_formulas(n_samples, sizes, dtype, rng, monkeypatch):
    """In every shape of work: a single row, narrow layers and wide ones."""
    monkeypatch.setattr(formulas, "SLOPE", 0.3)
    monkeypatch.setattr(formulas, "DELTA", 0.4)
    leaky, huber = activations.LeakyReLU(slope=0.3), losses.Huber(delta=0.4)
    net = Network(sizes, (leaky, "identity"), huber, dtype=dtype, random_state=1)
    check_network(net, n_samples, rng)


class Steeper(activations.LeakyReLU):
    """A user's own subclass, with a name that the kernels know."""


class Swish(activations.Activation):
    """A user's own activation, which the kernels do not know."""

    name = "swish"
    beta: float = 1.0


NAMES = f"; known: {', '.join(ACTIVATIONS)}"


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (
            {"activations": activations.LeakyReLU},
            TypeError,
            "activation must be an object, but is the class LeakyReLU: write LeakyReLU(), with",
        ),
        ({"activations": ("tanh", activations.ReLU)}, TypeError, "write ReLU(), with brackets"),
        ({"loss": losses.Huber}, TypeError, "loss must be an object, but is the class Huber: "),
        (
            {"activations": losses.Huber()},
            TypeError,
            "activations must be a name, an object such as ReLU(), or one of these for each layer, "
            "but is Huber()",
        ),
        (
            {"activations": ("tanh", losses.Huber())},
            TypeError,
            f"activation must be a name or an object such as Identity(), but is Huber(){NAMES}",
        ),
        ({"activations": int}, TypeError, "such as Identity(), but is <class 'int'>; known"),
        ({"activations": activations.Activation}, TypeError, "such as Identity(), but is <class"),
        (
            {"loss": activations.ReLU()},
            TypeError,
            "loss must be a name or an object such as SquaredError(), but is ReLU(); known: "
            f"{', '.join(LOSSES)}",
        ),
        ({"activations": Swish()}, ValueError, f"Swish() is not known to the kernels{NAMES}"),
        ({"activations": Steeper()}, ValueError, f"Steeper() is not known to the kernels{NAMES}"),
        (
            {"loss": "poisson", "activations": ("tanh", activations.LeakyReLU(slope=0.2))},
            ValueError,
            "loss 'poisson' needs 'exponential' outputs, but the last activation is "
            "LeakyReLU(slope=0.2)",
        ),
        (
            {"activations": activations.Exponential()},
            ValueError,
            "activation 'exponential' is for the outputs only, but activations[0] is hidden",
        ),
    ],
)
def test_bad_objects(bad, error, message):
    with pytest.raises(error, match=re.escape(message)):
        Network((3, 4, 2), **bad)
