"""History, its exports and pictures; progress."""

import builtins
import copy
import pickle
import sys

import numpy as np
import pytest

from backprop_c import History, Network
from backprop_c._progress import Progress


@pytest.fixture
def history():
    return History(("loss", "accuracy"), [[3.0, 0.25], [2.0, 0.5], [1.0, 1.0]])


@pytest.fixture
def missing(monkeypatch):
    """Make a package impossible to import."""

    def hide(name):
        real = builtins.__import__

        def guarded(module, *args, **kwargs):
            if module.split(".")[0] == name:
                raise ImportError(name)
            return real(module, *args, **kwargs)

        monkeypatch.setattr(builtins, "__import__", guarded)

    return hide


def test_a_read_only_mapping(history):
    assert list(history) == ["loss", "accuracy"]
    assert len(history) == 2
    assert history.epochs == 3
    np.testing.assert_array_equal(history["loss"], [3, 2, 1])
    assert history["accuracy"].dtype == np.float64
    assert history["accuracy"].flags.c_contiguous
    assert "mse" not in history
    with pytest.raises(KeyError, match="'mse' was not recorded; recorded: loss, accuracy"):
        history["mse"]
    with pytest.raises(ValueError, match="read-only"):
        history["loss"][0] = 7
    with pytest.raises(TypeError):
        history["loss"] = 7


def test_repr(history):
    assert repr(history) == "History(3 epochs; last: loss 1, accuracy 1)"
    assert repr(History(("loss",), np.empty((0, 1)))) == "History(0 epochs)"


def test_equal_by_value(history):
    other = pickle.loads(pickle.dumps(history))
    assert other == history
    assert history in [other]
    assert history != History(("loss",), [[3.0], [2.0], [1.0]])
    assert history != History(("loss", "accuracy"), [[3.0, 0.25]])
    assert history != history.to_dict()
    with pytest.raises(TypeError, match="unhashable"):
        hash(history)


def test_a_fit_that_nobody_has_looked_at():
    """Its values are there, whatever asks for them first."""
    X, y = np.ones((4, 2)), np.zeros((4, 1))
    questions = [
        lambda history: history.epochs,
        lambda history: len(history["loss"]),
        lambda history: pickle.loads(pickle.dumps(history)).epochs,
        lambda history: copy.deepcopy(history).epochs,
        lambda history: len(history.to_dict()["loss"]),
        lambda history: int(repr(history)[8]),
    ]
    for epochs in (0, 3):
        for question in questions:
            history = Network((2, 1), random_state=0).fit(X, y, epochs=epochs)
            assert question(history) == epochs
        first, second = (Network((2, 1), random_state=0).fit(X, y, epochs=epochs) for _ in "ab")
        assert first == second


def test_values_of_another_shape():
    with pytest.raises(ValueError, match=r"values must be \(epochs, 2\), but have shape \(3, 1\)"):
        History(("loss", "mse"), np.zeros((3, 1)))


def test_to_dict(history):
    assert history.to_dict() == {"loss": [3.0, 2.0, 1.0], "accuracy": [0.25, 0.5, 1.0]}


def test_to_frame(history):
    pytest.importorskip("pandas")
    frame = history.to_frame()
    assert list(frame.columns) == ["loss", "accuracy"]
    assert frame.index.name == "epoch"
    assert frame.loc[2].tolist() == [2.0, 0.5]


def test_to_frame_without_pandas(history, missing):
    missing("pandas")
    with pytest.raises(ImportError, match="pip install pandas"):
        history.to_frame()


def test_plot(history):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    axes = history.plot()
    assert [axis.get_ylabel() for axis in axes] == ["loss", "accuracy"]
    np.testing.assert_array_equal(axes[0].lines[0].get_xydata(), [[1, 3], [2, 2], [3, 1]])
    _, given = pyplot.subplots(2)
    assert history.plot(given)[1] is given[1]
    with pytest.raises(ValueError, match="axes has 1 entries, but there are 2 panels: loss, acc"):
        history.plot(given[0])
    pyplot.close("all")


def test_plot_without_matplotlib(history, missing):
    missing("matplotlib")
    with pytest.raises(ImportError, match=r'pip install "backprop-c\[plot\]"'):
        history.plot()


def fit_verbosely(epochs=3):
    net = Network((2, 1), "identity", random_state=0)
    return net.fit(np.ones((4, 2)), np.zeros(4), epochs=epochs, verbose=True)


def test_progress_in_plain_lines(missing, capsys):
    missing("tqdm")
    history = fit_verbosely()
    out, err = capsys.readouterr()
    assert out == ""
    assert "epoch 3/3" in err
    assert "epochs/s" in err
    assert f"loss {history['loss'][-1]:.6g}" in err
    assert err.endswith("\n")


def test_progress_by_tqdm(capsys):
    pytest.importorskip("tqdm")
    history = fit_verbosely()
    err = capsys.readouterr().err
    assert "3/3" in err
    assert "epoch/s" in err
    assert f"loss {history['loss'][-1]:.6g}" in err


def test_progress_before_the_first_epoch(missing, capsys):
    missing("tqdm")
    progress = Progress(10)
    progress.update(0, None)
    progress.close()
    assert "epoch 0/10" in capsys.readouterr().err


@pytest.mark.parametrize("with_tqdm", [True, False])
def test_progress_without_a_console(with_tqdm, missing, monkeypatch):
    if not with_tqdm:
        missing("tqdm")
    monkeypatch.setattr(sys, "stderr", None)
    assert fit_verbosely().epochs == 3


def test_no_epochs_and_silence(missing, capsys):
    missing("tqdm")
    fit_verbosely(epochs=0)
    assert "epoch 0/0" in capsys.readouterr().err
    Network((2, 1), random_state=0).fit([[1, 2]], [0], epochs=1)
    assert capsys.readouterr() == ("", "")


@pytest.mark.thread_unsafe(reason="starts a process")
def test_extras_are_not_imported():
    """NumPy is all that the package needs; the test's own imports do not count."""
    import subprocess

    code = (
        "import sys, backprop_c; n = backprop_c.Network((2, 1), random_state=0); "
        "n.fit([[1, 2]], [0], epochs=1); "
        "print([m for m in ('matplotlib', 'pandas', 'tqdm', 'sklearn', 'scipy', 'Cython') "
        "if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
