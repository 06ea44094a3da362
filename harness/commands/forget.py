"""`frontrunner forget`: clear what was mistyped or failed from the leaderboard; it can be undone."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ...errors import ConfigError
from .console import StoreOption, program, say, store_option, store_to_read, store_to_write


def forget(
    runs: Annotated[
        list[str],
        typer.Argument(help="Beginnings of run ids, the last column of `frontrunner leaderboard`, failed ones too."),
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Restore what was forgotten.")] = False,
    store: StoreOption = None,
) -> None:
    """Take cells off the leaderboard, with every attempt at them; `--undo` brings them back."""
    from ..records import forgetting

    opened = store_to_read(store)
    if undo:
        restored = forgetting.remember(store_to_write(opened.place), runs)
        say(f"restored: {', '.join(run[:8] for run in restored)}")
        return
    found = forgetting.find_to_forget(opened, runs)
    for one in found:
        say(one.told)
    if not yes and not _agreed():
        say("Nothing was forgotten.")
        return
    forgetting.forget(store_to_write(opened.place), found)
    names = " ".join(one.attempts[-1].run_id[:8] for one in found)
    say(
        f"Forgotten: deleted in MLflow, which keeps runs until `mlflow gc`. To bring them back:\n"
        f"  {program()} forget --undo {names}{store_option(store)}"
    )


def _agreed() -> bool:
    """Ask on the terminal whether to go on.

    Raises:
        ConfigError: nobody can be asked.
    """
    if not sys.stdin.isatty():
        raise ConfigError("whether to forget these is asked on a terminal; without one, give --yes")
    return typer.confirm("Forget them?")
