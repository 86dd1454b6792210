"""The trainer behind `fit`: stopping anywhere and going on, and what it refuses."""

import numpy as np
import pytest
from helpers import measured

from backprop_c import SGD, Adam, Network
from backprop_c._engine.engine import Engine
from backprop_c._engine.evaluation import evaluate
from backprop_c._engine.measures import MetricSet
from backprop_c._engine.outcome import OptimizerState
from backprop_c._engine.samples import SampleSet
from backprop_c._engine.trainer import Trainer
from backprop_c._validation.entries import UPDATES


def trained_in_runs(seconds, batch_size, dtype, labels):
    """Parameters, recorded values and the number of runs, of a fit in runs of so many seconds."""
    rng = np.random.default_rng(1)
    net = Network((30, 40, 3), ("tanh", "softmax"), "cross_entropy", dtype=dtype, random_state=0)
    X = rng.normal(size=(20_000, 30)).astype(dtype)
    y = rng.integers(0, 3, len(X))
    y = y if labels else np.eye(3, dtype=dtype)[y]
    trainer = Trainer(net, measured(net, X, y, None, ("mse", "accuracy")))
    trainer.prepare(3, batch_size, 0, (0.1,), np.random.PCG64(5), None)
    runs = 1
    while trainer.run(seconds):
        runs += 1
    trainer.close()
    return net.parameters, trainer.record.values(), runs


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("batch_size", "labels"), [(1, True), (77, False), (20_000, True)])
def test_a_run_can_stop_anywhere(batch_size, labels, dtype):
    """Stopped at every look at the clock, within batches too, training comes to the same bits."""
    whole, values, runs = trained_in_runs(1e9, batch_size, dtype, labels)
    assert runs == 1
    pieces, other_values, runs = trained_in_runs(-1.0, batch_size, dtype, labels)
    assert runs > 20
    assert pieces.tobytes() == whole.tobytes()
    np.testing.assert_array_equal(other_values, values)


X, Y = np.ones((3, 2)), np.zeros((3, 1))


@pytest.mark.parametrize(
    "arrays",
    [
        (None, None, None),
        (X[:, :1].copy(), Y, None),
        (X.astype("float32"), Y, None),
        (X[:, ::-1], Y, None),
        (X, Y[:2], None),
        (X, np.zeros((3, 2)), None),
        (X, np.zeros(3), None),
        (X, np.array([0, 1, 0]), None),
        (X, np.array([0, -1, 0]), None),
        (X, Y, np.ones(2)),
        (X, Y, np.ones(3, dtype="float32")),
    ],
)
def test_arrays_that_were_not_validated_are_refused(arrays):
    """The last line of defence: what a subclass's own validation let through."""
    with pytest.raises(TypeError):
        SampleSet(Network((2, 1), random_state=0), *arrays)


class Pretender(Network):
    """Class attributes that hide the engine's."""

    dtype = np.dtype("float32")
    layer_sizes = (5, 1)


def test_hidden_attributes_do_not_mislead_the_kernels():
    net = Pretender((200, 300), random_state=0)
    x = np.zeros((50, 200), "float32")
    for use in (
        lambda: net.predict(x),
        lambda: net.predict(np.zeros((50, 200)), out=np.empty((50, 300), "float32")),
        lambda: net.predict(np.zeros((50, 5))),
        lambda: net.fit(np.zeros((50, 5)), np.zeros(50)),
        lambda: net.evaluate(np.zeros((50, 5)), np.zeros(50)),
    ):
        with pytest.raises((TypeError, ValueError)):
            use()


def test_too_many_hyperparameters():
    names = [f"p{k}" for k in range(60)]
    many = {"__annotations__": dict.fromkeys(names, float), **dict.fromkeys(names, 1.0)}
    net = Network((2, 1), random_state=0)
    with pytest.raises(ValueError, match="at most 8 hyperparameters, but this one has 65"):
        net.fit(X, Y, optimizer=type("Big", (SGD,), many)())
    assert net.optimizer == Adam()
    net.fit(X, Y, epochs=1)


def test_a_wrong_optimizer_state_is_refused():
    net = Network((2, 1), random_state=0)
    trainer = Trainer(net, measured(net, X, Y, None))
    with pytest.raises(ValueError, match="state is not of this network"):
        trainer.prepare(1, 1, 0, (0.1,), None, OptimizerState("sgd", 0, np.zeros(7)))
    trainer.close()
    net.fit(X, Y, epochs=1)


def test_misuse_raises():
    """Never a crash, also for what only this package calls."""
    net = Network((2, 1), random_state=0)
    unprepared, unmade = Trainer(net, measured(net, X, Y, None)), Trainer.__new__(Trainer)
    for call in (
        unprepared.run,
        unmade.run,
        lambda: unmade.prepare(1, 1, 0, (0.1,), None, None),
        lambda: Trainer(None, measured(net, X, Y, None)),
        lambda: unprepared.__init__(net, measured(net, X, Y, None)),
        lambda: evaluate(net, measured(Network((2, 1), random_state=0), X, Y), True),
        lambda: Trainer(net, measured(Network((2, 1), random_state=0), X, Y)),
        lambda: evaluate(net, MetricSet.__new__(MetricSet), True),
        lambda: MetricSet(SampleSet.__new__(SampleSet)),
        lambda: measured(net, X, Y).__init__(SampleSet(net, X, Y, None)),
        lambda: MetricSet(SampleSet(net, X, Y, None), [(99, (), (), None)]),
        lambda: Trainer(net, measured(net, X, Y), measured(net, X, Y, None, ("mse",))),
        Engine()._snapshot,
        lambda: Engine().predict(np.zeros(2, bool)),
    ):
        with pytest.raises((RuntimeError, TypeError, ValueError)):
            call()
    unmade.close()
    trainer = Trainer(net, measured(net, X, Y, None))
    trainer.prepare(1, 1, 0, (0.1,), None, None)
    with pytest.raises(RuntimeError, match="constructed and then prepared once"):
        trainer.prepare(1, 1, 0, (0.1,), None, None)
    trainer.close()
    trainer.close()
    before = net.parameters.tobytes()
    with pytest.raises(RuntimeError, match="prepared for a fit, and not closed"):
        trainer.run()
    assert net.parameters.tobytes() == before


def test_a_trainer_that_is_dropped_gives_its_network_back():
    net = Network((2, 1), random_state=0)
    trainer = Trainer(net, measured(net, X, Y, None))
    trainer.prepare(1, 1, 0, (0.1,), None, None)
    del trainer
    net.fit(X, Y, epochs=1)


@pytest.mark.parametrize("rule", ["levenberg_marquardt", "lbfgs"])
def test_rules_that_need_another_kind_of_trainer(rule):
    net = Network((2, 1), random_state=0)
    trainer = Trainer(net, measured(net, np.ones((3, 2)), np.ones((3, 1)), None))
    with pytest.raises(TypeError, match="this rule makes its steps by another kind of trainer"):
        trainer.prepare(3, 3, UPDATES[rule], (1.0,) * 6, None, None)
    trainer.close()
    net.fit(np.ones((3, 2)), np.ones((3, 1)), epochs=1)
