"""Read option values as users write them (`--set steps=400`, YAML, keywords) and check them against a `Config`."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from ..errors import ConfigError, FrontrunnerError, PluginError, UnknownNameError
from ..plugin_failure import last_line, with_line
from ..validation_words import validation_message
from .option_reader import OptionReader
from .option_values import SCALARS
from .ranges import option_types

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
    if missing := [option for option, reader in readers.items() if reader.required and option not in values]:
        raise ConfigError(f"{name}: {missing[0]} must be given, since it has no default")
    try:
        return config(**values)
    except FrontrunnerError:
        raise
    except ValueError as error:  # a third party's own checks, in `__post_init__`
        why = validation_message(error) if isinstance(error, ValidationError) else str(error)
        raise ConfigError(f"{name}: {why}") from error
    except Exception as error:
        raise PluginError(with_line(f"{name}: {last_line(error)}", error)) from error


def canonical_options(config: Options, name: str) -> Options:
    """Return a config that was made directly with its values as `read_options` reads them and records give them back.

    Numbers of NumPy and torch become Python's, lists and tuples what the annotation says.

    Raises:
        ConfigError: a value of the wrong type or out of bounds, or one that a record cannot give back; the message
            names its owner, `name`, and the option.
    """
    changed: dict[str, Any] = {}
    for option, reader in option_readers(type(config)).items():
        value = getattr(config, option)
        read = reader.read(f"{name}: {option}", value)
        if type(value) not in SCALARS:
            reader.recorded(f"{name}: {option}", read)
            changed[option] = read
    return dataclasses.replace(config, **changed) if changed else config  # type: ignore[type-var] # it is a dataclass


def recorded_options(config: object) -> dict[str, Any]:
    """Return the options of a config as JSON values, from which `read_options` makes an equal config again.

    All are there, but for those that are `AddedLater` and have their default.

    Raises:
        ConfigError: a value cannot be given back.
    """
    readers = option_readers(type(config))
    defaults = {
        field.name: field.default
        for field in dataclasses.fields(config)  # type: ignore[arg-type] # it is a dataclass
        if readers.get(field.name) and readers[field.name].added_later
    }
    return {
        option: reader.recorded(option, getattr(config, option))
        for option, reader in readers.items()
        if option not in defaults or getattr(config, option) != defaults[option]
    }


def option_readers(config: type) -> Mapping[str, OptionReader]:
    """Map every option of a `config` to what reads its values.

    Raises:
        ConfigError: it is no dataclass, or has an annotation that cannot be read.
    """
    given: object = config  # a plugin may have declared anything
    if not isinstance(given, type):
        raise ConfigError(f"a learner's options are a class, `Config`, decorated as @dataclass; found {given!r}")
    return _option_readers(config)


@functools.cache  # a board makes thousands of learners
def _option_readers(config: type) -> Mapping[str, OptionReader]:
    if not dataclasses.is_dataclass(config):
        raise ConfigError(f"{config.__qualname__} holds options, so it must be a dataclass; decorate it as @dataclass")
    full, bare = option_types(config, include_extras=True), option_types(config)
    return {
        field.name: OptionReader(
            f"option {field.name!r} of {config.__qualname__}",
            full[field.name],
            bare[field.name],
            required=field.default is field.default_factory is dataclasses.MISSING,
        )
        for field in dataclasses.fields(config)
        if field.init
    }
