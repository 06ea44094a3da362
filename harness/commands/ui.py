"""`frontrunner ui`: MLflow's user interface on the store."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ..records.database_lock import say_on_standard_error
from .console import StoreOption, open_console, say, say_mended, store_to_read

if TYPE_CHECKING:
    from ..records.store import Store


def ui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port of this machine to listen on.")] = 5000,
    host: Annotated[
        str, typer.Option(help="The address of this machine to listen on; 0.0.0.0 lets other machines in.")
    ] = "127.0.0.1",
    store: StoreOption = None,
) -> None:
    """Serve the store with MLflow's UI, and print the addresses of every suite's runs and charts.

    Of a store on a server, the addresses are the server's, and nothing is started.
    """
    from ..records.server_address import ServerAddress
    from .ui_address import is_local, require_free, server_at

    opened = store_to_read(store)
    console = open_console()
    if isinstance(opened.place, ServerAddress):
        _print_views(opened, opened.place.url)
        return
    require_free(host, port)
    _print_views(opened, server_at(host, port))
    if not is_local(host):
        say_on_standard_error(
            f"who can reach port {port} of this machine at {host} can read, change and delete what the store holds"
        )
    console.print("Starting takes some seconds; Ctrl-C ends it.")
    sys.stdout.flush()
    command = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", opened.uri]
    quiet = os.environ | {"PYTHONWARNINGS": "ignore"}  # the server's own, about its dependencies
    os.execve(sys.executable, [*command, "--host", host, "--port", str(port)], quiet)


def _print_views(opened: Store, server: str) -> None:
    """Print the address of the server, and those of every suite's runs and charts there."""
    from ..records.mlflow_views import LEARNERS, RUNS
    from .ui_address import view_at

    lines = [f"MLflow  {server}/"]
    for experiment_id, name in _experiments(opened):
        runs = view_at(server, experiment_id, RUNS)
        charts = view_at(server, experiment_id, LEARNERS, charts=True)
        lines.append(f"{name}\n  runs, best first    {runs}\n  learners in charts  {charts}")
    say("\n".join(lines))


def _experiments(opened: Store) -> list[tuple[str, str]]:
    """Return (id, name) of every suite's experiment, after what MLflow needs to show them has been mended.

    Where the store cannot be written, what it will not show is said instead.
    """
    if opened.writable:
        if opened.place == opened.folder:
            opened.repair()
        say_mended(opened)
        return [(one.experiment_id, one.name) for one in opened.experiments()]
    before = opened.moved_from()
    if before is not None:
        say_on_standard_error(
            f"the store cannot be written, and MLflow looks for its files in {before}: it shows no pictures; mount the "
            f"store there, or run `frontrunner store repair` on a copy"
        )
    return [(one.experiment_id, one.name) for one in opened.experiments_recorded() if not one.deleted]
