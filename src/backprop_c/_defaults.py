"""What a network is made of where the user does not say."""

from ._validation.entries import loss_entry

HIDDEN_ACTIVATION = "tanh"
OUTPUT_ACTIVATION = "identity"
LOSS = "squared_error"
# Class probabilities have a loss of their own; other outputs have several.
LOSS_OF = {"softmax": "cross_entropy"}


def default_activations(n_layers, loss):
    """One name a layer; the outputs are those that the loss goes with, if it goes with one kind."""
    needed = "" if loss is None else loss_entry(loss.name).outputs
    return (HIDDEN_ACTIVATION,) * (n_layers - 1) + (needed or OUTPUT_ACTIVATION,)


def default_loss(output_activation):
    """The name of the loss that such outputs are trained with."""
    return LOSS_OF.get(output_activation.name, LOSS)
