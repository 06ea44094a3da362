"""What all commands share: arguments and options, the terminal, and where the store is."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from ...errors import ConfigError
from ..records.database_lock import say_on_standard_error

if TYPE_CHECKING:
    from ..records.open_store import StorePlace
    from ..records.store import Store

RunArgument = Annotated[
    str, typer.Argument(help="The beginning of a run id, the last column of `frontrunner leaderboard`.")
]
StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        help="The folder of the MLflow store, or the address of an MLflow server [FRONTRUNNER_STORE or ./mlruns].",
    ),
]
PluginOption = Annotated[
    list[str] | None,
    typer.Option(
        "--plugin",
        help="A Python file that defines learners, suites or indicators of your own, or a suite file; repeatable.",
    ),
]
DeviceOption = Annotated[
    str,
    typer.Option(
        "--device", help="Devices to run on: auto (every CUDA device, else the CPU), or a list: cuda:0,cuda:1."
    ),
]

WIDE = 240
"""Columns of an output that is no terminal: enough for a leaderboard."""


NARROW = 20
"""Least columns that are believed of COLUMNS."""


class PipedConsole(Console):
    """A console whose reader may go away, as `head` does; rich would end the process as if a plugin had."""

    def on_broken_pipe(self) -> None:
        """Raise the BrokenPipeError that rich has caught."""
        self.quiet = True
        raise BrokenPipeError


def open_console(*, stderr: bool = False) -> Console:
    """Return a console as wide as the terminal; in a pipe or a log COLUMNS wide, else `WIDE`.

    In a pipe or a log nothing is drawn over, even where FORCE_COLOR asks for colours.
    """
    stream = sys.stderr if stderr else sys.stdout
    if stream.isatty():
        return Console(stderr=stderr)
    columns = os.environ.get("COLUMNS", "")
    width = max(int(columns), NARROW) if columns.isdecimal() else WIDE
    # The height, else a dumb terminal has 80 columns; a notebook shows lines, which its cells' threads print as well.
    return PipedConsole(stderr=stderr, width=width, height=25, force_interactive=False, force_jupyter=False)


def say(text: str) -> None:
    """Print a text on standard output as it is: not folded, not coloured, and with brackets that are no markup."""
    open_console().print(text, highlight=False, markup=False, soft_wrap=True)


def require_one_format(format_: str, output: Path) -> None:
    """Raise ConfigError where --format asks for another one than the ending of --output names."""
    if format_ not in ("table", output.suffix.removeprefix(".")):
        raise ConfigError(f"--format {format_} and --output {output} say different things; drop --format")


def store_option(store: str | None) -> str:
    """Return the option of a proposed command that names the same store, for the shell; empty where none was given."""
    return f" --store {shlex.quote(store)}" if store else ""


@contextlib.contextmanager
def busy(sentence: str) -> Iterator[None]:
    """Show on the terminal what a command is doing, until the context ends."""
    console = open_console(stderr=True)
    with console.status(sentence) if console.is_interactive else contextlib.nullcontext():
        yield


def program() -> str:
    """Return how to start Frontrunner again, for proposed commands: `frontrunner` where the shell finds it."""
    if shutil.which("frontrunner"):
        return "frontrunner"
    started = Path(sys.argv[0])
    return "python -m frontrunner" if started.name == "__main__.py" else os.path.relpath(started)


def place_of(store: str | None) -> StorePlace:
    """Return the store's folder or address: what is given, else FRONTRUNNER_STORE, else ./mlruns."""
    from ..records.open_store import store_place

    return store_place(store)


def folder_of(store: str | None) -> Path:
    """Return the store's folder, for what only a folder has.

    Raises:
        ConfigError: the store is behind the address of a server.
    """
    place = place_of(store)
    if not isinstance(place, Path):
        raise ConfigError(f"this works on the folder of a store, found the MLflow server {place}; give --store FOLDER")
    return place


def store_to_read(store: str | None) -> Store:
    """Return the store that is given on the command line; raise StoreError where there is none."""
    from ..records.open_store import open_store

    return open_store(place_of(store), create=False)


def store_to_write(place: StorePlace) -> Store:
    """Return the store in a place, made in a folder without one; say so where it was mended since it was moved."""
    from ..records.open_store import open_store

    opened = open_store(place, create=True)
    say_mended(opened)
    return opened


def say_mended(opened: Store) -> None:
    """Print a note where MLflow's addresses of the store's files named another folder and have been mended."""
    if opened.mended_from is not None:
        say_on_standard_error(
            f"the store was in {opened.mended_from} before; the addresses of its files were mended for MLflow"
        )
