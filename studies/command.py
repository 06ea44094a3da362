"""`frontrunner tune`: the studies of a file, then the test of what they found."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import ConfigError
from ..harness.commands.cell_options import CellOptions, with_cell_options
from ..harness.commands.console import open_console, place_of


@with_cell_options()
def tune(
    file: Annotated[Path, typer.Argument(help="A YAML file of a tuning, such as studies/router.yaml.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Also write the tables, to a .md file.")] = None,
    storage: Annotated[
        str | None,
        typer.Option(help="A database URL for Optuna, which other machines may share [SQLite in the store]."),
    ] = None,
    *,
    cells: CellOptions,
) -> None:
    """Tune learners with Optuna on the validation split, then compare default and tuned configurations on test.

    The same command continues an interrupted study; started several times at once, its processes share the trials.
    """
    if cells.executor.executor == "slurm":
        raise ConfigError(
            "each trial of a study is chosen from the results of those before it, and would wait in Slurm's queue; "
            "submit `frontrunner tune` itself as jobs that share the trials through --storage"
        )
    from .run_file import run_file

    run_file(
        file,
        place_of(cells.store),
        open_console(),
        cells=cells,
        storage=storage,
        output=output,
    )
