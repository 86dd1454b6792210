"""Optimizers, schedules and early stopping as objects: what they accept, what they show."""

import inspect
import pickle
import re
from dataclasses import FrozenInstanceError, fields
from functools import partial

import numpy as np
import pytest
from helpers import optimizer_classes

from backprop_c import (
    SGD,
    Adam,
    EarlyStopping,
    Nadam,
    Network,
    RMSprop,
    callbacks,
    functional,
    optimizers,
    schedules,
)
from backprop_c._engine.schedules import schedule_table
from backprop_c.schedules import Cosine, Schedule

EVERY = sorted(optimizer_classes(), key=lambda made: made.__name__)


def having(*names):
    """Each optimizer with each of the hyperparameters that it has."""
    return [(made, one.name) for made in EVERY for one in fields(made) if one.name in names]


BAD_HYPERPARAMETERS = [
    *[
        (make, {name: bad}, error, f"{name} must be {message}")
        for make, name in having("beta_1", "beta_2")
        for bad, error, message in [
            (1, ValueError, "at least 0 and below 1, but is 1.0"),
            (-0.1, ValueError, "at least 0 and below 1, but is -0.1"),
            (np.nan, ValueError, "at least 0 and below 1, but is nan"),
            (np.inf, ValueError, "at least 0 and below 1, but is inf"),
            (True, TypeError, "a number, but is True"),
            ("x", TypeError, "a number, but is 'x'"),
            (None, TypeError, "a number, but is None"),
        ]
    ],
    *[
        (make, {name: bad}, error, f"{name} must be {message}")
        for make, name in having("momentum")
        for bad, error, message in [
            (1.1, ValueError, "from 0 to 1, but is 1.1"),
            (-0.1, ValueError, "from 0 to 1, but is -0.1"),
            (np.nan, ValueError, "from 0 to 1, but is nan"),
            (True, TypeError, "a number, but is True"),
            ("x", TypeError, "a number, but is 'x'"),
        ]
    ],
    *[
        (make, {name: bad}, error, f"{name} must be {message}")
        for make, name in having("weight_decay", "momentum_decay")
        for bad, error, message in [
            (-1, ValueError, "at least 0 and finite, but is -1.0"),
            (np.inf, ValueError, "at least 0 and finite, but is inf"),
            (np.nan, ValueError, "at least 0 and finite, but is nan"),
            (False, TypeError, "a number, but is False"),
        ]
    ],
    *[
        (make, {name: bad}, error, f"{name} must be {message}")
        for make, name in having(
            *("clip_norm", "clip_value", "epsilon", "learning_rate", "smallest", "largest")
        )
        for bad, error, message in [
            (0, ValueError, "positive and finite, but is 0.0"),
            (np.inf, ValueError, "positive and finite, but is inf"),
            (np.nan, ValueError, "positive and finite, but is nan"),
            ("1", TypeError, "a number, but is '1'"),
        ]
    ],
    (optimizers.Rprop, {"increase": 0.9}, ValueError, "increase must be at least 1.0 and finite"),
    (
        optimizers.Rprop,
        {"decrease": 0},
        ValueError,
        "decrease must be above 0 and below 1, but is 0",
    ),
    (
        optimizers.Rprop,
        {"decrease": 1},
        ValueError,
        "decrease must be above 0 and below 1, but is 1",
    ),
    (
        optimizers.Rprop,
        {"smallest": 2, "largest": 1},
        ValueError,
        "smallest must be at most largest, but they are 2.0 and 1.0",
    ),
    (optimizers.Rprop, {"clip_norm": 1}, TypeError, "Rprop has no parameter 'clip_norm'; known: "),
    (
        optimizers.Rprop,
        {"learning_rate": Cosine(0.1)},
        TypeError,
        "Rprop finds its steps by itself: learning_rate is the size of the first ones, a number",
    ),
    *[
        (make, {name: 1}, TypeError, f"{name} must be True or False, but is 1")
        for make, name in having("amsgrad", "centred", "epsilon_hat")
    ],
    *[
        (make, {"clip_norm": 1, "clip_value": 1}, ValueError, "clip_norm and clip_value cannot go")
        for make, _ in having("clip_norm")
    ],
    (SGD, {"nesterov": 1, "momentum": 0.9}, TypeError, "nesterov must be True or False, but is 1"),
    (SGD, {"of_steps": 1, "momentum": 0.9}, TypeError, "of_steps must be True or False, but is 1"),
    (SGD, {"of_steps": True}, ValueError, "of_steps needs a momentum above 0, but momentum is 0.0"),
    (SGD, {"nesterov": True}, ValueError, "nesterov needs a momentum above 0, but momentum is 0.0"),
    (schedules.Step, {"initial": 1, "every": 0}, ValueError, "every must be at least 1, but is 0"),
    (schedules.Step, {"initial": 1, "every": 1.5}, TypeError, "every must be an integer, but is"),
    (schedules.Step, {"initial": 1, "factor": 1.5}, ValueError, "factor must be at most 1, but is"),
    (schedules.Step, {"initial": 1, "factor": 0}, ValueError, "factor must be positive and finite"),
    (
        schedules.OneCycle,
        {"largest": 1, "rise": 1},
        ValueError,
        "rise must be at least 0 and below",
    ),
    (schedules.OneCycle, {"largest": 1, "start": 0.5}, ValueError, "start must be at least 1, but"),
    (schedules.OneCycle, {"largest": 1, "end": 0.5}, ValueError, "end must be at least 1, but is"),
    (
        schedules.CosineRestarts,
        {"initial": 1, "growth": 0.5},
        ValueError,
        "growth must be at least 1, but is 0.5",
    ),
    (schedules.Polynomial, {"initial": 1, "power": 0}, ValueError, "power must be positive and"),
    (Cosine, {"initial": 0}, ValueError, "initial must be positive and finite, but is 0.0"),
    (Cosine, {"initial": "x"}, TypeError, "initial must be a number, but is 'x'"),
    (Cosine, {"initial": 1, "epochs": 0}, ValueError, "epochs must be at least 1, but is 0"),
    (Cosine, {"initial": 1, "epochs": 1.5}, TypeError, "epochs must be an integer, but is 1.5"),
    (Cosine, {"initial": 1, "warmup": -1}, ValueError, "warmup must be at least 0 and finite, but"),
    (Cosine, {"initial": 1, "warmup": np.nan}, ValueError, "warmup must be at least 0 and finite"),
    (
        Cosine,
        {"initial": 1, "epochs": 5, "warmup": 5},
        ValueError,
        "warmup must be below epochs, which is 5, but is 5.0",
    ),
    (EarlyStopping, {"monitor": 3}, TypeError, "monitor must be a name such as 'val_loss', but is"),
    (EarlyStopping, {"patience": 0}, ValueError, "patience must be at least 1, but is 0"),
    (EarlyStopping, {"patience": 1.5}, TypeError, "patience must be an integer, but is 1.5"),
    (EarlyStopping, {"min_delta": -1}, ValueError, "min_delta must be at least 0 and finite, but"),
    (EarlyStopping, {"restore_best": 1}, TypeError, "restore_best must be True or False, but is 1"),
]


@pytest.mark.parametrize(("make", "bad", "error", "message"), BAD_HYPERPARAMETERS)
def test_bad_hyperparameters(make, bad, error, message):
    """A hyperparameter of the wrong kind or value is named, with what was expected."""
    with pytest.raises(error, match=re.escape(message)):
        make(**bad)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (SGD(), "SGD(learning_rate=0.01)"),
        (
            SGD(0.1, 0.9, True, 0.2, clip_norm=1),
            "SGD(learning_rate=0.1, momentum=0.9, nesterov=True, weight_decay=0.2, clip_norm=1.0)",
        ),
        (Adam(), "Adam(learning_rate=0.001)"),
        (
            Adam(0.001, 0.8, 0.9, 1e-6, 1),
            "Adam(learning_rate=0.001, beta_1=0.8, beta_2=0.9, epsilon=1e-06, weight_decay=1.0)",
        ),
        (Adam(beta_2=0.999, epsilon=1e-8), "Adam(learning_rate=0.001)"),
        (SGD(Cosine(1)), "SGD(learning_rate=Cosine(initial=1.0))"),
        (Cosine(0.1, 9, 0.5), "Cosine(initial=0.1, epochs=9, warmup=0.5)"),
        (EarlyStopping(), "EarlyStopping()"),
        (
            EarlyStopping("loss", 3, 0.1, False),
            "EarlyStopping(monitor='loss', patience=3, min_delta=0.1, restore_best=False)",
        ),
        (Adam(clip_value=2), "Adam(learning_rate=0.001, clip_value=2.0)"),
        (RMSprop(centred=True), "RMSprop(learning_rate=0.01, centred=True)"),
        (Nadam(), "Nadam(learning_rate=0.002)"),
        (Nadam(momentum_decay=1), "Nadam(learning_rate=0.002, momentum_decay=1.0)"),
    ],
)
def test_repr_shows_what_is_not_the_default(made, expected):
    """And what has no default, and always the learning rate."""
    assert repr(made) == expected
    assert eval(expected) == made
    assert pickle.loads(pickle.dumps(made)) == made


def test_hyperparameters_of_any_real_type():
    """NumPy's and integers, too; they are kept as Python's own."""
    optimizer = SGD(
        np.float32(0.5), momentum=np.float64(0.25), nesterov=np.True_, weight_decay=0, clip_norm=3
    )
    assert optimizer == SGD(0.5, 0.25, True, clip_norm=3.0)
    kinds = {name: type(value) for name, value in vars(optimizer).items()}
    assert kinds == {
        "learning_rate": float,
        "clip_norm": float,
        "clip_value": type(None),
        "momentum": float,
        "nesterov": bool,
        "of_steps": bool,
        "weight_decay": float,
    }


@pytest.mark.parametrize(
    "made", [SGD(0.1, momentum=0.9), Adam(), Nadam(), Cosine(1), EarlyStopping()]
)
def test_they_are_frozen(made):
    for name in vars(made):
        with pytest.raises(FrozenInstanceError):
            setattr(made, name, 0.5)


@pytest.mark.parametrize("rate", [0.25, Cosine(0.25, warmup=3)])
def test_an_update_rule_reads_numbers(rate):
    """A schedule's initial learning rate, and nothing of clipping, which comes before the rule."""
    optimizer = SGD(rate, momentum=0.5, nesterov=True, weight_decay=2, clip_norm=7)
    assert optimizer.hyperparameters() == (0.25, 0.5, 1.0, 0.0, 2.0)
    assert all(type(value) is float for value in optimizer.hyperparameters())
    assert len(Adam(rate, clip_value=7).hyperparameters()) == 7


@pytest.mark.parametrize("make", [made for made, _ in having("clip_norm")])
def test_clipping_goes_by_name(make):
    """So that what comes after the learning rate keeps its place."""
    assert make().clip_norm is None
    hyperparameters = make(clip_norm=1).hyperparameters()
    with pytest.raises(TypeError, match="positional argument"):
        make(*hyperparameters, 0.5)
    by_name = str(inspect.signature(make)).split("*, ")[1]
    assert by_name.startswith("clip_norm: float | None = None, clip_value: float | None = None")


@pytest.mark.parametrize("made", EVERY)
def test_a_name_stands_for_the_defaults(made):
    """In fit, as an attribute, and for the building blocks."""
    name = made.__name__.lower()
    net = Network((1, 1), random_state=0)
    net.optimizer = name
    assert net.optimizer == made()
    net.fit([[1.0]], [[1.0]], epochs=1, optimizer=name)
    assert net.optimizer == made()
    if made.steps != "batches":
        return
    one, other = np.ones(2), np.ones(2)
    functional.update(name, one, np.ones(2))
    functional.update(made(), other, np.ones(2))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("wrong", ["Adam", "_moments", "optimizer", "bfgs", ""])
def test_names_that_are_not_known(wrong):
    names = ", ".join(optimizers.optimizers_by_name())
    message = re.escape(f"optimizer {wrong!r} is not known; known: {names}")
    with pytest.raises(ValueError, match=message):
        Network((1, 1)).fit([[1.0]], [[1.0]], optimizer=wrong)


def test_arguments_that_a_schedule_needs():
    with pytest.raises(TypeError, match="Cosine needs initial"):
        Cosine(epochs=3)


@pytest.mark.parametrize("base", [optimizers.Optimizer, callbacks.Callback, partial(Schedule, 0.1)])
def test_bases_are_for_derived_classes(base):
    with pytest.raises(TypeError, match="abstract"):
        base()


def test_schedules_and_their_entries_are_the_same():
    """Each entry has its class, with its parameters in its order; the length is the fit's."""
    classes = {made.name: made for made in Schedule.__subclasses__() if made is not Steps}
    assert {name: schedule_parameters(made) for name, made in classes.items()} == schedule_table()


def test_a_schedule_as_the_engine_takes_it():
    """Code, parameters and length; a class of the user's own has no entry."""
    code = list(schedule_table()).index("cosine")
    given = Cosine(0.5, epochs=9, warmup=2, final=0.1)
    assert schedules.schedule_terms(given) == (code, (0.5, 2.0, 0.1), 9)
    assert schedules.schedule_terms(Cosine(1)) == (code, (1.0, 0.0, 0.0), None)
    assert schedules.schedule_terms(schedules.Step(1, every=3))[1:] == ((1.0, 3.0, 0.1), None)
    with pytest.raises(
        ValueError, match=r"Steps\(initial=0.1\) is not known .*; known: constant, step, "
    ):
        schedules.schedule_terms(Steps(0.1))


class Steps(Schedule):
    name = "steps"
    initial: float


def schedule_parameters(made):
    return tuple(field.name for field in fields(made) if field.name != "epochs")


@pytest.mark.parametrize(
    ("monitor", "larger"),
    [
        ("val_loss", False),
        ("mse", False),
        ("accuracy", True),
        ("val_accuracy", True),
        ("balanced_accuracy", True),
        ("roc_auc", None),
    ],
)
def test_what_early_stopping_takes_for_better(monitor, larger):
    assert EarlyStopping(monitor).larger_is_better is larger
