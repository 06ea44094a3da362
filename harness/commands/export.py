"""`frontrunner export`: the plain model of one run for one preference."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .console import PluginOption, RunArgument, StoreOption, open_console, store_to_read


def export(
    run: RunArgument,
    preference: Annotated[str, typer.Option(help="One weight per task, summing to 1: digits=0.3,fashion=0.7.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The folder to write model.safetensors and model.json to.")
    ],
    head: Annotated[
        str | None, typer.Option(help="Of a suite file's run: the task whose head the library's model gets.")
    ] = None,
    store: StoreOption = None,
    plugin: PluginOption = None,
) -> None:
    """Write the plain model that a run's Pareto set gives for one preference."""
    from ..cells.plugins import load_plugins
    from ..running.export_model import export_model
    from .key_values import read_weights

    load_plugins(plugin or [])
    found = store_to_read(store).find(run)
    console = open_console()
    file, *folders = export_model(found, read_weights(preference), output, head=head)
    for written in (file, *folders):
        console.print(f"wrote {written}", highlight=False, soft_wrap=True)
    if folders and head is None:
        console.print(
            f"{folders[0].name} has no head, so it gives features and no classes; --head TASK writes one in "
            f"(tasks: {', '.join(found.cell.tasks)})",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
