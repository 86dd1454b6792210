"""The two tutorials, to the last digit."""

import warnings

import numpy as np
import pytest

from backprop_c import SGD, DivergenceWarning, Network, trace
from backprop_c.demo import iris_network, load_iris, numpy_sigmoid, split_iris, steps_network

sklearn_iris = pytest.importorskip("sklearn.datasets").load_iris
train_test_split = pytest.importorskip("sklearn.model_selection").train_test_split

RATE = 0.1
EPOCHS = 5000


def tutorial_data():
    """As the tutorial makes it: scikit-learn's data and split, one-hot targets."""
    X, y = sklearn_iris(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=20, random_state=4)
    return X_train, np.eye(3)[y_train], X_test, np.eye(3)[y_test]


def tutorial_weights():
    np.random.seed(10)
    return [np.random.normal(scale=0.5, size=(4, 2)), np.random.normal(scale=0.5, size=(2, 3))]


@pytest.fixture(scope="module")
def expected():
    """The NumPy loop: each iteration's values, and the final weights."""
    X, y, _, _ = tutorial_data()
    weights = tutorial_weights()
    return numpy_sigmoid(weights, X, y, RATE, EPOCHS), weights


def test_the_shipped_data_are_the_tutorials():
    X, y = load_iris()
    expected_X, expected_y = sklearn_iris(return_X_y=True)
    np.testing.assert_array_equal(X, expected_X)
    np.testing.assert_array_equal(y, expected_y)
    for mine, theirs in zip(split_iris(), tutorial_data(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    for mine, theirs in zip(iris_network().weights, tutorial_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("shuffle", [True, False])
def test_iris(expected, shuffle):
    values, weights = expected
    X, y, X_test, y_test = tutorial_data()
    net = Network(
        (4, 2, 3),
        activations="sigmoid",
        loss="squared_error",
        biases=False,
        dtype="float64",
        random_state=10,
    )
    for mine, start in zip(net.weights, tutorial_weights(), strict=True):
        mine[:] = start
    history = net.fit(
        X,
        y,
        epochs=EPOCHS,
        batch_size=None,
        optimizer=SGD(learning_rate=RATE),
        shuffle=shuffle,
        metrics=("mse", "accuracy"),
    )
    np.testing.assert_allclose(history["mse"], values["mse"], rtol=1e-10)
    np.testing.assert_allclose(history["loss"], 1.5 * values["mse"], rtol=1e-10)
    np.testing.assert_array_equal(history["accuracy"], values["accuracy"])
    for mine, theirs in zip(net.weights, weights, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-10)
    np.testing.assert_allclose(history["mse"][0] / 2, 0.1391001853580335, rtol=1e-14)
    np.testing.assert_allclose(history["mse"][-1] / 2, 0.05233996068618148, rtol=1e-13)
    assert net.evaluate(X_test, y_test, metrics=["accuracy"])["accuracy"] == 0.95


def test_iris_by_labels_is_the_same_to_the_bit(expected):
    X, y, _, _ = tutorial_data()
    one, other = iris_network(), iris_network()
    one.fit(X, y, epochs=50, batch_size=None, optimizer=SGD())
    other.fit(X, y.argmax(axis=1), epochs=50, batch_size=None, optimizer=SGD())
    assert one.parameters.tobytes() == other.parameters.tobytes()


def test_iris_in_float32():
    """The same course in single precision, to its digits."""
    X, y, _, _ = tutorial_data()
    net = Network((4, 2, 3), "sigmoid", biases=False, dtype="float32", random_state=0)
    for mine, start in zip(net.weights, tutorial_weights(), strict=True):
        mine[:] = start
    history = net.fit(X, y, epochs=EPOCHS, batch_size=None, optimizer=SGD(RATE), metrics="mse")
    np.testing.assert_allclose(history["mse"][-1] / 2, 0.05233996, rtol=2e-4)


def test_step_by_step():
    net = steps_network()
    np.testing.assert_array_equal(net.parameters, [0.21, 0.19, 0.56, 0.02, 0.23, 0.16])
    before = net.parameters.copy()
    steps = trace(net, [8, 12], 4, learning_rate=0.05, verbose=False)
    np.testing.assert_array_equal(net.parameters, before)
    np.testing.assert_allclose(
        [steps.loss, steps.new_loss], [1.59561248, 49.24728928473661], rtol=1e-13
    )
    np.testing.assert_allclose(
        [steps.prediction[0], steps.new_prediction[0]], [2.2136, 13.92444349], rtol=1e-9
    )
    history = net.fit([[8, 12]], [4], epochs=1, optimizer=SGD(0.05))
    np.testing.assert_allclose(history["loss"], [steps.loss], rtol=1e-15)
    np.testing.assert_allclose(net.predict([8, 12]), steps.new_prediction, rtol=1e-15)


def test_step_by_step_diverges():
    """1.6, 49, 136615, ...: training stops, and goes back to where the loss was last finite."""
    net = steps_network()
    with pytest.warns(DivergenceWarning, match=r"epoch 7 of 100 with SGD\(learning_rate=0.05\)"):
        history = net.fit([[8, 12]], [4], epochs=100, optimizer=SGD(0.05))
    np.testing.assert_allclose(history["loss"][:2], [1.59561248, 49.24728928473661], rtol=1e-13)
    assert int(history["loss"][2]) == 136615
    assert history.epochs == 6
    assert np.isfinite(history["loss"]).all()
    # The parameters are those at the start of the last recorded epoch.
    assert net.evaluate([[8, 12]], [4])["loss"] == history["loss"][-1]
    assert net.history is history


def test_divergence_in_the_first_epoch_changes_nothing():
    net = steps_network()
    net.parameters[:] = 1e200
    before = net.parameters.copy()
    with pytest.warns(DivergenceWarning, match="epoch 1 of 5 .* before the fit"):
        history = net.fit([[8, 12]], [4], epochs=5, optimizer=SGD())
    assert history.epochs == 0
    np.testing.assert_array_equal(net.parameters, before)


def test_divergence_within_the_second_epoch():
    """Epoch 1 is finite, its updates are not: back to the start of epoch 1."""
    net = Network((1, 1), "identity", biases=False, random_state=0)
    net.parameters[:] = 1.0
    with pytest.warns(DivergenceWarning, match="epoch 2 of 9"):
        history = net.fit([[1.0], [1.0]], [0, 0], epochs=9, batch_size=2, optimizer=SGD(1e300))
    assert history.epochs == 1
    assert net.parameters[0] == 1.0


def test_parameters_that_overflow_in_the_last_epoch():
    """Its loss was finite, its updates were not: the last epoch is kept, its updates are not."""
    net = Network((1, 1), "identity", biases=False, random_state=0)
    net.parameters[:] = 1.0
    with pytest.warns(DivergenceWarning, match="parameters stopped being finite in epoch 1 of 1"):
        history = net.fit([[1e150]], [0.0], epochs=1, optimizer=SGD(1e200))
    assert history.epochs == 1
    assert net.parameters[0] == 1.0


def test_parameters_that_overflow_behind_finite_losses():
    """A sigmoid of minus infinity is 0: without a look at the parameters nobody would notice."""
    net = Network((1, 1), "sigmoid", biases=False, random_state=0)
    net.parameters[:] = 1e-10
    with pytest.warns(DivergenceWarning, match="parameters stopped being finite in epoch 1 of 9"):
        history = net.fit([[1e10]], [0.0], epochs=9, optimizer=SGD(1e305))
    assert history.epochs == 1
    assert net.parameters[0] == 1e-10


def test_a_warning_made_an_error_still_leaves_the_result():
    net = steps_network()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DivergenceWarning):
            net.fit([[8, 12]], [4], epochs=100, optimizer=SGD(0.05))
    assert net.history.epochs == 6
    net.fit([[8, 12]], [4], epochs=1, optimizer=SGD(1e-30))


def test_step_by_step_converges_at_a_small_rate():
    net = steps_network()
    history = net.fit([[8, 12]], [4], epochs=400, optimizer=SGD(0.001))
    assert history["loss"][-1] < 1e-20
    np.testing.assert_allclose(net.predict([8, 12]), [4], rtol=1e-12)
