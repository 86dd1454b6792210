"""Layers wide enough to have their outputs on the lanes, and single rows: by the reference."""

import numpy as np
import pytest
from helpers import any_targets, assert_close, check_network, lanes_of, targets_for
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from reference import ReferenceNetwork
from reference_order import permutation

from backprop_c import SGD, Network
from backprop_c._engine.bare import dense_product
from backprop_c._validation.entries import ACTIVATIONS, LOSSES

DTYPES = ("float64", "float32")
# Both sides of vectors (2 to 16 lanes), of tiles of them (2 and 4 vectors), and far from both.
WIDTHS = (1, 2, 3, 7, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 96, 100, 127, 128, 129)
# Both sides of a tile's rows (6, 4, 2, 1), of packing (48), of parts (64) and of slabs (512).
ROWS = (2, 3, 4, 5, 6, 7, 11, 12, 13, 47, 48, 49, 63, 64, 65, 129, 511, 512, 513, 1100)
COMBINATIONS = [
    (loss, output)
    for loss, entry in LOSSES.items()
    for output in ACTIVATIONS
    if entry.outputs in ("", output)
]
# Behind wide layers one and two with so few outputs that they are narrow, by the lanes.
WIDE, MIXED = (20, 48, 32), (40, 64, 5, 2)
HIDDEN = [name for name, entry in ACTIVATIONS.items() if not entry.outputs_only]
every_dtype = pytest.mark.parametrize("dtype", DTYPES)


def wide_network(sizes, *arguments, **options):
    """A network with the wide layers that this file is about."""
    net = Network(sizes, *arguments, random_state=len(sizes) + sizes[0], **options)
    assert net._n_wide > 0
    return net


@every_dtype
@pytest.mark.parametrize("width", WIDTHS)
def test_hidden_widths(width, dtype, rng):
    """A narrow layer beside one that fills its vectors, before it and behind it."""
    for sizes, biases in (((3, width, 256), True), ((260, 256, width, 96), False)):
        net = wide_network(sizes, "tanh", dtype=dtype, biases=biases)
        for n_samples in (2, 65):
            check_network(net, n_samples, rng)


@every_dtype
@pytest.mark.parametrize("width", WIDTHS)
def test_output_widths(width, dtype, rng):
    for activations, loss in (("sigmoid", "squared_error"), (("relu", "softmax"), "cross_entropy")):
        net = wide_network((300, 256, width), activations, loss, dtype=dtype)
        for n_samples in (3, 70):
            check_network(net, n_samples, rng)


@every_dtype
@pytest.mark.parametrize("biases", [True, False])
@pytest.mark.parametrize("width", [511, 512, 513, 1030])
def test_sums_longer_than_a_panel_is_deep(width, biases, dtype, rng):
    """Over inputs, over hidden units and over outputs, with panels packed and as they are."""
    for sizes in ((width, 48, 16), (16, width, 32), (16, 32, width + -width % 16)):
        net = wide_network(sizes, "tanh", dtype=dtype, biases=biases)
        for n_samples in (5, 47, 48, 70):
            check_network(net, n_samples, rng)


@every_dtype
def test_widths_whose_rows_of_weights_are_not_aligned(dtype, rng):
    """Rows of 1030 numbers: read from anywhere, and behind the last one there is no vector."""
    net = wide_network((20, 1030), "identity", dtype=dtype)
    for n_samples in (5, 47, 48, 70):
        check_network(net, n_samples, rng)


@every_dtype
@pytest.mark.parametrize("n_samples", ROWS)
def test_rows(n_samples, dtype, rng):
    """The last tile of a part, the last part of a slab and the last slab, in part."""
    for sizes in ((20, 48, 32), (70, 130, 64, 10)):
        check_network(wide_network(sizes, "tanh", dtype=dtype), n_samples, rng)


@every_dtype
@pytest.mark.parametrize(("loss", "output"), COMBINATIONS)
def test_every_activation_and_loss(loss, output, dtype, rng):
    """In wide layers, and where wide ones go over into narrow ones."""
    place = COMBINATIONS.index((loss, output))
    # Each of the hidden ones is at each place once; the outputs do not depend on where.
    for k in range(len(HIDDEN)) if place == 0 else [place % len(HIDDEN)]:
        # Not all at once: through many layers float32 loses its digits.
        hidden = (HIDDEN[k:] + HIDDEN[:k])[:6]
        wide = (20, 48, *[64] * (len(hidden) - 2))
        for sizes in ((*wide, 32, 16), (*wide, 3, 2), (*wide, 32, 1)):
            net = wide_network(sizes, (*hidden, output), loss, dtype=dtype)
            for layout in ("plain", "readonly", "fortran", "strided", "swapped"):
                check_network(net, 70, rng, layout)


@every_dtype
def test_which_layers_are_wide(dtype):
    """Both sides of each rule for the last layers; the first ones are as wide as they must be."""

    def n_wide(*sizes):
        return Network(sizes, dtype=dtype, random_state=0)._n_wide

    lanes = lanes_of(dtype)
    thin = 2 * lanes // 3  # outputs that fill no more than two thirds of a vector
    assert n_wide(64, 64, thin + 1) == n_wide(64, 64, 64) == 2
    assert n_wide(200, 96, 64, 1, 64) == 4
    assert n_wide(4, 2, 1) == n_wide(784, 1) == 0
    # The work of all wide layers counts, not that of the last one alone.
    assert n_wide(300, 16, 128, thin or 1) == (2 if thin else 3)
    if thin:
        assert n_wide(64, 64, thin) == n_wide(64, 64, thin, thin) == 1
        assert n_wide(64, 64, 64, thin, thin, 1) == 2
        assert n_wide(32, 64, thin) == n_wide(64, 128, thin) == 1
        assert n_wide(31, 64, thin) != 1
        assert n_wide(64, 144, thin) != 1


@st.composite
def networks(draw):
    width = st.one_of(st.sampled_from(WIDTHS), st.integers(1, 20).map(lambda k: 16 * k))
    sizes = draw(st.lists(width, min_size=2, max_size=5))
    loss, output = draw(st.sampled_from(COMBINATIONS))
    return Network(
        sizes,
        [draw(st.sampled_from(HIDDEN)) for _ in sizes[1:-1]] + [output],
        loss,
        biases=draw(st.booleans()),
        dtype=draw(st.sampled_from(DTYPES)),
        random_state=0,
    )


@given(net=networks(), n_samples=st.one_of(st.sampled_from(ROWS), st.integers(2, 300)))
@hypothesis_settings(max_examples=150)
def test_any_network(net, n_samples):
    assume(net._n_wide > 0)
    check_network(net, n_samples, np.random.default_rng(n_samples))


def check_fit(net, n_samples, batch_size, *, labels=False, epochs=2, shuffle=True):
    """A fit in shuffled order and the naive one: history, parameters."""
    rng = np.random.default_rng(1)
    n_out = net.layer_sizes[-1]
    net.initialize(np.random.default_rng(7))
    twin = np.random.default_rng(7)
    for weights in net.weights:
        twin.uniform(size=weights.shape)
    X = rng.normal(size=(n_samples, net.layer_sizes[0]))
    y = targets_for(rng, net.loss, n_samples, n_out)
    if labels:
        y = rng.integers(0, n_out, n_samples)
    orders = [
        permutation(twin, n_samples) if shuffle else np.arange(n_samples) for _ in range(epochs)
    ]
    # Random targets are classes for losses that take shares alone.
    classes = labels or net.loss in ("binary_cross_entropy", "cross_entropy")
    reference = ReferenceNetwork(net)
    expected = reference.fit(X, y, orders, batch_size, 0.02)
    history = net.fit(
        np.asfortranarray(X),  # for float32 it is converted, too
        y,
        epochs=epochs,
        batch_size=batch_size,
        shuffle=shuffle,
        optimizer=SGD(0.02),
        metrics=("mse", "accuracy") if classes else ("mse",),
    )
    for name in ("loss", "mse"):
        assert_close(history[name], expected[name], net.dtype)
    if net.dtype == np.float64 and classes:
        np.testing.assert_allclose(history["accuracy"], expected["accuracy"], rtol=1e-14)
    assert_close(net.parameters, reference.parameters, net.dtype)


@every_dtype
@pytest.mark.parametrize("labels", [True, False])
@pytest.mark.parametrize("batch_size", [2, 7, 48, 65, 150, 600])
@pytest.mark.parametrize("sizes", [WIDE, MIXED])
def test_mini_batches_in_shuffled_order(sizes, batch_size, labels, dtype):
    """Rows are read where they are, through the order; the last batch is shorter."""
    activations = ("tanh",) * (len(sizes) - 2) + ("softmax",)
    net = wide_network(sizes, activations, "cross_entropy", dtype=dtype)
    check_fit(net, 2 * batch_size + batch_size // 2 + 2, batch_size, labels=labels)


@any_targets
@every_dtype
@pytest.mark.parametrize("sizes", [WIDE, MIXED])
def test_batches_of_several_slabs_in_shuffled_order(sizes, dtype):
    """1100 of 1500 rows: slabs of up to 512, the last one shorter than a part."""
    net = wide_network(sizes, "tanh", dtype=dtype, biases=False)
    check_fit(net, 1500, 1100)


@every_dtype
@pytest.mark.parametrize("at", [0, 5, -1])
def test_nan_reaches_only_what_depends_on_it(at, dtype, rng):
    """From a weight of the outputs, and from an output of one sample."""
    sizes = (20, 65, 96) if at else (260, 256, 17)
    net = wide_network(sizes, "tanh", dtype=dtype)
    X = rng.normal(size=(70, sizes[0]))
    y = np.zeros((70, sizes[-1]))
    expected = net.predict(X)
    first, second = (w.copy() for w in net.weights)
    net.weights[1][3, at] = np.nan
    outputs = net.predict(X)
    spoilt = np.zeros_like(outputs, dtype=bool)
    spoilt[:, at] = True
    np.testing.assert_array_equal(np.isnan(outputs), spoilt)
    np.testing.assert_array_equal(outputs[~spoilt], expected[~spoilt])
    loss, gradient = net.loss_and_gradient(X, y)
    assert np.isnan(loss)
    # The gradient of the outputs' weights is NaN in one column only, that of the others all over.
    spoilt = np.zeros_like(second, dtype=bool)
    spoilt[:, at] = True
    behind = first.size + sizes[1]
    assert np.isnan(gradient[:behind]).all()
    np.testing.assert_array_equal(np.isnan(gradient[behind : -sizes[2]]), spoilt.ravel())
    np.testing.assert_array_equal(np.isnan(gradient[-sizes[2] :]), spoilt[0])


@every_dtype
@pytest.mark.parametrize("row", [0, 5, 63, 64, 69])
def test_a_sample_that_overflows_leaves_the_others_alone(row, dtype, rng):
    net = wide_network((20, 96, 256, 17, 256), "identity", dtype=dtype)
    net.parameters[:] *= 100
    X = rng.normal(size=(70, 20))
    expected = net.predict(X)
    X[row] = np.copysign(np.finfo(dtype).max, X[row])
    outputs = net.predict(X)
    assert not np.isfinite(outputs[row]).any()
    others = np.arange(70) != row
    np.testing.assert_array_equal(outputs[others], expected[others])


@any_targets
@every_dtype
@pytest.mark.parametrize("width", [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100])
def test_single_rows(width, dtype, rng):
    """Online steps and one-row predictions, as inputs, as a hidden layer and as outputs."""
    for sizes in ((width, 5, 3), (3, width, 4), (4, 3, width), (width, width)):
        for activations, loss in (
            ("tanh", "squared_error"),
            ((["relu"] * (len(sizes) - 2)) + ["softmax"], "cross_entropy"),
        ):
            for biases in (True, False):
                net = Network(sizes, activations, loss, biases, dtype, random_state=1)
                check_network(net, 1, rng)
                check_fit(net, 4, 1, epochs=1, labels=width % 2 == 0 and sizes[-1] > 1)


@pytest.mark.long
@any_targets
@every_dtype
def test_single_rows_of_one_lane_and_of_many(dtype, rng):
    """Which of the two a network gets, with the activations and losses that go with it."""
    lanes = lanes_of(dtype)
    for place, (loss, output) in enumerate(COMBINATIONS):
        # Each hidden activation with one output, and each output with some of the hidden ones.
        some = [HIDDEN[(place + k) % len(HIDDEN)] for k in range(3)]
        hidden = HIDDEN if place == 0 else some[:1]
        small = [((2, 2), output, 1)] + [((2, 3, 2), (name, output), 1) for name in hidden]
        large = ((2, *[100] * len(some), 2), (*some, output), lanes)
        for sizes, activations, expected in (*small, large):
            net = Network(sizes, activations, loss, dtype=dtype, random_state=0)
            assert net._row_lanes == expected
            check_network(net, 1, rng)
            check_fit(net, 6, 1, shuffle=False)


@every_dtype
@pytest.mark.parametrize("n_columns", [1, 2, 15, 16, 17, 31, 33, 48, 63, 64, 65, 127, 129, 1030])
@pytest.mark.parametrize("n_rows", [1, 2, 3, 5, 6, 7, 13, 47, 48])
def test_dense_products(n_rows, n_columns, dtype, rng):
    """The three of a layer, without writing past the last number."""
    for n_sum in (1, 2, 17, 512, 513, 1025):
        a, b = (rng.normal(size=size) for size in ((n_rows, n_sum), (n_sum, n_columns)))
        for kind, one, other in (
            ("forward", a, b),
            ("backward_inputs", a, b.T),
            ("backward_weights", a.T, b),
        ):
            memory = np.full(n_rows * n_columns + 64, 7, dtype)
            out = memory[:-64].reshape(n_rows, n_columns)
            dense_product(kind, *(np.array(x, dtype, order="C") for x in (one, other)), out)
            assert_close(out, a @ b, dtype)
            assert (memory[-64:] == 7).all()


def test_dense_product_refuses_what_it_cannot_read():
    a, b, out = np.ones((2, 3)), np.ones((3, 4)), np.empty((2, 4))
    for arguments in (
        ("forward", a, b.astype("float32"), out),
        ("forward", a, b, out.astype("float32")),
        ("forward", a, np.asfortranarray(b), out),
        ("forward", a[0], b, out),
        ("forward", a, b, np.empty((2, 8))[:, ::2]),
    ):
        with pytest.raises(ValueError, match="a, b and out must be matrices of one dtype"):
            dense_product(*arguments)
    for arguments in (
        ("backward", a, b, out),
        ("forward", a, b.T.copy(), out),
        ("backward_inputs", a, b, out),
        ("backward_weights", a, b, out),
        ("forward", a, b, out.T.copy()),
    ):
        with pytest.raises(ValueError, match="does not go with these shapes"):
            dense_product(*arguments)
