"""An error that comes before the training changes nothing."""

from contextlib import contextmanager


@contextmanager
def unchanged_by_errors(estimator):
    """Give an estimator its attributes back, if an error comes before its network is trained.

    What a training has achieved before an error is kept.
    """
    before = vars(estimator).copy()
    network = before.get("network_")
    last = network and network.history
    try:
        yield
    except BaseException:
        network = vars(estimator).get("network_")
        if network is None or network.history is None or network.history is last:
            vars(estimator).clear()
            vars(estimator).update(before)
        raise
