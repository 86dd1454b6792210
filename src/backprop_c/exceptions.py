"""Warnings of the package."""


class DivergenceWarning(RuntimeWarning):
    """The loss stopped being finite, and training stopped with it.

    The network is back at the start of the last epoch whose loss was finite. A smaller learning
    rate, or inputs scaled to about unit size, usually helps.
    """


class TargetRangeWarning(UserWarning):
    """Some targets of a fit are outside of what the network's outputs can be.

    Sigmoid and softmax outputs lie between 0 and 1, tanh outputs between -1 and 1, relu outputs
    from 0 on. Training then pushes the outputs to the end of their range and stays there. Take
    identity outputs, which a network has by default, or scale the targets.
    """
