"""Bad input to the estimators: an error says what is wrong, and changes nothing."""

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from sklearn import datasets

from backprop_c.optimizers import LevenbergMarquardt
from backprop_c.sklearn import MLPClassifier, MLPRegressor

X, LABELS = datasets.load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[LABELS]
# Other samples than those of the first fit: what they leave would be seen.
OTHERS = X[:, :2]
SMALL = {"hidden_layer_sizes": (6,), "max_iter": 30, "random_state": 0, "tol": 0.0}

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def state_of(model):
    """The attributes that are no parameters."""
    parameters = model.get_params()
    return {name: value for name, value in vars(model).items() if name not in parameters}


# Parameters, samples and targets, options of the fit, and what the error says.
BAD = {
    "another number of targets": ({}, X, LABELS[:-1], {}, "inconsistent numbers of samples"),
    "features": ({}, np.full_like(OTHERS, np.nan), LABELS, {}, "contains NaN"),
    "the shape of weights": (
        {}, OTHERS, NAMES, {"sample_weight": np.ones((150, 2))}, "must be 1D"
    ),
    "weights": ({}, OTHERS, NAMES, {"sample_weight": -np.ones(150)}, "sample_weight"),
    "a class": ({"class_weight": {"no": 1}}, OTHERS, LABELS, {}, "class_weight has 'no'"),
    "sizes": ({"hidden_layer_sizes": (0,)}, OTHERS, NAMES, {}, "hidden_layer_sizes must be > 0"),
    "activations": ({"activation": ["tanh", "relu"]}, OTHERS, NAMES, {}, "activation must be one"),
    "an optimizer": ({"solver": LevenbergMarquardt()}, OTHERS, NAMES, {}, "'squared_error'"),
    "alpha": ({"alpha": -1.0}, OTHERS, NAMES, {}, "'alpha' parameter"),
}  # fmt: skip
BAD_OF_FIT = {
    "no validation targets": ({}, OTHERS, NAMES, {"X_val": X}, "y_val are given together"),
    "features for validation": (
        {}, OTHERS, LABELS, {"X_val": X, "y_val": LABELS}, "X has 4 features"
    ),
    "a fraction": (
        {"early_stopping": True, "validation_fraction": 0.001}, OTHERS, LABELS, {}, "too small"
    ),
    "other classes": ({"warm_start": True}, X, NAMES, {}, "same classes"),
    "other sizes": (
        {"warm_start": True, "hidden_layer_sizes": (3,)}, X, LABELS, {}, "was .6. in the last fit"
    ),
}  # fmt: skip


def check(model, method, X, y, options, message):
    before = state_of(model)
    with pytest.raises(ValueError, match=message):
        getattr(model, method)(X, y, **options)
    after = state_of(model)
    assert after.keys() == before.keys()
    assert all(after[name] is value for name, value in before.items())


@pytest.mark.parametrize("bad", BAD | BAD_OF_FIT)
def test_fit(bad):
    """On an estimator that has been fitted, and on a new one."""
    parameters, samples, y, options, message = (BAD | BAD_OF_FIT)[bad]
    model = MLPClassifier(**SMALL).fit(X, LABELS)
    expected = model.predict_proba(X)
    check(model.set_params(**parameters), "fit", samples, y, options, message)
    np.testing.assert_array_equal(model.predict_proba(X), expected)
    if "warm_start" not in parameters:
        check(MLPClassifier(**SMALL | parameters), "fit", samples, y, options, message)


@pytest.mark.parametrize("bad", BAD)
def test_partial_fit(bad):
    parameters, samples, y, options, message = BAD[bad]
    options = {"classes": np.unique(y)} | options
    check(MLPClassifier(**SMALL | parameters), "partial_fit", samples, y, options, message)
    fitted = MLPClassifier(**SMALL).fit(X, LABELS)
    for wrong, said in [
        ((OTHERS, LABELS), "X has 2 features"),
        ((X, NAMES), "classes not in|Mix|mix"),
    ]:
        check(fitted, "partial_fit", *wrong, {}, said)
    assert fitted.partial_fit(X, LABELS).t_ == 150 * 31


def test_a_regressor():
    model = MLPRegressor(**SMALL).fit(X, X[:, 0])
    check(model, "fit", OTHERS, np.full(150, np.inf), {}, "contains infinity")
    model.set_params(loss="poisson", warm_start=True)
    for method in ("fit", "partial_fit"):
        check(model, method, X, -X[:, 0], {}, "of 'poisson'")
    model.set_params(loss="squared_error")
    check(model, "partial_fit", OTHERS, X[:, 0], {}, "X has 2 features")
    assert model.partial_fit(X, X[:, 0]).n_iter_ == 1


@pytest.mark.filterwarnings("ignore::backprop_c.exceptions.DivergenceWarning")
def test_what_a_training_achieved_before_an_error_is_kept():
    """It diverges after a while: the network is that of the last finite epoch."""
    options = SMALL | {"solver": "sgd", "learning_rate_init": 40.0, "batch_size": 150}
    model = MLPRegressor(**options, activation="identity", momentum=0)
    model.initialize(X, X[:, 0])
    first = model.network_
    with pytest.raises(ValueError, match="non-finite"):
        model.set_params(max_iter=10**4).fit(X, X[:, 0])
    assert model.network_ is not first
    assert model.network_.history.epochs > 2
    assert np.isfinite(model.network_.parameters).all()


@pytest.mark.filterwarnings("ignore::backprop_c.exceptions.DivergenceWarning")
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_fit_that_finishes_no_epoch():
    """It leaves the last one's network, and a shared RandomState where it was."""
    state = np.random.RandomState(0)
    model = MLPRegressor(**SMALL | {"random_state": state}).fit(X, X[:, 0])
    expected, drawn = model.predict(X), state.get_state()[2]
    with pytest.raises(ValueError, match="non-finite"):
        model.fit(1e300 * X, X[:, 0])
    np.testing.assert_array_equal(model.predict(X), expected)
    assert state.get_state()[2] == drawn


def test_callbacks_are_told_of_an_error():
    pytest.importorskip("sklearn.callback", reason="this scikit-learn has no callbacks")
    calls = []

    class Watches:
        def setup(self, *arguments, **options):
            calls.append("setup")

        def teardown(self, *arguments, **options):
            calls.append("teardown")

        def on_fit_task_begin(self, *arguments, **options):
            pass

        def on_fit_task_end(self, *arguments, **options):
            pass

    model = MLPClassifier(**SMALL).set_callbacks(Watches())
    with pytest.raises(ValueError, match="sample_weight"):
        model.fit(X, LABELS, -np.ones(150))
    assert calls == ["setup", "teardown"]
