"""Optimizers that know how the gradient changes: hyperparameters."""

from typing import ClassVar

from .base import Optimizer


class LevenbergMarquardt(Optimizer):
    """Damped steps of least squares: for small networks and squared errors, few epochs are enough.

    A step solves ``(J'J + damping * I) step = J'e``, of all samples' errors e and their derivatives
    J by the parameters, each sample by its share of the weight; l2 joins both sides. It is made if
    the loss gets smaller, and else tried again with more damping: so the loss never rises. An epoch
    is one step. The fit ends where no step leads to a smaller loss.

    It needs the loss "squared_error", with any activations, the full batch, and memory for two
    square matrices of as many rows as there are parameters: with more than some 3000 parameters a
    fit warns of it. Networks with l1, dropout or max_norm are refused. In float32 it comes less far
    than in float64, which is the better dtype for it.

    Parameters
    ----------
    damping : float, default 0.001
        What the first step is tried with, in units of the loss's second derivative; positive and
        finite.
    gain_ratio : bool, default True
        How the damping changes. True: by how much less the loss became, compared with what the
        step promised (Nielsen). False: by `increase` and `decrease`.
    increase, decrease : float, default 10 and 0.1
        What the damping is multiplied by after a step that failed, and after one that was made;
        read without `gain_ratio` only. `increase` is above 1: otherwise the same step would fail
        again.
    largest : float, default 1e10
        The fit ends where the damping would be above it; at least `damping`.
    tol : float, default 1e-10
        The fit ends where no derivative of the loss is larger than this.

    Raises
    ------
    TypeError, ValueError
        If a hyperparameter is of the wrong kind, or out of its range.

    References
    ----------
    D. W. Marquardt, An algorithm for least-squares estimation of nonlinear parameters (1963).
    M. T. Hagan and M. B. Menhaj, Training feedforward networks with the Marquardt algorithm (1994).
    H. B. Nielsen, Damping parameter in Marquardt's method (1999).

    Examples
    --------
    >>> import numpy as np
    >>> from backprop_c import LevenbergMarquardt, Network
    >>> x = np.linspace(-1, 1, 21)[:, np.newaxis]
    >>> net = Network((1, 5, 1), random_state=0)
    >>> history = net.fit(x, np.sin(np.pi * x), epochs=30, optimizer=LevenbergMarquardt())
    >>> bool(history["loss"][-1] < 1e-3)
    True
    """

    full_batch: ClassVar[bool] = True
    steps: ClassVar[str] = "squares"
    needs_loss: ClassVar[str | None] = "squared_error"
    refuses: ClassVar[tuple[str, ...]] = ("l1", "dropout", "max_norm")
    damping: float = 1e-3
    gain_ratio: bool = True
    increase: float = 10.0
    decrease: float = 0.1
    largest: float = 1e10
    tol: float = 1e-10

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.increase == 1:
            raise ValueError(
                "increase must be above 1 for LevenbergMarquardt, but is 1.0: a step that failed "
                "would be tried for ever"
            )
        if self.damping > self.largest:
            raise ValueError(
                f"damping must be at most largest, but they are {self.damping} and {self.largest}"
            )

    @property
    def rule(self) -> str:
        """The name of its rule in the kernels' table."""
        return "levenberg_marquardt"


class LBFGS(Optimizer):
    """Quasi-Newton steps: what the last gradients say of the second derivatives.

    Its steps are those of L-BFGS-B, as SciPy has it, without bounds. It takes any loss, and needs
    the full batch. An epoch is one step: usually one evaluation of the gradient, several where the
    step's length has to be looked for. The fit ends where no step leads to a smaller loss. A fit
    with ``reset_optimizer=False`` begins anew, too.

    Networks with l1, dropout or max_norm are refused. With "relu" and other activations that have
    kinks it works well enough in practice.

    Parameters
    ----------
    memory : int, default 10
        Of how many steps the gradients are remembered: each takes two vectors of float64.
    tol : float, default 1e-6
        The fit ends where no derivative of the loss is larger than this.
    max_line_search : int, default 20
        Evaluations in the search for a step's length at most. Where none of them is good, there is
        a second search, along the gradient.
    loss_tol : float, default 0
        It ends, too, where a step makes the loss smaller by no more than this share of it (or than
        this, where the loss is below 1); at least 0. Some 1e-15 (in float32 1e-6) is the least that
        rounding lets it see.
    max_evaluations : int, optional
        After more evaluations than that the fit ends with the step that is under way. No limit by
        default.

    Raises
    ------
    TypeError, ValueError
        If a hyperparameter is of the wrong kind, or out of its range.

    References
    ----------
    D. C. Liu and J. Nocedal, On the limited memory BFGS method for large scale optimization (1989).
    J. J. Moré and D. J. Thuente, Line search algorithms with guaranteed sufficient decrease (1994).

    Examples
    --------
    >>> import numpy as np
    >>> from backprop_c import LBFGS, Network
    >>> x = np.linspace(-1, 1, 21)[:, np.newaxis]
    >>> net = Network((1, 5, 1), random_state=0)
    >>> history = net.fit(x, np.sin(np.pi * x), epochs=200, optimizer=LBFGS())
    >>> bool(history["loss"][-1] < 1e-3)
    True
    """

    full_batch: ClassVar[bool] = True
    steps: ClassVar[str] = "quasi_newton"
    refuses: ClassVar[tuple[str, ...]] = ("l1", "dropout", "max_norm")
    memory: int = 10
    tol: float = 1e-6
    max_line_search: int = 20
    loss_tol: float = 0.0
    max_evaluations: int | None = None

    @property
    def rule(self) -> str:
        """The name of its rule in the kernels' table."""
        return "lbfgs"
