"""One frozen class for each entry of the engine's table: parameters. The arithmetic is there.

The first epoch is 0 here, and so is the first step. Both are counted since the optimizer's state
began, unless a schedule ends with its fit.
"""

from typing import ClassVar

from .._engine.schedules import schedule_table
from .._frozen import Entry
from .._validation.scalars import as_count, as_not_negative, as_positive, as_share


def _as_factor(value, name):
    value = as_positive(value, name)
    if value > 1:
        raise ValueError(f"{name} must be at most 1, but is {value}")
    return value


def _as_ratio(value, name):
    value = as_positive(value, name)
    if value < 1:
        raise ValueError(f"{name} must be at least 1, but is {value}")
    return value


def _as_epochs(value, name):
    return as_count(value, name, 1)


class Schedule(Entry):
    """What all schedules share, and a base to name them by in type hints.

    Examples
    --------
    >>> from backprop_c import schedules
    >>> isinstance(schedules.Exponential(0.1), schedules.Schedule)
    True
    """

    # A name means the same in every schedule.
    _checks: ClassVar = {
        "initial": as_positive,
        "largest": as_positive,
        "final": as_not_negative,
        "epochs": lambda value, name: None if value is None else _as_epochs(value, name),
        "every": _as_epochs,
        "warmup": as_not_negative,
        "factor": _as_factor,
        "power": as_positive,
        "period": as_positive,
        "growth": _as_ratio,
        "rise": as_share,
        "start": _as_ratio,
        "end": _as_ratio,
    }

    def constants(self) -> tuple[float, ...]:
        """The parameters but for the length, as floats, in the order in which the entry reads them.

        The length is the fit's to say, where it is None.
        """
        return tuple(float(value) for name, value in vars(self).items() if name != "epochs")

    def first_rate(self) -> float:
        """The learning rate that it begins with, apart from a warm-up."""
        return self.constants()[0]


def schedule_terms(schedule):
    """A schedule as the engine takes it: its place in the table, its parameters, its length."""
    known = list(schedule_table())
    if schedule.name not in known:
        raise ValueError(
            f"learning_rate {schedule!r} is not known to the engine; known: {', '.join(known)}"
        )
    return known.index(schedule.name), schedule.constants(), getattr(schedule, "epochs", None)


class Constant(Schedule):
    """One learning rate, behind a warm-up.

    Parameters
    ----------
    initial : float
        The learning rate; positive and finite.
    warmup : float, default 0
        Epochs in which the learning rate first rises in a straight line, step by step; at least 0.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong kind, or out of its range.

    References
    ----------
    P. Goyal et al., Accurate, large minibatch SGD (2017).

    Examples
    --------
    >>> from backprop_c import Adam, schedules
    >>> Adam(schedules.Constant(0.01, warmup=5))
    Adam(learning_rate=Constant(initial=0.01, warmup=5.0))
    """

    name = "constant"
    initial: float
    warmup: float = 0.0


class Step(Schedule):
    """Down by a factor every so many epochs: ``initial * factor**(epoch // every)``.

    PyTorch's StepLR, of which gamma is the factor.

    Parameters
    ----------
    initial : float
        The learning rate at the beginning; positive and finite.
    every : int, default 30
        Epochs between two changes; at least 1.
    factor : float, default 0.1
        Above 0, and at most 1.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong kind, or out of its range.

    References
    ----------
    K. He, X. Zhang, S. Ren and J. Sun, Deep residual learning for image recognition (2016).

    Examples
    --------
    >>> from backprop_c import SGD, schedules
    >>> SGD(schedules.Step(0.1, every=10))
    SGD(learning_rate=Step(initial=0.1, every=10))
    """

    name = "step"
    initial: float
    every: int = 30
    factor: float = 0.1


class Exponential(Schedule):
    """Down by a factor every epoch: ``initial * factor**epoch``.

    PyTorch's ExponentialLR, of which gamma is the factor.

    Parameters
    ----------
    initial : float
        The learning rate at the beginning; positive and finite.
    factor : float, default 0.99
        Above 0, and at most 1.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong kind, or out of its range.

    References
    ----------
    I. Goodfellow, Y. Bengio and A. Courville, Deep learning (2016), section 8.5.

    Examples
    --------
    >>> from backprop_c import SGD, schedules
    >>> SGD(schedules.Exponential(0.1, factor=0.9))
    SGD(learning_rate=Exponential(initial=0.1, factor=0.9))
    """

    name = "exponential"
    initial: float
    factor: float = 0.99


class InverseScaling(Schedule):
    """Down by a power of the samples seen: ``initial / (1 + samples)**power``.

    `samples` counts those of all epochs before the current one, as scikit-learn's "invscaling"
    does, so that the learning rate changes from epoch to epoch.

    Parameters
    ----------
    initial : float
        The learning rate at the beginning; positive and finite.
    power : float, default 0.5
        Positive and finite.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong kind, or out of its range.

    References
    ----------
    H. Robbins and S. Monro, A stochastic approximation method, Annals of Mathematical Statistics 22
    (1951). Counted as in scikit-learn's MLPClassifier.

    Examples
    --------
    >>> from backprop_c import SGD, schedules
    >>> SGD(schedules.InverseScaling(0.1))
    SGD(learning_rate=InverseScaling(initial=0.1))
    """

    name = "inverse_scaling"
    initial: float
    power: float = 0.5


class Polynomial(Schedule):
    """From one learning rate to another, by default in a straight line.

    With n steps in all, step k has the learning rate
    ``final + (initial - final) * (1 - k / n)**power``, and `final` from step n on. PyTorch's
    PolynomialLR, stepped with every batch.

    Parameters
    ----------
    initial : float
        The learning rate at the beginning; positive and finite.
    epochs : int, optional
        Where `final` is reached; None stands for the number of epochs of the fit. Give it where
        several calls of `fit` are to be one training.
    power : float, default 1
        Positive and finite.
    final : float, default 0
        At least 0 and finite.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong kind, or out of its range.

    References
    ----------
    L.-C. Chen et al., DeepLab: semantic image segmentation (2017), section 4.1.

    Examples
    --------
    >>> from backprop_c import SGD, schedules
    >>> SGD(schedules.Polynomial(0.1, final=0.01))
    SGD(learning_rate=Polynomial(initial=0.1, final=0.01))
    """

    name = "polynomial"
    initial: float
    epochs: int | None = None
    power: float = 1.0
    final: float = 0.0


class Cosine(Schedule):
    """Half a wave of the cosine, from one learning rate down to another, by default to 0.

    With n steps in all, of which w are the warm-up, step k has the learning rate
    ``initial * min(1, (k + 1) / w)`` if ``k < w``, else
    ``final + (initial - final) * (1 + cos(pi * (k - w) / (n - w))) / 2``, and `final` from step n
    on. So the learning rate changes from step to step, not only from epoch to epoch. Without a
    warm-up it is PyTorch's CosineAnnealingLR, stepped with every batch.

    Parameters
    ----------
    initial : float
        The largest learning rate, where the wave begins; positive and finite.
    epochs : int, optional
        Where the wave ends, the warm-up included. None stands for the number of epochs of the fit.
        Give it where several calls of `fit` are to be one training.
    warmup : float, default 0
        Epochs in which the learning rate first rises in a straight line; at least 0, and below
        `epochs` where that is given. In a fit that is shorter than the warm-up, the learning rate
        rises as far as it comes. Half an epoch is 0.5.
    final : float, default 0
        Where the wave ends; at least 0 and finite.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong kind, or out of its range.

    References
    ----------
    I. Loshchilov and F. Hutter, SGDR: stochastic gradient descent with warm restarts (2017). This
    is one period, without restarts. Warm-up as in P. Goyal et al., Accurate, large minibatch SGD
    (2017).

    Examples
    --------
    >>> from backprop_c import Adam, schedules
    >>> Adam(learning_rate=schedules.Cosine(0.01, warmup=5))
    Adam(learning_rate=Cosine(initial=0.01, warmup=5.0))
    """

    name = "cosine"
    initial: float
    epochs: int | None = None
    warmup: float = 0.0
    final: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.epochs is not None and self.warmup >= self.epochs:
            raise ValueError(
                f"warmup must be below epochs, which is {self.epochs}, but is {self.warmup}"
            )


class CosineRestarts(Schedule):
    """Half a wave of the cosine over and over: after each the learning rate jumps up again.

    In a period of p epochs, t epochs after its beginning, the learning rate is
    ``final + (initial - final) * (1 + cos(pi * t / p)) / 2``. It changes from step to step: t has
    fractions. PyTorch's CosineAnnealingWarmRestarts, stepped with every batch.

    Parameters
    ----------
    initial : float
        The largest learning rate, where each wave begins; positive and finite.
    period : float, default 10
        Epochs of the first wave; positive and finite.
    growth : float, default 1
        How much longer each wave is than the one before; at least 1.
    final : float, default 0
        Where each wave ends; at least 0 and finite.
    warmup : float, default 0
        Epochs before the first wave in which the learning rate rises in a straight line; at
        least 0.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong kind, or out of its range.

    References
    ----------
    I. Loshchilov and F. Hutter, SGDR: stochastic gradient descent with warm restarts (2017).

    Examples
    --------
    >>> from backprop_c import SGD, schedules
    >>> SGD(schedules.CosineRestarts(0.1, period=5, growth=2))
    SGD(learning_rate=CosineRestarts(initial=0.1, period=5.0, growth=2.0))
    """

    name = "cosine_restarts"
    initial: float
    period: float = 10.0
    growth: float = 1.0
    final: float = 0.0
    warmup: float = 0.0


class OneCycle(Schedule):
    """Up to a large learning rate and down to a tiny one, both by half a wave of the cosine.

    With n steps in all it rises from ``largest / start`` for ``rise * n - 1`` steps, and falls to
    ``largest / (start * end)``, which step ``n - 1`` has. PyTorch's OneCycleLR, stepped with every
    batch; the momentum stays as it is.

    Parameters
    ----------
    largest : float
        The largest learning rate; positive and finite.
    epochs : int, optional
        The length of the cycle; None stands for the number of epochs of the fit. Give it where
        several calls of `fit` are to be one training.
    rise : float, default 0.3
        The share of the steps in which it rises; at least 0 and below 1.
    start : float, default 25
        How many times smaller the first learning rate is than the largest one; at least 1.
    end : float, default 10000
        How many times smaller the last learning rate is than the first one; at least 1.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong kind, or out of its range.

    References
    ----------
    L. N. Smith and N. Topin, Super-convergence: very fast training of neural networks using large
    learning rates (2018), with PyTorch's defaults.

    Examples
    --------
    >>> from backprop_c import SGD, schedules
    >>> SGD(schedules.OneCycle(0.5), momentum=0.9)
    SGD(learning_rate=OneCycle(largest=0.5), momentum=0.9)
    """

    name = "one_cycle"
    largest: float
    epochs: int | None = None
    rise: float = 0.3
    start: float = 25.0
    end: float = 1e4

    def first_rate(self) -> float:
        """The learning rate that it begins with."""
        return self.largest / self.start
