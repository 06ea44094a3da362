"""Options for the function of a library that makes a model: misspelt ones are refused with the nearest."""

from __future__ import annotations

import difflib
import inspect
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import nn

from ...errors import ConfigError, UnknownNameError
from ...one_line import as_one_line, shown

_UNEXPECTED = re.compile(r"unexpected keyword argument '(\w+)'")
_NO_OPTION = "frontrunner_knows_no_such_option"
_DECIDED = frozenset({"self", "num_classes", "pretrained", "weights", "progress"})
"""Arguments of libraries that are no options: the suite decides them."""
HOW = "options are given beside the model, as options: {key: value}"


def made_with_options(
    make: Callable[..., nn.Module], options: Mapping[str, Any], source: str, others: Sequence[str] = ()
) -> nn.Module:
    """Return what a library's function makes of options.

    Args:
        make: function of the options as keyword arguments.
        options: those of the suite file that the library is given.
        source: what messages call the model.
        others: further options of the suite file, for the nearest name.

    Raises:
        UnknownNameError: the model has no such option, or a library takes it and does nothing with it.
        ConfigError: it cannot be made with these options.
    """
    try:
        made = make(**options)
    except (TypeError, ValueError, RuntimeError, AssertionError, KeyError) as error:
        unknown = _UNEXPECTED.search(str(error))
        if unknown is not None and unknown[1] in options:
            raise _unknown(unknown[1], make(), source, others) from error
        raise ConfigError(
            f"{source} cannot be made with the options {shown(dict(options))} ({as_one_line(str(error), 300)}); {HOW}"
        ) from error
    if odd := [key for key in options if key not in arguments(type(made))]:
        _require_not_swallowed(make, odd, made, source, others)
    return made


def _require_not_swallowed(
    make: Callable[..., nn.Module], odd: list[str], made: nn.Module, source: str, others: Sequence[str]
) -> None:
    """Refuse options that a model's class has no argument for where the library takes whatever it is given."""
    try:
        make(**{_NO_OPTION: 0})
    except (TypeError, ValueError, RuntimeError, AssertionError, KeyError):
        return  # it looks at what it is given
    functions = inspect.getmembers(sys.modules[type(made).__module__], inspect.isfunction)
    read = {name for _, function in functions for name in inspect.signature(function).parameters}
    for key in odd:
        if key not in read:
            raise _unknown(key, made, source, others)


def _unknown(key: str, model: nn.Module, source: str, others: Sequence[str]) -> UnknownNameError:
    known = (arguments(type(model)) | set(others)) - _DECIDED
    return UnknownNameError(f"option of {source}:", key, known, otherwise=HOW)


def arguments(kind: type[nn.Module]) -> set[str]:
    """Return the names of what modules of a class are made with."""
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    named = inspect.signature(kind.__init__).parameters
    return {name for name, one in named.items() if one.kind in kinds} - {"self"}


def require_known_model(library: str, name: str, known: Sequence[str], *, see: str) -> None:
    """Refuse a name that a library has no model of; the nearest few are offered, however it is capitalised.

    Args:
        library: the library's name.
        name: what may be a model of it.
        known: its models.
        see: what lists them.

    Raises:
        UnknownNameError: there is none.
    """
    if name not in known:
        forms = {one.lower().replace("-", "_"): one for one in known}
        near = difflib.get_close_matches(name.lower().replace("-", "_"), forms, n=3, cutoff=0.4)
        raise UnknownNameError(
            f"model of {library}", name, [forms[one] for one in near] or known[:3], otherwise=f"see {see}"
        )
