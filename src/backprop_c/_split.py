"""A part of the samples that a fit keeps for validation."""

import copy

import numpy as np

from ._engine.samples import SampleSet
from ._validation.weights import as_sample_weight, classes_of


class Split:
    """Which samples are for validation, drawn at random, by classes where targets tell them.

    Parameters
    ----------
    fraction : float
        The share of the samples that is for validation.
    y : ndarray
        Validated targets.
    generator : numpy.random.Generator
        It is left as it is: what a fit draws does not depend on the split.
    """

    def __init__(self, fraction, y, generator):
        n = len(y)
        n_validation = max(1, round(fraction * n))
        if fraction == 0 or n_validation >= n:
            raise ValueError(
                f"validation_fraction must leave samples on both sides, but is {fraction} of {n}"
            )
        self.fraction, self.n_samples = fraction, n
        drawn = np.random.default_rng(copy.deepcopy(generator).integers(2**63, size=4))
        found = classes_of(y)
        classes = np.zeros(n, np.int64) if found is None else found[0]
        self.validation = np.sort(chosen(classes, n_validation, drawn))

    def apply(self, net, samples):
        """The samples for training and those for validation."""
        kept = np.ones(self.n_samples, bool)
        kept[self.validation] = False
        return tuple(
            SampleSet(net, *part(samples, which, name))
            for which, name in ((kept, "training"), (~kept, "validation"))
        )


def chosen(classes, n_chosen, generator):
    """Indices of so many samples, of each class its share, as nearly as can be."""
    members = [np.flatnonzero(classes == k) for k in np.unique(classes)]
    sizes = np.array([len(each) for each in members])
    exact = sizes * n_chosen / len(classes)
    counts = np.floor(exact).astype(int)
    # What is left over goes to the classes whose shares were cut most; those alike by chance.
    order = np.lexsort([generator.random(len(members)), counts - exact])
    counts[order[: n_chosen - counts.sum()]] += 1
    return np.concatenate(
        [generator.permutation(each)[:n] for each, n in zip(members, counts, strict=True)]
    )


def part(samples, which, name):
    """Copies of some of the samples, with their targets and weights."""
    weights = samples.sample_weight
    if weights is not None:
        weights = weights[which]
        if not weights.any():
            raise ValueError(f"no sample for {name} has a weight above 0")
        weights = as_sample_weight(weights, len(weights), weights.dtype)
    return samples.X[which], samples.y[which], weights
