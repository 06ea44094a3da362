"""Read option values as users write them (`--set steps=400`, YAML, keywords) and check them against a `Config`."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, get_origin

from pydantic import ConfigDict, TypeAdapter, ValidationError

from ..errors import ConfigError, UnknownNameError
from .ranges import UNIONS, is_whole, option_types

if TYPE_CHECKING:
    from .learner import Learner

Options = TypeVar("Options")


def configure(learner: type[Learner], options: Mapping[str, object]) -> Learner:
    """Make a learner from option values; see `read_options` for how they are read and what is refused."""
    return learner(read_options(learner.Config, options, kind="method", name=learner.name))


def read_options(config: type[Options], options: Mapping[str, object], *, kind: str, name: str) -> Options:
    """Make a `config` from option values; options that are not given keep their defaults.

    Text is read as the option's type; `none` and null leave an option unset where it may be. NaN and infinity
    are no setting of anything.

    Args:
        config: a frozen dataclass whose annotations say what each option takes, see `OptionReader`.
        options: name -> value.
        kind, name: whose options these are, for messages, such as "method" and "ls".

    Raises:
        UnknownNameError: an option that the config does not have; the message offers the nearest.
        ConfigError: a value of the wrong type or out of bounds.
    """
    readers = option_readers(config)
    values = {}
    for option, value in options.items():
        if option not in readers:
            raise UnknownNameError(f"option of {kind} {name!r}:", option, readers)
        values[option] = readers[option].read(f"{name}: {option}", value)
    return config(**values)


def check_options(config: object, name: str) -> None:
    """Refuse a config that was made directly with values that `read_options` refuses.

    Raises:
        ConfigError: a value of the wrong type or out of bounds; the message names its owner, `name`, and the option.
    """
    for option, reader in option_readers(type(config)).items():
        reader.read(f"{name}: {option}", getattr(config, option))


def option_readers(config: type) -> Mapping[str, OptionReader]:
    """Map every option of a `config` to what reads its values.

    Raises:
        ConfigError: an annotation that cannot be read.
    """
    return _option_readers(config)


@functools.cache  # a board makes thousands of learners
def _option_readers(config: type) -> Mapping[str, OptionReader]:
    full, plain = option_types(config, include_extras=True), option_types(config)
    return {field.name: OptionReader(full[field.name], plain[field.name]) for field in dataclasses.fields(config)}


class OptionReader:
    """Reads the values of one option by its annotation, with pydantic.

    Bounds are written as pydantic has them, beside the type: `Annotated[float, Field(gt=0, lt=0.5)]`,
    `PositiveInt | None`, `Literal["sum", "mean"]`. What else is annotated, such as a `Range`, is no bound.

    Args:
        hint: the type with what is annotated beside it.
        plain: the type alone, for messages.
    """

    def __init__(self, hint: Any, plain: Any) -> None:
        self._adapter: TypeAdapter[object] = TypeAdapter(hint, config=ConfigDict(allow_inf_nan=False))
        self._hint = hint
        self._plain = plain
        members = [plain, *get_args(plain)]
        self._may_be_unset = type(None) in members
        self._may_be_bool = bool in members

    def read(self, where: str, value: object) -> object:
        """Return the value in the option's type; `where` names the option in messages.

        Raises:
            ConfigError: a value of the wrong type or out of bounds.
        """
        if isinstance(value, bool) and not self._may_be_bool:  # pydantic would read True as 1
            raise ConfigError(f"{where} must be {_named(self._plain)}, found {value!r}")
        try:
            return self._adapter.validate_python(None if value == "none" and self._may_be_unset else value)
        except ValidationError as error:
            expected = self._expected(error.errors(include_url=False)[0])
            raise ConfigError(f"{where} must be {expected}, found {value!r}") from error

    def _expected(self, error: Any) -> str:
        """Say what the option takes, as far as the value misses it."""
        if error["type"] == "finite_number":
            return "a finite number"
        if error["type"] == "literal_error":
            return f"one of {', '.join(map(str, _literals(self._plain)))}"
        bounds = dict(_bounds(self._hint))
        if bounds.keys() & error.get("ctx", {}).keys():
            if is_whole(self._plain) and bounds.keys() == {"ge", "le"} and bounds["le"] - bounds["ge"] == 1:
                return f"{bounds['ge']} or {bounds['le']}"
            return _interval(bounds)
        # What a third party demands beyond types and bounds is said in pydantic's words.
        return f"{_named(self._plain)} ({error['msg']})" if "ctx" in error else _named(self._plain)


def _named(hint: Any) -> str:
    """Write a type as in source, `float | None` rather than `Optional[float]`."""
    if get_origin(hint) in UNIONS:
        return " | ".join("None" if member is type(None) else _named(member) for member in get_args(hint))
    return hint.__name__ if type(hint) is type else str(hint).replace("typing.", "")


def _literals(hint: Any) -> list[Any]:
    if get_origin(hint) is Literal:
        return list(get_args(hint))
    return [value for member in get_args(hint) for value in _literals(member)]


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
