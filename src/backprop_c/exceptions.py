"""Warnings of the package."""


class DivergenceWarning(RuntimeWarning):
    """The loss stopped being finite, and training stopped with it.

    The network is back at the start of the last epoch whose loss was finite. A smaller learning
    rate, or inputs scaled to about unit size, usually helps.
    """
