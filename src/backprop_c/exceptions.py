"""Warnings of the package."""


class DivergenceWarning(RuntimeWarning):
    """The loss, the parameters or a step stopped being finite.

    A fit ends then. The network is as it was at the start of the last epoch whose loss was finite,
    or, if early stopping restores the best epoch, at the end of that one. `train_step` changes
    nothing. A smaller learning rate, or inputs scaled to about unit size, usually helps.
    """


class TargetRangeWarning(UserWarning):
    """Some targets of a fit are outside of what the network's outputs can be.

    Sigmoid and softmax outputs lie between 0 and 1, tanh outputs between -1 and 1, relu outputs
    from 0 on. Training then pushes the outputs to the end of their range and stays there. Take
    identity outputs, which a network has by default, or scale the targets.
    """


class ConvergenceWarning(RuntimeWarning):
    """Units of a `RecurrentNetwork`, or their errors, did not settle within their iterations.

    The values are what the last iteration found. The gradient is not exactly that of the loss then.
    The message says of how many samples, and what helps.
    """
