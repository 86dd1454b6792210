"""optimizer="auto": what it chooses, and that it says so."""

import copy
import pickle
from types import SimpleNamespace

import numpy as np
import pytest

from backprop_c import (
    LBFGS,
    Adam,
    EarlyStopping,
    Goal,
    LevenbergMarquardt,
    Network,
    Rprop,
    _choice,
)
from backprop_c._choice import choose
from backprop_c.schedules import Polynomial

SMALL = {"n_parameters": 16, "n_outputs": 1, "n_samples": 21, "refused": ()}


@pytest.mark.parametrize(
    ("changes", "expected", "why"),
    [
        (
            {"loss": "squared_error"},
            [LevenbergMarquardt(), LBFGS(), Rprop(), None],
            "16 parameters are few",
        ),
        (
            {"loss": "squared_error", "n_parameters": 1001},
            [LBFGS(), Rprop(), None],
            "few enough for one step",
        ),
        (
            {"loss": "squared_error", "n_parameters": 1000, "n_samples": 10**4},
            [LBFGS(), Rprop(), None],
            "few enough for one step",
        ),
        ({"loss": "squared_error", "n_samples": 10**8}, [None], "many for one step"),
        (
            {"loss": "squared_error", "refused": ("l1",)},
            [Rprop(), None],
            "with l1 LBFGS is not for it",
        ),
        (
            {"loss": "huber", "refused": ("l1", "max_norm")},
            [Rprop(), None],
            "with l1 and max_norm LBFGS is not for it",
        ),
        (
            {"loss": "squared_error", "refused": ("dropout",)},
            [None],
            "every step sees another loss",
        ),
        (
            {"loss": "cross_entropy"},
            [LBFGS(), Rprop(), None],
            "21 samples of 16 parameters are few enough",
        ),
        ({"loss": None}, [LBFGS(), Rprop(), None], "few enough"),
        (
            {"loss": "cross_entropy", "n_samples": 10**7},
            [None],
            "10000000 samples of 16 parameters",
        ),
    ],
)
def test_the_rule(changes, expected, why):
    found, reason = choose(**SMALL | changes)
    assert found == expected
    assert why in reason


def data(n_samples=60):
    X = np.random.default_rng(0).normal(size=(n_samples, 3))
    return X, np.sin(X[:, 0]) + X[:, 1] * X[:, 2]


def test_the_history_says_what_was_chosen_and_why():
    X, y = data()
    net = Network((3, 5, 1), random_state=0)
    history = net.fit(X, y, epochs=20, optimizer="auto")
    assert net.optimizer == LevenbergMarquardt()
    assert history.choice == "LevenbergMarquardt(): squared errors, and 26 parameters are few"
    assert pickle.loads(pickle.dumps(history)).choice == history.choice
    assert copy.copy(history).choice == history.choice
    assert history["loss"][-1] < history["loss"][0] / 20
    assert net.fit(X, y, epochs=1).choice is None


@pytest.mark.parametrize("options", [{"dropout": 0.2}, {"batch_size": 16}])
def test_adam_has_a_rate_that_was_found(options):
    """By a copy: the network begins where it is, and draws what it would have drawn."""
    X, y = data(200)
    of_fit = {name: options[name] for name in ("batch_size",) if name in options}
    of_network = {name: options[name] for name in ("dropout",) if name in options}
    net, other = (Network((3, 16, 1), random_state=0, **of_network) for _ in range(2))
    history = net.fit(X, y, epochs=10, optimizer="auto", **of_fit)
    assert isinstance(net.optimizer, Adam)
    assert 1e-4 < net.optimizer.learning_rate < 0.3
    assert "the rate is that of a range test" in history.choice
    again = other.fit(X, y, epochs=10, optimizer=net.optimizer, **of_fit)
    np.testing.assert_array_equal(history["loss"], again["loss"])
    assert net.parameters.tobytes() == other.parameters.tobytes()


def noisy(n_samples=150):
    X = np.random.default_rng(0).normal(size=(n_samples, 3))
    return X, X[:, 0] + 2 * np.random.default_rng(1).normal(size=n_samples)


def test_a_trial_keeps_noise_from_being_learned():
    """Nothing says when to end: then it is where samples that were held out are fitted best."""
    X, y = noisy()
    X_new = np.random.default_rng(2).normal(size=(1000, 3))
    nets = [Network((3, 20, 1), random_state=0) for _ in range(2)]
    history = nets[0].fit(X, y, optimizer="auto")
    nets[1].fit(X, y, optimizer="auto", epochs=1000)
    errors = [np.mean((net.predict(X_new)[:, 0] - X_new[:, 0]) ** 2) for net in nets]
    assert errors[0] < 1 < errors[1] / 10
    assert repr(nets[0].optimizer) + f", {history.epochs} epochs: the best of " in history.choice
    assert "LevenbergMarquardt(), LBFGS(), Rprop(), Adam(" in history.choice
    assert list(history) == ["loss"]
    # The network itself saw no trial: it began where it was, and nothing was drawn from it.
    other = Network((3, 20, 1), random_state=0)
    again = other.fit(X, y, optimizer=nets[0].optimizer, epochs=history.epochs)
    np.testing.assert_array_equal(history["loss"], again["loss"])
    assert other.parameters.tobytes() == nets[0].parameters.tobytes()


@pytest.mark.parametrize(
    "end",
    [
        {"epochs": 3},
        {"callbacks": [Goal("loss", 1e9)]},
        {"validation_fraction": 0.2, "epochs": None, "callbacks": [EarlyStopping(patience=2)]},
        {"validation_fraction": 0.5},
    ],
)
def test_who_says_when_to_end_has_no_trial(end):
    X, y = noisy()
    net = Network((3, 4, 1), random_state=0)
    history = net.fit(X, y, optimizer="auto", **end)
    assert history.choice == "LevenbergMarquardt(): squared errors, and 21 parameters are few"


def test_few_samples_have_no_trial():
    X, y = noisy(120)
    weights = np.zeros(120)
    weights[:99] = 1
    net = Network((3, 4, 1), random_state=0)
    assert "trial" not in net.fit(X[:99], y[:99], optimizer="auto").choice
    assert "trial" not in net.fit(X, y, weights, optimizer="auto").choice
    weights[99] = 1
    assert "trial" in net.fit(X, y, weights, optimizer="auto").choice


@pytest.mark.parametrize("options", [{"dropout": 0.2}, {"l1": 1e-3}, {"loss": "huber"}])
def test_trials_of_other_networks(options):
    X, y = noisy()
    net = Network((3, 4, 1), random_state=0, **options)
    history = net.fit(X, y, optimizer="auto", class_weight=None, n_threads=2)
    assert 1 <= history.epochs <= 1000
    assert "by a trial on held-out samples" in history.choice


def test_trials_tell_classes():
    X, _ = noisy()
    labels = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0.5)
    net = Network((3, 6, 3), loss="cross_entropy", random_state=0)
    net.fit(X, labels, optimizer="auto", class_weight="balanced")
    assert net.evaluate(X, labels, metrics=["accuracy"])["accuracy"] > 0.9


def test_a_trial_of_many_samples_holds_one_part_out(monkeypatch):
    X, y = noisy(300)
    held = []
    losses = _choice.held_out_losses
    monkeypatch.setattr(
        _choice, "held_out_losses", lambda *rest: held.append(rest[2]) or losses(*rest)
    )
    Network((3, 4, 1), dropout=0.1, random_state=0).fit(X, y, optimizer="auto")
    # By Adam alone, at two rates.
    assert [(~one).sum() for one in held] == [60] * 10
    assert (np.sum(held, axis=0) == 8).all()
    held.clear()
    monkeypatch.setattr(_choice, "MOST_FOR_ALL_PARTS", 299)
    Network((3, 4, 1), dropout=0.1, random_state=0).fit(X, y, optimizer="auto")
    assert len(held) == 2


@pytest.fixture
def curves(monkeypatch):
    """What trials are to see, by optimizer: the losses over samples held out, of each part."""
    given = {}

    def next_one(net, samples, kept, optimizer, batch_size, options):
        return np.array(given[optimizer].pop(0))

    monkeypatch.setattr(_choice, "held_out_losses", next_one)
    return given


def trial_of(optimizer, n_samples=100):
    net = SimpleNamespace(_generator=np.random.default_rng(0))
    return _choice.trial(net, SimpleNamespace(n_samples=n_samples), optimizer, "auto")


def test_a_trial_takes_means_over_the_parts(curves):
    """Of the losses, and of the epochs that are best: 1, 2, 3, 2 and 5 here."""
    curves["one"] = [[1, 9], [4, 3, 8], [5, 4, 3], [4, 2], [5, 4, 3, 2, 1]]
    losses, epochs = trial_of("one")
    assert epochs == round(13 / 5)
    # The first part's loss would end it after one epoch.
    np.testing.assert_allclose(losses, [19 / 5, 22 / 5, 25 / 5, 24 / 5, 23 / 5])
    assert losses.argmin() + 1 == 1


def test_a_loss_that_is_not_a_number_is_the_largest(curves):
    curves["one"] = [[2, np.nan]] * 5
    losses, epochs = trial_of("one")
    assert epochs == 1
    np.testing.assert_array_equal(losses, [2, np.inf])


def test_full_batches_are_compared_where_they_would_end_and_adam_where_it_was_best(
    curves, monkeypatch
):
    """For Adam's rate is the same in a trial, and falls to 0 in the fit, which is longer for it."""
    monkeypatch.setattr(_choice, "found_rate", lambda *_: 0.5)
    curves[Rprop()] = [[5, 1, 9, 9, 9], *[[5, 4, 3, 2, 1]] * 4]
    curves[Adam(0.5)] = [[5, 3, 4]] * 5
    curves[Adam(0.05)] = [[9, 9, 2, 9]] * 4 + [[9, 9, 9, 9, 9, 8]]
    net = SimpleNamespace(_generator=np.random.default_rng(0))
    found = _choice.trials(net, SimpleNamespace(n_samples=100), [Rprop(), None], "auto")
    assert [(round(float(loss), 6), *rest) for loss, *rest in found] == [
        (17 / 5, 4, Rprop()),
        (3.0, 4, Adam(Polynomial(0.5))),
        (17 / 5, 8, Adam(Polynomial(0.05))),
    ]


def test_adams_rate_falls_to_nothing_and_the_next_fit_begins_with_it_again():
    X, y = noisy()
    net = Network((3, 8, 1), dropout=0.2, random_state=0)
    history = net.fit(X, y, optimizer="auto")
    rate = net.optimizer.learning_rate
    assert net.optimizer == Adam(Polynomial(rate.initial))
    assert history.epochs % 2 == 0
    before = net.parameters.copy()
    net.fit(X, y, epochs=1)
    assert abs(net.parameters - before).max() > rate.initial / 10


def test_a_trial_whose_losses_are_not_finite(monkeypatch):
    """It is not chosen."""
    X, y = noisy()
    net = Network((3, 4, 1), random_state=0)
    monkeypatch.setattr(_choice, "choose", lambda *_: ([Adam(1e300), Rprop()], "both"))
    assert net.fit(X, y, optimizer="auto").choice.startswith("Rprop(), ")


def test_bad_input_chooses_nothing():
    X, y = data()
    net = Network((3, 5, 1), random_state=0)
    before = net.parameters.tobytes(), net.optimizer, net.history
    with pytest.raises(ValueError, match="X has 2 features"):
        net.fit(X[:, :2], y, optimizer="auto")
    with pytest.raises(ValueError, match="batch_size"):
        net.fit(X, y, optimizer="auto", batch_size=0)
    assert (net.parameters.tobytes(), net.optimizer, net.history) == before


def test_auto_is_for_fits_alone():
    net = Network((1, 1), random_state=0)
    with pytest.raises(ValueError, match="optimizer 'auto' is not known"):
        net.optimizer = "auto"
