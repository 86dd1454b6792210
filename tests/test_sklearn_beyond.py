"""What the estimators have beyond scikit-learn's own, and what goes wrong in them."""

import importlib
import sys
import warnings

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

import sklearn
from sklearn import datasets, neural_network
from sklearn.base import clone
from sklearn.preprocessing import LabelBinarizer, StandardScaler

import backprop_c
from backprop_c import activations, losses, optimizers
from backprop_c.sklearn import MLPClassifier, MLPRegressor, from_sklearn, to_sklearn
from backprop_c.sklearn._classifier import binarizer_of
from backprop_c.sklearn._fitting import reported_loss

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    # Of scikit-learn 1.6 beside a newer SciPy.
    pytest.mark.filterwarnings("ignore:scipy.optimize. The `disp` and `iprint`"),
]

X, LABELS = datasets.load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[LABELS]
SMALL = {"hidden_layer_sizes": (6,), "max_iter": 30, "random_state": 0}


def test_samples_for_validation_of_ones_own():
    model = MLPClassifier(**SMALL, early_stopping=True, n_iter_no_change=3, tol=0)
    model.fit(X[::2], NAMES[::2], X_val=X[1::2], y_val=NAMES[1::2])
    assert len(model.validation_loss_curve_) == len(model.validation_scores_) == model.n_iter_
    assert model.score(X[1::2], NAMES[1::2]) == model.best_validation_score_
    plain = MLPRegressor(**SMALL, alpha=10.0)
    plain.fit(X, X[:, 0], X_val=X, y_val=X[:, 1], sample_weight_val=np.ones(150))
    assert plain.validation_scores_ is None
    # Without penalties, of the network as of the last epoch's end.
    expected = ((plain.predict(X) - X[:, 1]) ** 2).mean() / 2
    assert plain.validation_loss_curve_[-1] == pytest.approx(expected)
    with pytest.raises(ValueError, match="given together"):
        plain.fit(X, X[:, 0], X_val=X)
    with pytest.raises(ValueError, match="which are not given"):
        plain.fit(X, X[:, 0], sample_weight_val=np.ones(150))


@pytest.mark.parametrize("scoring", ["neg_log_loss", "balanced_accuracy"])
def test_a_scorer_stops_early(scoring):
    model = MLPClassifier(
        **SMALL | {"max_iter": 300}, early_stopping=True, scoring=scoring, learning_rate_init=0.1
    )
    model.fit(X[::2], NAMES[::2], X_val=X[1::2], y_val=NAMES[1::2])
    assert model.n_iter_ < 300
    best = sklearn.metrics.get_scorer(scoring)(model, X[1::2], NAMES[1::2])
    assert best == pytest.approx(model.best_validation_score_)


def test_a_scorer_and_a_rate_that_adapts():
    """The rate is divided where the scores do not get better: by the same scores, alike."""
    options = SMALL | {"max_iter": 100, "solver": "sgd", "learning_rate": "adaptive", "tol": 0.01}
    options |= {"early_stopping": True, "n_iter_no_change": 2, "learning_rate_init": 0.1}
    models = [
        MLPClassifier(**options, scoring=scoring).fit(X, LABELS) for scoring in (None, "accuracy")
    ]
    assert models[0].n_iter_ == models[1].n_iter_ > 10
    assert models[0].validation_scores_ == models[1].validation_scores_


@pytest.mark.parametrize(
    ("ending", "options"),
    [
        ("tolerance", {"tol": 0.5}),
        ("epochs", {"max_iter": 4}),
        ("evaluations", {"max_fun": 9}),
        ("labels", {"alpha": 0.0}),
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_loss_of_lbfgs_is_that_of_its_network(dtype, weighted, ending, options):
    """As the optimizer knows it, and as a pass over the samples finds it."""
    options = SMALL | {"solver": "lbfgs", "alpha": 0.5, "max_iter": 400} | options
    several = np.c_[LABELS > 0, LABELS > 1].astype(int)
    weights = np.arange(1.0, 151.0) if weighted else None
    for kind, y in (
        (MLPClassifier, several if ending == "labels" else LABELS),
        (MLPRegressor, X[:, :2] if ending == "labels" else X[:, 0]),
    ):
        model = kind(**options).fit(X.astype(dtype), y, weights)
        history = model.network_.history
        assert history._loss_at_end is not None
        history._loss_at_end = None
        targets = model._as_targets(X.astype(dtype), np.asarray(y))
        given = None if weights is None else weights.astype(dtype)
        expected = reported_loss(model, history, X.astype(dtype), targets, given)
        assert model.loss_ == pytest.approx(expected, rel=1e-12 if dtype == "float64" else 1e-5)


@pytest.mark.parametrize("dtype", [bool, np.int64, np.int8, np.uint8, np.uint64])
@pytest.mark.parametrize("n_classes", [1, 2, 3, 11])
def test_classes_are_those_of_label_binarizer(n_classes, dtype):
    y = (np.arange(40) % n_classes).astype(dtype)
    for labels in (y, y[::-1], y - 3) if np.issubdtype(dtype, np.signedinteger) else (y, y[::-1]):
        mine, theirs = vars(binarizer_of(labels)), vars(LabelBinarizer().fit(labels))
        assert mine.keys() == theirs.keys()
        np.testing.assert_array_equal(mine["classes_"], theirs["classes_"])
        assert mine["classes_"].dtype == theirs["classes_"].dtype
        for name in ("y_type_", "sparse_input_"):
            assert mine[name] == theirs[name]


def test_the_loss_of_lbfgs_knows_of_class_weights():
    options = SMALL | {"solver": "lbfgs"}
    weights = np.array([1.0, 2.0, 30.0])
    models = [
        MLPClassifier(**options, class_weight=dict(enumerate(weights))).fit(X, LABELS),
        MLPClassifier(**options).fit(X, LABELS, weights[LABELS]),
    ]
    assert models[0].loss_ == pytest.approx(models[1].loss_, rel=1e-9)


def test_functions_as_scorers_need_no_weights():
    model = MLPClassifier(
        **SMALL, early_stopping=True, scoring=lambda model, X, y: model.score(X, y)
    )
    model.fit(X, LABELS, np.ones(150))
    assert len(model.validation_scores_) == model.n_iter_


@pytest.mark.parametrize("solver", ["rprop", "auto", "rmsprop"])
def test_more_samples_than_a_batch_of_scikit_learns(solver):
    many, targets = np.tile(X, (3, 1)), np.tile(X[:, 0], 3)
    model = MLPRegressor(**SMALL, solver=solver).fit(many, targets)
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    if solver == "auto":
        assert model.network_.optimizer == optimizers.LevenbergMarquardt()


@pytest.mark.parametrize("y", [LABELS, LABELS > 0])
def test_label_smoothing(y):
    """Targets are less sure, and so are the probabilities."""
    surest = []
    for smoothing in (0.0, 0.3):
        options = SMALL | {"solver": "lbfgs", "max_iter": 200}
        model = MLPClassifier(**options, label_smoothing=smoothing).fit(X, y)
        surest.append(model.predict_proba(X).max(axis=1).mean())
    assert surest[1] < surest[0] - 0.05
    with pytest.raises(ValueError, match="label_smoothing"):
        MLPClassifier(label_smoothing=1.0).fit(X, y)


def test_class_weights():
    y = (X[:, 0] > 6.9).astype(int)  # 12 of 150
    shares = []
    for weights in (None, "balanced", {0: 1.0, 1: 500.0}):
        model = MLPClassifier(**SMALL | {"max_iter": 60}, class_weight=weights).fit(X, y)
        shares.append(model.predict_proba(X)[:, 1].mean())
    assert shares[0] < shares[1] < shares[2]
    with pytest.raises(ValueError, match="needs all samples at once"):
        MLPClassifier(class_weight="balanced").partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="class_weight has 'x', but the classes are"):
        MLPClassifier(class_weight={"x": 2}).fit(X, y)


@pytest.mark.parametrize(
    ("options", "y"),
    [
        ({"activation": "silu"}, X[:, 0]),
        ({"activation": activations.LeakyReLU(0.2), "dropout": 0.1}, X[:, 0]),
        ({"activation": ["gelu", "logistic"], "hidden_layer_sizes": (5, 4)}, X[:, 0]),
        ({"loss": "huber"}, X[:, 0]),
        ({"loss": losses.Quantile(0.9)}, X[:, 0]),
        ({"loss": "gamma"}, X[:, 0]),
        ({"solver": optimizers.LevenbergMarquardt()}, X[:, 0]),
        ({"solver": "rprop"}, X[:, :2]),
        ({"solver": optimizers.RMSprop(0.01)}, X[:, 0]),
        ({"solver": backprop_c.Adam(backprop_c.schedules.Cosine(0.1))}, X[:, 0]),
        ({"solver": "auto"}, X[:, 0]),
    ],
)
def test_what_the_core_has(options, y):
    model = MLPRegressor(**SMALL | {"max_iter": 40} | options).fit(X[:, 1:], y)
    assert np.isfinite(model.predict(X[:, 1:])).all()
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    assert isinstance(model.network_, backprop_c.Network)
    assert clone(model).fit(X[:, 1:], y).loss_ == model.loss_


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"activation": "step"}, "activation"),
        ({"solver": "newton"}, "solver"),
        ({"dropout": 1.0}, "dropout"),
        ({"loss": "cross_entropy"}, "loss"),
        ({"activation": ["tanh"], "hidden_layer_sizes": (3, 3)}, "for each of the 2 hidden layers"),
        ({"scoring": 3}, "scoring"),
    ],
)
def test_bad_parameters(options, message):
    with pytest.raises(ValueError, match=message):
        MLPRegressor(**options).fit(X, X[:, 0])


def test_the_derivatives_of_outputs_by_inputs():
    model = MLPRegressor(**SMALL, activation="tanh").fit(X, X[:, :2])
    jacobian = model.jacobian(X)
    moved = model.predict(X + np.eye(4)[2] * 1e-6)
    np.testing.assert_allclose(jacobian[:, :, 2], (moved - model.predict(X)) / 1e-6, atol=1e-5)


def test_a_network_without_training():
    model, fitted = (MLPClassifier(**SMALL | {"max_iter": 1}) for _ in range(2))
    model.initialize(X, NAMES)
    assert model.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    assert model.predict_proba(X).shape == (150, 3)
    start = model.network_.parameters.copy()
    fitted.fit(X, NAMES)
    assert 0 < abs(fitted.network_.parameters - start).max() < 0.01
    assert model.partial_fit(X, NAMES).n_iter_ == 1


@pytest.mark.parametrize(
    ("kind", "y"),
    [
        ("MLPClassifier", NAMES),
        ("MLPClassifier", LABELS > 0),
        ("MLPClassifier", np.c_[LABELS > 0, LABELS > 1].astype(int)),
        ("MLPRegressor", X[:, 0]),
        ("MLPRegressor", X[:, :2]),
    ],
)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_conversions(kind, y, solver):
    theirs = getattr(neural_network, kind)(**SMALL, solver=solver).fit(X, y)
    mine = from_sklearn(theirs)
    if kind == "MLPClassifier":
        np.testing.assert_array_equal(mine.predict(X), theirs.predict(X))
        np.testing.assert_allclose(mine.predict_proba(X), theirs.predict_proba(X), atol=1e-14)
    else:
        np.testing.assert_allclose(mine.predict(X), theirs.predict(X), rtol=1e-12)
    for name in ("n_iter_", "t_", "loss_", "n_outputs_", "n_layers_", "out_activation_"):
        assert getattr(mine, name) == getattr(theirs, name)
    back = to_sklearn(mine)
    np.testing.assert_array_equal(back.predict(X), theirs.predict(X))
    assert back.get_params() == theirs.get_params()


def test_what_cannot_be_converted():
    with pytest.raises(TypeError, match="but is StandardScaler"):
        from_sklearn(StandardScaler())
    with pytest.raises(TypeError, match="but is MLPRegressor"):
        to_sklearn(neural_network.MLPRegressor())
    model = MLPRegressor(**SMALL, dropout=0.1).fit(X, X[:, 0])
    with pytest.raises(ValueError, match=r"has no dropout, which is 0\.1 here"):
        to_sklearn(model)
    model = MLPRegressor(**SMALL, activation="gelu").fit(X, X[:, 0])
    with pytest.raises(ValueError, match="'activation' parameter"):
        to_sklearn(model)


def test_what_is_not_finite_raises_and_leaves_the_network():
    model = MLPRegressor(**SMALL, solver="sgd", learning_rate_init=1e6)
    with (
        pytest.warns(backprop_c.DivergenceWarning),
        pytest.raises(ValueError, match="non-finite parameter weights"),
    ):
        model.fit(X * 1e6, X[:, 0])
    assert np.isfinite(model.network_.parameters).all()


def test_ctrl_c_keeps_what_has_been_trained(monkeypatch):
    model = MLPRegressor(**SMALL | {"max_iter": 10**6}, tol=0, verbose=True)
    epochs = []

    def told(self, epoch, logs, network):
        epochs.append(epoch)
        if epoch == 5:
            raise KeyboardInterrupt

    monkeypatch.setattr("backprop_c.sklearn._fitting.Printed.on_epoch_end", told)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model.fit(X, X[:, 0])
    assert model.n_iter_ == len(model.loss_curve_) == 5
    assert np.isfinite(model.predict(X)).all()


def test_without_scikit_learn(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("backprop_c.sklearn")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ImportError, match='comes with the extra "sklearn"'):
        importlib.import_module("backprop_c.sklearn")


def test_warnings_point_to_the_caller():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        MLPClassifier(max_iter=1, batch_size=1000).fit(X, LABELS)
    assert {one.filename for one in caught} == {__file__}
