"""validation_fraction: a part of the samples is kept for validation."""

import copy
import pickle

import numpy as np
import pytest

from backprop_c import Adam, EarlyStopping, Network

every_dtype = pytest.mark.parametrize("dtype", ["float64", "float32"])


def data(n_samples=100, shares=(0.7, 0.2, 0.1)):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, 4))
    labels = np.repeat(np.arange(len(shares)), np.round(np.multiply(shares, n_samples)).astype(int))
    return X, rng.permutation(labels)


def network(seed=1, dtype="float64"):
    return Network((4, 6, 3), ("tanh", "softmax"), dtype=dtype, random_state=seed)


@every_dtype
@pytest.mark.parametrize("weighted", [False, True])
def test_it_is_a_fit_with_validation_data(weighted, dtype):
    """On the samples that the history names; what else is drawn does not depend on it."""
    X, y = data()
    weights = np.linspace(0.5, 2, 100) if weighted else None
    net, twin = network(dtype=dtype), network(dtype=dtype)
    options = {"epochs": 4, "optimizer": Adam(0.01), "metrics": ["accuracy"]}
    history = net.fit(X, y, weights, validation_fraction=0.2, **options)
    chosen = history.validation_indices
    rest = np.setdiff1d(np.arange(100), chosen)
    parts = [(X[k], y[k], None if weights is None else weights[k]) for k in (rest, chosen)]
    validation = parts[1] if weighted else parts[1][:2]
    expected = twin.fit(*parts[0], validation_data=validation, **options)
    assert history == expected
    assert net.parameters.tobytes() == twin.parameters.tobytes()


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("one_hot", [False, True])
def test_each_class_gives_its_share(one_hot, fraction):
    X, y = data()
    history = network().fit(
        X, np.eye(3)[y] if one_hot else y, epochs=1, validation_fraction=fraction
    )
    chosen = history.validation_indices
    assert len(chosen) == len(set(chosen.tolist())) == round(100 * fraction)
    counts = np.bincount(y[chosen], minlength=3)
    assert (abs(counts - fraction * np.bincount(y)) < 1).all()


def test_numbers_have_no_classes():
    X, _ = data()
    net = Network((4, 1), random_state=0)
    history = net.fit(X, X[:, 0], epochs=1, validation_fraction=0.3)
    assert len(history.validation_indices) == 30
    # Not the first or the last ones.
    assert history.validation_indices.max() - history.validation_indices.min() > 40


def test_another_seed_draws_others():
    X, y = data()
    drawn = {
        network(seed).fit(X, y, epochs=1, validation_fraction=0.2).validation_indices.tobytes()
        for seed in range(5)
    }
    assert len(drawn) == 5


def test_a_fit_that_goes_on_keeps_them():
    """With as many samples and the same fraction; also through copies and pickles."""
    X, y = data()
    net = network()
    first = net.fit(X, y, epochs=2, validation_fraction=0.2).validation_indices
    others = [copy.copy(net), pickle.loads(pickle.dumps(net)), net]
    for other in others:
        history = other.fit(X, y, epochs=1, validation_fraction=0.2, reset_optimizer=False)
        np.testing.assert_array_equal(history.validation_indices, first)
    changed = net.fit(X[:90], y[:90], epochs=1, validation_fraction=0.2, reset_optimizer=False)
    assert len(changed.validation_indices) == 18
    anew = network()
    anew.fit(X, y, epochs=2)
    anew = anew.fit(X, y, epochs=1, validation_fraction=0.2, reset_optimizer=False)
    assert anew.validation_indices is not None


def test_the_history_keeps_them():
    X, y = data()
    history = network().fit(X, y, epochs=2, validation_fraction=0.2)
    for other in (copy.copy(history), pickle.loads(pickle.dumps(history))):
        np.testing.assert_array_equal(other.validation_indices, history.validation_indices)
    with pytest.raises(ValueError, match="read-only"):
        history.validation_indices[0] = 0
    assert network().fit(X, y, epochs=1).validation_indices is None


def test_with_early_stopping():
    X, y = data()
    net = network()
    history = net.fit(
        X,
        y,
        epochs=500,
        optimizer=Adam(0.05),
        validation_fraction=0.3,
        callbacks=[EarlyStopping(patience=5)],
    )
    assert history.epochs < 500
    chosen = history.validation_indices
    got = net.evaluate(X[chosen], y[chosen])["loss"]
    assert got == pytest.approx(history["val_loss"].min(), rel=1e-12)


BAD = [
    ({"validation_fraction": 1.0}, ValueError, "validation_fraction must be at least 0 and below"),
    ({"validation_fraction": -0.1}, ValueError, "validation_fraction must be at least 0 and below"),
    ({"validation_fraction": "0.1"}, TypeError, "validation_fraction must be a number, but is"),
    ({"validation_fraction": 0}, ValueError, "must leave samples on both sides, but is 0.0 of 100"),
    ({"validation_fraction": 0.999}, ValueError, "must leave samples on both sides, but is 0.999"),
    (
        {"validation_fraction": 0.1, "validation_data": (np.ones((1, 4)), [0])},
        TypeError,
        "give validation_data or validation_fraction, not both",
    ),
    (
        {"validation_fraction": 0.01, "sample_weight": np.arange(100) == 99},
        ValueError,
        "no sample for (training|validation) has a weight above 0",
    ),
]


@pytest.mark.parametrize(("options", "error", "message"), BAD)
def test_bad_fractions(options, error, message):
    X, y = data()
    net = network()
    before = net.parameters.copy(), net._generator.bit_generator.state
    with pytest.raises(error, match=message):
        net.fit(X, y, **options)
    np.testing.assert_array_equal(net.parameters, before[0])
    assert net._generator.bit_generator.state == before[1]
    assert net.history is None
