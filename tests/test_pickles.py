"""Pickles of earlier versions, and those that this version must not take."""

import copy
import json
import pickle
import re
import threading
from pathlib import Path

import numpy as np
import pytest

from backprop_c import SGD, Adam, History, Network, __version__, trace
from backprop_c._engine.outcome import OptimizerState
from backprop_c._format import FORMAT, Format
from backprop_c._pickles import remake, restore

PICKLES = Path(__file__).parent / "pickles"
EXPECTED = {
    folder: json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    for folder in sorted(PICKLES.glob("format_*"))
}
CASES = [
    pytest.param(folder, name, id=f"{folder.name}-{name}")
    for folder, expected in EXPECTED.items()
    for name in expected["networks"]
]
# What a network was made of, in their order.
OF_FORMAT_0 = ("layer_sizes", "activations", "loss", "biases", "dtype")
# Levels differ in the last digits, and a fit lets the differences grow.
TOLERANCE = {"float64": 1e-12, "float32": 1e-4}


def load(folder, name):
    return pickle.loads((folder / f"{name}.pickle").read_bytes())


def numbers(text, dtype):
    """Parameters as tests/pickles/write.py writes them."""
    return np.frombuffer(bytes.fromhex(text), np.dtype(dtype).newbyteorder("<"))


def assert_as_expected(net, X, expected):
    """What has no rounding in it is the same, the rest nearly so."""
    assert net.layer_sizes == tuple(expected["layer_sizes"])
    assert net.activations == tuple(expected["activations"])
    assert net.loss == expected["loss"]
    assert bool(net.biases) == expected["biases"]
    assert net.dtype == expected["dtype"]
    assert repr(net.optimizer) == expected["optimizer"]
    near = {"rtol": TOLERANCE[expected["dtype"]], "atol": TOLERANCE[expected["dtype"]]}
    parameters = numbers(expected["parameters"], expected["dtype"])
    np.testing.assert_allclose(net.parameters, parameters, **near)
    np.testing.assert_allclose(net.predict(X), expected["predictions"], **near)
    assert (net.history is None) == (expected["history"] is None)
    for name, values in (expected["history"] or {}).items():
        np.testing.assert_allclose(net.history[name], values, **near)


def test_there_are_pickles_of_every_earlier_format():
    assert [folder.name for folder in EXPECTED][:FORMAT] == [f"format_{k}" for k in range(FORMAT)]
    assert len(CASES) >= 6


@pytest.mark.parametrize(("folder", "name"), CASES)
def test_networks_of_earlier_versions(folder, name):
    """They are what they were, to the bit, and go on training as they would have."""
    X, fit = EXPECTED[folder]["X"], EXPECTED[folder]["fit"]
    case = EXPECTED[folder]["networks"][name]
    net = load(folder, name)
    loaded = numbers(case["loaded"]["parameters"], case["loaded"]["dtype"])
    np.testing.assert_array_equal(net.parameters, loaded)
    assert_as_expected(net, X, case["loaded"])
    again = pickle.loads(pickle.dumps(net))
    for going_on in (net, again):
        going_on.fit(X, case["y"], reset_optimizer=False, **fit)
        assert_as_expected(going_on, X, case["gone_on"])
    assert net.parameters.tobytes() == again.parameters.tobytes()


@pytest.mark.parametrize("folder", EXPECTED, ids=lambda folder: folder.name)
def test_histories_of_earlier_versions(folder):
    history = load(folder, "history")
    assert type(history) is History
    assert history.to_dict() == EXPECTED[folder]["history"]


class Named:
    """Stands in a pickle for a class that only a later version has."""

    def __reduce__(self):
        return Missing, ()


class Missing:
    """Is renamed in a pickle's bytes, so that whoever loads it finds no such class."""


class Later(Format):
    """The first thing in a pickle of a later version."""

    def __init__(self):
        pass

    def __reduce__(self):
        return Format, (FORMAT + 1, "9.8.7")


def pickled(function, *arguments):
    """A pickle that calls the function with these arguments when it is loaded."""

    class Call:
        def __reduce__(self):
            return function, arguments

    return pickle.dumps(Call(), protocol=2)


@pytest.mark.parametrize("thing", ["network", "history"])
def test_a_pickle_of_a_later_format_is_refused(thing):
    """It is refused by its number, before the classes that it names are looked for."""
    net = Network((2, 1), random_state=0)
    first = (net if thing == "network" else History(("loss",), [[1.0]])).__reduce__()
    data = pickled(first[0], Later(), Named(), *first[1][1:])
    data = data.replace(b"Missing", b"Gone___")
    message = (
        rf"written by backprop_c 9\.8\.7 in format {FORMAT + 1}, but backprop_c {__version__} "
        rf"reads formats 0 to {FORMAT}: load it with backprop_c 9\.8\.7 or later"
    )
    with pytest.raises(ValueError, match=message):
        pickle.loads(data)
    # The class would not be found, had the number been taken.
    with pytest.raises(AttributeError, match="Gone___"):
        pickle.loads(data.replace(b"K" + bytes([FORMAT + 1]), b"K" + bytes([FORMAT])))


@pytest.mark.parametrize("thing", ["network", "history"])
def test_what_is_written_has_its_number(thing, monkeypatch):
    """A version that knows one format less refuses it."""
    net = Network((2, 1), random_state=0)
    data = pickle.dumps(net if thing == "network" else History(("loss",), [[1.0]]))
    pickle.loads(data)
    monkeypatch.setattr("backprop_c._format.FORMAT", FORMAT - 1)
    with pytest.raises(ValueError, match=rf"{__version__} in format {FORMAT}, but"):
        pickle.loads(data)


@pytest.mark.parametrize("number", [0, -1, FORMAT + 1, 1.5, "1", None])
def test_numbers_that_are_no_format(number):
    with pytest.raises(ValueError, match=re.escape(f"in format {number}, but")):
        Format(number, "0.2.0")


def reduced_parts():
    """What a trained network is reduced to: its making, its parameters, its optimizer's state."""
    net = Network((3, 4, 2), "tanh", random_state=0)
    net.fit(np.ones((4, 3)), np.zeros((4, 2)), epochs=1, optimizer=Adam())
    _, (written, cls, made_of, parameters, state), _ = net.__reduce__()
    return written, cls, made_of, parameters, state


def spoilt(**changes):
    written, cls, made_of, parameters, state = reduced_parts()
    parts = {"parameters": parameters, "state": state}
    for name, change in changes.items():
        if name in parts:
            parts[name] = change(parts[name])
        else:
            made_of[name] = change
    return written, cls, made_of, parts["parameters"], parts["state"]


BAD = {
    "fewer parameters": (
        {"parameters": lambda p: p[:-1]},
        r"parameters of layer_sizes \(3, 4, 2\) must have shape \(26,\).*but have shape \(25,\)",
    ),
    "one parameter for all": ({"parameters": lambda p: p[:1]}, r"but have shape \(1,\)"),
    "another dtype": (
        {"parameters": lambda p: p.astype("float32")},
        "dtype float64, but have shape .* and dtype float32",
    ),
    "a network without biases": ({"biases": False}, r"must have shape \(20,\)"),
    "larger layers": ({"layer_sizes": (3, 2**20, 2**20)}, r"but have shape \(26,\)"),
    "layer sizes that are none": ({"layer_sizes": (3, 0, 2)}, r"layer_sizes\[1\] must be at least"),
    "no layer sizes": ({"layer_sizes": None}, "layer_sizes must be a sequence"),
    "an unknown activation": ({"activations": ("new", "tanh")}, "activation 'new' is not known"),
    "too few activations": ({"activations": ("tanh",)}, "activations has 1 entries"),
    "an unknown loss": ({"loss": "new"}, "loss 'new' is not known"),
    "an argument of a later version": ({"gates": 0.5}, "gates"),
    "an unknown update rule": (
        {"state": lambda s: OptimizerState("new", s.steps, s.vectors)},
        "update rule 'new' is not known; known: ",
    ),
    "a state of another rule": (
        {"state": lambda s: OptimizerState("momentum", s.steps, s.vectors)},
        r"state for 'momentum' must have shape \(26,\) .* but has shape \(52,\)",
    ),
    "a state of another dtype": (
        {"state": lambda s: OptimizerState(s.rule, s.steps, s.vectors.astype("float32"))},
        "dtype float64, but has shape .* and dtype float32",
    ),
    "a state that is none": ({"state": lambda s: 3}, "'int' object has no attribute 'rule'"),
}


@pytest.mark.parametrize(("changes", "message"), BAD.values(), ids=BAD)
def test_a_pickle_that_does_not_fit_is_refused(changes, message, monkeypatch):
    """With the writer's version and a remedy, and before a network is made."""
    data = pickled(restore, *spoilt(**changes))
    made = []
    set_up = Network._set_up
    monkeypatch.setattr(
        Network, "_set_up", lambda *arguments: made.append(set_up(*arguments)), raising=False
    )
    with pytest.raises(ValueError, match=message) as info:
        pickle.loads(data)
    assert f"written by backprop_c {__version__}" in str(info.value)
    assert "load it with the version that wrote it" in str(info.value)
    assert not made
    pickle.loads(pickled(restore, *spoilt()))
    assert made


@pytest.mark.parametrize("kept", ["parameters", "state"])
def test_a_pickle_of_format_0_that_does_not_fit_is_refused(kept):
    """One number for all parameters was taken for each of them."""
    _, cls, made_of, parameters, state = reduced_parts()
    net = remake(cls, tuple(made_of[name] for name in OF_FORMAT_0))
    attributes = {"_optimizer_state": state, "history": None, "_optimizer": SGD()}
    good = (parameters, attributes, {})
    if kept == "parameters":
        bad = (parameters[:1], attributes, {})
    else:
        bad = (
            parameters,
            {**attributes, "_optimizer_state": OptimizerState("sgd", 1, state.vectors)},
            {},
        )
    with pytest.raises(ValueError, match=r"written by backprop_c 0\.1\.0 or before"):
        net.__setstate__(bad)
    assert not net.parameters.any()
    net.__setstate__(good)
    assert net.parameters.tobytes() == parameters.tobytes()
    assert net._optimizer_state is state
    with pytest.raises(ValueError, match=r"activation 'new' is not known.*0\.1\.0 or before"):
        remake(cls, ((3, 2), ("new",), "squared_error", True, np.dtype(float)))


def test_a_history_whose_values_do_not_fit_is_refused():
    function, (written, _, values, *_) = History(("loss", "mse"), [[1.0, 2.0]]).__reduce__()
    message = rf"history, written by backprop_c {__version__}.* but have shape \(1, 2\)"
    with pytest.raises(ValueError, match=message):
        pickle.loads(pickled(function, written, ("loss",), values))
    assert pickle.loads(pickled(function, written, ("loss", "mse"), values)).epochs == 1


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_copies_are_checked_as_pickles_are(copied):
    class Shortened(Network):
        def _snapshot(self):
            return super()._snapshot()[:-1]

    with pytest.raises(ValueError, match=r"must have shape \(3,\).*but have shape \(2,\)"):
        copied(Shortened((2, 1), random_state=0))


def test_a_network_that_knows_itself():
    """What refers to the network is restored after it."""
    net = Network((2, 1), random_state=0)
    net.me = [net]
    for other in (pickle.loads(pickle.dumps(net)), copy.copy(net)):
        assert other.me[0] is other


class WithALock(Network):
    """What pickle's documentation says of attributes that cannot be written."""

    def __init__(self, sizes):
        super().__init__(sizes, random_state=0)
        self.lock, self.note = threading.Lock(), "a note"

    def __getstate__(self):
        state = self.__dict__.copy()
        del state["lock"]
        return state


class WithALockOfItsOwn(WithALock):
    def __setstate__(self, state):
        self.__dict__.update(state)
        self.lock = threading.Lock()


@pytest.mark.parametrize("kind", [WithALock, WithALockOfItsOwn])
@pytest.mark.parametrize("copied", [copy.copy, lambda net: pickle.loads(pickle.dumps(net))])
def test_a_subclass_says_what_is_written(copied, kind):
    net = kind((3, 2))
    net.fit(np.ones((4, 3)), np.ones((4, 2)), epochs=2)
    twin = copied(net)
    assert twin.note == "a note"
    assert hasattr(twin, "lock") == (kind is WithALockOfItsOwn)
    for one in (net, twin):
        one.fit(np.ones((4, 3)), np.ones((4, 2)), epochs=2, reset_optimizer=False)
    assert twin.parameters.tobytes() == net.parameters.tobytes()
    assert twin.history == net.history


def test_a_trace_copies_no_attributes():
    assert trace(WithALock((2, 1)), [1.0, 2.0], [1.0], verbose=False).layers[0].biases is not None
