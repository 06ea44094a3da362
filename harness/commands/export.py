"""`frontrunner export`: plain models of one run, a folder each, as their library and others load them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..exporting.export_options import ExportOptions
from .console import PluginOption, RunArgument, StoreOption, say, store_to_read
from .export_options import with_export_options


@with_export_options
def export(
    run: RunArgument,
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder to write: empty, or not there yet.")],
    preference: Annotated[
        list[str] | None,
        typer.Option(help="One weight per task, summing to 1: digits=0.3,fashion=0.7; repeatable."),
    ] = None,
    preferences: Annotated[
        str | None,
        typer.Option(
            help="Several models: grid:11 (points on an edge of the simplex), recorded (those of the run's front), or "
            "a CSV file with a column a task."
        ),
    ] = None,
    *,
    options: ExportOptions,
    store: StoreOption = None,
    plugin: PluginOption = None,
) -> None:
    """Write the plain models that a run's Pareto set gives for preferences, each with its heads and a model card."""
    from ..cells.plugins import load_plugins
    from ..exporting.export_model import export_model, export_models
    from .preference_list import read_preferences

    load_plugins(plugin or [])
    found = store_to_read(store).find(run)
    wanted, several = read_preferences(preference or [], preferences, found)
    if several:
        (index,) = export_models(found, wanted, output, options)
        say(f"wrote {len(wanted)} models, listed in {index}")
        return
    written = export_model(found, wanted[0], output, options=options)
    for path in written:
        say(f"wrote {path}")
    folders = [path for path in written if path.is_dir()]
    if folders and options.head is None:
        say(
            f"{folders[0].name} has no head, so it gives features and no classes; --head TASK writes one in "
            f"(tasks: {', '.join(found.cell.tasks)})"
        )
