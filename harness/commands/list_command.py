"""`frontrunner list`: methods, suites and indicators at a glance, or one of them in full."""

from __future__ import annotations

from typing import Annotated

import typer

from .console import PluginOption, open_console


def list_command(
    name: Annotated[
        str | None, typer.Argument(help="A method, suite, suite file or indicator to show in full; all when absent.")
    ] = None,
    plugin: PluginOption = None,
) -> None:
    """List methods, suites and indicators; with a name, show its options, its tasks and budget, or its direction."""
    from ..cells.plugins import load_plugins
    from ..cells.suite_files import suite_name
    from .listing import entry, overview

    load_plugins(plugin or [])
    console = open_console()
    console.print(overview() if name is None else entry(suite_name(name), width=console.width))
