"""What an optimizer remembers: from fit to fit, by rule, and after a divergence."""

import copy
import pickle
import re
from dataclasses import replace

import numpy as np
import pytest
from helpers import any_targets, assert_close
from optimizer_cases import DTYPES, OPTIMIZERS, bits, data, every_optimizer, rule_of, train
from reference import ReferenceNetwork

from backprop_c import SGD, Adam, DivergenceWarning, Network, functional, optimizers
from backprop_c._engine.outcome import OptimizerState
from backprop_c._engine.tables import update_table


@any_targets
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("batch_size", [1, 7, None])
@every_optimizer
def test_two_fits_are_one_long_fit(name, batch_size, dtype):
    """To the bit, in place and through a copy or a pickle; and starting anew is something else."""
    X, y = data()
    optimizer = OPTIMIZERS[name]
    options = {"batch_size": None if optimizer.full_batch else batch_size, "optimizer": optimizer}
    long, first = (Network((3, 5, 2), "tanh", dtype=dtype, random_state=4) for _ in range(2))
    history = long.fit(X, y, epochs=12, **options)
    first.fit(X, y, epochs=5, **options)
    others = [copy.copy(first), copy.deepcopy(first), pickle.loads(pickle.dumps(first)), first]
    anew = copy.copy(first)
    for other in others:
        later = other.fit(X, y, epochs=7, reset_optimizer=False, **options)
        assert bits(other) == bits(long)
        np.testing.assert_array_equal(later["loss"], history["loss"][5:])
    anew.fit(X, y, epochs=7, **options)
    keeps_nothing = optimizer.rule == "sgd" or name == "no memory"
    assert (anew.parameters.tobytes() == long.parameters.tobytes()) == keeps_nothing


@every_optimizer
def test_the_state_is_as_long_as_the_rule_says(name):
    """(steps, vectors as long as the parameters); a fit without epochs keeps it."""
    X, y = data()
    net = Network((3, 4, 2), random_state=0)
    batch_size = None if OPTIMIZERS[name].full_batch else 7
    net.fit(X, y, epochs=3, batch_size=batch_size, optimizer=OPTIMIZERS[name])
    state = net._optimizer_state
    assert state.steps == 3 * (6 if batch_size else 1)
    entry = update_table()[OPTIMIZERS[name].rule]
    assert state.vectors.size == entry.n_states * net.parameters.size
    assert state.carried.shape == (entry.n_carried,)
    assert state.vectors.dtype == net.dtype
    before = bits(net)
    net.fit(X, y, epochs=0, reset_optimizer=False)
    assert bits(net) == before


def test_another_update_rule_begins_anew_and_says_so():
    """Also with reset_optimizer=False."""
    X, y = data()
    for other in (SGD(0.02, momentum=0.9), SGD(0.02)):
        net = Network((3, 4, 2), random_state=0)
        net.fit(X, y, epochs=3, optimizer=Adam(0.02))
        twin = copy.copy(net)
        twin.optimizer = other
        assert twin._optimizer_state is None
        twin.fit(X, y, epochs=3, reset_optimizer=False)
        expected = re.escape(f"cannot go on: {other!r} begins anew") + ".*rule, 'adam'"
        with pytest.warns(RuntimeWarning, match=expected) as caught:
            net.fit(X, y, epochs=3, optimizer=other, reset_optimizer=False)
        assert [warning.filename for warning in caught] == [__file__]
        assert bits(net) == bits(twin)


@pytest.mark.parametrize("change", [{"learning_rate": 0.03}, {"beta_1": 0.8}, {"epsilon": 1e-3}])
def test_a_changed_hyperparameter_keeps_the_state(change):
    """As the naive rule does when its own are changed in between."""
    X, y = data()
    first = Adam(0.02)
    net = Network((3, 4, 2), ("tanh", "identity"), random_state=0)
    reference, rule = ReferenceNetwork(net), rule_of(first)
    net.fit(X, y, epochs=3, batch_size=None, optimizer=first)
    train(reference, X, y, 3, len(X), rule)
    then = replace(first, **change)
    net.fit(X, y, epochs=3, batch_size=None, optimizer=then, reset_optimizer=False)
    rule.rate, rule.betas, rule.epsilon = (
        then.learning_rate,
        (then.beta_1, then.beta_2),
        then.epsilon,
    )
    train(reference, X, y, 3, len(X), rule)
    assert net._optimizer_state.steps == 6
    assert_close(net.parameters, reference.parameters, "float64")


@pytest.mark.parametrize("steps", [-1, 2**62 + 1, 2**63 - 1, 2**70])
def test_a_number_of_steps_that_cannot_be(steps):
    """In a pickle that somebody wrote, say: refused as it comes in."""
    with pytest.raises(ValueError, match=r"between 0 and 2\*\*62 steps, but this one has"):
        OptimizerState("adam", steps, np.zeros(2))


@pytest.mark.parametrize("carried", [None, np.zeros(0), np.zeros(2), np.zeros(1, "float32")])
def test_carried_scalars_of_another_rule_are_refused(carried):
    net = Network((3, 2), random_state=0)
    X, y = data()
    net.optimizer = optimizers.Nadam()
    net._optimizer_state = OptimizerState("nadam", 1, np.zeros(16), carried)
    with pytest.raises(ValueError, match="state is not of this network"):
        net.fit(X, y, epochs=1, reset_optimizer=False)


@pytest.mark.parametrize("count", [3, 13])
def test_a_state_of_another_size_is_refused(count):
    X, y = data()
    net = Network((3, 2), random_state=0)
    net.fit(X, y, epochs=1, optimizer=Adam())
    net._optimizer_state = OptimizerState("adam", 1, np.zeros(count))
    before, history = net.parameters.tobytes(), net.history
    with pytest.raises(ValueError, match="state is not of this network"):
        net.fit(X, y, epochs=1, reset_optimizer=False)
    assert (net.parameters.tobytes(), net.history) == (before, history)
    assert not net._training


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_a_step_that_is_not_a_number_stays_one(sign, dtype):
    """No bound of Rprop's takes its place."""
    parameters, gradient = np.zeros(21, dtype), np.ones(21, dtype)
    steps = np.where(np.arange(21) == 20, np.nan, 0.5)
    state = OptimizerState("rprop", 1, np.concatenate([np.full(21, sign), steps]).astype(dtype))
    functional.update(optimizers.Rprop(), parameters, gradient, state)
    assert_close(parameters[:20], np.full(20, -0.6 if sign > 0 else 0.0), dtype)
    assert np.isnan(parameters[20])
    assert np.isnan(state.vectors[-1])


def test_an_optimizer_that_is_set_during_a_fit_begins_anew(monkeypatch):
    """What the fit makes of its own state is not the other's."""
    X, y = data()
    net = Network((3, 2), random_state=0)

    class Setter:
        def __init__(self, epochs):
            pass

        def update(self, done, loss):
            net.optimizer = Adam(0.5)

        def close(self):
            pass

    monkeypatch.setattr("backprop_c._watcher.Progress", Setter)
    net.fit(X, y, epochs=3, optimizer=Adam(0.02), verbose=True)
    assert net.optimizer == Adam(0.5)
    assert net._optimizer_state is None


def test_fresh_weights_begin_anew():
    X, y = data()
    net = Network((3, 4, 2), random_state=0)
    net.fit(X, y, epochs=1, optimizer=Adam())
    net.initialize(0)
    assert net._optimizer_state is None


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("optimizer", "batch_size", "least_epochs"),
    [
        (SGD(2.0), None, 9),
        (SGD(8.0, momentum=0.9), None, 9),
        (SGD(0.5, momentum=0.9, weight_decay=0.1), 7, 3),
        (SGD(1.0, momentum=0.5, nesterov=True), 1, 1),
        (Adam(1e300), None, 1),
        (optimizers.Nadam(1e300), None, 1),
    ],
)
def test_divergence_restores_parameters_and_state(optimizer, batch_size, least_epochs, dtype):
    """All are those at the start of the last epoch with a finite loss."""
    X, y = data()
    nets = [Network((3, 2), "identity", dtype=dtype, random_state=0) for _ in range(2)]
    options = {"batch_size": batch_size, "shuffle": False, "reset_optimizer": False}
    for net in nets:
        net.optimizer = optimizer
        size = update_table()[optimizer.rule].n_states * net.parameters.size
        vectors = np.linspace(1, 2, size, dtype=dtype)
        carried = np.full(update_table()[optimizer.rule].n_carried, 0.5)
        net._optimizer_state = OptimizerState(optimizer.rule, 5, vectors, carried)
    with pytest.warns(DivergenceWarning):
        history = nets[0].fit(X, y, epochs=10_000, **options)
    assert least_epochs <= history.epochs < 10_000
    nets[1].fit(X, y, epochs=history.epochs - 1, **options)
    assert bits(nets[0]) == bits(nets[1])


@every_optimizer
def test_divergence_in_the_first_epoch_changes_nothing(name):
    """Here by targets that are too large: the state of the fit before stays as well."""
    X, y = data()
    net = Network((3, 4, 2), random_state=0)
    net.fit(X, y, epochs=3, optimizer=OPTIMIZERS[name])
    before = bits(net)
    with pytest.warns(DivergenceWarning, match="as they were before the fit"):
        history = net.fit(X, y * 1e200, epochs=3, reset_optimizer=False)
    assert history.epochs == 0
    assert bits(net) == before


@pytest.mark.parametrize("optimizer", [SGD(1e38, momentum=0.9), Adam(1e39)])
def test_parameters_that_overflow_in_the_last_epoch(optimizer):
    """Its loss was finite, but nothing is left to go on from."""
    net = Network((3, 2), "identity", dtype="float32", random_state=0)
    before = net.parameters.tobytes()
    X, y = data()
    with pytest.warns(DivergenceWarning, match="parameters stopped being finite in epoch 1"):
        net.fit(X, y * 100, epochs=1, batch_size=None, optimizer=optimizer)
    assert net.parameters.tobytes() == before
    assert net._optimizer_state.steps == 0
    assert not net._optimizer_state.vectors.any()
