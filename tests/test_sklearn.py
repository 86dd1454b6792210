"""The estimators among scikit-learn's tools."""

import copy
import doctest
import importlib
import pickle

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

import joblib
import sklearn
from scipy import sparse
from sklearn import datasets, model_selection
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier
from sklearn.inspection import DecisionBoundaryDisplay, permutation_importance
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from backprop_c import optimizers
from backprop_c import sklearn as backprop_c_sklearn
from backprop_c.sklearn import MLPClassifier, MLPRegressor, to_sklearn

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    # Of scikit-learn 1.6 beside a newer SciPy.
    pytest.mark.filterwarnings("ignore:scipy.optimize. The `disp` and `iprint`"),
]

X, LABELS = datasets.load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[LABELS]
SMALL = {"hidden_layer_sizes": (6,), "max_iter": 30, "random_state": 0}


@parametrize_with_checks(
    [
        MLPClassifier(max_iter=100),
        MLPRegressor(max_iter=100),
        MLPRegressor(solver="sgd", max_iter=100, learning_rate="adaptive"),
        MLPRegressor(solver=optimizers.LevenbergMarquardt(), hidden_layer_sizes=(5,), max_iter=60),
    ]
)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("name", sorted(backprop_c_sklearn.__all__))
def test_examples_in_docstrings(name):
    thing = getattr(backprop_c_sklearn, name)
    found = doctest.DocTestFinder(recurse=False).find(thing, name, module=False, globs={})
    runner = doctest.DocTestRunner(verbose=False)
    for example in found:
        assert example.examples
        runner.run(example)
    assert runner.failures == 0


# -- Weights ---------------------------------------------------------------------------------


def through_joblib(model, tmp_path):
    joblib.dump(model, tmp_path / "model.joblib")
    return joblib.load(tmp_path / "model.joblib", mmap_mode="r")


COPIES = {
    "itself": lambda model, _: model,
    "pickle": lambda model, _: pickle.loads(pickle.dumps(model)),
    "deepcopy": lambda model, _: copy.deepcopy(model),
    "joblib, read-only": through_joblib,
}


@pytest.mark.parametrize("way", COPIES)
def test_weights_that_are_written_reach_the_predictions(way, tmp_path):
    model = COPIES[way](MLPRegressor(**SMALL).fit(X, X[:, 0]), tmp_path)
    assert isinstance(model.coefs_, list)
    assert isinstance(model.intercepts_, list)
    model.coefs_[0] = np.zeros((4, 6))
    assert np.ptp(model.predict(X)) == 0
    model.intercepts_[1][:] = 5
    model.coefs_[1][...] = 0
    np.testing.assert_array_equal(model.predict(X), 5)
    model.coefs_ = [np.ones((4, 6)), np.ones((6, 1))]
    model.intercepts_ = [np.zeros(6), np.zeros(1)]
    np.testing.assert_allclose(model.predict(X), 6 * X.sum(axis=1))
    model.partial_fit(X, X[:, 0])
    assert 0 < abs(model.predict(X) - 6 * X.sum(axis=1)).max() < 2


def test_weights_of_another_shape():
    model = MLPRegressor(**SMALL).fit(X, X[:, 0])
    before = model.network_.parameters.copy()
    with pytest.raises(ValueError, match=r"\(4, 6\) are needed, but came \(6, 4\)"):
        model.coefs_[0] = np.zeros((6, 4))
    with pytest.raises(ValueError, match=r"\(4, 6\), \(6, 1\) are needed, but came \(4, 6\)"):
        model.coefs_ = [np.zeros((4, 6))]
    np.testing.assert_array_equal(model.network_.parameters, before)
    with pytest.raises(AttributeError, match="has no network yet"):
        _ = MLPRegressor().coefs_
    assert type(copy.deepcopy(model.coefs_)) is list


# -- Among scikit-learn's tools --------------------------------------------------------------


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_searches(backend):
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(**SMALL))
    grid = {"mlpclassifier__alpha": [1e-4, 1.0], "mlpclassifier__solver": ["adam", "lbfgs"]}
    with joblib.parallel_config(backend):
        found = GridSearchCV(pipeline, grid, n_jobs=2, cv=3).fit(X, NAMES)
    assert found.best_score_ > 0.9
    assert found.predict(X[:1]).tolist() == ["setosa"]


def test_other_tools():
    model = MLPClassifier(**SMALL | {"solver": "lbfgs"})
    # scikit-learn has this search once that module has been imported.
    importlib.import_module("sklearn.experimental.enable_halving_search_cv")
    halving = model_selection.HalvingGridSearchCV(
        model, {"alpha": [1e-4, 1e-2]}, cv=2, min_resources=60
    )
    assert halving.fit(X, LABELS).best_score_ > 0.8
    assert cross_val_score(model, X, NAMES, cv=3).mean() > 0.9
    assert CalibratedClassifierCV(model, cv=2).fit(X, NAMES).score(X, NAMES) > 0.9
    assert BaggingClassifier(model, 3, random_state=0).fit(X, NAMES).score(X, NAMES) > 0.9
    model.fit(X, NAMES)
    assert permutation_importance(model, X, NAMES, n_repeats=2).importances_mean.shape == (4,)
    assert is_classifier(model)
    assert is_regressor(MLPRegressor())
    assert "MLPClassifier" in model._repr_html_()
    assert clone(model).get_params() == model.get_params()


def test_a_boundary_can_be_drawn():
    pytest.importorskip("matplotlib")
    model = MLPClassifier(**SMALL).fit(X[:, :2], LABELS)
    drawn = DecisionBoundaryDisplay.from_estimator(model, X[:, :2], grid_resolution=5)
    assert drawn.response.shape[:2] == (5, 5)


def test_metadata_is_routed():
    """Weights of 0 for two classes leave one to be learned and to be asked for."""
    with sklearn.config_context(enable_metadata_routing=True):
        model = MLPClassifier(**SMALL | {"solver": "lbfgs"}).set_fit_request(sample_weight=True)
        search = GridSearchCV(model.set_score_request(sample_weight=True), {"alpha": [0.1]}, cv=2)
        search.fit(X, LABELS, sample_weight=(LABELS == 1).astype(float))
    assert search.best_score_ == 1
    assert (search.predict(X) == 1).all()


def test_feature_names():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcd"))
    model = MLPClassifier(**SMALL).fit(frame, NAMES)
    assert model.feature_names_in_.tolist() == list("abcd")
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(X)


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csc_array])
def test_sparse_samples(kind, monkeypatch):
    model, other = MLPClassifier(**SMALL), MLPClassifier(**SMALL)
    model.fit(kind(X), LABELS)
    other.fit(X, LABELS)
    np.testing.assert_array_equal(model.predict_proba(kind(X)), other.predict_proba(X))
    monkeypatch.setattr("backprop_c.sklearn._perceptron.MANY_BYTES", 1000)
    with pytest.warns(RuntimeWarning, match="which takes 4,800 bytes"):
        model.predict(kind(X))


@pytest.mark.parametrize("names", [np.array([False, True]), np.array(["no", "yes"]), [3, 17]])
def test_two_classes_by_any_name(names):
    y = np.array(names)[(LABELS > 0).astype(int)]
    model = MLPClassifier(**SMALL | {"solver": "lbfgs"}).fit(X, y)
    assert model.classes_.tolist() == list(names)
    assert (model.predict(X) == y).mean() > 0.9
    assert model.predict_proba(X).shape == (150, 2)
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1)


class Counting:
    """A callback of scikit-learn's, as its protocol wants it."""

    def __init__(self, most=1000):
        self.most, self.begun, self.scores = most, 0, []

    def setup(self, estimator, context):
        self.calls = ["setup"]

    def on_fit_task_begin(self, estimator, context, **_):
        self.begun += 1

    def on_fit_task_end(self, estimator, context, *, X, y, fitted_estimator=None, **_):
        if context.task_name == "epoch":
            self.scores.append(fitted_estimator.score(X, y))
        return len(self.scores) >= self.most

    def teardown(self, estimator, context):
        self.calls.append("teardown")


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_scikit_learns_callbacks(solver):
    pytest.importorskip("sklearn.callback", reason="this scikit-learn has no callbacks")
    counting = Counting()
    model = MLPClassifier(**SMALL | {"max_iter": 8}, solver=solver).set_callbacks(counting)
    model.fit(X, LABELS)
    # One task for the fit, one for each epoch, and one that is never run.
    assert counting.begun == model.n_iter_ + 2
    assert counting.calls == ["setup", "teardown"]
    assert counting.scores[-1] == model.score(X, LABELS)
    assert len(set(counting.scores)) > 1
    stopping = Counting(3)
    model.set_callbacks(stopping).fit(X, LABELS)
    assert model.n_iter_ == 3


# -- Where partial_fit, warm_start and early_stopping meet -----------------------------------


def test_partial_fit_has_no_early_stopping():
    with pytest.raises(ValueError, match="partial_fit does not support early_stopping=True"):
        MLPClassifier(early_stopping=True).partial_fit(X, LABELS, classes=[0, 1, 2])
    assert not hasattr(MLPClassifier(solver="lbfgs"), "partial_fit")


def test_partial_fit_wants_all_classes_and_always_the_same():
    model = MLPClassifier(**SMALL)
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        model.partial_fit(X, LABELS)
    model.partial_fit(X[:50], LABELS[:50], classes=[0, 1, 2])
    with pytest.raises(ValueError, match="not the same as on last call"):
        model.partial_fit(X, LABELS, classes=[0, 1])
    with pytest.raises(ValueError, match="`y` has classes not in"):
        model.partial_fit(X, LABELS + 1)
    assert model.partial_fit(X, LABELS).t_ == 200


def test_partial_fit_goes_on_after_fit():
    """With the optimizer's state, and with the samples that have been seen."""
    model = MLPClassifier(**SMALL).fit(X, LABELS)
    losses = list(model.loss_curve_)
    model.partial_fit(X, LABELS)
    assert model.loss_curve_[:-1] == losses
    assert model.loss_curve_[-1] < losses[0]
    assert model.t_ == 150 * (len(losses) + 1)


def test_a_warm_start_waits_anew():
    """A second fit is not ended by what the first one waited for; its values go on."""
    model = MLPClassifier(
        **SMALL | {"max_iter": 60}, warm_start=True, early_stopping=True, n_iter_no_change=5
    )
    model.fit(X, LABELS)
    first = list(model.validation_scores_)
    model.fit(X, LABELS)
    assert model.validation_scores_[: len(first)] == first
    assert len(model.validation_scores_) >= len(first) + 6
    assert model.best_validation_score_ == max(model.validation_scores_)
    with pytest.raises(ValueError, match="warm_start can only be used"):
        model.fit(X, NAMES)


def test_parameters_that_are_set_between_trainings():
    """Of the network, which keeps its weights; its sizes cannot change."""
    options = SMALL | {"solver": "lbfgs", "max_iter": 300}
    model = MLPClassifier(**options, alpha=0.0, warm_start=True).fit(X, LABELS)
    first = model.network_.parameters.copy()
    model.set_params(alpha=1e5, activation="tanh", max_iter=1).fit(X, LABELS)
    assert model.network_.l2 == (1e5, 1e5)
    assert model.network_.activations[0] == "tanh"
    assert 0 < abs(model.network_.parameters - first).max() < abs(first).max()
    model.set_params(max_iter=300).fit(X, LABELS)
    assert max(abs(coefs).max() for coefs in model.coefs_) < 0.05
    assert 1.09 < model.loss_ < 1.11
    model.set_params(hidden_layer_sizes=(3,))
    with pytest.raises(ValueError, match=r"was \[6\] in the last fit, and is \[3\] now"):
        model.fit(X, LABELS)
    assert model.set_params(warm_start=False).fit(X, LABELS).coefs_[0].shape == (4, 3)


def test_what_goes_on_after_conversion():
    """scikit-learn's own training, of a model that came from here."""
    model = MLPClassifier(**SMALL, early_stopping=True).fit(X, LABELS)
    other = to_sklearn(model).set_params(warm_start=True)
    assert other.fit(X, LABELS).n_iter_ > 5
    plain = to_sklearn(MLPClassifier(**SMALL).fit(X, LABELS))
    assert plain.partial_fit(X, LABELS).t_ == 150 * (SMALL["max_iter"] + 1)
