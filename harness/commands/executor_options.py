"""The options that choose what runs cells, and the executor that they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ...errors import ConfigError
from ..running.cell_limits import CellLimits
from .console import store_to_write
from .key_values import read_pairs

if TYPE_CHECKING:
    from ..records.open_store import StorePlace
    from ..records.store import Store
    from ..running.executors.executor import Executor

ExecutorName = Literal["local", "ray", "slurm"]


@dataclass(frozen=True)
class ExecutorOptions:
    """What was given for `--executor` and the options of single executors."""

    executor: ExecutorName = "local"
    devices_per_cell: int | None = None
    """Devices that one fit divides its steps among; None for one."""
    cell_cpus: float | None = None
    """CPUs of a cell; None for one."""
    cell_gpus: float | None = None
    """GPUs of a cell, or a fraction of one; None for one where there are any."""
    ray_address: str | None = None
    """`auto` or `HOST:PORT`; None to start Ray on this machine."""
    slurm_partition: str | None = None
    """A partition of Slurm; None for the cluster's default."""
    slurm_set: Sequence[str] | None = None
    """Further settings of jobs, each as `key=value`."""

    def __post_init__(self) -> None:
        for field, whose in _WHOSE.items():
            if getattr(self, field) not in (None, []) and self.executor not in whose:
                option = f"--{field.replace('_', '-')}"
                raise ConfigError(f"{option} is an option of --executor {' and '.join(whose)}, found {self.executor}")


_WHOSE: dict[str, tuple[ExecutorName, ...]] = {
    "devices_per_cell": ("local",),
    "cell_cpus": ("ray", "slurm"),
    "cell_gpus": ("ray", "slurm"),
    "ray_address": ("ray",),
    "slurm_partition": ("slurm",),
    "slurm_set": ("slurm",),
}
"""Options that only some executors have."""
EXECUTOR_OPTIONS: tuple[tuple[str, object, object], ...] = (
    (
        "executor",
        "local",
        Annotated[
            ExecutorName,
            typer.Option(
                help="What runs cells: the devices of this machine (local), Ray, here or on a cluster, or jobs of "
                "Slurm, which go on where this command ends."
            ),
        ],
    ),
    (
        "devices_per_cell",
        None,
        Annotated[
            int | None,
            typer.Option(
                "--devices-per-cell",
                min=1,
                help="Devices that one fit divides its steps among, such as 4 of `cuda:0,...,cuda:3`; on the CPU, "
                "processes. [1]",
            ),
        ],
    ),
    (
        "cell_cpus",
        None,
        Annotated[float | None, typer.Option("--cell-cpus", help="CPUs to reserve for a cell, with Ray or Slurm. [1]")],
    ),
    (
        "cell_gpus",
        None,
        Annotated[
            float | None,
            typer.Option(
                "--cell-gpus",
                help="GPUs to reserve for a cell; with Ray also fractions such as 0.5. [with Ray 1 if there are any; "
                "with Slurm 0, with --device cuda 1]",
            ),
        ],
    ),
    (
        "ray_address",
        None,
        Annotated[
            str | None,
            typer.Option(
                "--ray-address",
                help="The Ray cluster: auto, or HOST:PORT as `ray start --head` prints it. [one is started here]",
            ),
        ],
    ),
    (
        "slurm_partition",
        None,
        Annotated[str | None, typer.Option("--slurm-partition", help="The partition of jobs. [the cluster's default]")],
    ),
    (
        "slurm_set",
        None,
        Annotated[
            list[str] | None,
            typer.Option(
                "--slurm-set",
                help="A setting of jobs as key=value, such as account=ml, qos=low, time=90 (minutes), "
                "array_parallelism=20, setup='module load cuda' or cluster=local (jobs on this machine); repeatable.",
            ),
        ],
    ),
)
"""Name, default and annotation of every option."""


def given_executor(given: dict[str, Any]) -> ExecutorOptions:
    """Take the options of executors out of those that a command was given.

    Raises:
        ConfigError: one of them is not an option of the executor that was chosen.
    """
    return ExecutorOptions(
        **{field.name: given.pop(field.name) for field in fields(ExecutorOptions) if field.name in given}
    )


def make_executor(options: ExecutorOptions, device: str, limits: CellLimits, store: Path) -> Executor:
    """Return the executor that was asked for; nothing is started yet.

    Args:
        options: which executor, with its own options.
        device: `auto`, or torch devices separated by commas; with Ray and Slurm one of `auto`, `cpu` and `cuda`.
        limits: what one attempt at a cell may take, which some executors reserve.
        store: folder of the store.

    Raises:
        ConfigError: an option or a device is not one of this executor's.
    """
    if options.executor == "ray":
        from ..running.executors.ray_executor import RayExecutor

        return RayExecutor(
            address=options.ray_address,
            kind=device,
            cpus=1.0 if options.cell_cpus is None else options.cell_cpus,
            gpus=options.cell_gpus,
            memory_bytes=limits.memory_bytes,
        )
    if options.executor == "slurm":
        from ..running.executors.slurm_executor import SlurmExecutor
        from ..running.job_folder import JOBS

        return SlurmExecutor(
            store / JOBS,
            kind=device,
            cpus=options.cell_cpus,
            gpus=options.cell_gpus,
            limits=limits,
            settings=_slurm_settings(options),
        )
    from ..cells.device_groups import device_groups
    from ..cells.environment import resolve_devices
    from ..running.executors.local import LocalExecutor

    return LocalExecutor(
        device_groups(resolve_devices(device), 1 if options.devices_per_cell is None else options.devices_per_cell)
    )


def store_for(executor: Executor, place: StorePlace, n_cells: int) -> Store:
    """Return the store in a place; where there is none it is made once the engine has taken so many cells.

    Raises:
        ConfigError: the engine cannot run them; then there is no store either.
    """
    from ..records.open_store import is_there

    if not is_there(place):
        executor.open(n_cells)
    return store_to_write(place)


def _slurm_settings(options: ExecutorOptions) -> dict[str, Any]:
    """Return the settings of jobs that were given, by the names that submitit has for them."""
    settings: dict[str, Any] = dict(read_pairs("--slurm-set", options.slurm_set or []))
    if options.slurm_partition is not None:
        settings["partition"] = options.slurm_partition
    if "setup" in settings:
        settings["setup"] = [str(settings["setup"])]
    return settings
