"""class_weight: samples weigh what their classes weigh."""

import numpy as np
import pytest

from backprop_c import SGD, Network

every_dtype = pytest.mark.parametrize("dtype", ["float64", "float32"])


def data(n_samples=60, n_classes=3):
    """Of the classes some are rare."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, 4))
    labels = np.minimum(rng.geometric(0.6, n_samples) - 1, n_classes - 1)
    return X, labels


def network(n_out=3, output="softmax", dtype="float64", **options):
    return Network((4, 6, n_out), ("tanh", output), dtype=dtype, random_state=1, **options)


def balanced(labels):
    """As scikit-learn's compute_class_weight."""
    classes, counts = np.unique(labels, return_counts=True)
    return dict(zip(classes.tolist(), len(labels) / (len(classes) * counts), strict=True))


def check(net, X, y, class_weight, weights, **options):
    """Against a fit with the samples' weights."""
    twin = Network(net.layer_sizes, net.activations, net.loss, dtype=net.dtype, random_state=1)
    options = {"epochs": 3, "optimizer": SGD(0.1), "batch_size": 7, **options}
    given = options.pop("sample_weight", None)
    history = net.fit(X, y, given, class_weight=class_weight, **options)
    expected = twin.fit(X, y, weights if given is None else weights * given, **options)
    assert net.parameters.tobytes() == twin.parameters.tobytes()
    assert history == expected


@every_dtype
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("value", ["balanced", {0: 0.5, 2: 4}, {}, {1: 0}])
def test_by_sample_weights(value, weighted, dtype):
    """Times the samples' own; classes that a dict leaves out weigh 1. Also from one-hot targets."""
    X, labels = data()
    table = balanced(labels) if value == "balanced" else value
    weights = np.array([table.get(k, 1.0) for k in labels.tolist()])
    given = np.linspace(0.5, 2, len(X)).astype(dtype) if weighted else None
    for y in (labels, np.eye(3)[labels]):
        check(network(dtype=dtype), X, y, value, weights, sample_weight=given)


def test_balanced_is_scikit_learns():
    utilities = pytest.importorskip("sklearn.utils.class_weight")
    _, labels = data()
    expected = utilities.compute_class_weight("balanced", classes=np.arange(3), y=labels)
    np.testing.assert_allclose(list(balanced(labels).values()), expected)


@pytest.mark.parametrize(("output", "low"), [("sigmoid", 0), ("tanh", -1)])
def test_one_output(output, low):
    """0 and 1, or -1 and 1, are the classes 0 and 1."""
    X, labels = data(n_classes=2)
    y = np.where(labels == 1, 1, low)
    weights = np.where(labels == 1, 5.0, 0.25)
    check(network(1, output), X, y, {0: 0.25, 1: 5.0}, weights)


def test_validation_data_too():
    """By the classes' weights of training, times their own."""
    X, labels = data()
    table = balanced(labels)
    net, twin = network(), network()
    given = np.linspace(1, 2, 20)
    weights = np.array([table[k] for k in labels.tolist()])
    history = net.fit(
        X, labels, epochs=3, class_weight="balanced", validation_data=(X[:20], labels[:20], given)
    )
    expected = twin.fit(
        X,
        labels,
        weights,
        epochs=3,
        validation_data=(X[:20], labels[:20], given * weights[:20]),
    )
    assert history == expected


def test_a_class_that_training_does_not_have():
    """Its weight is 1 where validation data have it."""
    X, labels = data()
    labels = labels % 2
    others = np.where(np.arange(20) < 5, 2, labels[:20])
    net = network()
    net.fit(X, labels, epochs=1, class_weight="balanced", validation_data=(X[:20], others))
    table = {**balanced(labels), 2: 1.0}
    weights = np.array([table[k] for k in others.tolist()])
    expected = net.evaluate(X[:20], others, sample_weight=weights)["loss"]
    assert net.history["val_loss"][0] == pytest.approx(expected, rel=1e-12)


BAD = [
    ("even", ValueError, "class_weight must be 'balanced' or a dict of class index -> weight, but"),
    ([1, 2, 3], TypeError, "class_weight must be 'balanced' or a dict"),
    ({0: -1}, ValueError, r"class_weight\[0\] must be at least 0 and finite, but is -1"),
    ({0: np.inf}, ValueError, r"class_weight\[0\] must be at least 0 and finite, but is inf"),
    ({0: "1"}, TypeError, r"class_weight\[0\] must be a number, but is '1'"),
    ({"a": 1}, ValueError, "class_weight has the class 'a', but classes are indices from 0"),
    ({-1: 1}, ValueError, "class_weight has the class -1"),
    ({0: 0, 1: 0, 2: 0}, ValueError, "is 0 for all samples: there is nothing to learn from"),
]


@pytest.mark.parametrize(("value", "error", "message"), BAD)
def test_bad_class_weights(value, error, message):
    X, labels = data()
    net = network()
    before = net.parameters.copy()
    with pytest.raises(error, match=message):
        net.fit(X, labels, class_weight=value)
    np.testing.assert_array_equal(net.parameters, before)
    assert net.history is None


def test_targets_without_classes():
    X, _ = data()
    net = Network((4, 2), "sigmoid", "binary_cross_entropy", random_state=0)
    with pytest.raises(ValueError, match="class_weight needs targets that tell one class a sample"):
        net.fit(X, np.ones((60, 2)), class_weight="balanced")
    with pytest.raises(ValueError, match="class_weight needs targets that tell one class a sample"):
        Network((4, 1)).fit(X, X[:, 0], class_weight={0: 1})
