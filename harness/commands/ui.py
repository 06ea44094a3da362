"""`frontrunner ui`: MLflow's user interface on the store."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from .console import StoreOption, folder_of, open_console


def ui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port of this machine to listen on.")] = 5000,
    store: StoreOption = None,
) -> None:
    """Serve the store with MLflow's UI, and print the addresses of every suite's runs and charts."""
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
