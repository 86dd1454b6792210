"""optimizer="auto": the trial on held-out samples that decides where nothing says when to end."""

import sys
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
    callbacks,
)
from backprop_c.schedules import Polynomial


class Calling(callbacks.Callback):
    """Calls a function of the network after each epoch."""

    def __init__(self, function):
        self.function = function

    def on_epoch_end(self, epoch, logs, network):
        return self.function(network)


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
    return _choice.trial(net, SimpleNamespace(n_samples=n_samples), optimizer, "auto", {})


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
    net = SimpleNamespace(_generator=np.random.default_rng(0), _stop_wanted=False)
    samples = SimpleNamespace(n_samples=100)
    found = _choice.trials(net, samples, [Rprop(), None], "auto", verbose=False, options={})
    assert [(round(float(loss), 6), *rest) for loss, *rest in found] == [
        (17 / 5, 4, Rprop(), Rprop()),
        (3.0, 4, Adam(0.5), Adam(Polynomial(0.5))),
        (17 / 5, 8, Adam(0.05), Adam(Polynomial(0.05))),
    ]


def test_adams_rate_falls_to_nothing_and_the_next_fit_begins_with_it_again():
    X, y = noisy()
    net = Network((3, 8, 1), dropout=0.2, random_state=0)
    history = net.fit(X, y, optimizer="auto")
    rate = net.optimizer.learning_rate.initial
    assert net.optimizer == Adam(Polynomial(rate))
    assert f"the best of Adam(learning_rate={10 * rate:.2g}), Adam(learning_rate={rate:.2g})" in (
        history.choice
    )
    assert history.epochs % 2 == 0
    # A step of Adam's is about as long as its rate: the last one of 5 an epoch is short.
    steps = 5 * history.epochs
    again = Network((3, 8, 1), dropout=0.2, random_state=0)
    ends = []
    keep = Calling(lambda network: ends.append(network.parameters.copy()))
    again.fit(X, y, epochs=history.epochs, optimizer=net.optimizer, callbacks=[keep])
    np.testing.assert_array_equal(ends[-1], net.parameters)
    assert abs(ends[1] - ends[0]).max() > rate
    assert abs(ends[-1] - ends[-2]).max() < 5 * 5 * rate / steps * 2
    net.fit(X, y, epochs=1)
    assert abs(net.parameters - ends[-1]).max() > rate / 10


@pytest.fixture
def at_part(monkeypatch):
    """Have something done when a trial comes to a part, and count what the parts' fits record."""
    seen = []
    losses = _choice.held_out_losses

    def hook(number, action):
        def instead(net, *rest):
            if len(seen) == number - 1:
                action(net)
            seen.append(losses(net, *rest))
            return seen[-1]

        monkeypatch.setattr(_choice, "held_out_losses", instead)
        return seen

    return hook


@pytest.mark.parametrize(("part", "tried"), [(1, 0), (3, 0), (8, 1), (11, 2)])
def test_a_stop_ends_a_trial(at_part, part, tried):
    """The fits that would follow have no epoch, and the network is as it was."""
    X, y = noisy()
    net = Network((3, 8, 1), random_state=0)
    before = net.parameters.tobytes()
    seen = at_part(part, lambda net: net.stop())
    history = net.fit(X, y, optimizer="auto")
    assert all(len(losses) > 1 for losses in seen[: part - 1])
    assert [len(losses) for losses in seen[part - 1 :]] == [0] * (-part % 5 + 1)
    assert history.epochs == 0
    assert net.parameters.tobytes() == before
    rivals = ", ".join(map(repr, (LevenbergMarquardt(), LBFGS())[:tried]))
    assert (f"the best of {rivals}, by a trial" in history.choice) == (tried > 0)
    # The next fit is not stopped.
    assert net.fit(X, y, epochs=3).epochs == 3


def test_others_do_not_train_a_network_during_its_trial(at_part):
    X, y = noisy()
    net = Network((3, 8, 1), random_state=0)
    before = net.parameters.tobytes()

    def others(net):
        with pytest.raises(RuntimeError, match="is being trained by another fit or step"):
            net.fit(X, y, epochs=1)
        with pytest.raises(RuntimeError, match="is being trained by another fit or step"):
            net.train_step(X[0], y[:1])
        with pytest.raises(RuntimeError, match="while a fit trains them"):
            net.initialize()
        assert net.parameters.tobytes() == before
        assert net.predict(X).shape == (150, 1)

    seen = at_part(1, others)
    net.fit(X, y, optimizer="auto")
    assert len(seen) == 25


def test_an_exception_in_a_trial_leaves_the_network_as_it_was(at_part):
    X, y = noisy()
    net = Network((3, 8, 1), random_state=0)
    before = net.parameters.tobytes(), net.optimizer, net.history

    def interrupt(net):
        raise KeyboardInterrupt

    at_part(7, interrupt)
    with pytest.raises(KeyboardInterrupt):
        net.fit(X, y, optimizer="auto")
    assert (net.parameters.tobytes(), net.optimizer, net.history) == before
    assert net.fit(X, y, epochs=2).epochs == 2


def test_threads_and_callbacks_change_nothing_but_the_end():
    """Callbacks are for the fit after the trial; True ends that."""
    X, y = noisy(400)
    nets = [Network((3, 40, 1), dropout=0.1, random_state=0) for _ in range(3)]
    asked = []
    ends = Calling(lambda network: asked.append(network) or len(asked) == 2)
    for net, options in zip(nets, ({}, {"n_threads": 2}, {"callbacks": [ends]}), strict=True):
        net.fit(X, y, optimizer="auto", **options)
    assert nets[0].parameters.tobytes() == nets[1].parameters.tobytes()
    assert nets[2].history["loss"].tolist() == nets[0].history["loss"][:2].tolist()
    assert asked == [nets[2]] * 2


def test_a_trial_shows_how_far_it_is(monkeypatch, capsys):
    """One line for it, and not one for each of its fits."""
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    X, y = noisy()
    Network((3, 4, 1), random_state=0, l1=1e-3).fit(X, y, optimizer="auto", verbose=True)
    lines = capsys.readouterr().err.split("\n")
    assert len(lines) == 3
    assert "trial 3/3" in lines[0]
    assert "epoch 32/32" in lines[1]


def test_a_trial_whose_losses_are_not_finite(monkeypatch):
    """It is not chosen."""
    X, y = noisy()
    net = Network((3, 4, 1), random_state=0)
    monkeypatch.setattr(_choice, "choose", lambda *_: ([Adam(1e300), Rprop()], "both"))
    assert net.fit(X, y, optimizer="auto").choice.startswith("Rprop(), ")
