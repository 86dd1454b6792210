"""Networks as pickles and copies: what is written, and how it is checked before it is used."""

import copy
from contextlib import contextmanager

import numpy as np

from ._engine.tables import update_table
from ._format import Format
from ._version import __version__
from .losses import FunctionLoss

# Attributes that are written apart from the others, since they are checked first.
WRITTEN_FIRST = ("_activations", "_loss", "_optimizer_state")


def comes_later(y_true, y_pred):
    """In place of a loss of the caller's, which is among the attributes.

    It may be a method of the network, which cannot be pickled before the network itself.
    """
    raise RuntimeError("the network was not restored to its end")


def reduced(net):
    """What ``__reduce__`` returns: all that a network is, as of one finished epoch."""
    net._require_set_up()
    training = net._training
    own_loss = isinstance(net._loss, FunctionLoss)
    made_of = {
        **net._made_of(),
        "loss": comes_later if own_loss else net.loss,
        "dtype": net.dtype.name,
    }
    optimizer_state = net._optimizer_state
    # In the way of pickle's default: the attributes in a dict, or that and the values of slots.
    state = net.__getstate__()
    attributes, slots = state if isinstance(state, tuple) else (state, None)
    attributes = dict(attributes)
    parameters = net._snapshot()
    # The state belongs to the parameters, unless a fit was at work or has come in between.
    training = training or net._training
    if training or net._optimizer_state is not optimizer_state:
        optimizer_state = None
        if "history" in attributes:
            attributes["history"] = copy.copy(attributes["history"])
    for name in WRITTEN_FIRST:
        attributes.pop(name, None)
    if own_loss:
        attributes["_loss"] = net._loss
    first = (Format(), type(net), made_of, parameters, optimizer_state)
    return restore, first, attributes if slots is None else (attributes, slots)


def restore(written, cls, made_of, parameters, optimizer_state):
    """A network without its attributes: what unpickling and copying begin with."""
    with naming_the_writer(written.version):
        check_sizes(cls, made_of, parameters, optimizer_state)
        net = construct(cls, made_of)
    net.parameters[:] = parameters
    net._optimizer_state = optimizer_state
    return net


def set_state(net, state):
    """The rest of a network: its attributes, and the values of a subclass's slots."""
    if isinstance(state, tuple) and len(state) == 3:
        state = set_state_of_format_0(net, *state)
    attributes, slots = state if isinstance(state, tuple) else (state, {})
    net.__dict__.update(attributes)
    for name, value in slots.items():
        setattr(net, name, value)


def remake(cls, made_of):
    """What pickles of format 0 begin with: they bring the parameters later."""
    names = ("layer_sizes", "activations", "loss", "biases", "dtype")
    with naming_the_writer("0.1.0 or before"):
        made_of = dict(zip(names, made_of, strict=True))
        return construct(cls, {**made_of, "dtype": np.dtype(made_of["dtype"]).name})


def set_state_of_format_0(net, parameters, attributes, slots):
    """Take what format 0 keeps elsewhere; the rest is as it is now."""
    with naming_the_writer("0.1.0 or before"):
        made_of = {"layer_sizes": net.layer_sizes, "biases": net.biases, "dtype": net.dtype.name}
        check_sizes(type(net), made_of, parameters, attributes["_optimizer_state"])
    net.parameters[:] = parameters
    net._optimizer_state = attributes["_optimizer_state"]
    return {k: v for k, v in attributes.items() if k not in WRITTEN_FIRST}, slots


def construct(cls, made_of):
    """An instance without random numbers and without the subclass's constructor."""
    net = cls.__new__(cls)
    net._construct(**made_of)
    return net


def check_sizes(cls, made_of, parameters, optimizer_state):
    """Raise unless the parameters and the optimizer's state are those of such a network."""
    cls._check_parameters(made_of, parameters)
    dtype = made_of["dtype"]
    if optimizer_state is None:
        return
    rule, vectors = optimizer_state.rule, optimizer_state.vectors
    known = update_table()
    if rule not in known:
        raise ValueError(
            f"the optimizer's update rule {rule!r} is not known; known: {', '.join(known)}"
        )
    size = known[rule].n_states * parameters.size
    if vectors.shape != (size,) or vectors.dtype != dtype:
        raise ValueError(
            f"the optimizer's state for {rule!r} must have shape ({size},) and dtype {dtype}, "
            f"but has shape {vectors.shape} and dtype {vectors.dtype}"
        )


@contextmanager
def naming_the_writer(version):
    """Have an error say whose pickle it is, and what to do."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"this pickle of a network does not hold one: {error}. It was written by backprop_c "
            f"{version}, and this is backprop_c {__version__}: if it is not damaged, load it with "
            "the version that wrote it"
        ) from error
