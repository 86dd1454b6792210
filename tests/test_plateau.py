"""ReduceOnPlateau: against PyTorch's rule in NumPy, and what goes on from fit to fit."""

import copy
import pickle

import numpy as np
import pytest
from helpers import any_targets

from backprop_c import SGD, Adam, EarlyStopping, Network, functional
from backprop_c.schedules import ReduceOnPlateau

pytestmark = any_targets


def data(n_samples=60):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, 3))
    return X, (X[:, 0] > X[:, 1] * X[:, 2]).astype(int)


def network(dtype="float64"):
    return Network((3, 8, 2), ("tanh", "softmax"), dtype=dtype, random_state=1)


class Reference:
    """torch.optim.lr_scheduler.ReduceLROnPlateau, with a relative threshold."""

    def __init__(self, schedule):
        self.schedule, self.rate = schedule, schedule.initial
        self.sign = -1 if schedule.larger_is_better else 1
        self.best, self.bad, self.cooling = self.sign * np.inf, 0, 0

    def step(self, value):
        rule = self.schedule
        if self.sign == 1:
            better = value < self.best * (1 - rule.threshold)
        else:
            better = value > self.best * (1 + rule.threshold)
        self.best, self.bad = (value, 0) if better else (self.best, self.bad + 1)
        if self.cooling > 0:
            self.cooling, self.bad = self.cooling - 1, 0
        if self.bad > rule.patience:
            self.rate = max(self.rate * rule.factor, rule.final)
            self.cooling, self.bad = rule.cooldown, 0


def by_hand(net, X, y, schedule, epochs, **options):
    """Fits of one epoch each, at the reference's rate; the rates."""
    reference, rates = Reference(schedule), []
    for _ in range(epochs):
        rates.append(reference.rate)
        optimizer = SGD(reference.rate, momentum=0.9)
        history = net.fit(X, y, epochs=1, optimizer=optimizer, reset_optimizer=False, **options)
        reference.step(history[schedule.monitor][0])
    return rates


SCHEDULES = [
    ReduceOnPlateau(1.0, "loss", factor=0.5, patience=2),
    ReduceOnPlateau(1.0, "val_loss", factor=0.3, patience=1, cooldown=3, final=0.02),
    ReduceOnPlateau(1.0, "val_accuracy", factor=0.5, patience=3, threshold=0.01),
    ReduceOnPlateau(1.0, "loss", factor=0.5, patience=1, threshold=0.2),
]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("batch_size", [1, 7, None])
@pytest.mark.parametrize("schedule", SCHEDULES, ids=str)
def test_by_the_reference(schedule, batch_size, dtype):
    X, y = data()
    options = {
        "batch_size": batch_size,
        "shuffle": False,
        "metrics": ["accuracy"],
        "validation_data": (X[:20], 1 - y[:20]),
    }
    net, twin = network(dtype), network(dtype)
    rates = by_hand(twin, X, y, schedule, 40, **options)
    net.fit(X, y, epochs=40, optimizer=SGD(schedule, momentum=0.9), **options)
    assert net.parameters.tobytes() == twin.parameters.tobytes()
    # With the full batch the loss goes on falling.
    assert len(set(rates)) > 2 or batch_size is None


def test_fits_that_go_on_are_one_long_fit():
    """Also through copies and pickles; a fit that begins anew begins it anew."""
    X, y = data()
    optimizer = SGD(SCHEDULES[0], momentum=0.9)
    options = {"optimizer": optimizer, "shuffle": False, "batch_size": 1}
    long, first = network(), network()
    long.fit(X, y, epochs=30, **options)
    first.fit(X, y, epochs=11, **options)
    others = [copy.copy(first), pickle.loads(pickle.dumps(first)), first]
    for other in others:
        for epochs in (7, 0, 12):
            other.fit(X, y, epochs=epochs, reset_optimizer=False, **options)
        assert other.parameters.tobytes() == long.parameters.tobytes()
    np.testing.assert_array_equal(first._optimizer_state.carried, long._optimizer_state.carried)
    assert first._optimizer_state.carried[0] < 1
    first.fit(X, y, epochs=1, **options)
    assert first._optimizer_state.carried[0] == 1


def test_after_another_schedule_and_before_one():
    """The velocity goes on; what the schedule remembers begins anew, and is dropped."""
    X, y = data()
    net, twin = network(), network()
    for each, rate in ((net, SCHEDULES[0]), (twin, 1.0)):
        each.fit(X, y, epochs=2, optimizer=SGD(1.0, momentum=0.9))
        each.fit(X, y, epochs=2, optimizer=SGD(rate, momentum=0.9), reset_optimizer=False)
        each.fit(X, y, epochs=2, optimizer=SGD(0.1, momentum=0.9), reset_optimizer=False)
        assert each._optimizer_state.carried.size == 0
    assert net.parameters.tobytes() == twin.parameters.tobytes()


def test_beside_early_stopping_that_restores():
    """What the schedule remembers is as of the best epoch, too."""
    X, y = data()
    net = network()
    history = net.fit(
        X,
        y,
        epochs=200,
        optimizer=Adam(ReduceOnPlateau(0.05, patience=3)),
        validation_data=(X[:20], 1 - y[:20]),
        callbacks=[EarlyStopping(patience=20)],
    )
    kept = net._optimizer_state.carried
    assert kept[1] == history["val_loss"].min()


def test_single_steps_are_refused():
    net = network()
    net.optimizer = SGD(SCHEDULES[0])
    before = net.parameters.copy()
    with pytest.raises(ValueError, match="train_step cannot follow ReduceOnPlateau, which watches"):
        net.train_step(np.ones(3), 1)
    np.testing.assert_array_equal(net.parameters, before)
    with pytest.raises(ValueError, match="update cannot follow ReduceOnPlateau"):
        functional.update(net.optimizer, np.ones(2), np.ones(2))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"monitor": 3}, TypeError, "monitor must be a name such as 'val_loss', but is 3"),
        ({"factor": 2}, ValueError, "factor must be at most 1, but is 2.0"),
        ({"patience": 0}, ValueError, "patience must be at least 1, but is 0"),
        ({"threshold": 1}, ValueError, "threshold must be at least 0 and below 1, but is 1.0"),
        ({"cooldown": -1}, ValueError, "cooldown must be at least 0, but is -1"),
        ({"final": -1}, ValueError, "final must be at least 0 and finite, but is -1.0"),
        ({"initial": 0}, ValueError, "initial must be positive and finite, but is 0.0"),
    ],
)
def test_bad_parameters(options, error, message):
    with pytest.raises(error, match=message):
        ReduceOnPlateau(**{"initial": 0.1, **options})


def test_what_is_not_recorded():
    X, y = data()
    with pytest.raises(
        ValueError, match=r"ReduceOnPlateau monitors 'val_loss', .*: give validation"
    ):
        network().fit(X, y, optimizer=SGD(ReduceOnPlateau(0.1)))
