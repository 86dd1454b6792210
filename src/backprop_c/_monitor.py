"""Names of what is recorded, as something watches them."""


def as_monitor(value, name):
    """The name of something that is recorded."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a name such as 'val_loss', but is {value!r}")
    return value


def larger_is_better(name):
    """Whether a larger value is the better one, of what has such a name."""
    return name.endswith("accuracy")
