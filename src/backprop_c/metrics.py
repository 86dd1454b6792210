"""Metrics: what is recorded of a fit beside its loss. The arithmetic is in the kernels.

A metric is a mean over samples, by their weights, or made of such means. Below, `a` are a sample's
outputs and `t` its targets. scikit-learn has functions of all of them, with the same values.

How targets tell classes: class indices, or the largest of several targets, name the one class of a
sample. One output says class 1 above 1/2, and class 0 else. With sigmoid outputs and binary
cross-entropy each output says so of a class of its own (multilabel classification). At tanh
outputs, whose targets are all -1 or 1, it is the sign that counts.
"""

from typing import ClassVar

from ._frozen import Entry
from ._validation.scalars import as_count


class Metric(Entry):
    """What all metrics share, and a base to name them by in type hints.

    Examples
    --------
    >>> from backprop_c import metrics
    >>> isinstance(metrics.R2(), metrics.Metric)
    True
    """


class MeanSquaredError(Metric):
    """The mean of ``(a - t)**2`` over samples and outputs: "mse".

    Examples
    --------
    >>> from backprop_c import Network, metrics
    >>> net = Network((1, 1), "identity", biases=False)
    >>> net.weights[0][:] = 1
    >>> net.evaluate([[1.0], [2.0]], [1.0, 4.0], metrics=metrics.MeanSquaredError())["mse"]
    2.0
    """

    name = "mse"


class RootMeanSquaredError(Metric):
    """The root of the mean of ``(a - t)**2`` over samples; of several outputs the mean: "rmse".

    Examples
    --------
    >>> from backprop_c import Network, metrics
    >>> net = Network((1, 1), "identity", biases=False)
    >>> net.weights[0][:] = 1
    >>> net.evaluate([[1.0]], [4.0], metrics=metrics.RootMeanSquaredError())["rmse"]
    3.0
    """

    name = "rmse"


class MeanAbsoluteError(Metric):
    """The mean of ``abs(a - t)`` over samples and outputs: "mae".

    Examples
    --------
    >>> from backprop_c import Network, metrics
    >>> net = Network((1, 1), "identity", biases=False)
    >>> net.weights[0][:] = 1
    >>> net.evaluate([[1.0], [2.0]], [1.0, 4.0], metrics=metrics.MeanAbsoluteError())["mae"]
    1.0
    """

    name = "mae"


class R2(Metric):
    """The share of the targets' variance that is explained; of several outputs the mean: "r2".

    1 at best, and 0 of a network that always says the mean. Of an output whose target is always the
    same it is 1 where that is met, else 0. Of a single sample it is NaN.

    Examples
    --------
    >>> from backprop_c import Network, metrics
    >>> net = Network((1, 1), "identity", biases=False)
    >>> net.weights[0][:] = 1
    >>> net.evaluate([[1.0], [3.0]], [0.0, 4.0], metrics=metrics.R2())["r2"]
    0.75
    """

    name = "r2"


class Accuracy(Metric):
    """The share of samples whose class, or every class of theirs, is told right: "accuracy".

    Examples
    --------
    >>> from backprop_c import Network, metrics
    >>> net = Network((1, 1), "identity", biases=False)
    >>> net.weights[0][:] = 1
    >>> net.evaluate([[0.2], [0.3]], [0.0, 1.0], metrics=metrics.Accuracy())["accuracy"]
    0.5
    """

    name = "accuracy"


class BalancedAccuracy(Metric):
    """The mean, over classes, of the share that is told right: "balanced_accuracy".

    Of the classes that there are; a rare one counts as much as a frequent one. Not for several
    classes a sample.

    Examples
    --------
    >>> from backprop_c import Network, metrics
    >>> net = Network((1, 1), "identity", biases=False)
    >>> net.weights[0][:] = 1
    >>> X, y = [[0.2], [0.3], [0.4], [0.1]], [0.0, 0.0, 0.0, 1.0]
    >>> net.evaluate(X, y, metrics=metrics.BalancedAccuracy())["balanced_accuracy"]
    0.5
    """

    name = "balanced_accuracy"


class TopKAccuracy(Metric):
    """The share of samples whose class is among the k largest outputs: "top_k_accuracy".

    Where outputs are equal, those behind the class's come before it.

    Parameters
    ----------
    k : int, default 2
        At least 1.

    Raises
    ------
    TypeError, ValueError
        If k is not an integer, or below 1.

    Examples
    --------
    >>> from backprop_c import Network, metrics
    >>> net = Network((1, 3), "identity", random_state=0)
    >>> net.parameters[:] = [0, 0, 0, 0.3, 0.2, 0.1]
    >>> net.evaluate([[1.0]] * 3, [0, 1, 2], metrics=metrics.TopKAccuracy(k=1))["top_k_accuracy"]
    0.3333333333333333
    """

    name = "top_k_accuracy"
    k: int = 2
    _checks: ClassVar = {"k": lambda value, name: as_count(value, name, 1)}


class LogLoss(Metric):
    """The mean of ``-log(a)`` of each sample's class, for outputs from 0 to 1: "log_loss".

    Targets may be the classes' shares. Outputs are held between epsilon and 1 - epsilon of their
    dtype. It says what cross-entropy says, of a network with another loss, and without penalties or
    label smoothing. Not for several classes a sample.

    Examples
    --------
    >>> from backprop_c import Network, metrics
    >>> net = Network((1, 2), loss="cross_entropy", random_state=0)
    >>> net.parameters[:] = 0
    >>> round(net.evaluate([[1.0]], [0], metrics=metrics.LogLoss())["log_loss"], 4)
    0.6931
    """

    name = "log_loss"


class F1(Metric):
    """The mean of each class's ``2 * hits / (samples of it + samples said to be)``: "f1".

    The macro average. Of one output it is that of both its classes. Classes that neither occur nor
    are told are left out, but where each output has a class of its own they count as 0. A class
    whose samples all have a weight of 0 does not occur; scikit-learn counts it as 0.

    References
    ----------
    C. J. van Rijsbergen, Information Retrieval (1979), chapter 7.

    Examples
    --------
    >>> from backprop_c import Network, metrics
    >>> net = Network((1, 1), "identity", biases=False)
    >>> net.weights[0][:] = 1
    >>> net.evaluate([[0.2], [0.7]], [0.0, 1.0], metrics=metrics.F1())["f1"]
    1.0
    """

    name = "f1"
