"""Write networks and a history as pickles, and beside them what they must do when they are loaded.

To be run with an installed version of the package, never with the sources that will read them:
``python write.py format_0``. A folder is written once, before the format of pickles changes, and
then kept: tests/test_pickles.py loads what is in every folder.
"""

import json
import pickle
import sys
from pathlib import Path

import numpy as np

import backprop_c
from backprop_c import SGD, Adam, Network

# Exact in both dtypes, and the same on every machine.
X = ((np.arange(60) * 7 % 16 - 8) / 8).reshape(20, 3)
Y = ((np.arange(40) * 5 % 8) / 8).reshape(20, 2)
LABELS = np.arange(20) * 3 % 4 % 2

# name -> the arguments of Network, the targets, and the optimizer; None leaves it untrained.
NETWORKS = {
    "classes": (
        ((3, 5, 2), ("relu", "softmax"), "cross_entropy", True, "float64"),
        LABELS,
        Adam(0.01),
    ),
    "classes_float32": (
        ((3, 4, 2), ("tanh", "softmax"), "cross_entropy", False, "float32"),
        LABELS,
        SGD(0.1, momentum=0.9, nesterov=True),
    ),
    "several_labels": (
        ((3, 4, 2), ("tanh", "sigmoid"), "binary_cross_entropy", True, "float64"),
        Y,
        SGD(0.1, momentum=0.5, weight_decay=0.001),
    ),
    "regression_float32": (
        ((3, 4, 4, 2), ("tanh", "sigmoid", "identity"), "squared_error", True, "float32"),
        Y,
        Adam(0.01, beta_1=0.8, weight_decay=0.01),
    ),
    "without_biases": (
        ((3, 4, 2), ("sigmoid", "sigmoid"), "squared_error", False, "float64"),
        Y,
        SGD(0.5),
    ),
    "untrained": (
        ((3, 2), ("tanh",), "squared_error", True, "float64"),
        Y,
        None,
    ),
}
FIT = {"epochs": 3, "batch_size": 6, "shuffle": True, "metrics": ["mse"]}


def bits(array):
    """An array's bytes, the low ones of each number first."""
    return array.astype(array.dtype.newbyteorder("<")).tobytes().hex()


def look(net):
    """What a network is, and what it answers."""
    return {
        "layer_sizes": net.layer_sizes,
        "activations": net.activations,
        "loss": net.loss,
        "biases": bool(net.biases),
        "dtype": net.dtype.name,
        "optimizer": repr(net.optimizer),
        "history": net.history and net.history.to_dict(),
        "parameters": bits(net.parameters),
        "predictions": net.predict(X).tolist(),
    }


def main(folder):
    """Write the pickles, and expected.json."""
    folder.mkdir()
    expected = {}
    for name, (arguments, y, optimizer) in NETWORKS.items():
        net = Network(*arguments, random_state=len(name))
        if optimizer is not None:
            net.fit(X, y, optimizer=optimizer, **FIT)
        (folder / f"{name}.pickle").write_bytes(pickle.dumps(net, protocol=4))
        case = {"loaded": look(net), "y": y.tolist()}
        net.fit(X, y, reset_optimizer=False, **FIT)
        expected[name] = {**case, "gone_on": look(net)}
    (folder / "history.pickle").write_bytes(pickle.dumps(net.history, protocol=4))
    written = {
        "version": backprop_c.__version__,
        "history": net.history.to_dict(),
        "X": X.tolist(),
        "fit": FIT,
        "networks": expected,
    }
    (folder / "expected.json").write_text(json.dumps(written) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(__file__).parent / sys.argv[1])
