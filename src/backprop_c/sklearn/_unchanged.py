"""An error that comes before the training changes nothing."""

import functools

import numpy as np


def unchanged_by_errors(method):
    """Have a method give its estimator the attributes back, if it fails before an epoch is over.

    What a training has achieved before an error is kept. A RandomState that the estimator shares
    with others is where it was, too.
    """

    @functools.wraps(method)
    def guarded(self, *arguments, **options):
        before = vars(self).copy()
        shared = before.get("random_state")
        drawn = shared.get_state() if isinstance(shared, np.random.RandomState) else None
        last = before["network_"].history if "network_" in before else None
        try:
            return method(self, *arguments, **options)
        except BaseException:
            network = vars(self).get("network_")
            history = network and network.history
            if history is None or history is last or not history.epochs:
                vars(self).clear()
                vars(self).update(before)
                if drawn is not None:
                    shared.set_state(drawn)
            raise

    return guarded
