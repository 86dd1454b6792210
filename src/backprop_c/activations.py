"""Activations: what their parameters are. The arithmetic is in the kernels."""

from typing import ClassVar

from ._frozen import Entry
from ._validation.scalars import as_in_range


class Activation(Entry):
    """What all activations share: a name, and parameters in the order of their formula."""

    # Whether it is 0, or nearly so, for half of all inputs: its weights begin larger.
    # The name of the initializer that weights before it have by default.
    initializer: ClassVar[str] = "glorot_uniform"


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


class Softsign(Activation):
    """A squashing function that is flat only far from 0: ``a = z / (1 + abs(z))``.

    Between -1 and 1.

    References
    ----------
    D. L. Elliott, A better activation function for artificial neural networks (1993).

    Examples
    --------
    >>> from backprop_c import Network, activations
    >>> net = Network((1, 1), activations.Softsign(), biases=False)
    >>> net.weights[0][:] = 1
    >>> net.predict([[-2.0], [0.0], [2.0]]).ravel().round(3)
    array([-0.667,  0.   ,  0.667])
    """

    name = "softsign"


class HardSigmoid(Activation):
    """A sigmoid of straight lines: ``a = (z + 3) / 6``, but not below 0 or above 1.

    Flat outside of -3 to 3, where a unit does not learn. The derivative at both corners is 0.

    References
    ----------
    M. Courbariaux, Y. Bengio and J.-P. David, BinaryConnect (2015), with the slope that PyTorch
    has.

    Examples
    --------
    >>> from backprop_c import Network, activations
    >>> net = Network((1, 1), activations.HardSigmoid(), biases=False)
    >>> net.weights[0][:] = 1
    >>> net.predict([[-2.0], [0.0], [2.0]]).ravel().round(3)
    array([0.167, 0.5  , 0.833])
    """

    name = "hard_sigmoid"


class HardTanh(Activation):
    """A tanh of straight lines: ``a = z``, but not below -1 or above 1.

    Flat outside of -1 to 1, where a unit does not learn. The derivative at both corners is 0.

    References
    ----------
    R. Collobert, Large scale machine learning (2004).

    Examples
    --------
    >>> from backprop_c import Network, activations
    >>> net = Network((1, 1), activations.HardTanh(), biases=False)
    >>> net.weights[0][:] = 1
    >>> net.predict([[-2.0], [0.0], [2.0]]).ravel().round(3)
    array([-1.,  0.,  1.])
    """

    name = "hard_tanh"


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
    initializer = "he_uniform"


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
    initializer = "he_uniform"
    slope: float = 0.01

    def __post_init__(self) -> None:
        self._accept("slope", as_in_range(self.slope, "slope", 0))


class ELU(Activation):
    """The exponential linear unit: ``a = z`` where ``z > 0``, else ``alpha * (exp(z) - 1)``.

    Above ``-alpha``.

    Parameters
    ----------
    alpha : float, default 1
        What it falls to far below 0, with the sign turned; at least 0 and finite.

    Raises
    ------
    TypeError, ValueError
        If a parameter is no number, or out of its range.

    References
    ----------
    D.-A. Clevert, T. Unterthiner and S. Hochreiter, Fast and accurate deep network learning by
    exponential linear units (2016).

    Examples
    --------
    >>> from backprop_c import Network, activations
    >>> net = Network((1, 1), activations.ELU(alpha=0.5), biases=False)
    >>> net.weights[0][:] = 1
    >>> net.predict([[-2.0], [0.0], [2.0]]).ravel().round(3)
    array([-0.432,  0.   ,  2.   ])
    """

    name = "elu"
    initializer = "he_uniform"
    alpha: float = 1.0

    def __post_init__(self) -> None:
        self._accept("alpha", as_in_range(self.alpha, "alpha", 0))


class SELU(Activation):
    """A scaled ELU: ``scale * z`` where ``z > 0``, else ``scale * alpha * (exp(z) - 1)``.

    ``scale`` is 1.0507 and ``alpha`` 1.6733. Activations of mean 0 and variance 1 keep both through
    layers of such units, if the weights begin as LeCun's rule has them.

    References
    ----------
    G. Klambauer, T. Unterthiner, A. Mayr and S. Hochreiter, Self-normalizing neural networks
    (2017).

    Examples
    --------
    >>> from backprop_c import Network, activations
    >>> net = Network((1, 1), activations.SELU(), biases=False)
    >>> net.weights[0][:] = 1
    >>> net.predict([[-2.0], [0.0], [2.0]]).ravel().round(3)
    array([-1.52 ,  0.   ,  2.101])
    """

    name = "selu"
    initializer = "lecun_normal"


class Softplus(Activation):
    """A ReLU with a round corner: ``a = log(1 + exp(z))``, above 0.

    References
    ----------
    C. Dugas, Y. Bengio, F. Bélisle, C. Nadeau and R. Garcia, Incorporating second-order functional
    knowledge for better option pricing (2001).

    Examples
    --------
    >>> from backprop_c import Network, activations
    >>> net = Network((1, 1), activations.Softplus(), biases=False)
    >>> net.weights[0][:] = 1
    >>> net.predict([[-2.0], [0.0], [2.0]]).ravel().round(3)
    array([0.127, 0.693, 2.127])
    """

    name = "softplus"


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
    initializer = "he_uniform"


class GELUTanh(Activation):
    """GELU by tanh: ``a = z * (1 + tanh(u)) / 2``, ``u = sqrt(2 / pi) * (z + 0.044715 * z**3)``.

    What other libraries call the approximate GELU; at least -0.171. It differs from GELU by less
    than 0.0005. Far below 0, where it is nearly 0, its relative error is that of u times u.

    References
    ----------
    D. Hendrycks and K. Gimpel, Gaussian error linear units (2016).

    Examples
    --------
    >>> from backprop_c import Network, activations
    >>> net = Network((1, 1), activations.GELUTanh(), biases=False)
    >>> net.weights[0][:] = 1
    >>> net.predict([[-2.0], [0.0], [2.0]]).ravel().round(4)
    array([-0.0454,  0.    ,  1.9546])
    """

    name = "gelu_tanh"
    initializer = "he_uniform"


class SiLU(Activation):
    """The sigmoid-weighted linear unit, or swish: ``a = z / (1 + exp(-z))``, at least -0.279.

    References
    ----------
    S. Elfwing, E. Uchibe and K. Doya, Sigmoid-weighted linear units for neural network function
    approximation in reinforcement learning (2018).

    Examples
    --------
    >>> from backprop_c import Network, activations
    >>> net = Network((1, 1), activations.SiLU(), biases=False)
    >>> net.weights[0][:] = 1
    >>> net.predict([[-2.0], [0.0], [2.0]]).ravel().round(3)
    array([-0.238,  0.   ,  1.762])
    """

    name = "silu"
    initializer = "he_uniform"


class Mish(Activation):
    """Like SiLU, a little steeper: ``a = z * tanh(log(1 + exp(z)))``, at least -0.309.

    References
    ----------
    D. Misra, Mish: a self regularized non-monotonic activation function (2020).

    Examples
    --------
    >>> from backprop_c import Network, activations
    >>> net = Network((1, 1), activations.Mish(), biases=False)
    >>> net.weights[0][:] = 1
    >>> net.predict([[-2.0], [0.0], [2.0]]).ravel().round(3)
    array([-0.253,  0.   ,  1.944])
    """

    name = "mish"
    initializer = "he_uniform"


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
