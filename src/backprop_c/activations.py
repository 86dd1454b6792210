"""Activations: what their parameters are. The arithmetic is in the kernels."""

from typing import ClassVar

from ._frozen import Entry
from ._validation.scalars import as_in_range


class Activation(Entry):
    """What all activations share: a name, and parameters in the order of their formula."""

    # Whether it is 0, or nearly so, for half of all inputs: its weights begin larger.
    is_rectifier: ClassVar[bool] = False


class Identity(Activation):
    """The pre-activation itself: ``a = z``. Its values may be any number.

    References
    ----------
    B. Widrow and M. E. Hoff, Adaptive switching circuits (1960), whose units are linear while
    they are trained.

    Examples
    --------
    >>> from backprop_c import Network, activations
    >>> net = Network((1, 1), activations.Identity(), biases=False)
    >>> net.weights[0][:] = 1
    >>> net.predict([[-2.0], [0.0], [2.0]]).ravel()
    array([-2.,  0.,  2.])
    """

    name = "identity"


class Sigmoid(Activation):
    """The logistic function: ``a = 1 / (1 + exp(-z))``, between 0 and 1.

    References
    ----------
    D. E. Rumelhart, G. E. Hinton and R. J. Williams, Learning representations by
    back-propagating errors, Nature 323 (1986).

    Examples
    --------
    >>> from backprop_c import Network, activations
    >>> net = Network((1, 1), activations.Sigmoid(), biases=False)
    >>> net.weights[0][:] = 1
    >>> net.predict([[-2.0], [0.0], [2.0]]).ravel().round(3)
    array([0.119, 0.5  , 0.881])
    """

    name = "sigmoid"


class Tanh(Activation):
    """The hyperbolic tangent: ``a = tanh(z)``, between -1 and 1.

    References
    ----------
    Y. LeCun, L. Bottou, G. B. Orr and K.-R. Müller, Efficient BackProp (1998).

    Examples
    --------
    >>> from backprop_c import Network, activations
    >>> net = Network((1, 1), activations.Tanh(), biases=False)
    >>> net.weights[0][:] = 1
    >>> net.predict([[-2.0], [0.0], [2.0]]).ravel().round(3)
    array([-0.964,  0.   ,  0.964])
    """

    name = "tanh"


class ReLU(Activation):
    """The rectified linear unit: ``a = max(z, 0)``, at least 0. Its derivative at 0 is 0.

    References
    ----------
    V. Nair and G. E. Hinton, Rectified linear units improve restricted Boltzmann machines (2010).

    Examples
    --------
    >>> from backprop_c import Network, activations
    >>> net = Network((1, 1), activations.ReLU(), biases=False)
    >>> net.weights[0][:] = 1
    >>> net.predict([[-2.0], [0.0], [2.0]]).ravel()
    array([0., 0., 2.])
    """

    name = "relu"
    is_rectifier = True


class LeakyReLU(Activation):
    """ReLU with a slope left of 0: ``a = z`` where ``z > 0``, else ``a = slope * z``.

    Its values may be any number. With a slope above 0, a unit whose z are all negative goes on
    learning.

    Parameters
    ----------
    slope : float, default 0.01
        The derivative where z is not above 0; at least 0 and finite.

    Raises
    ------
    TypeError, ValueError
        If the slope is no number, or out of its range.

    References
    ----------
    A. L. Maas, A. Y. Hannun and A. Y. Ng, Rectifier nonlinearities improve neural network
    acoustic models (2013).

    Examples
    --------
    >>> from backprop_c import Network, activations
    >>> net = Network((1, 1), activations.LeakyReLU(slope=0.25), biases=False)
    >>> net.weights[0][:] = 1
    >>> net.predict([[-2.0], [0.0], [2.0]]).ravel()
    array([-0.5,  0. ,  2. ])
    >>> net.activations
    (LeakyReLU(slope=0.25),)
    """

    name = "leaky_relu"
    is_rectifier = True
    slope: float = 0.01

    def __post_init__(self) -> None:
        self._accept("slope", as_in_range(self.slope, "slope", 0))


class GELU(Activation):
    """The Gaussian error linear unit: ``a = z * Phi(z)``, at least -0.17.

    ``Phi(z) = (1 + erf(z / sqrt(2))) / 2`` is the share of a standard normal distribution that
    lies below z. This is the formula itself, not its approximation by tanh.

    References
    ----------
    D. Hendrycks and K. Gimpel, Gaussian error linear units (2016).

    Examples
    --------
    >>> from backprop_c import Network, activations
    >>> net = Network((1, 1), activations.GELU(), biases=False)
    >>> net.weights[0][:] = 1
    >>> net.predict([[-2.0], [0.0], [2.0]]).ravel().round(4)
    array([-0.0455,  0.    ,  1.9545])
    """

    name = "gelu"
    is_rectifier = True


class Softmax(Activation):
    """Shares of the classes: ``a[j] = exp(z[j]) / sum of exp(z)``; above 0, and 1 in sum.

    For the outputs only, since every output depends on every z of the layer.

    References
    ----------
    J. S. Bridle, Probabilistic interpretation of feedforward classification network outputs,
    with relationships to statistical pattern recognition (1990).

    Examples
    --------
    >>> from backprop_c import Network, activations
    >>> net = Network((1, 2), activations.Softmax(), biases=False)
    >>> net.weights[0][:] = [[0.0, 1.0]]
    >>> net.predict([[0.0], [2.0]]).round(3)
    array([[0.5  , 0.5  ],
           [0.119, 0.881]])
    """

    name = "softmax"


class Exponential(Activation):
    """The exponential function: ``a = exp(z)``, above 0. For the outputs only.

    What goes with the loss "poisson": the outputs are the expected counts.

    References
    ----------
    P. McCullagh and J. A. Nelder, Generalized linear models (1989), where it is the inverse of
    the logarithmic link.

    Examples
    --------
    >>> from backprop_c import Network, activations
    >>> net = Network((1, 1), activations.Exponential(), biases=False)
    >>> net.weights[0][:] = 1
    >>> net.predict([[-2.0], [0.0], [2.0]]).ravel().round(3)
    array([0.135, 1.   , 7.389])
    """

    name = "exponential"
