"""Run methods from a script or a notebook as the command line does: same cells, same store, same records."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack, get_type_hints

from ...errors import ConfigError
from ...tasks.real_numbers import as_count
from ...yaml_file import checked_content
from ..board.board_frame import as_frame
from ..board.leaderboard import leaderboards
from ..cells.bench_file import as_bench, read_bench
from ..cells.plugins import load_plugins
from ..cells.script_arguments import (
    as_bench_source,
    as_names,
    as_options,
    as_paths,
    as_store,
    as_switch,
    as_text,
)
from ..cells.suite_files import with_suite_files
from ..published.planned_study import planned_study
from ..published.recording import record_published
from ..records.open_store import open_store, store_place
from ..running.cell_limits import CellLimits
from ..scoring.scored_cells import load_groups
from .bench import run_cells
from .cell_options import CellOptions
from .executor_argument import as_executor
from .executor_options import ExecutorOptions
from .single_cell import single_cell
from .verdict import require_finished

if TYPE_CHECKING:
    import pandas as pd


class RunningOptions(TypedDict, total=False):
    """Options of how cells are run, with the names and meanings of those of the commands."""

    cell_timeout: str | None
    cell_memory: str | None
    devices_per_cell: int
    executor: str | Mapping[str, Any]


class RunOptions(RunningOptions, total=False):
    """Further options of `run`, with the names and meanings of those of `frontrunner run`."""

    weights: Literal["random"] | None
    points_per_edge: int | None
    inner_points_per_edge: int | None
    plugins: Sequence[str | Path]
    again: bool


def run(
    method: str,
    suite: str,
    *,
    tasks: Sequence[str] | None = None,
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
    device: str = "auto",
    store: str | Path | None = None,
    **further: Unpack[RunOptions],
) -> pd.DataFrame:
    """Run one method on one suite as `frontrunner run` does, and return the leaderboard that it is on.

    A finished run is not repeated. The table is that of `bench`; it has all learners that the store holds for the same
    tasks and preferences. Progress is printed. Every option of the command is here; budgets, labels, probes and tuned
    learners are fields of a bench, see `bench`.

    Args:
        method: a method's name, see `list_methods`.
        suite: a suite's name, see `list_suites`, or the path of a suite file.
        tasks: the suite's tasks to use, in the order of the objectives; all of them when absent.
        seed: of the experts, the learner and all else that is random.
        options: options of the method that differ from its defaults.
        device: `auto`, or torch devices separated by commas.
        store: folder of the store, or the address of an MLflow server; when absent, that of
            `FRONTRUNNER_STORE`, else ./mlruns.
        further: these, each by its name:

            - `weights`: `"random"` for the shapes of a suite file with random weights on generated data.
            - `points_per_edge`: points on each edge of the preference grid; when absent it has 11 preferences of two
              tasks, 19 of three.
            - `inner_points_per_edge`: points on each edge of the grid's inner layer; 0 for none. None, too, where
              `points_per_edge` alone is given.
            - `plugins`: Python files that define learners, suites or indicators. What a notebook's own cells define
              cannot run: every run has a process of its own, which imports it.
            - `again`: whether to run a cell that is settled, too.
            - `cell_timeout`, `cell_memory`: most time and memory of an attempt, such as `"30m"` and `"8GB"`.
            - `devices_per_cell`: devices that the fit divides its steps among; on the CPU, processes.
            - `executor`: what runs the cell, as of `bench`.

    Raises:
        TypeError: an argument has a name that is not known.
        ConfigError, UnknownNameError: a name or value is not known or not allowed.
        CellError: the run did not finish; the message says why.
        StoreError: the store cannot be used.
    """
    _require_known("run", further, RunOptions)
    own: dict[str, Any] = dict(further)
    running = {name: own.pop(name) for name in get_type_hints(RunningOptions) if name in own}
    cells = _cell_options(device, store, own.pop("plugins", ()), again=own.pop("again", False), running=running)
    where = {"tasks": None if tasks is None else as_names("tasks", tasks), **own}
    named = os.fspath(suite) if isinstance(suite, os.PathLike) else suite
    spec = single_cell(method, named, where, seed=seed, options=as_options(options))
    (settled,) = run_cells(spec, cells, refuse_misfits=True).settled
    require_finished(settled)
    boards = leaderboards(open_store(store_place(cells.store), create=False), settled.cell.suite)
    return as_frame([board for board in boards if board.name == settled.cell.group])


def bench(
    spec: str | Path | Mapping[str, object],
    *,
    device: str = "auto",
    store: str | Path | None = None,
    plugins: Sequence[str | Path] = (),
    again: bool = False,
    **running: Unpack[RunningOptions],
) -> pd.DataFrame:
    """Run every learner, suite and seed of a bench as `frontrunner bench` does, and return the leaderboards.

    Finished cells are not repeated. The table has a row for every learner of the bench on every group of comparable
    cells, best first. Its columns are `suite`, `group`, `rank` (missing with fewer than three seeds, which rank
    nothing), `learner`, `method`, `seeds`; the mean over seeds of every indicator and cost, by its recorded name, which
    ends in its unit (`hypervolume`, `fit_time_s`); the ends of the indicators' 95 % intervals (`hypervolume_low`,
    `hypervolume_high`); `hypervolume_error`, of an estimate; `tied_with_best`; `warnings`, the signs of collapse;
    `unfinished`, the seeds that did not finish, and why; and `runs`, the ids of runs. What was not
    measured is missing. Single numbers, seed by seed, are in `results()`.

    Args:
        spec: a bench file, or what one holds:
            `{"name": "mine", "suites": ["vision-mini"], "learners": ["ls", "pwe-moe-ls"], "seeds": [0, 1, 2]}`.
        device: `auto`, or torch devices separated by commas, one cell at a time on each.
        store: folder of the store, or the address of an MLflow server; when absent, that of
            `FRONTRUNNER_STORE`, else ./mlruns.
        plugins: Python files that define learners, suites or indicators.
        again: whether to run cells that are settled, too.
        running: these, each by its name:

            - `cell_timeout`: most time that an attempt at a cell may take, with preparing, such as `"30m"`.
            - `cell_memory`: most memory that a cell's process may take with all that it starts, such as `"8GB"`.
            - `devices_per_cell`: devices that one fit divides its steps among; on the CPU, processes.
            - `executor`: what runs cells: `"local"`, `"ray"` or `"slurm"`, or a mapping with options of the command,
              such as `{"executor": "ray", "ray_address": "auto", "cell_gpus": 0.5}`.

    Raises:
        TypeError: an argument has a name that is not known.
        ConfigError, UnknownNameError: a name or value is not known or not allowed.
        StoreError: the store cannot be used.
    """
    _require_known("bench", running, RunningOptions)
    cells = _cell_options(device, store, plugins, again=again, running=running)
    source = as_bench_source(spec)
    if isinstance(source, Path):
        file, read, folder = source, read_bench(source), source.parent
    else:
        file, read, folder = None, as_bench(source), Path()
    with checked_content(file):
        study = planned_study(with_suite_files(read, folder), folder)
    result = run_cells(study.run, cells, file)
    opened = open_store(store_place(cells.store), create=False)
    scored = load_groups(opened)
    record_published(study, result, opened, scored)
    return as_frame(leaderboards(opened, among=[one.cell for one in result.settled], groups=scored))


def _require_known(function: str, given: Mapping[str, object], known: type) -> None:
    if unknown := given.keys() - get_type_hints(known).keys():
        raise TypeError(f"{function}() got an unexpected keyword argument {min(unknown)!r}")


def _cell_options(
    device: str, store: str | Path | None, plugins: Sequence[str | Path], *, again: bool, running: Mapping[str, Any]
) -> CellOptions:
    given = CellOptions(
        as_text("device", device),
        as_store(store),
        as_paths("plugins", plugins),
        again=as_switch("again", again),
        limits=_limits(running.get("cell_timeout"), running.get("cell_memory")),
        executor=_executor(running),
    )
    load_plugins(given.plugins)
    return given


def _limits(timeout: str | None, memory: str | None) -> CellLimits:
    return CellLimits.parse(
        None if timeout is None else as_text("cell_timeout", timeout),
        None if memory is None else as_text("cell_memory", memory),
        names=("cell_timeout", "cell_memory"),
    )


def _executor(running: Mapping[str, Any]) -> ExecutorOptions:
    executor = as_executor(running.get("executor", "local"))
    if "devices_per_cell" not in running:
        return executor
    if executor.devices_per_cell is not None:
        raise ConfigError("devices_per_cell is given twice, among the options of executor and beside it; give it once")
    count = as_count("devices_per_cell", running["devices_per_cell"])
    return executor if count == 1 else dataclasses.replace(executor, devices_per_cell=count)
