"""Give a command options that it takes as one parameter."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable


def show_options(
    wrapper: Callable[..., None],
    command: Callable[..., None],
    parameter: str,
    options: Iterable[tuple[str, object, object]],
) -> None:
    """Give a wrapper the signature of a command, with options in place of one of its parameters.

    Typer reads the options of a command from its signature and annotations.

    Args:
        wrapper: what is registered as the command.
        command: what it calls.
        parameter: the command's parameter that is made of the options.
        options: name, default and annotation of each.
    """
    own = [one for one in inspect.signature(command, eval_str=True).parameters.values() if one.name != parameter]
    further = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, default, annotation in options
    ]
    wrapper.__signature__ = inspect.Signature([*own, *further])  # type: ignore[attr-defined] # functions take any attribute
    wrapper.__annotations__ = {one.name: one.annotation for one in [*own, *further]}
