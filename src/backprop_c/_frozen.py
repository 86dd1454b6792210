"""What all small objects with parameters share: they are frozen, and shown as they are typed."""

from abc import ABC, abstractmethod
from dataclasses import FrozenInstanceError, dataclass, fields


@dataclass(frozen=True, repr=False)
class Frozen:
    """An object whose fields are validated once, when it is made."""

    def __repr__(self) -> str:
        shown = [
            f"{one.name}={getattr(self, one.name)!r}"
            for one in sorted(fields(self), key=lambda one: one.kw_only is True)
            if self._is_shown(one)
        ]
        return f"{type(self).__name__}({', '.join(shown)})"

    def _is_shown(self, one):
        """Whether the repr needs the field: its value is not the default, or there is none."""
        return getattr(self, one.name) != one.default

    def _accept(self, name, value):
        """Set a field to what validation made of it."""
        object.__setattr__(self, name, value)


class Entry(Frozen, ABC):
    """The parameters of an entry in a table of compiled formulas.

    A class without fields of its own needs no decorator, and saves its time at import.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """The entry's name in its table, which stands for it with its defaults."""

    def __setattr__(self, name, value):
        # A dataclass freezes the classes that it decorates, not those derived from them.
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def constants(self) -> tuple[float, ...]:
        """The parameters as floats, in the order in which the entry reads them."""
        return tuple(float(getattr(self, one.name)) for one in fields(self))

    def has_defaults(self) -> bool:
        """Whether the name alone would stand for it."""
        return not any(self._is_shown(one) for one in fields(self))
