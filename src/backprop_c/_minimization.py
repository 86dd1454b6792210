"""SciPy's L-BFGS-B as what makes the steps of a fit."""

import numpy as np

# In the place of a loss that is not finite, which a line search could not go on with.
FAR_TOO_LARGE = 1e300
# SciPy's numbers of these ends: a tolerance is reached, or no length of a step is good.
SETTLED = (0, 2)


def scipy_minimize():
    """SciPy's function, or an ImportError that names the extra."""
    try:
        from scipy.optimize import minimize
    except ImportError:
        raise ImportError(
            'LBFGS needs SciPy, which comes with the extra "scipy": pip install "backprop_c[scipy]"'
        ) from None
    return minimize


class Minimization:
    """What makes the steps of a trainer, beginning with the network's parameters."""

    def __init__(self, optimizer, net, epochs):
        self.minimize = scipy_minimize()
        self.start, self.dtype = net.parameters.astype(np.float64), net.dtype
        self.epochs = epochs
        most = epochs * (optimizer.max_line_search + 1)
        self.options = {
            "maxcor": optimizer.memory,
            "gtol": optimizer.tol,
            # Where the loss does not change any more but for rounding.
            "ftol": max(optimizer.loss_tol, 10 * float(np.finfo(net.dtype).eps)),
            "maxls": optimizer.max_line_search,
            "maxiter": epochs,
            "maxfun": min(optimizer.max_evaluations or most, most),
        }
        # What SciPy says of the end, once it is there; None where something else ended the fit.
        self.found = None

    def __call__(self, trainer):
        """Run all epochs of a trainer."""
        if self.epochs == 0:
            return
        stopped = False

        def objective(parameters):
            loss, gradient = trainer.evaluate_at(parameters.astype(self.dtype))
            if np.isfinite(loss) and np.isfinite(gradient).all():
                return loss, gradient
            return FAR_TOO_LARGE, np.zeros_like(gradient)

        def end_epoch(intermediate_result):
            trainer.step_to(intermediate_result.x.astype(self.dtype))
            nonlocal stopped
            # After the last epoch SciPy ends by itself, and says why.
            stopped = not trainer.go_on() and trainer.record.epochs < self.epochs
            if stopped:
                raise StopIteration

        if objective(self.start)[0] == FAR_TOO_LARGE:
            trainer.step_to(self.start.astype(self.dtype))
            trainer.go_on()
            return
        found = self.minimize(
            objective,
            self.start,
            jac=True,
            method="L-BFGS-B",
            callback=end_epoch,
            options=self.options,
        )
        if stopped:
            return
        self.found = found
        # What ended by itself has settled: an epoch without a step says so.
        if trainer.record.epochs < self.epochs and found.status in SETTLED:
            trainer.step_to(found.x.astype(self.dtype), True)
            trainer.go_on()
