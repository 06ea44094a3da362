"""The command line. Everything heavy is imported inside the command that needs it: `--help` is instant."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from ...errors import ConfigError, FrontrunnerError
from . import leaderboard as leaderboard_cli
from .console import DeviceOption, PluginOption, StoreOption, folder_of, open_console, program

if TYPE_CHECKING:
    from ..cells.bench_file import BenchSpec
    from ..running.settle import SettledCell

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="Benchmark Pareto-set learners: run methods on task suites, record in MLflow, rank by hypervolume.",
)


@app.command("list")
def list_(plugin: PluginOption = None) -> None:
    """Methods with their options, and suites with their tasks."""
    from ..cells.plugins import load_plugins
    from .listing import listing

    load_plugins(plugin or [])
    open_console().print(listing())


@app.command()
def run(
    method: Annotated[str, typer.Argument(help="A method, see `frontrunner list`.")],
    suite: Annotated[str, typer.Argument(help="A suite, see `frontrunner list`.")],
    tasks: Annotated[str | None, typer.Option(help="Tasks of the suite, comma-separated; all when absent.")] = None,
    seed: Annotated[int, typer.Option(help="Decides experts, learner and all else that is random.")] = 0,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="An option of the method, key=value; repeatable.")
    ] = None,
    points_per_edge: Annotated[
        int | None, typer.Option(help="Of the preference grid; a few dozen preferences when absent.")
    ] = None,
    device: DeviceOption = "auto",
    store: StoreOption = None,
    plugin: PluginOption = None,
) -> None:
    """Run one method on one suite; what has finished before is not run again."""
    from ..cells.bench_file import BenchSpec, LearnerSpec, SuiteSpec
    from ..cells.plugins import load_plugins
    from .key_values import read_pairs
    from .verdict import require_finished

    load_plugins(plugin or [])
    spec = BenchSpec(
        name=f"{method} on {suite}",
        suites=[SuiteSpec(name=suite, tasks=_split(tasks), points_per_edge=points_per_edge)],
        learners=[LearnerSpec(method=method, options=read_pairs("--set", set_ or []))],
        seeds=[seed],
    )
    (outcome,) = _bench(spec, device, store, plugin or [])
    require_finished(outcome)
    _print_front(outcome.run_id, store)


@app.command()
def bench(
    file: Annotated[Path, typer.Argument(help="A YAML file; see studies/quickstart.yaml.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Also write the leaderboard, to a .md, .csv, .json or .html file."),
    ] = None,
    device: DeviceOption = "auto",
    store: StoreOption = None,
    plugin: PluginOption = None,
) -> None:
    """Run every cell of a file that is not settled, then print the leaderboard."""
    from ..board.leaderboard import leaderboards
    from ..board.overall_ranking import overall_ranking
    from ..cells.bench_file import read_bench
    from ..cells.plugins import load_plugins
    from ..records.store import Store
    from ..reports.report import check_report, write_report
    from .verdict import require_settled, summary

    load_plugins(plugin or [])
    if output is not None:
        check_report(output)
    spec = read_bench(file)
    outcomes = _bench(spec, device, store, plugin or [])
    opened, groups = Store(folder_of(store), create=False), {outcome.cell.group for outcome in outcomes}
    boards = [board for board in leaderboards(opened) if board.name in groups]
    overall = overall_ranking(boards)
    leaderboard_cli.print_boards(boards, overall)
    if output is not None:
        made_by = f"frontrunner bench {file} --output {output}"
        write_report(output, boards, overall, opened, title=spec.name, made_by=made_by)
    best = boards[0].rows[0].run_ids if boards else []
    console = open_console()
    option = f" --store {store}" if store else ""
    proposed = {
        f"front {best[0][:8] if best else 'RUN'}{option}": "the front of a run, here the best",
        f"leaderboard --format html{option}": "everything on one page",
        f"ui{option}": "every run, curve and plot in MLflow",
    }
    widest = max(map(len, proposed))
    console.print(
        f"\n{summary(outcomes)}.\nRecorded in {folder_of(store)}. Look next:\n"
        + "\n".join(f"  {program()} {command:{widest}}    {what}" for command, what in proposed.items()),
        highlight=False,
        soft_wrap=True,
    )
    require_settled(outcomes)


app.add_typer(leaderboard_cli.app, name="leaderboard")


@app.command()
def front(
    run: Annotated[str, typer.Argument(help="The beginning of a run id, see `frontrunner leaderboard --format json`.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Draw it to a .png or .html file.")] = None,
    store: StoreOption = None,
) -> None:
    """Show one run's front."""
    _print_front(run, store, output)


@app.command()
def export(
    run: Annotated[str, typer.Argument(help="The beginning of a run id.")],
    preference: Annotated[str, typer.Option(help="One weight a task, summing to 1: digits=0.3,fashion=0.7.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for model.safetensors and model.json.")],
    store: StoreOption = None,
    plugin: PluginOption = None,
) -> None:
    """Write the plain model that a run's Pareto set gives for one preference."""
    from ..cells.plugins import load_plugins
    from ..records.store import Store
    from ..running.export_model import export_model
    from .key_values import read_weights

    load_plugins(plugin or [])
    written = export_model(Store(folder_of(store), create=False).find(run), read_weights(preference), output)
    open_console().print(f"wrote {written}", highlight=False, soft_wrap=True)


@app.command()
def ui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where to listen on this machine.")] = 5000,
    store: StoreOption = None,
) -> None:
    """Open the MLflow UI on the store; prints the addresses of every suite's runs and charts."""
    import os

    from ..records.mlflow_views import LEARNERS, RUNS, require_free, view_address
    from ..records.store import Store

    opened = Store(folder_of(store), create=False)
    require_free(port)
    console = open_console()
    for experiment in opened.experiments():
        runs = view_address(port, experiment.experiment_id, RUNS)
        charts = view_address(port, experiment.experiment_id, LEARNERS, charts=True)
        lines = f"{experiment.name}\n  runs, best first    {runs}\n  learners in charts  {charts}"
        console.print(lines, highlight=False, soft_wrap=True, markup=False)
    console.print("Starting takes some seconds; Ctrl-C ends it.")
    os.environ["PYTHONWARNINGS"] = "ignore"  # the server's own, about its dependencies
    command = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", opened.uri, "--port", str(port)]
    os.execv(sys.executable, command)


@app.command()
def doctor(store: StoreOption = None) -> None:
    """Check environment, devices, caches and store."""
    from .doctor import findings

    console = open_console()
    healthy = True
    for what, found, fine in findings(store):
        mark = "[green]✓[/]" if fine else "[red]✗[/]"
        console.print(f"{mark} {what:24s} {found}", highlight=False, soft_wrap=True)
        healthy &= fine
    if not healthy:
        raise ConfigError("something above is not as it should be")


def _bench(spec: BenchSpec, device: str, store: str | None, plugins: Sequence[str]) -> list[SettledCell]:
    from ..cells.environment import resolve_devices
    from ..records.store import Store
    from ..records.tuned import find_tuned_learners
    from ..reports.publish import run_and_publish_bench
    from .display import Display

    folder, devices = folder_of(store), resolve_devices(device)
    if any(learner.tuned for learner in spec.learners):
        spec = find_tuned_learners(spec, Store(folder, create=False) if (folder / "mlflow.db").exists() else None)
    n_cells = len(spec.cells())  # checked before there is a store
    with Display(open_console(), n_cells) as display:
        result = run_and_publish_bench(
            spec,
            Store(folder, create=True),
            devices=devices,
            plugins=[str(Path(file).resolve()) for file in plugins],
            listener=display,
        )
    for note in result.notes:
        open_console().print(f"note: {note}", highlight=False, soft_wrap=True, markup=False)
    return list(result.settled)


def _print_front(run_id: str, store: str | None, output: Path | None = None) -> None:
    from ..records.store import Store
    from ..reports.front_view import draw, view

    attempt = Store(folder_of(store), create=False).find(run_id)
    open_console().print(view(attempt))
    if output is not None:
        draw(attempt, output)
        open_console().print(f"wrote {output}", highlight=False, soft_wrap=True)


def _split(names: str | None) -> list[str] | None:
    return None if names is None else [name.strip() for name in names.split(",")]


def main() -> None:
    """Run the command line; errors are one sentence on standard error and exit status 1."""
    import signal

    for ending in ("SIGTERM", "SIGHUP"):  # to be ended is to be interrupted: what runs is closed first
        if hasattr(signal, ending):
            signal.signal(getattr(signal, ending), signal.default_int_handler)
    try:
        status = app(standalone_mode=False)
        if status == 130:  # typer's, for Ctrl-C
            raise KeyboardInterrupt
    except (typer.Abort, KeyboardInterrupt):
        _fail("interrupted; the same command continues where it stopped")
    except FrontrunnerError as error:
        _fail(str(error))
    except BrokenPipeError:
        sys.exit(1)  # the reader of our output has gone
    except Exception as error:
        # Usage errors; typer carries its own copy of click, whose exceptions have no public name
        if not hasattr(error, "format_message"):
            raise
        message = error.format_message()
        if not message:  # no command at all: the help has been printed
            sys.exit(0)
        _fail(message)
    sys.exit(status if isinstance(status, int) else 0)


def _fail(message: str) -> None:
    from rich.text import Text  # messages hold brackets that are no markup

    sentence = " ".join(message.split())  # what a library or a plugin said may hold line breaks
    Console(stderr=True).print(Text.assemble(("error: ", "bold red"), sentence), highlight=False, soft_wrap=True)
    sys.exit(1)
