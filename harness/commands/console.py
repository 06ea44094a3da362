"""What all commands share: options, the terminal, where the store is."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

StoreOption = Annotated[
    str | None, typer.Option("--store", help="Folder of the MLflow store [FRONTRUNNER_STORE or ./mlruns].")
]
PluginOption = Annotated[
    list[str] | None,
    typer.Option("--plugin", help="A Python file with learners or suites of yours; repeatable."),
]
DeviceOption = Annotated[
    str, typer.Option("--device", help="auto (every CUDA device, else the CPU), or a list: cuda:0,cuda:1.")
]

WIDE = 240


def open_console() -> Console:
    """The terminal's width; where there is none (a pipe, a log), COLUMNS, else wide enough for a leaderboard."""
    console = Console()
    return console if console.is_terminal or "COLUMNS" in os.environ else Console(width=WIDE)


def program() -> str:
    """How this command was started, for commands that are proposed: `frontrunner` where the shell finds it."""
    if shutil.which("frontrunner"):
        return "frontrunner"
    started = Path(sys.argv[0])
    return "python -m frontrunner" if started.name == "__main__.py" else os.path.relpath(started)


def folder_of(store: str | None) -> Path:
    """The store's: as given, else FRONTRUNNER_STORE, else ./mlruns."""
    from ..records.store import store_folder

    return store_folder(store)
