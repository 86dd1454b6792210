"""Who is compared: one module a contender, and this table of what people should know of it.

A module has those of the functions ``training(problem)``, ``prediction(problem)`` and
``product(problem)`` that it can serve. Each returns what ``work`` describes, ready to run, or None
for a problem that it does not take. It imports its package at the top: where that is not
installed, the contender is left out.
"""

import importlib
from dataclasses import dataclass

OURS, BEFORE = "ours", "before"


@dataclass(frozen=True)
class Contender:
    """What the report says of a module.

    Attributes
    ----------
    name, title : str
        The module's name; what people call it.
    what : str
        How it is used.
    inequalities : tuple of str
        Every way in which its work is not the problem's.
    colour : str
        In the picture.
    package : str
        Whose version is recorded: a distribution, or "" for none.
    column : bool
        Whether the report's table has a column for it; the others share the last one.
    compiles : bool
        Whether its first run is dearer than all later ones, and reported apart.
    """

    name: str
    title: str
    what: str
    inequalities: tuple = ()
    colour: str = "#999999"
    package: str = ""
    column: bool = False
    compiles: bool = False


CONTENDERS = {
    contender.name: contender
    for contender in (
        Contender(
            OURS,
            "backprop_c",
            "`Network.fit` and `Network.predict`, with their checks, copies and history",
            colour="#c1121f",
            package="backprop-c",
        ),
        Contender(
            "ours_out",
            "backprop_c, out=",
            "`Network.predict` into an array of the caller's",
            ("allocates no result",),
            colour="#e5707a",
        ),
        Contender(
            "functional",
            "functional, from Python",
            "backprop_c's building blocks, a call for each layer, activation, loss and update",
            ("shuffles by `rng.permutation` and one gather a batch",),
            colour="#f4b6bb",
        ),
        Contender(
            BEFORE,
            "backprop_c, before",
            "another version of backprop_c, from the wheel that `--before` names, does the work of "
            "`ours.py`: it is compared with ours alone, both in processes of their own, and never "
            "recorded",
            colour="#f2a7ad",
        ),
        Contender(
            "numpy_lean",
            "NumPy",
            "written by hand: as few calls as it takes, results into arrays that are there, one "
            "flat array of parameters for Adam, vectors for one row",
            (
                "shuffles by `rng.permutation` and one gather a batch",
                "one row: no checks of what is passed in",
            ),
            colour="#577590",
            package="numpy",
            column=True,
        ),
        Contender(
            "numpy_blocks",
            "NumPy, blocks of rows",
            "the million rows in blocks that fit the cache",
            ("no checks of what is passed in",),
            colour="#7d9bb5",
        ),
        Contender(
            "tutorial",
            "tutorial's loop",
            "the Iris tutorial's, in NumPy, with its pandas frame of results",
            (
                "`concat` instead of `DataFrame.append`, which pandas has removed",
                "the frame grows by a row an epoch, so that the time per epoch grows, too: a "
                "timed run has some 900 epochs, the tutorial 5000",
            ),
            colour="#bfc5d2",
            package="pandas",
        ),
        Contender(
            "sklearn_mlp",
            "scikit-learn",
            "`MLPClassifier` and `MLPRegressor` with `warm_start` from the given weights, "
            "`alpha=0`; `predict_proba`",
            (
                "Iris: always has biases; knows the squared error only with identity outputs, "
                "so it minimizes the logistic loss (a shorter backward pass); no mse, no accuracy",
                "digits: no accuracy of each epoch",
                "Adam multiplies epsilon by sqrt(1 - beta_2^t): its losses agree, weights of "
                "small gradients do not",
                "4-32-16-4: its loss is the mean over outputs, the gradient that of their sum",
                "predictions: outputs of 4-2-3 made sigmoid by its attribute; a row is a matrix "
                "of one",
            ),
            colour="#f3a712",
            package="scikit-learn",
            column=True,
        ),
        Contender(
            "pytorch",
            "PyTorch",
            "eager mode: `nn.Sequential`, fused `Adam` and `SGD`, `torch.randperm` and one gather "
            "a batch, losses summed as tensors; predictions in `inference_mode`",
            (
                "tensors in and out: no conversion from and to NumPy",
                "losses and metrics of an epoch are added up in float32 (Iris: float64)",
                "its MKL takes AVX2 kernels on processors that are not Intel's",
            ),
            colour="#5a189a",
            package="torch",
            column=True,
        ),
        Contender(
            "torchscript",
            "TorchScript",
            "PyTorch's model traced, frozen and optimized for inference",
            ("tensors in and out: no conversion from and to NumPy",),
            colour="#9d6bc9",
        ),
        Contender(
            "jax_scan",
            "JAX",
            "one jitted `lax.scan` over an epoch's updates within one over epochs, buffers "
            "donated, `jax.random.permutation` in the scan; predictions by a jitted function",
            (
                "compiled for the shapes at hand, which is reported apart",
                "several hundred epochs of the small problems are one call",
                "arrays of its own in and out: no conversion from NumPy",
                "losses and metrics of an epoch are added up in float32 (Iris: float64)",
            ),
            colour="#2a9d8f",
            package="jax",
            column=True,
            compiles=True,
        ),
        Contender(
            "numba_loops",
            "numba",
            "explicit loops, `@njit(fastmath=False)`, inner loops over contiguous outputs",
            (
                "written for networks of two layers and compiled for the dtype at hand, which is "
                "reported apart",
                "predictions: no checks of what is passed in",
            ),
            colour="#90be6d",
            package="numba",
            column=True,
            compiles=True,
        ),
        Contender(
            "onnx_runtime",
            "onnxruntime",
            "`InferenceSession.run` on a model of opset 17",
            ("a row is a matrix of one",),
            colour="#4d908e",
            package="onnxruntime",
        ),
        Contender(
            "fann",
            "FANN",
            "Debian's libfann by ctypes: `fann_train_on_data`, all epochs in one call",
            (
                "always has biases: Iris trains five weights more, from 0",
                "the derivative of a sigmoid is taken of outputs clipped to 0.01 ... 0.99",
                "computes the mean squared error of each epoch, keeps the last one; counts bits "
                "that fail, no accuracy",
            ),
            colour="#6c757d",
        ),
        Contender(
            "specialised_c",
            "C for 4-2-3 alone",
            "the Iris epoch in C with constant sizes, samples on vector lanes and its own exp, by "
            "the system's compiler with `-O3 -march=native -ffast-math`",
            (
                "can do nothing else: sizes, activations and loss are constants, data is packed "
                "before the clock starts, nothing is checked",
                "`-ffast-math`, and instructions of this very machine",
            ),
            colour="#343a40",
        ),
    )
}
RECORDED = {name: contender for name, contender in CONTENDERS.items() if name != BEFORE}


def load(names=RECORDED):
    """The modules whose packages are installed, by name."""
    found = {}
    for name in names:
        try:
            found[name] = importlib.import_module(f"contenders.{name}")
        except (ImportError, OSError) as error:
            print(f"without {name}: {error}")
    return found
