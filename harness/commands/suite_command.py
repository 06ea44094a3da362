"""`frontrunner suite`: check a suite, write a first suite file, make an example."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from ...errors import ConfigError
from ...one_line import as_one_line
from .console import PluginOption, open_console, program, say

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode="rich")
Format = Literal["table", "md", "csv", "json"]
LEAST_EXAMPLES = 2


@app.callback()
def suite() -> None:
    """Suites of your own models and data, each in one YAML file: check it, write a first one, make an example."""


@app.command()
def check(
    suite: Annotated[
        str, typer.Argument(help="A suite file of your own (.yaml), or the name of a suite, see `frontrunner list`.")
    ],
    tasks: Annotated[str | None, typer.Option(help="Tasks of the suite, comma-separated; all when absent.")] = None,
    split: Annotated[Literal["train", "val", "test"], typer.Option(help="The split that errors are measured on.")] = (
        "test"
    ),
    examples: Annotated[
        int | None, typer.Option(help="The most examples of a task that errors are measured on; all when absent.")
    ] = None,
    device: Annotated[
        str, typer.Option("--device", help="The device to run on: auto (the first CUDA device, else the CPU), cuda:1.")
    ] = "auto",
    seed: Annotated[int, typer.Option(help="Seed of experts that the suite trains, and of which examples count.")] = 0,
    plugin: PluginOption = None,
    format_: Annotated[Format, typer.Option("--format", help="The format to print the errors in.")] = "table",
) -> None:
    """Look for everything that is wrong with a suite, then show the error of every expert on every task."""
    from ..cells.plugins import load_plugins
    from .checked_suite import as_text, print_findings
    from .measured_suite import measured_suite
    from .single_activity import showing

    if examples is not None and examples < LEAST_EXAMPLES:
        raise ConfigError(f"--examples is {LEAST_EXAMPLES} or more, found {examples}")
    load_plugins(plugin or [])
    chosen = None if tasks is None else [name.strip() for name in tasks.split(",")]
    with showing() as progress:
        found = measured_suite(suite, chosen, split, device=device, most=examples, seed=seed, progress=progress)
    if format_ == "table":
        print_findings(open_console(), found)
    else:
        sys.stdout.write(as_text(format_, found) + "\n")
        for warning in found.warnings:
            sys.stderr.write(f"warning: {as_one_line(warning)}\n")


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="The folder that holds weights and data.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write [FOLDER/suite.yaml]; never overwritten.")
    ] = None,
) -> None:
    """Write a first suite file from the weights and data in a folder, with comments where you must decide."""
    from ...tasks.suite_file.first_draft import draft_suite_file

    file = folder / "suite.yaml" if output is None else output
    to_decide = draft_suite_file(folder, file)
    lines = "1 line in it is" if to_decide == 1 else f"{to_decide} lines in it are"
    decide = f"{lines} for you to decide; then check it" if to_decide else "check it"
    say(f"wrote {file}; {decide}:\n  {program()} suite check {file}")


@app.command()
def example(
    folder: Annotated[Path, typer.Argument(help="The folder to write, which must not exist yet.")],
    kind: Annotated[
        Literal["images", "texts"], typer.Option(help="Vision transformers of timm, or GPT-2s of transformers.")
    ] = "images",
) -> None:
    """Make an example of models and data as people have them: a pre-trained model, four experts and their data."""
    from ...tasks.suite_file.example_folder import make_example
    from .single_activity import showing

    with showing() as progress:
        make_example(folder, kind, progress)
    say(
        f"wrote {folder}: weights/ and data/. Look next:\n"
        f"  {program()} suite new {folder}\n  {program()} suite check {folder / 'suite.yaml'}\n"
        f"  {program()} run pwe-moe-ls {folder / 'suite.yaml'}"
    )
