"""What all commands share: options, the terminal, where the store is."""

from __future__ import annotations

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


def open_console() -> Console:
    """The terminal's width; where there is none (a pipe, a log), wide enough for a leaderboard."""
    console = Console()
    return console if console.is_terminal else Console(width=180)


def folder_of(store: str | None) -> Path:
    """The store's: as given, else FRONTRUNNER_STORE, else ./mlruns."""
    from .store import store_folder

    return store_folder(store)
