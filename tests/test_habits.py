"""What a fit can do as another package does it: shuffle, penalize, count and stop."""

import numpy as np
import pytest

from backprop_c import SGD, EarlyStopping, Network
from backprop_c._training import train
from backprop_c.schedules import Cosine

OPTIONS = {
    "shuffle": True,
    "metrics": (),
    "class_weight": None,
    "validation_data": None,
    "validation_fraction": None,
    "callbacks": (),
    "verbose": False,
    "reset_optimizer": True,
    "n_threads": 1,
}


def fit(net, X, y, sample_weight=None, **options):
    return train(net, X, y, sample_weight, **OPTIONS | options)


def data(n_samples=23, n_out=1):
    rng = np.random.default_rng(0)
    return rng.normal(size=(n_samples, 3)), rng.normal(size=(n_samples, n_out))


@pytest.mark.parametrize("batch_size", [1, 5, 22])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_order_is_that_of_a_random_state(seed, batch_size):
    """Each epoch's is the last one's, shuffled again; nothing is drawn beyond the last epoch."""
    X, y = data()
    state, other = np.random.RandomState(seed), np.random.RandomState(seed)
    net, by_hand = (Network((3, 4, 1), random_state=0) for _ in range(2))
    net._generator = np.random.Generator(state._bit_generator)
    options = {"batch_size": batch_size, "optimizer": SGD(0.1, momentum=0.5)}
    history = fit(net, X, y, epochs=4, habits={"shuffles_again": True}, **options)
    order, losses = np.arange(len(X)), []
    for epoch in range(4):
        other.shuffle(order)
        again = {"shuffle": False, "reset_optimizer": epoch == 0}
        last = by_hand.fit(X[order], y[order], epochs=1, **again, **options)
        losses += last["loss"].tolist()
    assert history["loss"].tolist() == losses
    assert net.parameters.tobytes() == by_hand.parameters.tobytes()
    assert state.randint(2**31) == other.randint(2**31)


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("batch_size", [1, 4, 23])
def test_penalties_and_losses_by_the_batch(batch_size, n_threads):
    """l2 is divided by the batch's weight; in the loss, which is halved, a batch has its rows."""
    X, y = data(n_out=2)
    weights = np.random.default_rng(1).uniform(0.2, 2, size=len(X))
    net = Network((3, 2), "identity", l2=0.3, random_state=0)
    w, b = net.weights[0].copy(), net.biases[0].copy()
    losses = []
    for _ in range(3):
        total = 0.0
        for start in range(0, len(X), batch_size):
            part = slice(start, start + batch_size)
            x, t, v = X[part], y[part], weights[part, np.newaxis]
            errors = x @ w + b - t
            loss = (v * errors**2).sum() / 2 / 2 + 0.3 / 2 * (w**2).sum()
            total += len(x) * loss / v.sum()
            w, b = (
                w - 0.05 * (x.T @ (v * errors) + 0.3 * w) / v.sum(),
                b - 0.05 * (v * errors).sum(axis=0) / v.sum(),
            )
        losses.append(total / len(X))
    habits = {"penalties_by_batch": True, "loss_divisor": 2.0}
    history = fit(
        net, X, y, weights, epochs=3, batch_size=batch_size, optimizer=SGD(0.05), shuffle=False,
        habits=habits, n_threads=n_threads, validation_data=(X, y),
    )  # fmt: skip
    np.testing.assert_allclose(history["loss"], losses, rtol=1e-12)
    np.testing.assert_allclose(net.weights[0], w, rtol=1e-11)
    np.testing.assert_allclose(net.biases[0], b, rtol=1e-11, atol=1e-14)
    # The validation's has no penalties.
    expected = ((X @ w + b - y) ** 2).sum(axis=1).mean() / 2 / 2
    assert history["val_loss"][-1] == pytest.approx(expected, rel=1e-12)


def test_clipped_steps_count_rows_too():
    X, y = data()
    options = {"epochs": 3, "batch_size": 4, "shuffle": False}
    options["habits"] = {"penalties_by_batch": True, "loss_divisor": 1.0}
    losses = []
    for clip_norm in (None, 1e9):
        net = Network((3, 4, 1), l2=0.1, random_state=0)
        history = fit(net, X, y, optimizer=SGD(0.1, clip_norm=clip_norm), **options)
        losses.append(history["loss"])
    np.testing.assert_allclose(*losses, rtol=1e-12)


@pytest.mark.parametrize("patience", [1, 2, 5])
@pytest.mark.parametrize("min_delta", [0.0, 1e-3, 0.05])
def test_patience_counts_what_is_not_better_by_enough(patience, min_delta):
    """And the best epoch is that with the smallest value, by any amount."""
    X, y = data(40)
    net, other = (Network((3, 8, 1), random_state=0) for _ in range(2))
    options = {"batch_size": 8, "optimizer": SGD(0.2), "shuffle": False}
    values = other.fit(X, y, epochs=60, **options)["loss"]
    best, waited, stop, best_epoch = np.inf, 0, 60, 0
    for epoch, value in enumerate(values, 1):
        waited = 0 if value <= best - min_delta else waited + 1
        if value < best:
            best, best_epoch = value, epoch
        if waited >= patience:
            stop = epoch
            break
    callback = EarlyStopping("loss", patience=patience, min_delta=min_delta, restore_best=False)
    history = fit(
        net, X, y, epochs=60, callbacks=[callback], habits={"any_is_best": True}, **options
    )
    assert (history.epochs, history.best_epoch) == (stop, best_epoch)


@pytest.mark.parametrize("nesterov", [False, True])
def test_steps_are_remembered_where_the_rate_falls_to_nothing(nesterov):
    """A step with the rate 0 is what lasts of the last one."""
    X, y = np.random.default_rng(0).normal(size=(2, 40, 1))
    net = Network((1, 4, 1), random_state=0)
    optimizer = SGD(Cosine(0.1), momentum=0.5, nesterov=nesterov, of_steps=True)
    net.fit(X, y, epochs=20, batch_size=None, optimizer=optimizer)
    before = net.parameters.copy()
    moved = []
    for _ in range(2):
        net.fit(X, y, epochs=1, batch_size=None, reset_optimizer=False,
                optimizer=SGD(1e-300, 0.5, nesterov, of_steps=True))  # fmt: skip
        moved.append(net.parameters - before)
        before = net.parameters.copy()
    assert abs(moved[0]).max() > 0
    np.testing.assert_allclose(moved[1], moved[0] / 2, rtol=1e-9)
