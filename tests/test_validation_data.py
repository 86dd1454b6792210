"""validation_data: what is recorded over other samples, and that training does not see them."""

import numpy as np
import pytest
from helpers import any_targets, measured, start

from backprop_c import SGD, Adam, Network
from backprop_c._engine.trainer import Trainer

METRICS = ("mse", "accuracy")
# Narrow, and with wide layers; both take several parts and slabs of some thousand samples.
SIZES = [(4, 16, 3), (20, 64, 32)]
every_dtype = pytest.mark.parametrize("dtype", ["float64", "float32"])


def classifier(sizes=(4, 16, 3), dtype="float64", **options):
    activations, loss = ("tanh", "softmax"), "cross_entropy"
    return Network(sizes, activations, loss, dtype=dtype, random_state=2, **options)


def data(sizes, n_samples, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, sizes[0]))
    return X, X[:, : sizes[-1]].argmax(axis=1)


def check_against_evaluate(net, X, y, validation_data, **options):
    """A fit of some epochs beside as many fits of one epoch, each followed by `evaluate`."""
    twin = Network(
        net.layer_sizes, net.activations, net.loss, dtype=net.dtype, l2=net.l2, random_state=2
    )
    assert twin.parameters.tobytes() == net.parameters.tobytes()
    metrics = options.pop("metrics", METRICS)
    history = net.fit(X, y, epochs=4, validation_data=validation_data, metrics=metrics, **options)
    names = ("loss", *metrics)
    assert list(history) == [*names, *(f"val_{name}" for name in names)]
    x_val, y_val, *weight = validation_data
    weight = weight[0] if weight else None
    for epoch in range(4):
        one = twin.fit(X, y, epochs=1, metrics=metrics, reset_optimizer=epoch == 0, **options)
        values = twin.evaluate(x_val, y_val, sample_weight=weight, metrics=metrics)
        for name in names:
            assert history[name][epoch] == one[name][0]
            assert history[f"val_{name}"][epoch] == values[name]
    assert net.parameters.tobytes() == twin.parameters.tobytes()
    assert net._optimizer_state.vectors.tobytes() == twin._optimizer_state.vectors.tobytes()


@every_dtype
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("batch_size", [1, 16, None])
@pytest.mark.parametrize("n_validation", [1, 2, 37])
def test_values_are_those_of_evaluate(sizes, batch_size, n_validation, dtype):
    """As of each epoch's end, to the bit; the training comes to the same bits as without them."""
    X, y = data(sizes, 50)
    net = classifier(sizes, dtype)
    options = {"batch_size": batch_size, "optimizer": Adam(0.01)}
    check_against_evaluate(net, X, y, data(sizes, n_validation, 1), **options)


@pytest.mark.parametrize("sizes", SIZES)
def test_with_weights(sizes, rng):
    """Some are 0; those of training are others."""
    X, y = data(sizes, 50)
    x_val, y_val = data(sizes, 40, 1)
    weight = rng.integers(0, 3, 40)
    net = classifier(sizes)
    options = {"sample_weight": rng.random(50), "optimizer": SGD(0.1)}
    check_against_evaluate(net, X, y, (x_val, y_val, weight), **options)
    kept = weight > 0
    expected = net.evaluate(x_val[kept].repeat(weight[kept], 0), y_val.repeat(weight))
    np.testing.assert_allclose(net.history["val_loss"][-1], expected["loss"], rtol=1e-12)


@every_dtype
@pytest.mark.parametrize("n_validation", [1, 30])
@pytest.mark.parametrize("sizes", SIZES)
def test_with_penalties(sizes, n_validation, dtype):
    """They are part of the validation's loss, at the parameters of the epoch's end."""
    X, y = data(sizes, 50)
    net = classifier(sizes, dtype, l2=(0.1, 0.02))
    check_against_evaluate(net, X, y, data(sizes, n_validation, 1), batch_size=None)


@pytest.mark.parametrize("given", ["labels", "rows"])
@pytest.mark.parametrize("validated", ["labels", "rows"])
def test_labels_and_rows(given, validated):
    """Both ways to name a class, for the training and for the validation."""
    as_given = {"labels": lambda y: y, "rows": lambda y: np.eye(3)[y]}
    X, y = data((4, 3), 50)
    x_val, y_val = data((4, 3), 20, 1)
    validation_data = x_val, as_given[validated](y_val)
    check_against_evaluate(classifier(), X, as_given[given](y), validation_data, batch_size=8)


def test_one_output_and_a_list():
    """Regression with 1-D targets; (X, y) may be a list, and its arrays anything array-like."""
    X = np.linspace(-1, 1, 20)[:, np.newaxis]
    net = Network((1, 8, 1), random_state=2)
    validation_data = [[[0.3], [0.5]], [0.09, 0.25]]
    options = {"metrics": ("mse",), "batch_size": 5}
    check_against_evaluate(net, X, X[:, 0] ** 2, validation_data, **options)


@any_targets
@every_dtype
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("batch_size", [500, None])
def test_threads_come_to_the_same_bits(sizes, batch_size, dtype):
    """Validation data of several slabs and parts."""
    X, y = data(sizes, 9000)
    x_val, y_val = data(sizes, 9001, 1)
    results = set()
    for n_threads in (1, 2, 5):
        net = classifier(sizes, dtype)
        history = net.fit(
            X,
            y,
            epochs=3,
            batch_size=batch_size,
            metrics=METRICS,
            validation_data=(x_val, y_val),
            n_threads=n_threads,
        )
        results.add((net.parameters.tobytes(), *(history[name].tobytes() for name in history)))
    assert len(results) == 1
    values = net.evaluate(x_val, y_val, metrics=METRICS)
    assert {name: history[f"val_{name}"][-1] for name in values} == values


def trained_in_runs(seconds, sizes, batch_size, n_threads):
    """Parameters, recorded values and the number of runs, of a fit in runs of so many seconds."""
    X, y = data(sizes, 9000)
    net = classifier(sizes)
    validation = measured(net, *data(sizes, 20_000, 1), None, METRICS)
    trainer = Trainer(net, measured(net, X, y, None, METRICS), validation)
    options = (0, (0.1,), np.random.PCG64(5), None, n_threads)
    trainer.prepare(3, batch_size, *options, early_stop=(3, 1, 0.0, 5, True))
    runs = 1
    while trainer.run(seconds):
        runs += 1
    trainer.close()
    return net.parameters.tobytes(), trainer.record.values().tobytes(), runs


@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize("batch_size", [64, 9000])
@pytest.mark.parametrize("sizes", SIZES)
def test_a_run_can_stop_anywhere(sizes, batch_size, n_threads):
    """At every look at the clock, in the midst of the validation too."""
    *whole, runs = trained_in_runs(1e9, sizes, batch_size, 1)
    assert runs == 1
    *pieces, runs = trained_in_runs(-1.0, sizes, batch_size, n_threads)
    assert runs > 10
    assert pieces == whole


def test_one_epoch_with_a_huge_validation_lets_others_run():
    """The GIL is released for the validation's work, too, where there is little training."""
    net = Network((50, 50, 1), random_state=0)
    x_val = np.zeros((100_000, 50))
    over, rounds = [], 0
    options = {"epochs": 1, "validation_data": (x_val, x_val[:, 0])}

    def fit():
        net.fit(x_val[:2], x_val[:2, 0], **options)
        over.append(True)

    # What validates the arguments is NumPy's; the training itself begins with the history.
    thread = start(fit)
    while not over:
        rounds += net.history is not None and not net.history.epochs
    thread.join()
    assert rounds > 100


X, Y = data((4, 3), 12)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (X, TypeError, r"must be a tuple \(X, y\) or \(X, y, sample_weight\), but is ndarray"),
        ({"X": X, "y": Y}, TypeError, "must be a tuple .*, but is dict"),
        (0.2, TypeError, "must be a tuple .*, but is float"),
        ((X,), TypeError, "must be a tuple .*, but has 1 entry"),
        ((X, Y, None, None), TypeError, "must be a tuple .*, but has 4 entries"),
        ((X[:, :3], Y), ValueError, "X has 3 features, but the network has 4 inputs"),
        ((X, Y[:5]), ValueError, "y has 5 samples, but X has 12"),
        ((X[0], Y[:1]), ValueError, r"X must be \(n_samples, 4\), but has shape \(4,\)"),
        ((X[:0], Y[:0]), ValueError, "X must have at least one sample"),
        ((X, Y + 1), ValueError, "is 3, but class indices are 0 to 2"),
        ((X, np.eye(3)[Y] * 2), ValueError, "targets of 'cross_entropy' are between 0 and 1"),
        ((X * np.nan, Y), ValueError, r"X\[0, 0\] is nan; X must be finite"),
        ((X, ["a"] * 12), TypeError, "y must hold real numbers"),
        ((X, Y, np.ones(3)), ValueError, r"sample_weight must have shape \(12,\)"),
        ((X, Y, -np.ones(12)), ValueError, r"sample_weight\[0\] is -1.0, but weights are at least"),
        ((X, Y, np.zeros(12)), ValueError, "sample_weight is 0 for all samples"),
    ],
)
def test_bad_validation_data(given, error, message):
    """The message says that it is not the training's data which is wrong; nothing has changed."""
    net = classifier()
    before = net.parameters.tobytes(), repr(net._generator.bit_generator.state)
    with pytest.raises(error, match=f"^validation_data:? {message}|^validation_data: .*{message}"):
        net.fit(X, Y, epochs=1, validation_data=given)
    assert (net.parameters.tobytes(), repr(net._generator.bit_generator.state)) == before
    assert net.history is None


def test_targets_that_tell_classes_in_another_way():
    """Of tanh outputs -1 and 1, or a row with one 1: one accuracy for both would be none."""
    net = Network((4, 3), "tanh", random_state=0)
    rows = np.eye(3)[Y]
    with pytest.raises(ValueError, match=r"^the targets of validation_data tell"):
        net.fit(X, 2 * rows - 1, metrics="accuracy", validation_data=(X, rows))
    assert net.history is None
    net.fit(X, 2 * rows - 1, epochs=1, validation_data=(X, rows))


def test_targets_that_are_no_classes():
    """The message says whose they are."""
    net = Network((4, 3), "identity", random_state=0)
    message = r"^validation_data: metric 'accuracy' needs targets .* but y\[1\] is \[0.5"
    targets = np.eye(3)[Y]
    targets[1] = [0.5, 0.7, 0]
    with pytest.raises(ValueError, match=message):
        net.fit(X, Y, metrics="accuracy", validation_data=(X, targets))
    with pytest.raises(ValueError, match=r"^metric 'accuracy' needs"):
        net.fit(X, targets, metrics="accuracy", validation_data=(X, Y))


@every_dtype
@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("batch_size", [1, 5, None])
def test_training_does_not_see_it(batch_size, dropout, dtype):
    """The same bits of parameters, optimizer and generator, with and without it."""
    results = set()
    for validation_data in (None, data((4, 3), 300, 1)):
        net = classifier((4, 16, 3), dtype, dropout=dropout)
        options = {"epochs": 6, "batch_size": batch_size, "metrics": METRICS}
        history = net.fit(X, Y, validation_data=validation_data, **options)
        results.add(
            (
                net.parameters.tobytes(),
                net._optimizer_state.vectors.tobytes(),
                repr(net._generator.bit_generator.state),
                *(history[name].tobytes() for name in ("loss", *METRICS)),
            )
        )
    assert len(results) == 1


def test_what_is_read_is_the_data_of_the_beginning():
    """Nothing of the caller's arrays is written to."""
    arrays = X.copy(), np.eye(3)[Y], np.ones(12)
    for array in arrays:
        array.flags.writeable = False
    classifier().fit(X, Y, epochs=2, validation_data=arrays)


def test_a_loss_that_is_not_finite_over_validation_alone():
    """It is recorded, and the training goes on."""
    net = Network((1, 1), "identity", random_state=0)
    net.parameters[:] = 1
    history = net.fit([[1.0]], [1.0], epochs=3, validation_data=([[1e200]], [-1e200]))
    assert history.epochs == 3
    assert np.isinf(history["val_loss"]).all()
    assert np.isfinite(history["loss"]).all()


@pytest.mark.parametrize("all_one", ["training", "validation"])
@pytest.mark.parametrize("lowest", [0.0, -1.0])
def test_tanh_outputs_and_targets_that_are_all_1(lowest, all_one):
    """The other targets tell how classes are named: by 0 and 1, or by -1 and 1."""
    X, mixed, ones = np.ones((4, 2)), np.array([1, lowest, 1, lowest]), np.ones(4)
    y, y_val = (ones, mixed) if all_one == "training" else (mixed, ones)
    net = Network((2, 1), "tanh", random_state=0)
    history = net.fit(X, y, epochs=2, metrics="accuracy", validation_data=(X, y_val))
    assert list(history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    right = net.predict(X)[0, 0] > (0.5 if lowest == 0 else 0)
    assert history["val_accuracy"][-1] == np.mean((y_val == 1) == right)
