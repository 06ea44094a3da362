"""What all commands share: arguments and options, the terminal, and where the store is."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

RunArgument = Annotated[
    str, typer.Argument(help="The beginning of a run id, the last column of `frontrunner leaderboard`.")
]
StoreOption = Annotated[
    str | None, typer.Option("--store", help="The folder of the MLflow store [FRONTRUNNER_STORE or ./mlruns].")
]
PluginOption = Annotated[
    list[str] | None,
    typer.Option("--plugin", help="A Python file that defines learners, suites or indicators of your own; repeatable."),
]
DeviceOption = Annotated[
    str,
    typer.Option(
        "--device", help="Devices to run on: auto (every CUDA device, else the CPU), or a list: cuda:0,cuda:1."
    ),
]

WIDE = 240
"""Columns of an output that is no terminal: enough for a leaderboard."""


def open_console() -> Console:
    """Return a console as wide as the terminal; in a pipe or a log COLUMNS wide, else `WIDE`."""
    console = Console()
    return console if console.is_terminal or "COLUMNS" in os.environ else Console(width=WIDE)


def program() -> str:
    """Return how to start Frontrunner again, for proposed commands: `frontrunner` where the shell finds it."""
    if shutil.which("frontrunner"):
        return "frontrunner"
    started = Path(sys.argv[0])
    return "python -m frontrunner" if started.name == "__main__.py" else os.path.relpath(started)


def folder_of(store: str | None) -> Path:
    """Return the store's folder: the one that is given, else FRONTRUNNER_STORE, else ./mlruns."""
    from ..records.store import store_folder

    return store_folder(store)
