"""The options of `frontrunner export` that say how models are written."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Annotated, Any

import typer

from ..exporting.export_options import ExportOptions
from .further_options import show_options

FormatOption = Annotated[
    str | None,
    typer.Option(
        help="state-dict, or the library that the suite's architecture comes from: open_clip, transformers, timm, "
        "torchvision, python; a state dict with the library's folder in it when absent."
    ),
]
HeadOption = Annotated[
    str | None, typer.Option(help="The task whose head the library's model gets; all lie beside it anyway.")
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace an export that is there already.")]
NoMeasureOption = Annotated[
    bool, typer.Option("--no-measure", help="Do not evaluate models whose errors the run has not recorded.")
]
_PARAMETER = "options"
"""The parameter of a command that these options become."""


def with_export_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command `--format`, `--head`, `--force` and `--no-measure`, which it takes as one `ExportOptions`."""

    @functools.wraps(command)
    def wrapped(
        *,
        format: str | None = None,
        head: str | None = None,
        force: bool = False,
        no_measure: bool = False,
        **given: Any,
    ) -> None:
        command(**given, **{_PARAMETER: ExportOptions(format, head, force, measure=not no_measure)})

    options = (
        ("format", None, FormatOption),
        ("head", None, HeadOption),
        ("force", False, ForceOption),
        ("no_measure", False, NoMeasureOption),
    )
    show_options(wrapped, command, _PARAMETER, options)
    return wrapped
