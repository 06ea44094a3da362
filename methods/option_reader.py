"""Read and record the values of one option by its annotation, with pydantic."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

from pydantic import ConfigDict, PydanticUserError, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from ..errors import ConfigError
from ..one_line import shown
from ..validation_words import said_of
from .added_later import AddedLater
from .option_values import SCALARS, choices, plain, readings_of, same, shown_choice
from .ranges import UNIONS, is_whole


class OptionReader:
    """Reads the values of one option by its annotation, with pydantic.

    Bounds are written as pydantic has them, beside the type: `Annotated[float, Field(gt=0, lt=0.5)]`,
    `PositiveInt | None`, `Literal["sum", "mean"]`. What else is annotated, such as a `Range`, is no bound.

    Args:
        where: the option and its owner, for messages.
        hint: the type with what is annotated beside it.
        bare: the type alone, for messages.
        required: whether the option has no default.

    Raises:
        ConfigError: no value of that type can be read from a file.
    """

    def __init__(self, where: str, hint: Any, bare: Any, *, required: bool = False) -> None:
        self._adapter = _adapter(where, hint, bare)
        self._hint = hint
        self._bare = bare
        self.required = required
        self.added_later = any(isinstance(extra, AddedLater) for extra in getattr(hint, "__metadata__", ()))
        """Whether records leave the option out while it has its default."""
        members = [bare, *get_args(bare)]
        self._may_be_unset = type(None) in members
        # pydantic would read True as 1
        self._may_be_bool = bool in members or Any in members or any(isinstance(one, bool) for one in choices(bare))

    def read(self, where: str, value: object) -> object:
        """Return the value in the option's type; `where` names the option in messages.

        Raises:
            ConfigError: a value of the wrong type, out of bounds or too large.
        """
        value = plain(where, value)
        if isinstance(value, bool) and not self._may_be_bool:
            raise ConfigError(f"{where} must be {_named(self._bare)}, found {value!r}")
        try:
            return self._adapter.validate_python(None if value == "none" and self._may_be_unset else value)
        except ValidationError as error:
            for meant in readings_of(value, self._bare) if isinstance(value, str) else ():
                with contextlib.suppress(ValidationError):
                    return self._adapter.validate_python(plain(where, meant))
            expected = self._expected(error.errors(include_url=False)[0])
            if isinstance(value, str) and {list, tuple, dict} & set(_parts(self._bare)):
                expected += " (in a text as JSON, such as [1, 2])"
            raise ConfigError(f"{where} must be {expected}, found {shown(value)}") from error

    def recorded(self, where: str, value: object) -> Any:
        """Return a value that `read` has given as JSON values that it reads as the same value.

        Raises:
            ConfigError: there are none.
        """
        if type(value) in SCALARS:
            return value
        try:
            found = self._adapter.dump_python(value, mode="json", warnings=False)
        except (PydanticSerializationError, ValueError, TypeError, RecursionError) as error:
            raise ConfigError(f"{where} holds {shown(value)}, which JSON cannot hold ({error})") from error
        with contextlib.suppress(ConfigError):
            if same(self.read(where, found), value):
                return found
        raise ConfigError(
            f"{where} holds {shown(value)}, which is not the same again when it is read from JSON as "
            f"{_named(self._bare)}; annotate it with its own type"
        )

    def _expected(self, error: Any) -> str:
        """Say what the option takes, as far as the value misses it."""
        if error["type"] == "finite_number":
            return "a finite number"
        if error["type"] in ("literal_error", "enum"):
            return f"one of {', '.join(shown_choice(value)[0] for value in choices(self._bare))}"
        bounds = dict(_bounds(self._hint))
        if bounds.keys() & error.get("ctx", {}).keys():
            if is_whole(self._bare) and bounds.keys() == {"ge", "le"} and bounds["le"] - bounds["ge"] == 1:
                return f"{bounds['ge']} or {bounds['le']}"
            return _interval(bounds)
        # What a third party demands beyond types and bounds is said in its words, or in pydantic's.
        return f"{_named(self._bare)} ({said_of(error)})" if "ctx" in error else _named(self._bare)


def _named(hint: Any) -> str:
    """Write a type as in source, `float | None` rather than `Optional[float]`."""
    if get_origin(hint) in UNIONS:
        return " | ".join("None" if member is type(None) else _named(member) for member in get_args(hint))
    if isinstance(hint, type) and not get_args(hint):
        return hint.__name__
    return re.sub(r"\b(?:\w+\.)+(?=\w)", "", str(hint))


def _adapter(where: str, hint: Any, bare: Any) -> TypeAdapter[object]:
    """Return what reads values of a type."""
    if any(part in (set, frozenset) for part in _parts(bare)):
        raise ConfigError(f"{where} is a set, whose order no record can keep; annotate it as a tuple or a list")
    try:
        return TypeAdapter(hint, config=ConfigDict(allow_inf_nan=False))
    except PydanticUserError as error:
        if error.code == "type-adapter-config-unused":  # a dataclass, which has a configuration of its own
            return TypeAdapter(hint)
        raise ConfigError(
            f"{where} is annotated as {_named(bare)}, of which no value can be read from a file or written to one; "
            "give it a type of numbers, texts, lists and mappings"
        ) from error


def _parts(hint: Any) -> Iterator[Any]:
    """Yield the classes that a type is made of."""
    yield get_origin(hint) or hint
    for member in get_args(hint):
        yield from _parts(member)


def _bounds(hint: Any) -> Iterator[tuple[str, float]]:
    """Yield the bounds annotated anywhere in a type, by pydantic's names: gt, ge, lt, le."""
    for extra in getattr(hint, "__metadata__", ()):
        for constraint in (extra, *getattr(extra, "metadata", ())):
            for kind in ("gt", "ge", "lt", "le"):
                if getattr(constraint, kind, None) is not None:
                    yield kind, getattr(constraint, kind)
    for member in get_args(hint):
        yield from _bounds(member)


def _interval(bounds: Mapping[str, float]) -> str:
    """Say bounds as a person does: "positive", "2 or more", "in (0, 0.5)"."""
    low, high = bounds.get("gt", bounds.get("ge")), bounds.get("lt", bounds.get("le"))
    if low is not None and high is not None:
        return f"in {'(' if 'gt' in bounds else '['}{low:g}, {high:g}{')' if 'lt' in bounds else ']'}"
    if low is not None:
        return f"{low:g} or more" if "ge" in bounds else "positive" if low == 0 else f"above {low:g}"
    return f"{high:g} or less" if "le" in bounds else f"below {high:g}"
