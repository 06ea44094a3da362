"""Workers and commands killed at random moments: every cell is recorded once, with its undisturbed front."""

import contextlib
import dataclasses
import os
import random
import time

import psutil
import pyarrow.parquet as pq
import pytest
import yaml
from engines import standing_ray
from one_machine_slurm import MISSING, one_machine_slurm
from processes import workers_of

from frontrunner.harness.records.store import Store

CASES = {"local": (200, 20), "ray": (200, 20), "slurm": (24, 4)}
"""Cells and kills; a job of Slurm takes as long to start as ten cells."""
FIRST_MOMENT_S = (4.0, 14.0)
"""When the first kill comes after a command has started, which takes some seconds itself."""
NEXT_MOMENT_S = (0.2, 4.0)
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


@contextlib.contextmanager
def options_of(engine, command, folder):
    """The options that choose an engine, which runs as long as the context."""
    if engine == "ray":
        pytest.importorskip("ray")
        with standing_ray(command.environment) as address:
            yield ["--executor", "ray", "--ray-address", address], {}
    elif engine == "slurm":
        pytest.importorskip("submitit")
        if MISSING:
            pytest.skip(f"no Slurm can be started here: {MISSING}")
        with one_machine_slurm(folder) as environment:
            yield ["--executor", "slurm"], environment
    else:
        yield ["--device", "cpu,cpu"], {}


def victims(engine, process, folder):
    """Processes that run cells: the workers of the command, or those in which the engine has started them."""
    if engine == "local":
        return workers_of(psutil.Process(process.pid))
    found = []
    for other in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            line = " ".join(other.cmdline())
            of_ray = line.startswith("ray::") and " on merging-toy" in line
            if of_ray or ("submitit.core._submit" in line and str(folder) in line):
                found.append(other)
    return found


def disturbed(engine, start, folder, n_kills, rng):
    """Run the command again and again until it has finished, and kill it or a worker so often; the number of runs."""
    n_runs, most = 0, 10 * n_kills
    while True:
        n_runs += 1
        assert n_runs < most
        process = start()
        try:
            moment = time.monotonic() + rng.uniform(*FIRST_MOMENT_S)
            while process.poll() is None:
                time.sleep(0.05)
                if n_kills == 0 or time.monotonic() < moment:
                    continue
                whom = [] if rng.random() < 0.5 else victims(engine, process, folder)
                with contextlib.suppress(psutil.NoSuchProcess):
                    (rng.choice(whom) if whom else process).kill()
                    n_kills -= 1
                moment = time.monotonic() + rng.uniform(*NEXT_MOMENT_S)
            if process.returncode == 0:
                return n_runs
        finally:
            process.kill()
            process.wait()


def fronts(store):
    """Key of a cell -> the bytes of every number of its front; a cell that was recorded twice is an error."""
    found = {}
    for attempt in Store(store, create=False).attempts():
        if attempt.status == "finished":
            assert attempt.cell.key not in found
            table = pq.read_table(attempt.folder / "front.parquet")
            names = [name for name in table.column_names if name.startswith(("error_", "loss_", "preference"))]
            found[attempt.cell.key] = [table.column(name).to_numpy().tobytes() for name in names]
    return found


@pytest.mark.parametrize("engine", CASES)
def test_every_cell_is_recorded_once_with_the_same_front(engine, command, tmp_path):
    n_cells, n_kills = CASES[engine]
    file = tmp_path / "bench.yaml"
    learners = ["interpolation", "weight-averaging"]
    content = {"name": "killed", "suites": ["merging-toy"], "learners": learners, "seeds": list(range(n_cells // 2))}
    file.write_text(yaml.safe_dump(content))

    def start(store, options, environment):
        told = dataclasses.replace(command, environment=os.environ | command.environment | environment)
        with (tmp_path / "log").open("a") as log:
            return told.start("bench", file, "--store", tmp_path / store, *options, output=log)

    assert start("undisturbed", ["--device", "cpu,cpu"], {}).wait() == 0
    expected = fronts(tmp_path / "undisturbed")
    assert len(expected) == n_cells
    with options_of(engine, command, tmp_path / "engine") as (options, environment):
        n_runs = disturbed(
            engine, lambda: start("disturbed", options, environment), tmp_path, n_kills, random.Random(16)
        )
    assert n_runs > 1
    assert fronts(tmp_path / "disturbed") == expected
