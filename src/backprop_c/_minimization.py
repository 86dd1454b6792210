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


def lbfgs(optimizer, net, epochs):
    """What makes the steps of a trainer, beginning with the network's parameters."""
    minimize = scipy_minimize()
    start, dtype = net.parameters.astype(np.float64), net.dtype

    def make_steps(trainer):
        if epochs == 0:
            return

        def objective(parameters):
            loss, gradient = trainer.evaluate_at(parameters.astype(dtype))
            if np.isfinite(loss) and np.isfinite(gradient).all():
                return loss, gradient
            return FAR_TOO_LARGE, np.zeros_like(gradient)

        def end_epoch(intermediate_result):
            trainer.step_to(intermediate_result.x.astype(dtype))
            if not trainer.go_on():
                raise StopIteration

        if objective(start)[0] == FAR_TOO_LARGE:
            trainer.step_to(start.astype(dtype))
            trainer.go_on()
            return
        found = minimize(
            objective,
            start,
            jac=True,
            method="L-BFGS-B",
            callback=end_epoch,
            options={
                "maxcor": optimizer.memory,
                "gtol": optimizer.tol,
                # Where the loss does not change any more but for rounding.
                "ftol": max(optimizer.loss_tol, 10 * float(np.finfo(dtype).eps)),
                "maxls": optimizer.max_line_search,
                "maxiter": epochs,
                "maxfun": epochs * (optimizer.max_line_search + 1),
            },
        )
        # What ended by itself has settled: an epoch without a step says so.
        if trainer.record.epochs < epochs and found.status in SETTLED:
            trainer.step_to(found.x.astype(dtype), True)
            trainer.go_on()

    return make_steps
