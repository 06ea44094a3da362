"""The options of all commands that run cells: where these run, where they are recorded, and with which plugins."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import typer

from .console import DeviceOption, PluginOption, StoreOption

AgainOption = Annotated[
    bool, typer.Option("--again", help="Run cells that are settled, too; the newest result counts.")
]
WeightsOption = Annotated[
    Literal["random"] | None,
    typer.Option(help="`random`: the shapes of a suite file on generated data, for memory and speed alone."),
]
PARAMETER = "cells"
"""The parameter of a command that these options become."""


@dataclass(frozen=True)
class CellOptions:
    """What was given for `--device`, `--store`, `--plugin` and `--again`."""

    device: str
    """`auto`, or devices separated by commas."""
    store: str | None
    """The store's folder; None stands for FRONTRUNNER_STORE, else ./mlruns."""
    plugins: tuple[str, ...]
    """Files that have been loaded, and that workers load too."""
    again: bool = False
    """Whether to run cells that are settled, too."""


def with_cell_options(*, again: bool = False) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command `--device`, `--store` and `--plugin`, which it takes as one `CellOptions` called `cells`.

    Plugins are loaded before the command begins. Typer reads the options of a command from its signature, so the
    wrapper is given one.

    Args:
        again: whether the command has `--again`, too.
    """
    shared = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, default, annotation in (
            ("device", "auto", DeviceOption),
            ("store", None, StoreOption),
            ("plugin", None, PluginOption),
            *([("again", False, AgainOption)] if again else []),
        )
    ]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def wrapped(
            *, device: str = "auto", store: str | None = None, plugin: list[str] | None = None, **given: Any
        ) -> None:
            if plugin:
                from ..cells.plugins import load_plugins  # imports torch

                load_plugins(plugin)
            anew = given.pop("again", False)
            command(**given, **{PARAMETER: CellOptions(device, store, tuple(plugin or ()), again=anew)})

        own = [one for one in inspect.signature(command, eval_str=True).parameters.values() if one.name != PARAMETER]
        wrapped.__signature__ = inspect.Signature([*own, *shared])  # type: ignore[attr-defined] # functions take any attribute
        wrapped.__annotations__ = {one.name: one.annotation for one in [*own, *shared]}
        return wrapped

    return decorate
