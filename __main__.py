"""The command line: every command of the harness, and `tune` of the studies.

This is where the app is put together, for `frontrunner` and `python -m frontrunner` alike. A command imports what is
heavy when it is called, so that `--help` is instant.
"""

from __future__ import annotations

import importlib.metadata
from typing import Annotated

import typer
from typer.core import TyperGroup

from .harness.commands import leaderboard, store_command, suite_command
from .harness.commands.bench import bench
from .harness.commands.doctor import doctor
from .harness.commands.estimate import estimate
from .harness.commands.export import export
from .harness.commands.forget import forget
from .harness.commands.front import front
from .harness.commands.launch import launch
from .harness.commands.list_command import list_command
from .harness.commands.run import run
from .harness.commands.status import status
from .harness.commands.ui import ui
from .studies.command import tune

ORDER = (
    "list", "estimate", "run", "bench", "tune", "status", "leaderboard", "front", "export", "forget", "suite", "store",
    "ui", "doctor",
)  # fmt: skip
"""The commands as the help shows them; typer alone would put those with commands of their own last."""


class _InOrder(TyperGroup):
    def list_commands(self, ctx: object) -> list[str]:  # noqa: ARG002 - typer passes its context
        """Return the names of all commands, in the order of the help."""
        return sorted(self.commands, key=ORDER.index)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"frontrunner {importlib.metadata.version('frontrunner')}")
        raise typer.Exit


def frontrunner(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Benchmark Pareto-set learners: run methods on task suites, record in MLflow, rank by hypervolume."""


app = typer.Typer(
    cls=_InOrder,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.callback()(frontrunner)
app.command("list")(list_command)
for command in (estimate, run, bench, tune, status, front, export, forget, ui, doctor):
    app.command()(command)
app.add_typer(leaderboard.app, name="leaderboard")
app.add_typer(store_command.app, name="store")
app.add_typer(suite_command.app, name="suite")


def main() -> None:
    """Run the command line; errors are one sentence on standard error and exit status 1."""
    launch(app)


if __name__ == "__main__":
    main()
