"""`frontrunner suite`: check a suite file, write a first one, make an example."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.markup import escape

from ...errors import ConfigError
from ...one_line import as_one_line
from .console import open_console, program

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode="rich")
Format = Literal["table", "md", "csv", "json"]
LEAST_EXAMPLES = 2


@app.callback()
def suite() -> None:
    """Suites of your own models and data, each in one YAML file: check it, write a first one, make an example."""


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="The suite file.")],
    split: Annotated[Literal["train", "val", "test"], typer.Option(help="The split that errors are measured on.")] = (
        "test"
    ),
    examples: Annotated[
        int | None, typer.Option(help="The most examples of a task that errors are measured on; all when absent.")
    ] = None,
    format_: Annotated[Format, typer.Option("--format", help="The format to print the errors in.")] = "table",
) -> None:
    """Look for everything that is wrong with a suite file, then show the error of every expert on every task."""
    from ...tasks.suite_file.inspection import inspect_suite_file
    from ...tasks.suite_file.models_held_up import hold_up
    from .checked_suite import as_text, print_findings
    from .single_activity import showing

    if examples is not None and examples < LEAST_EXAMPLES:
        raise ConfigError(f"--examples is {LEAST_EXAMPLES} or more, found {examples}")
    with showing() as progress:
        inspection = inspect_suite_file(file, progress)
        _require_sound(file, inspection.problems)
        found = hold_up(inspection, split, examples, progress)
    if format_ == "table":
        print_findings(open_console(), inspection, found)
    else:
        sys.stdout.write(as_text(format_, inspection, found) + "\n")
        for warning in found.warnings:
            sys.stderr.write(f"warning: {as_one_line(warning)}\n")


def _require_sound(file: Path, problems: list[str]) -> None:
    """Raise ConfigError where a suite file has problems; where there are several, all are printed first."""
    if len(problems) > 1:
        console = open_console()
        for problem in problems:
            console.print(f"[red]✗[/] {escape(problem)}", highlight=False, soft_wrap=True)
        raise ConfigError(f"{file} has {len(problems)} problems; mend them and check it again")
    if problems:
        named = problems[0] if problems[0].startswith((str(file), str(file.resolve()))) else f"{file}: {problems[0]}"
        raise ConfigError(named)


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
    console = open_console()
    lines = "1 line in it is" if to_decide == 1 else f"{to_decide} lines in it are"
    decide = f"{lines} for you to decide; then check it" if to_decide else "check it"
    console.print(
        f"wrote {file}; {decide}:\n  {program()} suite check {file}", highlight=False, soft_wrap=True, markup=False
    )


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
    open_console().print(
        f"wrote {folder}: weights/ and data/. Look next:\n"
        f"  {program()} suite new {folder}\n  {program()} suite check {folder / 'suite.yaml'}\n"
        f"  {program()} run pwe-moe-ls {folder / 'suite.yaml'}",
        highlight=False,
        soft_wrap=True,
        markup=False,
    )
