"""`frontrunner status`: what runs in a store at this moment, and how far the last benches and studies have come."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ...errors import ServerAwayError, StoreError
from ..records.database_lock import say_on_standard_error
from .console import StoreOption, open_console, place_of, say

if TYPE_CHECKING:
    from ..records.parent_progress import ParentProgress
    from ..records.running_commands import FoundCommand
    from ..records.store import Store

LONGEST_WAIT_S = 3.0
"""Seconds to wait for a locked database or an absent server: this command is to answer at once."""


def status(
    format_: Annotated[Literal["table", "json"], typer.Option("--format", help="The format to print.")] = "table",
    last: Annotated[int, typer.Option(help="How many of the last benches and studies to show.", min=0)] = 3,
    store: StoreOption = None,
) -> None:
    """Show which cells run where and since when, how much is left, and how the last benches and studies stand."""
    from ..records.open_store import open_store, own_folder
    from ..records.parent_progress import last_parents
    from ..records.running_commands import as_json, running_commands

    place = place_of(store)
    commands, now = running_commands(own_folder(place)), time.time()
    parents: list[ParentProgress] = []
    try:
        opened: Store | None = open_store(place, create=False, limit_s=LONGEST_WAIT_S)
    except ServerAwayError as error:  # what runs is told by files
        say_on_standard_error(str(error))
        opened = None
    if opened is not None:
        try:
            parents = last_parents(opened, last)
        except StoreError as error:
            say_on_standard_error(str(error))
    if format_ == "json":
        found = {
            "store": str(place),
            "commands": [as_json(command, now) for command in commands],
            "recorded": [parent.as_json() for parent in parents],
        }
        sys.stdout.write(json.dumps(found, indent=1) + "\n")
        return
    _print(commands, parents, now)


def _print(commands: list[FoundCommand], parents: list[ParentProgress], now: float) -> None:
    from .status_lines import command_lines, parent_line

    console = open_console()
    if not any(command.alive for command in commands):
        console.print("No command runs cells of this store on this machine at the moment.")
    for command in commands:
        for line in command_lines(command, now):
            say(line)
    if parents:
        console.print("[bold]recorded[/]")
    for parent in parents:
        say(parent_line(parent))
