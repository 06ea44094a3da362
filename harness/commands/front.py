"""`frontrunner front`: one run's front as a table and as a drawing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .console import RunArgument, StoreOption, open_console, say, store_to_read


def front(
    run: RunArgument,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Also draw the front, to a .pdf, .svg, .png or .html file.")
    ] = None,
    store: StoreOption = None,
) -> None:
    """Show one run's front, answer by answer."""
    print_front(run, store, output)


def print_front(run_id: str, store: str | None, output: Path | None = None) -> None:
    """Print the front of a finished run, and draw it where `output` names a file.

    Args:
        run_id: the beginning of a run id.
        store: the store's folder as it was given on the command line.
        output: a .pdf, .svg, .png or .html file.

    Raises:
        StoreError: there is no store.
        UnknownNameError: no finished run begins so.
        ConfigError: several runs begin so, or `output` is of another kind.
    """
    from ..reports.front_view import draw, require_drawable, view

    if output is not None:
        require_drawable(output)
    attempt = store_to_read(store).find(run_id)
    open_console().print(view(attempt))
    if output is not None:
        draw(attempt, output)
        say(f"wrote {output}")
