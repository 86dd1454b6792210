"""Small things that several tests need."""

import importlib
import importlib.util
import inspect
import os
import re
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from reference import ReferenceNetwork

import backprop_c
from backprop_c import Network, optimizers
from backprop_c._engine.samples import SampleSet
from backprop_c._training import metric_sets

# The build with sanitizers and assertions, which is large and slow.
CHECKED = os.environ.get("BACKPROP_C_CHECKED", "") not in ("", "0")
TOLERANCE = {"float64": 1e-11, "float32": 3e-4}


def measured(net, X, y, sample_weight=None, metrics=()):
    """Samples as a trainer takes them, with what is measured."""
    return metric_sets(net, metrics, SampleSet(net, X, y, sample_weight))[1]


def assert_close(got, expected, dtype):
    """Equal but for rounding, relative to the largest expected number."""
    got, expected = np.asarray(got, dtype=float), np.asarray(expected, dtype=float)
    scale = max(1e-3, np.abs(expected).max(initial=0))
    np.testing.assert_allclose(got, expected, rtol=0, atol=TOLERANCE[str(dtype)] * scale)


def optimizer_classes():
    """The optimizers that users choose from: all classes but the bases."""
    return {
        thing
        for thing in vars(optimizers).values()
        if inspect.isclass(thing)
        and issubclass(thing, optimizers.Optimizer)
        and not inspect.isabstract(thing)
    }


# Ways to hold the same numbers: name -> from a C-ordered array.
LAYOUTS = {
    "plain": lambda a: a,
    "fortran": np.asfortranarray,
    "strided": lambda a: np.repeat(np.repeat(a, 2, axis=0), 3, axis=-1)[::2, ..., ::3],
    "reversed": lambda a: a[::-1].copy()[::-1],
    "readonly": lambda a: np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape),
    "swapped": lambda a: a.astype(a.dtype.newbyteorder()),
    "unaligned": lambda a: np.frombuffer(b"?" + a.tobytes(), a.dtype, offset=1).reshape(a.shape),
    "list": lambda a: a.tolist(),
}
if importlib.util.find_spec("pandas"):  # an extra, which some platforms do without
    LAYOUTS["frame"] = lambda a: importlib.import_module("pandas").DataFrame(a)


def assert_same_network(one, other):
    """Two networks are equal by value: shape, names, dtype, bits of the parameters, generator."""
    assert type(one) is type(other)
    for name in ("layer_sizes", "activations", "loss", "dtype", "optimizer"):
        assert getattr(one, name) == getattr(other, name), name
    assert bool(one.biases) == bool(other.biases)
    assert one.parameters.tobytes() == other.parameters.tobytes()
    assert state_of(one._generator) == state_of(other._generator)
    if one.history is None or other.history is None:
        assert one.history is other.history
    else:
        assert one.history.to_dict() == other.history.to_dict()


def state_of(generator):
    """A generator's state as something to compare."""
    return repr(generator.bit_generator.state)


def targets_for(rng, loss, n_samples, n_out):
    """Random targets that the loss takes."""
    if loss == "poisson":
        return rng.poisson(2.0, (n_samples, n_out)).astype(float)
    if loss == "gamma":
        return rng.gamma(2.0, size=(n_samples, n_out))
    if loss not in ("binary_cross_entropy", "cross_entropy"):
        return 2 * rng.normal(size=(n_samples, n_out))
    targets = rng.random((n_samples, n_out))
    return targets / targets.sum(axis=1, keepdims=True) if loss == "cross_entropy" else targets


def check_network(net, n_samples, rng, layout="plain"):
    """Outputs, loss, gradient and metrics of random samples, held in memory in some way."""
    for biases in net.biases:
        biases[:] = rng.normal(size=biases.shape)
    X = rng.normal(size=(n_samples, net.layer_sizes[0])).astype(net.dtype)
    y = targets_for(rng, net.loss, n_samples, net.layer_sizes[-1]).astype(net.dtype)
    reference = ReferenceNetwork(net)
    loss, gradient, outputs = reference.loss_gradient_outputs(X, y)
    X, y = LAYOUTS[layout](X), LAYOUTS[layout](y)
    got_loss, got_gradient = net.loss_and_gradient(X, y)
    assert got_gradient.dtype == net.dtype
    assert_close(net.predict(X), outputs, net.dtype)
    assert_close(net.predict(np.asarray(X)[0]), outputs[0], net.dtype)
    assert net.predict(np.asarray(X)[:0]).shape == (0, net.layer_sizes[-1])
    assert_close(got_loss, loss, net.dtype)
    assert_close(got_gradient, gradient, net.dtype)
    values = net.evaluate(X, y, metrics=("mse",))
    assert values["loss"] == got_loss
    assert_close(values["mse"], ((outputs - np.asarray(y)) ** 2).mean(), net.dtype)


def lanes_of(dtype):
    """How many numbers a vector has at this level."""
    return Network((300, 300), dtype=dtype, random_state=0)._row_lanes


# Marks a test to which targets out of the outputs' range do not matter.
any_targets = pytest.mark.filterwarnings("ignore::backprop_c.exceptions.TargetRangeWarning")


def squared(y_true, y_pred):
    """The squared error as a loss of the caller's own."""
    difference = y_pred - y_true
    return 0.5 * (difference**2).sum(axis=1), difference


def start(target, *args):
    thread = threading.Thread(target=target, args=args)
    thread.start()
    return thread


def wait_until(condition, seconds=10):
    end = time.perf_counter() + seconds
    while not condition():
        assert time.perf_counter() < end
        time.sleep(0.001)


@contextmanager
def fitting(net, X, y):
    """A fit in a thread, for as long as the context lasts."""
    thread = start(lambda: net.fit(X, y, epochs=2**40))
    try:
        wait_until(lambda: net._training)
        yield
    finally:
        net.stop()
        thread.join()


def forking(test):
    """Marks a test that forks. Python warns of a fork while other threads run.

    Where os has no fork, as on Windows, no child ever inherits a fit: there is nothing to test.
    """
    test = pytest.mark.thread_unsafe(reason="forks")(test)
    test = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")(test)
    reason = "without os.fork, as on Windows, no child inherits anything"
    return pytest.mark.skipif(not hasattr(os, "fork"), reason=reason)(test)


def exit_code_of_a_child(check, seconds=30):
    """0 if the check is true in a forked child, -9 if it has hung there."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if check() else 2
        finally:
            os._exit(code)
    end = time.perf_counter() + seconds
    status = (0, 0)
    while status == (0, 0) and time.perf_counter() < end:
        status = os.waitpid(child, os.WNOHANG)
        time.sleep(0.01)
    if status == (0, 0):
        os.kill(child, 9)
        status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status[1])


def trains_and_predicts(net, X, y, n_threads=1):
    net.fit(X, y, epochs=2, n_threads=n_threads)
    return net.history.epochs == 2 and np.isfinite(net.predict(X, n_threads=n_threads)).all()


def cython_blocks(name):
    """The files of the example in a .pxd of the package: what stands indented after each ``::``."""
    text = (Path(backprop_c.__file__).parent / name).read_text(encoding="utf-8")
    found = re.findall(r"::\n\n((?:    .*\n|\n)+)", text)
    return [textwrap.dedent(block).strip() + "\n" for block in found]


def build_cython(folder, name, source):
    """Build a module as the head of __init__.pxd shows it, and yield it, ready to be imported."""
    _, setup = cython_blocks("__init__.pxd")
    (folder / f"{name}.pyx").write_text(source)
    (folder / "setup.py").write_text(setup.replace("embedded", name))
    done = subprocess.run(
        [sys.executable, "setup.py", "build_ext", "--inplace"],
        cwd=folder,
        # What it does matters, not how fast.
        env={**os.environ, "CFLAGS": f"{os.environ.get('CFLAGS', '')} -O0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield importlib.import_module(name)
