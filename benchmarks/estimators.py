"""The estimators beside scikit-learn's: the same class, parameters and seed, but for the import.

    python benchmarks/estimators.py [--write]

Both train in turns, in one process and on one thread; times are medians of processor time of
`fit`, which are divided. Scores are those of three tenths of the samples that did not train, over
five seeds.
"""

import argparse
import statistics
import time
import warnings
from functools import partial

import pinning
import records

SEEDS = range(5)


def kinds(name):
    """scikit-learn's estimator of this name, and this package's."""
    from sklearn import neural_network

    from backprop_c import sklearn as ours

    return getattr(neural_network, name), getattr(ours, name)


def interleaved(jobs, rounds, calls=1):
    """The median seconds of each job, which take turns."""
    taken = [[] for _ in jobs]
    for _ in range(rounds):
        for job, times in zip(jobs, taken, strict=True):
            before = time.process_time()
            for _ in range(calls):
                job()
            times.append((time.process_time() - before) / calls)
    return [statistics.median(times) for times in taken]


def trainings():
    """(what it is, estimator, X, y, parameters, rounds) of what is timed."""
    import numpy as np
    from sklearn import datasets

    doubles, labels = datasets.load_digits(return_X_y=True)
    doubles /= 16
    digits = doubles.astype(np.float32)
    rng = np.random.default_rng(0)
    images = rng.random((12000, 784), np.float32)
    of_images = rng.integers(0, 10, len(images))
    iris, species = datasets.load_iris(return_X_y=True)
    flowers = iris.astype(np.float32)
    small = {"hidden_layer_sizes": (32,), "batch_size": 32, "max_iter": 20, "tol": 0.0}
    wide = {"hidden_layer_sizes": (128,), "batch_size": 128, "max_iter": 2, "tol": 0.0}
    full = {
        "hidden_layer_sizes": (2,), "activation": "logistic", "solver": "sgd", "batch_size": 150,
        "learning_rate_init": 0.1, "momentum": 0.0, "max_iter": 2000, "tol": 0.0,
        "n_iter_no_change": 10**6, "shuffle": False,
    }  # fmt: skip
    newton = {"hidden_layer_sizes": (32,), "solver": "lbfgs", "max_iter": 200, "tol": 1e-4}
    return (
        ("digits 64-32-10, Adam, batch 32, 20 epochs", digits, labels, small, 5),
        ("784-128-10, Adam, batch 128, 2 epochs of 12 000", images, of_images, wide, 3),
        ("Iris 4-2-3, full batch, 2000 epochs", flowers, species, full, 3),
        ("digits 64-32-10, L-BFGS, float64", doubles, labels, newton, 5),
        ("digits 64-32-10, L-BFGS, float32", digits, labels, newton, 5),
    )


class ByNetwork:
    """An L-BFGS estimator's training by a network's own fit, from scikit-learn's first weights."""

    def __init__(self, X, y, parameters, seed=0):
        import numpy as np

        from backprop_c import LBFGS, Network

        sizes = (X.shape[1], *parameters["hidden_layer_sizes"], y.max() + 1)
        # scikit-learn's penalty is divided by the number of samples.
        self.net = Network(sizes, ("relu", "softmax"), dtype=X.dtype, l2=1e-4 / len(X))
        rng = np.random.RandomState(seed)
        for weights, biases in zip(self.net.weights, self.net.biases, strict=True):
            limit = np.sqrt(6 / sum(weights.shape))
            for array in (weights, biases):
                array[...] = rng.uniform(-limit, limit, array.shape)
        self.start = self.net.parameters.copy()
        self.options = {
            "optimizer": LBFGS(tol=parameters["tol"]),
            "epochs": parameters["max_iter"],
        }

    def fit(self, X, y):
        self.net.parameters[:] = self.start
        self.loss_ = self.net.fit(X, y, **self.options)["loss"][-1]


def timed():
    """Rows of what takes how long."""
    rows = []
    for title, X, y, parameters, rounds in trainings():
        models = [kind(random_state=0, **parameters) for kind in kinds("MLPClassifier")]
        titles = [title]
        if parameters.get("solver") == "lbfgs":
            models.append(ByNetwork(X, y, parameters))
            titles.append("the same by network.fit")
        for model in models:
            model.fit(X[:200], y[:200])  # imports, caches
        theirs, *ours = interleaved([partial(model.fit, X, y) for model in models], rounds)
        for name, mine, model in zip(titles, ours, models[1:], strict=True):
            rows.append((name, theirs, mine, models[0].loss_, model.loss_))
    model = models[0]
    row = X[:1]
    calls = [partial(model.predict_proba, row) for model in models[:2]]
    network = models[1].network_
    theirs, mine = interleaved(calls, 15, 300)
    rows.append(("predict_proba of one row, 64-32-10", theirs, mine, 0, 0))
    (bare,) = interleaved([partial(network.predict, row)], 15, 3000)
    rows.append(("the same by network_.predict", theirs, bare, 0, 0))
    return rows


def scored():
    """Rows of scores and times on ten data sets."""
    import numpy as np
    from sklearn.model_selection import train_test_split

    from choices import data_sets

    rows = []
    for name, (X, y, regression) in data_sets().items():
        kind = "MLPRegressor" if regression else "MLPClassifier"
        scores, seconds = ([], []), ([], [])
        for seed in SEEDS:
            parts = train_test_split(X, y, test_size=0.3, random_state=seed)
            width = parts[0].std(axis=0)
            width[width == 0] = 1
            training, others = ((part - parts[0].mean(axis=0)) / width for part in parts[:2])
            targets = parts[2:]
            if regression:
                targets = [(t - parts[2].mean()) / parts[2].std() for t in targets]
            for place, made in enumerate(kinds(kind)):
                model = made(random_state=seed)
                before = time.process_time()
                model.fit(training, targets[0])
                seconds[place].append(time.process_time() - before)
                scores[place].append(model.score(others, targets[1]))
        theirs, mine = map(statistics.median, seconds)
        rows.append((name, theirs, mine, *map(np.mean, scores), np.std(scores[0])))
    return rows


def main():
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help=f"to results/{records.ESTIMATORS}")
    asked = parser.parse_args()
    pinning.pin(1)
    import measure

    warnings.simplefilter("ignore")
    kinds("MLPClassifier")
    pinning.limit_pools()
    rows = []
    for work, found in (("time", timed()), ("score", scored())):
        for name, theirs, mine, their_value, my_value, *spread in found:
            rows.append(
                {
                    "work": work,
                    "name": name,
                    "sklearn_ms": round(1e3 * theirs, 5),
                    "ours_ms": round(1e3 * mine, 5),
                    "sklearn_value": round(float(their_value), 6),
                    "ours_value": round(float(my_value), 6),
                    "spread": round(float(spread[0]), 6) if spread else "",
                    "sklearn": measure.version("scikit-learn"),
                    **measure.about(),
                }
            )
            print(", ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
            print(f"    {theirs / mine:.2f} times", flush=True)
    if asked.write:
        records.write_estimators(rows)


if __name__ == "__main__":
    main()
