"""How the scripts of these suites end where something is wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from ...errors import FrontrunnerError
from ...one_line import as_one_line


@contextmanager
def ends_in_one_sentence() -> Iterator[None]:
    """End the program with status 1 and one sentence on standard error where Frontrunner raises an error."""
    try:
        yield
    except FrontrunnerError as error:
        typer.echo(f"error: {as_one_line(str(error))}", err=True)
        sys.exit(1)
