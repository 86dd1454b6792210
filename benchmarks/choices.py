"""What optimizer="auto" comes to on ten data sets of scikit-learn's, beside tuned optimizers.

    python benchmarks/choices.py [--data NAME ...] [--write]

Networks have one hidden layer of 16 tanh units and the defaults otherwise. Inputs are brought to
unit size, and so are the targets of regressions. Seven tenths of the samples train; the score is
the accuracy, or r2, over the others. A tuned optimizer is the best of many, with many learning
rates and numbers of epochs, by the mean score over five ways to divide the samples; scores are
those of ten other ways. "auto" is told nothing, and neither is the default, Adam() for 100 epochs.
"""

import argparse
import itertools
import statistics
import time
import warnings

import pinning
import records

TUNING, SCORED = range(100, 105), range(10)
RATES = (1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
EPOCHS = (30, 100, 300)
EPOCHS_OF_ONE_STEP = (5, 10, 30, 100, 1000)
HIDDEN = 16


def data_sets():
    """Name -> (inputs, targets or class indices, whether it is a regression)."""
    from sklearn import datasets

    found = {}
    for name in ("iris", "wine", "breast_cancer", "digits", "diabetes"):
        made = getattr(datasets, f"load_{name}")(return_X_y=True)
        found[name] = (*made, name == "diabetes")
    for k, noise in ((1, 1.0), (2, 100.0), (3, 0.1)):
        make = getattr(datasets, f"make_friedman{k}")
        found[f"friedman{k}"] = (*make(500, noise=noise, random_state=0), True)
    found["moons"] = (*datasets.make_moons(500, noise=0.2, random_state=0), False)
    found["circles"] = (*datasets.make_circles(500, noise=0.1, factor=0.6, random_state=0), False)
    return found


def tuned_ones(regression):
    """(optimizer, epochs) of all that are tried."""
    from backprop_c import LBFGS, SGD, Adam, LevenbergMarquardt, RMSprop, Rprop

    for kind, rate, epochs in itertools.product((SGD, Adam, RMSprop), RATES, EPOCHS):
        yield kind(rate), epochs
    of_one_step = (Rprop, LBFGS, LevenbergMarquardt) if regression else (Rprop, LBFGS)
    for kind, epochs in itertools.product(of_one_step, EPOCHS_OF_ONE_STEP):
        yield kind(), epochs


def score(data, seed, **options):
    """Train with a part of the samples; the score of the others, seconds, and the history."""
    import numpy as np

    from backprop_c import Network

    X, y, regression = data
    order = np.random.default_rng(seed).permutation(len(X))
    training, others = np.split(order, [len(X) * 7 // 10])
    width = X[training].std(axis=0)
    X = (X - X[training].mean(axis=0)) / np.where(width > 0, width, 1)
    n_out = 1 if regression else int(y.max()) + 1
    if regression:
        y = (y - y[training].mean()) / y[training].std()
    loss = "squared_error" if regression else "cross_entropy"
    net = Network((X.shape[1], HIDDEN, n_out), loss=loss, random_state=seed)
    before = time.process_time()
    history = net.fit(X[training], y[training], **options)
    seconds = time.process_time() - before
    metric = "r2" if regression else "accuracy"
    value = net.evaluate(X[others], y[others], metrics=[metric])[metric]
    return value, seconds, history


def row_of(name, data):
    """A line of the table."""
    import measure

    def scores(seeds, **options):
        return [score(data, seed, **options)[0] for seed in seeds]

    made = [score(data, seed, optimizer="auto") for seed in SCORED]
    values = [value for value, _, _ in made]
    chosen = [history.choice.split("(")[0] for _, _, history in made]
    optimizer, epochs = max(
        tuned_ones(data[2]),
        key=lambda one: statistics.mean(scores(TUNING, optimizer=one[0], epochs=one[1])),
    )
    tuned = scores(SCORED, optimizer=optimizer, epochs=epochs)
    return {
        "data": name,
        "chosen": ", ".join(
            f"{kind} {chosen.count(kind)}" for kind in sorted(set(chosen), key=chosen.count)[::-1]
        ),
        "score": round(statistics.mean(values), 4),
        "spread": round(statistics.stdev(values), 4),
        "median_ms": round(1e3 * statistics.median(seconds for _, seconds, _ in made), 1),
        "tuned": f"{optimizer!r}, {epochs} epochs",
        "tuned_score": round(statistics.mean(tuned), 4),
        "tuned_spread": round(statistics.stdev(tuned), 4),
        "default_score": round(statistics.mean(scores(SCORED)), 4),
        **measure.about(),
    }


def main():
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", nargs="+", metavar="NAME", help="default: all")
    parser.add_argument("--write", action="store_true", help=f"to results/{records.CHOICES}")
    asked = parser.parse_args()
    pinning.pin(1)
    warnings.simplefilter("ignore")
    rows = []
    for name, data in data_sets().items():
        if name in (asked.data or (name,)):
            rows.append(row_of(name, data))
            print(", ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
    if asked.write:
        records.write_choices(rows)


if __name__ == "__main__":
    main()
