"""What a package costs before it does anything: import time, room on the disk, a call of fit."""

import importlib.metadata
import statistics
import subprocess
import sys
import time
import timeit

import numpy as np

ROUNDS = 9
CALLS = 2000
IMPORTS = {
    "backprop-c": "backprop_c",
    "numpy": "numpy",
    "scikit-learn": "sklearn.neural_network",
    "torch": "torch",
    "jax": "jax",
    "numba": "numba",
    "onnxruntime": "onnxruntime",
}


def seconds(statement):
    """The wall time of a fresh interpreter."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - start


def import_milliseconds(modules, rounds=ROUNDS):
    """Module -> how much longer than an empty program importing it takes, in turn, the median."""
    statements = {"": "pass"} | {module: f"import {module}" for module in modules}
    for statement in statements.values():
        seconds(statement)  # from the disk
    taken = {module: [] for module in statements}
    for _ in range(rounds):
        for module, statement in statements.items():
            taken[module].append(seconds(statement))
    empty = statistics.median(taken.pop(""))
    return {module: 1e3 * (statistics.median(each) - empty) for module, each in taken.items()}


def with_dependencies(name, found=None):
    """The distribution and all that it asks for, extras aside; canonical name -> distribution."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    found = {} if found is None else found
    key = canonicalize_name(name)
    if key not in found:
        found[key] = importlib.metadata.distribution(name)
        for line in found[key].requires or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                with_dependencies(requirement.name, found)
    return found


def megabytes(name):
    """The installed files of a package and of what it depends on."""
    files = {
        path.locate().resolve()
        for distribution in with_dependencies(name).values()
        for path in distribution.files or ()
    }
    return sum(path.stat().st_size for path in files if path.is_file()) / 1e6


def fit_call_microseconds():
    """One epoch over one row of 4-16-3, by a call of its own: the median of many."""
    from backprop_c import SGD, Network

    net = Network(
        (4, 16, 3),
        activations="tanh",
        loss="squared_error",
        biases=True,
        dtype="float32",
        random_state=0,
    )
    X, y = np.ones((1, 4), "float32"), np.zeros((1, 3), "float32")
    optimizer = SGD(learning_rate=0.01)
    times = timeit.repeat(
        lambda: net.fit(X, y, epochs=1, batch_size=1, optimizer=optimizer), number=1, repeat=CALLS
    )
    return 1e6 * statistics.median(times)


def is_editable(name):
    """Whether its files are elsewhere: such an installation has no size."""
    files = importlib.metadata.distribution(name).files or ()
    return any("editable" in path.name for path in files)


def measure():
    """A row for each package that is installed."""
    installed = {}
    for package in IMPORTS:
        try:
            if is_editable(package):
                print(f"without {package}: an editable installation has no size, install the wheel")
            else:
                installed[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            print(f"without {package}")
    times = import_milliseconds([IMPORTS[package] for package in installed])
    return [
        {
            "package": package,
            "version": version,
            "import_ms": f"{times[IMPORTS[package]]:.1f}",
            "megabytes": f"{megabytes(package):.1f}",
            "fit_call_us": f"{fit_call_microseconds():.1f}" if package == "backprop-c" else "",
        }
        for package, version in installed.items()
    ]
