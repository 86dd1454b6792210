"""What all small objects with parameters share: they are frozen, and shown as they are typed."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, FrozenInstanceError, field, make_dataclass, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Self, dataclass_transform, get_origin

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


class _DataclassFieldsOnDemand:
    """What the standard library's functions on dataclasses ask for, of the class that has it."""

    def __get__(self, instance: object, owner: Any) -> dict[str, Field[Any]]:
        # A class that is derived from another one has more fields: each keeps its own.
        if "_described" not in vars(owner):
            described = [
                (one.name, one.type, field(default=one.default, kw_only=one.kw_only))
                for one in owner._fields
            ]
            made: Any = make_dataclass(owner.__name__, described)
            owner._described = made.__dataclass_fields__
        found: dict[str, Field[Any]] = vars(owner)["_described"]
        return found


class _PlacesOnDemand:
    """The names of the fields that may go by their places, which a match statement asks for."""

    def __get__(self, instance: object, owner: Any) -> tuple[str, ...]:
        return tuple(one.name for one in owner._fields if not one.kw_only)


def _as_typed(owner):
    """The fields as a call has them: those that go by name alone are the last."""
    return sorted(owner._fields, key=lambda one: one.kw_only)


def values_of(names):
    """A function of an object that makes a tuple of these attributes of it, quicker than a loop."""
    # Of one attribute an attrgetter makes no tuple, and it needs one at least.
    if len(names) < 2:
        return lambda one: tuple([getattr(one, name) for name in names])
    return attrgetter(*names)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Frozen:
    """An object whose fields are validated once, when it is made.

    A class derived from it is a dataclass without being decorated. The methods that a decorator
    would compile for each class are here once, which makes the import several times as fast.
    """

    __signature__ = _SignatureOnDemand()
    __dataclass_fields__: ClassVar[Any] = _DataclassFieldsOnDemand()
    __match_args__: ClassVar[Any] = _PlacesOnDemand()
    _fields: ClassVar[tuple[Field[Any], ...]] = ()
    # What makes a tuple of an object's fields.
    _read: ClassVar[Callable[[Any], tuple[Any, ...]]]
    # How fields are checked, by their names: functions of a value and its name.
    _checks: ClassVar[Mapping[str, Callable[[Any, str], Any]]] = {}

    def __init_subclass__(cls, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        inherited = (vars(base).get("_fields", ()) for base in reversed(cls.__mro__[1:]))
        found = {one.name: one for fields in inherited for one in fields}
        for name, kind in cls.__annotations__.items():
            if ClassVar in (kind, get_origin(kind)):
                continue
            given = vars(cls).get(name, MISSING)
            one: Field[Any] = given if isinstance(given, Field) else field(default=given)
            one.name, one.type, one.kw_only = name, kind, one.kw_only is True
            if one is given:
                setattr(cls, name, one.default)
            found[name] = one
        cls._fields = tuple(found.values())
        cls._read = staticmethod(values_of(tuple(found)))

    def __init__(self, *values: Any, **named: Any) -> None:
        given = self._by_name(values, named) if values or named else {}
        for one in self._fields:
            value = given.get(one.name, one.default)
            if value is MISSING:
                raise TypeError(f"{type(self).__name__} needs {one.name}")
            vars(self)[one.name] = value
        self.__post_init__()

    def _by_name(self, values, named):
        """The arguments of a call by the names of their fields, if they fit."""
        kind = type(self).__name__
        places = self.__match_args__
        if len(values) > len(places):
            raise TypeError(
                f"{kind} takes at most {len(places)} positional arguments, but got {len(values)}"
            )
        given = dict(zip(places, values, strict=False))
        known = [one.name for one in _as_typed(self)]
        for name in named:
            if name in given:
                raise TypeError(f"{kind} got {name} twice, by its place and by its name")
            if name not in known:
                raise TypeError(f"{kind} has no parameter {name!r}; known: {', '.join(known)}")
        return given | named

    def __post_init__(self) -> None:
        """Set each field to what its check makes of it."""
        for one in self._fields:
            if one.name in self._checks:
                self._accept(one.name, self._checks[one.name](getattr(self, one.name), one.name))

    def _values(self):
        return type(self)._read(self)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Frozen)
            and type(other) is type(self)
            and other._values() == self._values()
        )

    def __hash__(self) -> int:
        return hash((type(self), self._values()))

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

    def __replace__(self, **changes: Any) -> Self:
        return replace(self, **changes)

    def _is_shown(self, one):
        """Whether the repr needs the field: its value is not the default, or there is none."""
        return one.default is MISSING or getattr(self, one.name) != one.default

    def _accept(self, name, value):
        """Set a field to what validation made of it."""
        vars(self)[name] = value


def all_subclasses(kind: Any) -> Iterator[Any]:
    """The classes that are derived from a class, in the order in which they were made."""
    for made in kind.__subclasses__():
        yield made
        yield from all_subclasses(made)


class ByIdentity(Frozen):
    """A frozen object that is equal to itself alone: it has arrays, whose equality is an array."""

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return object.__hash__(self)


class Entry(Frozen, ABC):
    """The parameters of an entry in a table of compiled formulas."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The entry's name in its table, which stands for it with its defaults."""

    def constants(self) -> tuple[float, ...]:
        """The parameters as floats, in the order in which the entry reads them."""
        return tuple(map(float, self._values()))

    def has_defaults(self) -> bool:
        """Whether the name alone would stand for it."""
        return not any(self._is_shown(one) for one in self._fields)
