"""Initializers: how fresh weights are drawn. Biases begin at 0."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from ._frozen import ByIdentity, Frozen
from ._validation.scalars import as_finite_number, as_positive

# A large network has no second copy of its weights while they are drawn.
DRAWS_AT_A_TIME = 65536


class Initializer(Frozen, ABC):
    """What all initializers share, and a base to name them by in type hints.

    Examples
    --------
    >>> from backprop_c import initializers
    >>> isinstance(initializers.Zeros(), initializers.Initializer)
    True
    """

    _checks: ClassVar = {
        "gain": as_positive,
        "value": as_finite_number,
        "limit": as_positive,
        "deviation": as_positive,
    }

    @property
    @abstractmethod
    def name(self) -> str:
        """The name that stands for it with its defaults."""

    @abstractmethod
    def _prepared(self, generator: Any, shape: tuple[int, int]) -> "_Filler":
        """What fills a layer's weights, after all that can go wrong."""


class _Filler(Initializer):
    """What can fill weights by itself."""

    def _prepared(self, generator: Any, shape: tuple[int, int]) -> "_Filler":
        return self

    @abstractmethod
    def _fill(self, weights: Any, generator: Any) -> None:
        """Fill weights (n_in, n_out)."""


class _Drawn(_Filler):
    """Numbers that are drawn one by one."""

    def _fill(self, weights: Any, generator: Any) -> None:
        """Fill weights (n_in, n_out), part by part.

        The draws are of float64 whatever the dtype: the same for both, rounded.
        """
        flat = weights.reshape(-1)
        for start in range(0, flat.size, DRAWS_AT_A_TIME):
            part = flat[start : start + DRAWS_AT_A_TIME]
            part[:] = self._draw(generator, part.size, *weights.shape)

    @abstractmethod
    def _draw(self, generator, size, n_in, n_out):
        """So many numbers for a layer."""


class _ByFans(_Drawn):
    """Numbers with a mean square of ``1 / fan``, which depends on the layer's sizes."""

    @abstractmethod
    def _fan(self, n_in, n_out):
        """What the mean square is divided by."""


class _UniformByFans(_ByFans):
    def _draw(self, generator, size, n_in, n_out):
        limit = math.sqrt(3 / self._fan(n_in, n_out))
        return generator.uniform(-limit, limit, size)


class _NormalByFans(_ByFans):
    def _draw(self, generator, size, n_in, n_out):
        return generator.normal(0.0, math.sqrt(1 / self._fan(n_in, n_out)), size)


class _Glorot(_ByFans):
    def _fan(self, n_in, n_out):
        return (n_in + n_out) / 2


class _He(_ByFans):
    def _fan(self, n_in, n_out):
        return n_in / 2


class _LeCun(_ByFans):
    def _fan(self, n_in, n_out):
        return n_in


class GlorotUniform(_Glorot, _UniformByFans):
    """Uniform within ``sqrt(6 / (n_in + n_out))``: the default of most activations.

    References
    ----------
    X. Glorot and Y. Bengio, Understanding the difficulty of training deep feedforward neural
    networks (2010).

    Examples
    --------
    >>> from backprop_c import Network, initializers
    >>> net = Network((3, 3), initializer=initializers.GlorotUniform(), random_state=0)
    >>> bool(abs(net.weights[0]).max() <= 1)
    True
    """

    name = "glorot_uniform"


class GlorotNormal(_Glorot, _NormalByFans):
    """Normal, with a standard deviation of ``sqrt(2 / (n_in + n_out))``.

    References
    ----------
    As for `GlorotUniform`.

    Examples
    --------
    >>> from backprop_c import Network
    >>> net = Network((300, 100), initializer="glorot_normal", random_state=0)
    >>> round(float(net.weights[0].std()), 2)
    0.07
    """

    name = "glorot_normal"


class HeUniform(_He, _UniformByFans):
    """Uniform within ``sqrt(6 / n_in)``: the default of relu and its kin.

    References
    ----------
    K. He et al., Delving deep into rectifiers (2015).

    Examples
    --------
    >>> from backprop_c import Network
    >>> net = Network((6, 3), "relu", initializer="he_uniform", random_state=0)
    >>> bool(abs(net.weights[0]).max() <= 1)
    True
    """

    name = "he_uniform"


class HeNormal(_He, _NormalByFans):
    """Normal, with a standard deviation of ``sqrt(2 / n_in)``.

    References
    ----------
    K. He et al., Delving deep into rectifiers (2015).

    Examples
    --------
    >>> from backprop_c import Network
    >>> net = Network((200, 100), "relu", initializer="he_normal", random_state=0)
    >>> round(float(net.weights[0].std()), 1)
    0.1
    """

    name = "he_normal"


class LeCunUniform(_LeCun, _UniformByFans):
    """Uniform within ``sqrt(3 / n_in)``.

    References
    ----------
    Y. LeCun, L. Bottou, G. B. Orr and K.-R. Müller, Efficient backprop (1998).

    Examples
    --------
    >>> from backprop_c import Network
    >>> net = Network((3, 3), initializer="lecun_uniform", random_state=0)
    >>> bool(abs(net.weights[0]).max() <= 1)
    True
    """

    name = "lecun_uniform"


class LeCunNormal(_LeCun, _NormalByFans):
    """Normal, with a standard deviation of ``sqrt(1 / n_in)``: the default of selu.

    References
    ----------
    Y. LeCun, L. Bottou, G. B. Orr and K.-R. Müller, Efficient backprop (1998). For selu: G.
    Klambauer et al., Self-normalizing neural networks (2017).

    Examples
    --------
    >>> from backprop_c import Network
    >>> net = Network((100, 100), "selu", initializer="lecun_normal", random_state=0)
    >>> round(float(net.weights[0].std()), 1)
    0.1
    """

    name = "lecun_normal"


class Uniform(_Drawn):
    """Uniform within a limit, whatever the layer's sizes.

    Parameters
    ----------
    limit : float, default 0.05
        Positive and finite.

    Raises
    ------
    TypeError, ValueError
        If the limit is no number, or out of its range.

    Examples
    --------
    >>> from backprop_c import Network, initializers
    >>> net = Network((3, 3), initializer=initializers.Uniform(0.5), random_state=0)
    >>> bool(abs(net.weights[0]).max() <= 0.5)
    True
    """

    name = "uniform"
    limit: float = 0.05

    def _draw(self, generator, size, n_in, n_out):
        return generator.uniform(-self.limit, self.limit, size)


class Normal(_Drawn):
    """Normal with mean 0, whatever the layer's sizes.

    Parameters
    ----------
    deviation : float, default 0.05
        The standard deviation; positive and finite.

    Raises
    ------
    TypeError, ValueError
        If the deviation is no number, or out of its range.

    Examples
    --------
    >>> from backprop_c import Network, initializers
    >>> net = Network((100, 100), initializer=initializers.Normal(0.5), random_state=0)
    >>> round(float(net.weights[0].std()), 1)
    0.5
    """

    name = "normal"
    deviation: float = 0.05

    def _draw(self, generator, size, n_in, n_out):
        return generator.normal(0.0, self.deviation, size)


class Constant(_Drawn):
    """One number for all weights: units of a layer stay the same then, if nothing tells them apart.

    Parameters
    ----------
    value : float
        Finite.

    Raises
    ------
    TypeError, ValueError
        If the value is no finite number.

    Examples
    --------
    >>> from backprop_c import Network, initializers
    >>> Network((2, 1), initializer=initializers.Constant(0.5)).weights[0].ravel()
    array([0.5, 0.5])
    """

    name = "constant"
    value: float

    def _draw(self, generator, size, n_in, n_out):
        return self.value


class Zeros(_Drawn):
    """Zeros: for a single layer, whose units the targets tell apart.

    Examples
    --------
    >>> from backprop_c import Network
    >>> Network((2, 1), initializer="zeros").weights[0].ravel()
    array([0., 0.])
    """

    name = "zeros"

    def _draw(self, generator, size, n_in, n_out):
        return 0.0


class Orthogonal(_Filler):
    """Columns of length `gain` at right angles to one another; rows, where there are fewer inputs.

    Drawn so that all such matrices are equally likely.

    Parameters
    ----------
    gain : float, default 1
        Positive and finite.

    Raises
    ------
    TypeError, ValueError
        If the gain is no number, or out of its range.

    References
    ----------
    A. M. Saxe, J. L. McClelland and S. Ganguli, Exact solutions to the nonlinear dynamics of
    learning in deep linear neural networks (2014). F. Mezzadri, How to generate random matrices
    from the classical compact groups (2007).

    Examples
    --------
    >>> from backprop_c import Network
    >>> net = Network((3, 2), initializer="orthogonal", random_state=0)
    >>> abs((net.weights[0].T @ net.weights[0]).round(12))
    array([[1., 0.],
           [0., 1.]])
    """

    name = "orthogonal"
    gain: float = 1.0

    def _fill(self, weights: Any, generator: Any) -> None:
        """Fill weights (n_in, n_out)."""
        n_in, n_out = weights.shape
        normal = generator.normal(size=(max(n_in, n_out), min(n_in, n_out)))
        columns, triangle = np.linalg.qr(normal)
        # The factors are unique, and so is the distribution, where the diagonal is positive.
        columns *= np.where(np.diag(triangle) < 0, -self.gain, self.gain)
        weights[:] = columns if n_in >= n_out else columns.T


class FromArray(ByIdentity, _Filler):
    """Given weights.

    Parameters
    ----------
    array : array-like of shape (n_in, n_out)

    Raises
    ------
    TypeError, ValueError
        If it does not hold finite real numbers of the layer's shape, when it is used.

    Examples
    --------
    >>> from backprop_c import Network, initializers
    >>> Network((2, 1), initializer=initializers.FromArray([[0.5], [2.0]])).weights[0].ravel()
    array([0.5, 2. ])
    """

    name = "array"
    array: Any

    def __post_init__(self) -> None:
        self._accept("array", np.array(self.array))

    def _prepared(self, generator: Any, shape: tuple[int, int]) -> _Filler:
        """Itself, if its shape and its numbers are such as a layer needs."""
        if self.array.dtype.kind not in "buif":
            raise TypeError(f"an initializer must be real numbers, but is of {self.array.dtype}")
        if self.array.shape != shape:
            raise ValueError(
                f"an initializer must have the weights' shape {shape}, but has {self.array.shape}"
            )
        if not np.isfinite(self.array).all():
            raise ValueError("an initializer must be finite, but has infinity or NaN")
        return self

    def _fill(self, weights: Any, generator: Any) -> None:
        """Copy the array to weights (n_in, n_out)."""
        weights[:] = self.array


class FromFunction(Initializer):
    """A function of the caller's: ``f(rng, shape)`` returns weights of this shape.

    Parameters
    ----------
    function : callable
        It is called with a ``numpy.random.Generator`` and ``(n_in, n_out)``.

    Examples
    --------
    >>> from backprop_c import Network
    >>> Network((2, 1), initializer=lambda rng, shape: rng.integers(3, 4, shape)).weights[0].ravel()
    array([3., 3.])
    """

    name = "function"
    function: Callable[..., Any]

    def _prepared(self, generator: Any, shape: tuple[int, int]) -> _Filler:
        """What the function returns, as given weights."""
        return FromArray(self.function(generator, shape))._prepared(generator, shape)


def draw_weights(
    initializers: tuple[Initializer, ...], weights: tuple[Any, ...], generator: Any
) -> None:
    """Fill the weights of all layers, or none of them, if an initializer fails."""
    state = generator.bit_generator.state
    try:
        ready = [
            one._prepared(generator, w.shape) for one, w in zip(initializers, weights, strict=True)
        ]
    except BaseException:
        generator.bit_generator.state = state
        raise
    for one, w in zip(ready, weights, strict=True):
        one._fill(w, generator)
