"""The problem that a recorded front was made on, prepared again."""

from __future__ import annotations

from ...errors import StoreError
from ...tasks import Problem, load_problem
from ..cells.environment import resolve_devices
from ..records.front_record import FrontRecord
from .problem_digest import digest_problem


def load_recorded_problem(record: FrontRecord) -> Problem:
    """Prepare the problem of a recorded front on the kind of device that it was made on: experts depend on it.

    Raises:
        ConfigError: the device is not on this machine.
        StoreError: the pre-trained model or an expert is another one than it was.
    """
    cell = record.cell
    recorded = record.environment["device"]
    (device, *_) = resolve_devices("cpu" if recorded == "cpu:0" else recorded)  # which was taken before
    problem = load_problem(cell.suite, cell.tasks, device=device, seed=cell.seed)
    if digest_problem(problem) != record.problem:
        raise StoreError(
            "the experts made on this machine are not those of the run (another machine or version of torch); "
            "run it again here"
        )
    return problem
