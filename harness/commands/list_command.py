"""`frontrunner list`: methods and suites at a glance, or one of them in full."""

from __future__ import annotations

from typing import Annotated

import typer

from .console import PluginOption, open_console


def list_command(
    name: Annotated[
        str | None, typer.Argument(help="A method or suite to show in full; all at a glance when absent.")
    ] = None,
    plugin: PluginOption = None,
) -> None:
    """List methods and suites; with a name, show a method's options or a suite's tasks and budget."""
    from ..cells.plugins import load_plugins
    from .listing import entry, overview

    load_plugins(plugin or [])
    console = open_console()
    console.print(overview() if name is None else entry(name, width=console.width))
