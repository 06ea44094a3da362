"""The command line, with tuning: the entry point of `frontrunner`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..harness.commands import cli
from ..harness.commands.console import DeviceOption, PluginOption, StoreOption, folder_of, open_console

main = cli.main


def tune(
    file: Annotated[Path, typer.Argument(help="A YAML file; see studies/router.yaml.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Also write the tables, to a .md file.")] = None,
    storage: Annotated[
        str | None,
        typer.Option(help="Optuna's storage, as a database URL that other machines may share [SQLite in the store]."),
    ] = None,
    device: DeviceOption = "auto",
    store: StoreOption = None,
    plugin: PluginOption = None,
) -> None:
    """Tune learners with Optuna on the validation split, then hold what was found against the defaults on test.

    The same command continues an interrupted study; started several times at once, its processes share the trials.
    """
    from ..harness.cells.plugins import load_plugins
    from .command import run_file

    load_plugins(plugin or [])
    run_file(
        file,
        folder_of(store),
        open_console(),
        device=device,
        storage=storage,
        plugins=plugin or [],
        output=output,
    )


cli.app.command()(tune)
cli.app.registered_commands.insert(3, cli.app.registered_commands.pop())  # beside `bench` in the help
