"""What all small objects with parameters share: they are frozen, and shown as they are typed."""

from dataclasses import MISSING, dataclass, fields


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
        """Whether the repr needs the field: it has no default, or another value."""
        return one.default is MISSING or getattr(self, one.name) != one.default

    def _accept(self, name, value):
        """Set a field to what validation made of it."""
        object.__setattr__(self, name, value)
