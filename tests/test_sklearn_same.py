"""The estimators lead to what scikit-learn's lead to, digit for digit."""

import inspect
import warnings

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from sklearn import datasets, neural_network
from sklearn.exceptions import ConvergenceWarning

from backprop_c import sklearn as ours

DIGITS, LABELS = datasets.load_digits(return_X_y=True)
X = DIGITS[:300] / 16
LABELS = LABELS[:300]
NUMBERS = np.c_[X @ np.arange(64.0) / 500, np.sin(X.sum(axis=1))]
SEVERAL = np.c_[LABELS > 4, LABELS % 2 == 0, LABELS % 3 == 0].astype(int)
COUNTS = np.random.default_rng(0).poisson(np.exp(X[:, 20:22]))
WEIGHTS = np.random.default_rng(1).uniform(0.1, 3, size=len(X))

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:Got `batch_size`"),
    # Of scikit-learn 1.6 beside a newer SciPy.
    pytest.mark.filterwarnings("ignore:scipy.optimize. The `disp` and `iprint`"),
]


# The oldest scikit-learn that is supported is 1.6. It lacks two things of the later ones: then
# there is nothing to compare with.
has_weights = pytest.mark.skipif(
    "sample_weight" not in inspect.signature(neural_network.MLPClassifier.fit).parameters,
    reason="this scikit-learn's perceptrons take no sample_weight: 1.7 is the first that does",
)
has_losses = pytest.mark.skipif(
    "loss" not in inspect.signature(neural_network.MLPRegressor).parameters,
    reason="this scikit-learn's MLPRegressor takes no loss: 1.7 is the first that does",
)


def pair(kind, **parameters):
    """The estimator of scikit-learn's, and that of this package's."""
    return getattr(neural_network, kind)(**parameters), getattr(ours, kind)(**parameters)


def assert_same(theirs, mine, tolerance=1e-9):
    assert mine.n_iter_ == theirs.n_iter_
    assert mine.t_ == theirs.t_
    for name in ("coefs_", "intercepts_"):
        for expected, got in zip(getattr(theirs, name), getattr(mine, name), strict=True):
            assert got.dtype == expected.dtype
            np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance)
    np.testing.assert_allclose(mine.loss_curve_, theirs.loss_curve_, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(mine.loss_, theirs.loss_, rtol=tolerance, atol=tolerance)
    for name in ("best_loss_", "best_validation_score_", "validation_scores_"):
        expected, got = getattr(theirs, name), getattr(mine, name)
        if expected is None:
            assert got is None
        else:
            np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)
    for name in ("n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(mine, name) == getattr(theirs, name)


SOLVERS = [
    {"solver": "adam"},
    {"solver": "adam", "beta_1": 0.5, "beta_2": 0.7, "epsilon": 1e-3},
    {"solver": "sgd"},
    {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.1},
    {"solver": "sgd", "nesterovs_momentum": False, "learning_rate_init": 0.05},
    {"solver": "sgd", "momentum": 1, "learning_rate_init": 1e-4},
]
TARGETS = {
    "classes": ("MLPClassifier", LABELS),
    "two classes": ("MLPClassifier", np.where(LABELS > 4, "large", "small")),
    "labels": ("MLPClassifier", SEVERAL),
    "number": ("MLPRegressor", NUMBERS[:, 0]),
    "numbers": ("MLPRegressor", NUMBERS),
}


@pytest.mark.parametrize("solver", SOLVERS, ids=lambda one: "-".join(map(str, one.values())))
@pytest.mark.parametrize("targets", TARGETS)
def test_twenty_epochs(targets, solver):
    kind, y = TARGETS[targets]
    theirs, mine = pair(
        kind, max_iter=20, hidden_layer_sizes=(12, 7), random_state=3, alpha=0.01, **solver
    )
    assert_same(theirs.fit(X, y), mine.fit(X, y))
    if kind == "MLPClassifier":
        np.testing.assert_array_equal(mine.predict(X), theirs.predict(X))
    else:
        np.testing.assert_allclose(mine.predict(X), theirs.predict(X), rtol=0, atol=1e-9)
    if kind == "MLPClassifier":
        np.testing.assert_allclose(mine.predict_proba(X), theirs.predict_proba(X), atol=1e-9)
        np.testing.assert_allclose(
            mine.predict_log_proba(X), theirs.predict_log_proba(X), rtol=1e-6, atol=1e-7
        )
    assert mine.score(X, y) == pytest.approx(theirs.score(X, y), abs=1e-12)


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("options", [{"batch_size": 77}, {"batch_size": 5000}, {"shuffle": False}])
def test_activations_and_batches(activation, options):
    theirs, mine = pair(
        "MLPClassifier", activation=activation, max_iter=5, random_state=0, **options
    )
    assert_same(theirs.fit(X, LABELS), mine.fit(X, LABELS))


@pytest.mark.parametrize("activation", ["logistic", "tanh"])
@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
def test_without_hidden_layers(kind, activation):
    """The first weights go by the hidden layers' activation all the same."""
    options = {"hidden_layer_sizes": (), "activation": activation, "max_iter": 3, "random_state": 0}
    theirs, mine = pair(kind, **options)
    assert_same(theirs.fit(X, LABELS), mine.fit(X, LABELS))


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("targets", ["two classes", "labels", "classes", "number", "numbers"])
def test_early_stopping_stops_at_the_same_epoch(targets, solver):
    kind, y = TARGETS[targets]
    if targets == "two classes":
        y = y == "large"  # scikit-learn 1.6 fails with strings
    theirs, mine = pair(
        kind,
        solver=solver,
        max_iter=60,
        hidden_layer_sizes=(16,),
        random_state=2,
        early_stopping=True,
        n_iter_no_change=3,
        learning_rate_init=0.02,
        tol=1e-3,
    )
    assert_same(theirs.fit(X, y), mine.fit(X, y))
    assert mine.n_iter_ < 60 or solver == "sgd"


@pytest.mark.parametrize("tol", [1e-2, 0.0])
def test_it_stops_by_the_loss_at_the_same_epoch(tol):
    theirs, mine = pair(
        "MLPClassifier", max_iter=400, random_state=0, tol=tol, n_iter_no_change=4,
        learning_rate_init=0.05, hidden_layer_sizes=(8,),
    )  # fmt: skip
    assert_same(theirs.fit(X[:150], LABELS[:150]), mine.fit(X[:150], LABELS[:150]), 1e-6)
    assert mine.n_iter_ < 400 or tol == 0


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("learning_rate", ["invscaling", "adaptive"])
@pytest.mark.parametrize("targets", ["classes", "number"])
def test_learning_rates_of_sgd(targets, learning_rate, early_stopping):
    kind, y = TARGETS[targets]
    theirs, mine = pair(
        kind,
        solver="sgd",
        learning_rate=learning_rate,
        early_stopping=early_stopping,
        max_iter=80,
        random_state=1,
        n_iter_no_change=1,
        learning_rate_init=0.1,
        power_t=0.3,
        tol=1e-3,
    )
    assert_same(theirs.fit(X, y), mine.fit(X, y))


@has_weights
@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("targets", ["classes", "two classes", "number", "numbers"])
def test_sample_weights(targets, solver):
    """A batch counts by its rows in the reported loss, by its weights in the step."""
    kind, y = TARGETS[targets]
    theirs, mine = pair(kind, solver=solver, max_iter=8, random_state=0, alpha=0.1)
    assert_same(theirs.fit(X, y, WEIGHTS), mine.fit(X, y, WEIGHTS))


@has_weights
@pytest.mark.parametrize("targets", ["classes", "labels", "numbers"])
def test_weights_in_early_stopping(targets):
    kind, y = TARGETS[targets]
    theirs, mine = pair(kind, max_iter=8, random_state=0, early_stopping=True)
    assert_same(theirs.fit(X, y, WEIGHTS), mine.fit(X, y, WEIGHTS))


@has_losses
def test_poisson():
    theirs, mine = pair("MLPRegressor", loss="poisson", max_iter=10, random_state=0)
    for y in (COUNTS[:, 0], COUNTS):
        assert_same(theirs.fit(X, y), mine.fit(X, y))
    assert (mine.predict(X) > 0).all()


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("learning_rate", ["constant", "invscaling"])
def test_partial_fit(solver, learning_rate):
    """With a seed each call shuffles alike; with a RandomState it goes on."""
    for seed in (0, np.random.RandomState(0)):
        theirs, mine = pair("MLPClassifier", solver=solver, learning_rate=learning_rate)
        for model in (theirs, mine):
            model.random_state = np.random.RandomState(0) if seed else seed
            for start in (0, 100, 200):
                part = slice(start, start + 100)
                model.partial_fit(X[part], LABELS[part], classes=np.arange(10))
        assert_same(theirs, mine)
        assert mine.n_iter_ == 1
        assert len(mine.loss_curve_) == 3


@pytest.mark.parametrize("learning_rate", ["constant", "adaptive"])
def test_parts_go_on_after_a_fit(learning_rate):
    theirs, mine = pair(
        "MLPClassifier", solver="sgd", learning_rate=learning_rate, random_state=0, max_iter=12,
        n_iter_no_change=1, tol=0.1, learning_rate_init=0.1,
    )  # fmt: skip
    for model in (theirs, mine):
        model.fit(X, LABELS)
        for _ in range(4):
            model.partial_fit(X, LABELS)
    assert_same(theirs, mine)


def test_a_fit_goes_on_from_a_warm_start():
    theirs, mine = pair("MLPClassifier", warm_start=True, max_iter=4)
    for model in (theirs, mine):
        model.random_state = np.random.RandomState(0)
    for _ in range(3):
        assert_same(theirs.fit(X, LABELS), mine.fit(X, LABELS))
    assert len(mine.loss_curve_) == 12


@pytest.mark.parametrize("batch_size", [50, 1000])
def test_the_random_state_is_advanced_no_further_than_the_epochs_that_ran(batch_size):
    states = [np.random.RandomState(5) for _ in range(2)]
    theirs, mine = pair("MLPClassifier", max_iter=7, early_stopping=True, batch_size=batch_size)
    theirs.set_params(random_state=states[0]).fit(X, LABELS)
    mine.set_params(random_state=states[1]).fit(X, LABELS)
    assert states[0].randint(2**30) == states[1].randint(2**30)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("targets", ["classes", "two classes", "labels"])
def test_the_losses_of_outputs_at_0_and_1(targets, solver):
    """Inputs that are not scaled lead to them: scikit-learn takes none for less than epsilon."""
    kind, y = TARGETS[targets]
    theirs, mine = pair(
        kind, max_iter=20, random_state=3, solver=solver, learning_rate_init=1e-3, tol=0.1
    )
    samples = 100 * DIGITS[: len(X)]
    theirs.fit(samples, y)
    mine.fit(samples, y)
    assert mine.n_iter_ == theirs.n_iter_
    for expected, got in zip(theirs.coefs_, mine.coefs_, strict=True):
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-9)
    # scikit-learn's 1 - a has few digits where a is nearly 1.
    tolerance = 1e-9 if targets == "classes" else 1e-3
    np.testing.assert_allclose(mine.loss_curve_, theirs.loss_curve_, rtol=tolerance)


def test_float32():
    theirs, mine = pair("MLPClassifier", max_iter=5, random_state=0)
    theirs.fit(X.astype(np.float32), LABELS)
    mine.fit(X.astype(np.float32), LABELS)
    assert_same(theirs, mine, 1e-5)
    assert mine.predict_proba(X.astype(np.float32)).dtype == np.float32


def fitted_by_lbfgs(targets, max_iter):
    """Both estimators, fitted, and the targets."""
    kind, y = TARGETS[targets]
    options = {"hidden_layer_sizes": (10,), "random_state": 0, "alpha": 0.1}
    theirs, mine = pair(kind, solver="lbfgs", max_iter=max_iter, **options)
    return theirs.fit(X, y), mine.fit(X, y), y


@pytest.mark.parametrize("targets", ["classes", "two classes", "labels", "number"])
def test_the_first_steps_of_lbfgs(targets):
    """They are the same to rounding, which grows from step to step."""
    theirs, mine, _ = fitted_by_lbfgs(targets, max_iter=8)
    assert mine.n_iter_ == theirs.n_iter_ == 8
    np.testing.assert_allclose(mine.loss_, theirs.loss_, rtol=1e-8)
    for expected, got in zip(theirs.coefs_, mine.coefs_, strict=True):
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-7)


@pytest.mark.parametrize("targets", TARGETS)
def test_lbfgs_comes_as_far(targets):
    theirs, mine, y = fitted_by_lbfgs(targets, max_iter=400)
    assert mine.score(X, y) > theirs.score(X, y) - 0.02
    # For several numbers the reported loss is not the one whose gradient scikit-learn follows.
    assert mine.loss_ < theirs.loss_ * 1.1 + 1e-6 or targets == "numbers"


@pytest.mark.parametrize(
    "options",
    [
        {"max_iter": 2, "batch_size": 10**4},
        {"max_iter": 7, "solver": "sgd", "learning_rate": "adaptive", "tol": 0.1,
         "n_iter_no_change": 2},
        {"max_iter": 5, "solver": "lbfgs"},
        {"max_iter": 50, "max_fun": 7, "solver": "lbfgs"},
    ],
)  # fmt: skip
def test_the_warnings_are_the_same(options):
    theirs, mine = pair("MLPClassifier", random_state=0, **options)
    messages = []
    for model in (theirs, mine):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.fit(X, LABELS)
        # An old scikit-learn has deprecations of a newer SciPy's, too.
        told = [one for one in caught if one.category is not DeprecationWarning]
        messages.append([(one.category, str(one.message)) for one in told])
    assert messages[0] == messages[1]
    assert messages[0][-1][0] is ConvergenceWarning


@pytest.mark.parametrize(
    ("parameters", "y"),
    [
        ({"hidden_layer_sizes": (3, 0)}, LABELS),
        ({"activation": "step"}, LABELS),
        ({"alpha": -1}, LABELS),
        ({"max_iter": 0}, LABELS),
        ({"early_stopping": True, "validation_fraction": 0.001}, LABELS > 4),
        ({}, LABELS[:-1]),
        ({"beta_1": 1.0}, LABELS),
    ],
)
def test_the_errors_are_of_the_same_kind(parameters, y):
    kinds = []
    for model in pair("MLPClassifier", random_state=0, **parameters):
        with pytest.raises(ValueError) as caught:
            model.fit(X, y)
        kinds.append((type(caught.value), str(caught.value).split(",")[0][:30]))
    assert kinds[0] == kinds[1]


@pytest.mark.parametrize(
    ("kind", "options", "y"),
    [
        ("MLPClassifier", {"max_iter": 3}, LABELS),
        ("MLPClassifier", {"tol": 1.0, "n_iter_no_change": 2}, LABELS),
        ("MLPClassifier", {"tol": 1.0, "n_iter_no_change": 2, "early_stopping": True}, LABELS > 4),
        pytest.param("MLPRegressor", {"max_iter": 3, "loss": "poisson"}, COUNTS, marks=has_losses),
    ],
)
def test_verbose_prints_the_same(capsys, kind, options, y):
    printed = []
    for model in pair(kind, random_state=0, verbose=True, **options):
        model.fit(X, y)
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1] != ""


# -- Where scikit-learn deviates from its own loss, and this package with it -------------------

STILL = {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 1e-12, "max_iter": 1}
BOTH = pytest.mark.parametrize("module", [neural_network, ours], ids=["scikit-learn", "ours"])


@BOTH
def test_the_gradient_of_several_numbers_is_not_that_of_the_reported_loss(module):
    """The one is of the sum over outputs, the other their mean."""
    options = STILL | {"learning_rate_init": 1e-3, "alpha": 0.0, "batch_size": len(X)}
    options |= {"hidden_layer_sizes": (5,), "activation": "tanh", "warm_start": True}
    model = module.MLPRegressor(random_state=0, **options).fit(X, NUMBERS)
    weights = [coefs.copy() for coefs in model.coefs_]
    biases = [intercepts.copy() for intercepts in model.intercepts_]

    def reported(change):
        model.coefs_, model.intercepts_ = [w.copy() for w in weights], [b.copy() for b in biases]
        model.coefs_[1][2, 1] += change
        return model.fit(X, NUMBERS).loss_curve_[-1]

    slope = (reported(1e-5) - reported(-1e-5)) / 2e-5
    reported(0)
    followed = (weights[1][2, 1] - model.coefs_[1][2, 1]) / 1e-3
    assert followed == pytest.approx(2 * slope, rel=1e-5)


@BOTH
def test_the_penalty_depends_on_the_size_of_the_batch(module):
    options = STILL | {"hidden_layer_sizes": (5,), "alpha": 10.0, "random_state": 0}
    losses = [
        module.MLPRegressor(batch_size=size, **options).fit(X, NUMBERS[:, 0]).loss_
        for size in (300, 150)
    ]
    model = module.MLPRegressor(**options).fit(X, NUMBERS[:, 0])
    squares = sum((coefs**2).sum() for coefs in model.coefs_)
    assert losses[1] - losses[0] == pytest.approx(10 / 2 * squares * (1 / 150 - 1 / 300), rel=1e-6)


@pytest.mark.parametrize("module", [pytest.param(neural_network, marks=has_weights), ours])
def test_weights_do_not_count_between_batches(module):
    options = STILL | {"hidden_layer_sizes": (5,), "alpha": 0.0, "shuffle": False}
    weights = np.where(np.arange(300) < 150, 100.0, 1.0)
    y = NUMBERS[:, 0] + (weights == 1)
    model = module.MLPRegressor(batch_size=150, random_state=0, **options).fit(X, y, weights)
    halves = (model.predict(X) - y) ** 2 / 2
    assert model.loss_ == pytest.approx((halves[:150].mean() + halves[150:].mean()) / 2, rel=1e-6)
    assert model.loss_ != pytest.approx(np.average(halves, weights=weights), rel=1e-2)
