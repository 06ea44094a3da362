"""The options of all commands that run cells: where these run, where they are recorded, and with which plugins."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ..running.cell_limits import NO_LIMITS, CellLimits
from .console import DeviceOption, PluginOption, StoreOption
from .executor_options import EXECUTOR_OPTIONS, ExecutorOptions, given_executor
from .further_options import show_options

if TYPE_CHECKING:
    from .json_log import JsonLog

AgainOption = Annotated[
    bool, typer.Option("--again", help="Run cells that are settled, too; the newest result counts.")
]
CellTimeoutOption = Annotated[
    str | None,
    typer.Option(
        "--cell-timeout",
        help="Most time an attempt at a cell may take, with preparing, such as 90s, 30m or 2h. It is then recorded as "
        "timed out, and the same command tries it again, its fit from the last checkpoint. [no limit]",
    ),
]
CellMemoryOption = Annotated[
    str | None,
    typer.Option(
        "--cell-memory",
        help="Most memory of a cell's process with all that it starts, such as 8GB. A cell over it is ended and "
        "recorded as over its memory limit; the same command tries it again. GPU memory is not counted. [no limit]",
    ),
]
LogOption = Annotated[
    Literal["lines", "json"],
    typer.Option("--log", help="Progress as bars and lines, or as one JSON object a line on standard error."),
]
WeightsOption = Annotated[
    Literal["random"] | None,
    typer.Option(help="`random`: the shapes of a suite file on generated data, for memory and speed alone."),
]
PARAMETER = "cells"
"""The parameter of a command that these options become."""


@dataclass(frozen=True)
class CellOptions:
    """What was given for `--device`, `--store`, `--plugin`, `--again`, `--log`, limits and executors."""

    device: str
    """`auto`, or devices separated by commas."""
    store: str | None
    """The store's folder or address; None stands for FRONTRUNNER_STORE, else ./mlruns."""
    plugins: tuple[str, ...]
    """Files that have been loaded, and that workers load too."""
    again: bool = False
    """Whether to run cells that are settled, too."""
    limits: CellLimits = NO_LIMITS
    """What one attempt at a cell may take."""
    executor: ExecutorOptions = field(default_factory=ExecutorOptions)
    """What runs the cells."""
    log: JsonLog | None = None
    """Where progress is written as JSON; None where people are shown it."""


def with_cell_options(*, again: bool = False) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of `CellOptions`, which it takes as one of them, called `cells`.

    Limits and the executor's options are read first, then plugins are loaded before the command begins.

    Args:
        again: whether the command has `--again`, too.
    """
    shared = (
        ("device", "auto", DeviceOption),
        ("store", None, StoreOption),
        ("plugin", None, PluginOption),
        ("cell_timeout", None, CellTimeoutOption),
        ("cell_memory", None, CellMemoryOption),
        ("log", "lines", LogOption),
        *([("again", False, AgainOption)] if again else []),
        *EXECUTOR_OPTIONS,
    )

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def wrapped(
            *, device: str = "auto", store: str | None = None, plugin: list[str] | None = None, **given: Any
        ) -> None:
            with _log_of(given.pop("log", "lines"), command.__name__) as log:
                limits = CellLimits.parse(given.pop("cell_timeout", None), given.pop("cell_memory", None))
                executor = given_executor(given)
                if plugin:
                    from ..cells.plugins import load_plugins  # imports torch

                    load_plugins(plugin)
                chosen = CellOptions(
                    device,
                    store,
                    tuple(plugin or ()),
                    again=given.pop("again", False),
                    limits=limits,
                    executor=executor,
                    log=log,
                )
                command(**given, **{PARAMETER: chosen})

        show_options(wrapped, command, PARAMETER, shared)
        return wrapped

    return decorate


def _log_of(kind: str, command: str) -> contextlib.AbstractContextManager[JsonLog | None]:
    """Return a context in which a command's progress is logged, as far as a program is to read it."""
    if kind != "json":
        return contextlib.nullcontext()
    from .json_log import logged_as_json

    return logged_as_json(command)
