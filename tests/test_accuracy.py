"""The accuracy that fits the outputs: by the largest, by halves, by signs; or none at all."""

import numpy as np
import pytest

from backprop_c import Network

DTYPES = ("float64", "float32")
every_dtype = pytest.mark.parametrize("dtype", DTYPES)


def straight(n, activation, loss="squared_error", dtype="float64"):
    """A network whose pre-activations are its inputs."""
    net = Network((n, n), activation, loss, biases=False, dtype=dtype, random_state=0)
    net.weights[0][:] = np.eye(n)
    return net


def accuracy(net, X, y):
    value = net.evaluate(X, y, metrics="accuracy")["accuracy"]
    history = net.__copy__().fit(X, y, epochs=1, batch_size=None, metrics=["accuracy"])
    assert history["accuracy"][0] == value
    return value


@every_dtype
@pytest.mark.parametrize("repeats", [1, 13])
def test_one_output_is_on_its_targets_side_of_a_half(dtype, repeats):
    net = straight(1, "identity", dtype=dtype)
    X = np.array([[-1.0], [0.3], [0.5], [0.6], [2.0], [0.7]]).repeat(repeats, axis=0)
    assert accuracy(net, X, np.repeat([0, 0, 0, 1, 1, 0], repeats)) == 5 / 6
    assert accuracy(net, X, np.repeat([0, 0, 1, 1, 1, 1], repeats)) == 5 / 6


@every_dtype
def test_a_probability_of_one_output_names_the_likelier_class(dtype):
    """A half is not above a half, as an output of a half is not."""
    net = straight(1, "sigmoid", "binary_cross_entropy", dtype)
    assert accuracy(net, [[-1.0], [-1.0], [0.0], [1.0]], [0.3, 0.5, 0.5, 0.6]) == 1
    assert accuracy(net, [[1.0]], [0.5]) == 0


@every_dtype
@pytest.mark.parametrize("repeats", [1, 13])
def test_several_labels_a_sample_are_right_together(dtype, repeats):
    net = straight(3, "sigmoid", "binary_cross_entropy", dtype)
    X = np.array([[1.0, 2.0, -1.0], [-1.0, -1.0, -1.0], [3.0, 1.0, 2.0]]).repeat(repeats, axis=0)
    assert accuracy(net, X, np.repeat([[1, 1, 0], [0, 0, 0], [1, 1, 1]], repeats, axis=0)) == 1
    assert accuracy(net, X, np.repeat([[1, 1, 0], [0, 0, 1], [0, 1, 1]], repeats, axis=0)) == 1 / 3
    # Class indices name one class each.
    assert accuracy(net, X, np.repeat([1, 0, 0], repeats)) == 1


@every_dtype
def test_targets_of_minus_one_and_one_are_compared_by_sign(dtype):
    one = straight(1, "tanh", dtype=dtype)
    X = [[0.1], [-0.1], [2.0], [-2.0]]
    assert accuracy(one, X, [1, -1, 1, -1]) == 1
    assert accuracy(one, X, [1, 1, -1, -1]) == 0.5
    assert accuracy(one, X[:1], [1]) == 1
    # Of 0 and 1, as ever, by a half.
    assert accuracy(one, X, [0, 0, 1, 0]) == 1
    two = straight(2, "tanh", dtype=dtype)
    assert accuracy(two, [[0.1, -0.1], [0.1, 0.2]], [[1, -1], [1, 1]]) == 1
    assert accuracy(two, [[0.1, -0.1], [0.1, 0.2]], [[1, 1], [-1, -1]]) == 0
    assert accuracy(two, [[0.1, -0.1], [0.1, 0.2]], [[1, 0], [0, 1]]) == 1


@pytest.mark.parametrize(
    ("net", "X", "y", "came"),
    [
        (straight(1, "identity"), [[1.0], [1.0]], [1, 0.3], "y[1] is [0.3]"),
        (straight(1, "identity"), [[1.0]], [-1], "y[0] is [-1.]"),
        (straight(1, "sigmoid"), [[1.0]], [7], "y[0] is [7.]"),
        (straight(1, "tanh"), [[1.0], [1.0]], [-1, 0.5], "y[0] is [-1.]"),
        (straight(2, "identity"), [[1.0, 1.0]] * 2, [[1, 0], [3, -2]], "y[1] is [ 3. -2.]"),
        (straight(2, "identity"), [[1.0, 1.0]], [[0.2, 0.9]], "y[0] is [0.2 0.9]"),
        (straight(2, "sigmoid"), [[1.0, 1.0]], [[1, 1]], "loss='binary_cross_entropy'"),
        (straight(2, "sigmoid"), [[1.0, 1.0]], [[0, 0]], "y[0] is [0. 0.]"),
    ],
)
def test_targets_that_are_no_classes_are_refused(net, X, y, came):
    """Nothing has changed then; without the metric they are what they were."""
    before = net.parameters.tobytes()
    for use in (net.fit, net.evaluate):
        with pytest.raises(ValueError, match="metric 'accuracy' needs targets that are cl") as info:
            use(X, y, metrics=["mse", "accuracy"])
        assert came in str(info.value)
    assert net.parameters.tobytes() == before
    assert net.history is None
    assert net.evaluate(X, y, metrics=["mse"])["loss"] > 0


@every_dtype
def test_a_tie_among_targets_goes_to_the_first(dtype):
    net = straight(3, "identity", dtype=dtype)
    assert accuracy(net, [[2.0, 1.0, 0.0]] * 20, [[0.4, 0.4, 0.2]] * 20) == 1
