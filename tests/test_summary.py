"""net.summary(), and the table for notebooks."""

from xml.etree import ElementTree

import numpy as np
import pytest

from backprop_c import Network, activations, losses


def network(**options):
    options = {"activations": (activations.LeakyReLU(0.2), "identity"), **options}
    return Network((4, 8, 2), loss=losses.Huber(0.5), random_state=0, **options)


def test_what_it_says():
    net = network(l2=(0.1, 0.2), dropout=0.5, biases=False, dtype="float32")
    lines = net.summary().splitlines()
    assert lines[0].split() == ["layer", "units", "activation", "weights", "biases", "parameters"]
    assert lines[3].split() == ["hidden", "1", "8", "LeakyReLU(slope=0.2)", "4", "x", "8", "32"]
    assert lines[4].split() == ["outputs", "2", "identity", "8", "x", "2", "16"]
    assert lines[6:] == [
        "loss: Huber(delta=0.5)",
        "optimizer: Adam(learning_rate=0.001)",
        "dtype: float32",
        "parameters: 48 (192 bytes)",
        "l2: (0.1, 0.2)",
        "dropout: (0.0, 0.5)",
    ]
    net.fit(np.ones((3, 4)), np.ones((3, 2)), epochs=2)
    assert "last fit: History(2 epochs; last: loss " in net.summary()


@pytest.mark.parametrize("sizes", [(1, 1), (300, 2000, 10)])
def test_counts(sizes):
    net = Network(sizes)
    assert f"parameters: {net.parameters.size} (" in net.summary()
    total = sum(int(line.split()[-1]) for line in net.summary().splitlines()[2 : 2 + len(sizes)])
    assert total == net.parameters.size


def test_the_table_for_notebooks():
    """Well formed, with the same words; what a user names is escaped."""

    def own(y_true, y_pred):
        return ((y_pred - y_true) ** 2).sum(axis=1) / 2, y_pred - y_true

    own.__qualname__ = "<b>own</b>"
    for net in (network(), Network((2, 1), loss=own)):
        tree = ElementTree.fromstring(net._repr_html_())
        cells = [cell.text or "" for cell in tree.iter("td")]
        assert len(cells) == 6 * len(net.layer_sizes)
        assert str(net.parameters.size - net.biases[-1].size - net.weights[-1].size) in cells
        assert not list(tree.iter("b"))


def test_a_network_that_is_not_set_up():
    with pytest.raises(RuntimeError, match="__init__"):
        Network.__new__(Network).summary()
