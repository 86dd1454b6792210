"""What watches a value that is recorded, and which way it is better."""

from dataclasses import field
from typing import Any, ClassVar, Literal

from ._frozen import Frozen
from ._validation.entries import METRICS
from ._validation.scalars import as_known_name

# What the names of validation's values begin with.
VALIDATION = "val_"
SMALLER, LARGER = "smaller", "larger"
KNOWN = {"loss": SMALLER} | {
    one.name: LARGER if one.larger_is_better else SMALLER for one in METRICS
}


def as_monitor(value: Any, name: str) -> str:
    """The name of something that is recorded."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a name such as 'val_loss', but is {value!r}")
    return value


def as_better(value: Any, name: str) -> str | None:
    """Which way is better, if it is said."""
    return None if value is None else as_known_name(value, name, (LARGER, SMALLER))


class Watching(Frozen):
    """What watches a value of the history: its field `monitor` is the value's name."""

    better: Literal["larger", "smaller"] | None = field(default=None, kw_only=True)
    _checks: ClassVar = {"monitor": as_monitor, "better": as_better}

    @property
    def larger_is_better(self) -> bool | None:
        """Whether a larger value is the better one; None if nobody has said so."""
        name: str = vars(self)["monitor"]
        better = self.better or KNOWN.get(name.removeprefix(VALIDATION))
        return None if better is None else better == LARGER
