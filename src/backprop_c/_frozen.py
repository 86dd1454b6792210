"""What all small objects with parameters share: they are frozen, and shown as they are typed."""

from abc import ABC, abstractmethod
from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from typing import TYPE_CHECKING, Any, dataclass_transform

if TYPE_CHECKING:
    from inspect import Signature


class _SignatureOnDemand:
    """The signature of the class that it is asked of: `inspect` is slow to import."""

    def __get__(self, instance: object, owner: type) -> "Signature":
        from inspect import Parameter, Signature

        parameters = [
            Parameter(
                one.name,
                Parameter.KEYWORD_ONLY if one.kw_only else Parameter.POSITIONAL_OR_KEYWORD,
                default=Parameter.empty if one.default is MISSING else one.default,
                annotation=one.type,
            )
            for one in _as_typed(owner)
        ]
        return Signature(parameters)


def _as_typed(owner):
    """The fields as a call has them: those that go by name alone are the last."""
    return sorted(fields(owner), key=lambda one: one.kw_only is True)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Frozen:
    """An object whose fields are validated once, when it is made.

    A class derived from it is a dataclass without being decorated. The methods that a decorator
    would compile for each class are here once, which makes the import several times as fast.
    """

    __signature__ = _SignatureOnDemand()

    def __init_subclass__(cls, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        dataclass(init=False, repr=False, eq=False)(cls)

    def __init__(self, *values: Any, **named: Any) -> None:
        kind = type(self).__name__
        places = [one.name for one in fields(self) if not one.kw_only]  # type: ignore[arg-type]
        if len(values) > len(places):
            raise TypeError(
                f"{kind} takes at most {len(places)} positional arguments, but got {len(values)}"
            )
        given = dict(zip(places, values, strict=False))
        for name in named:
            if name in given:
                raise TypeError(f"{kind} got {name} twice, by its place and by its name")
        given.update(named)
        for one in fields(self):  # type: ignore[arg-type]
            value = given.pop(one.name, one.default)
            if value is MISSING:
                raise TypeError(f"{kind} needs {one.name}")
            self._accept(one.name, value)
        if given:
            known = ", ".join(one.name for one in _as_typed(self))
            raise TypeError(f"{kind} has no parameter {next(iter(given))!r}; known: {known}")
        self.__post_init__()

    def __post_init__(self) -> None:
        """Validate the fields."""

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    def __hash__(self) -> int:
        return hash((type(self), *(getattr(self, one.name) for one in fields(self))))  # type: ignore[arg-type]

    def __setattr__(self, name: str, value: Any) -> None:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __repr__(self) -> str:
        shown = [
            f"{one.name}={getattr(self, one.name)!r}"
            for one in _as_typed(self)
            if self._is_shown(one)
        ]
        return f"{type(self).__name__}({', '.join(shown)})"

    def _is_shown(self, one):
        """Whether the repr needs the field: its value is not the default, or there is none."""
        return one.default is MISSING or getattr(self, one.name) != one.default

    def _accept(self, name, value):
        """Set a field to what validation made of it."""
        object.__setattr__(self, name, value)


class Entry(Frozen, ABC):
    """The parameters of an entry in a table of compiled formulas."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The entry's name in its table, which stands for it with its defaults."""

    def constants(self) -> tuple[float, ...]:
        """The parameters as floats, in the order in which the entry reads them."""
        return tuple(float(getattr(self, one.name)) for one in fields(self))

    def has_defaults(self) -> bool:
        """Whether the name alone would stand for it."""
        return not any(self._is_shown(one) for one in fields(self))
