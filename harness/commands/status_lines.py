"""Say in lines how a command that runs cells stands, and how a recorded bench or study does."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from ..records.parent_progress import ParentProgress
from ..records.running_commands import CommandProgress, FoundCommand, RunningCell
from ..records.status import Status
from ..scoring.units import as_time


def command_lines(command: FoundCommand, now: float) -> Iterator[str]:
    """Yield a line on a command, one on each cell that runs, and one on each of the last that failed."""
    progress = command.progress
    said = [f"{progress.n_ended} of {progress.n_cells} cells", *_counts(progress)]
    if command.alive and progress.n_queued:
        said.append(f"{progress.n_queued} in the queue")
    if command.alive:
        said.extend(_what_is_left(progress, now))
    who = f"{progress.command} {progress.name}".strip()
    where = f"process {progress.process} on {progress.host}"
    if command.alive:
        yield f"{who}: {', '.join(said)} (since {_moment(progress.started)}, {where})"
    else:
        yield f"{who}: killed after {_moment(progress.updated)}, {', '.join(said)} ({where}); the same command goes on"
    for cell in progress.running:
        yield f"  {_cell_line(cell, now, alive=command.alive)}"
    for failure in progress.failures:
        yield (
            f"  ✗ {failure['learner']} · {failure['suite']} · seed {failure['seed']}: "
            f"{failure['status']}: {failure['reason']}"
        )


def parent_line(parent: ParentProgress) -> str:
    """Return a line on a bench or study, as its cells are recorded."""
    of = f" of {parent.n_cells} cells" if parent.n_cells is not None else ""
    counts = ", ".join(f"{n} {status}" for status, n in parent.by_status.items())
    beside = "" if set(parent.by_status) == {Status.FINISHED} else f" ({counts or 'no cell begun'})"
    on = f" on {parent.suite}"  # which the name of a single run ends in
    who = f"{parent.kind} {parent.name.removesuffix(on)}{on}"
    return f"  {who}: {parent.n_finished}{of} finished{beside}"


def _what_is_left(progress: CommandProgress, now: float) -> list[str]:
    if progress.n_ended >= progress.n_cells:
        return ["writing its summary"]
    if not progress.running:
        return ["no cell runs for it at the moment"]
    left_s = progress.left_s(now)
    return [] if left_s is None else [f"about {as_time(left_s)} left"]


def _counts(progress: CommandProgress) -> list[str]:
    return [f"{n} {status}" for status, n in progress.ended.items() if status != Status.FINISHED]


def _cell_line(cell: RunningCell, now: float, *, alive: bool) -> str:
    said = f"{cell.learner} · {cell.suite} · seed {cell.seed} on {cell.device}"
    if not alive:
        return f"{said}: {'waited in the queue' if cell.queued else 'was running'}"
    if cell.queued:
        return f"{said}: waits in the queue, since {as_time(now - cell.started)}"
    said = f"{said}, since {as_time(now - cell.started)}: {cell.phase or 'starting'}"
    if cell.activity and cell.activity != cell.phase:
        said += f", {cell.activity}"
    if cell.total > 0:
        said += f", {cell.step} of {cell.total} {cell.unit}".rstrip()
    left_s = cell.activity_left_s(now)
    return said if left_s is None else f"{said}, about {as_time(left_s)} of that left"


def _moment(seconds: float) -> str:
    """Return a time of this day as `14:05`, any other with its date, in the time zone of this machine."""
    moment = datetime.datetime.fromtimestamp(seconds).astimezone()
    today = moment.date() == datetime.datetime.now().astimezone().date()
    return moment.strftime("%H:%M" if today else "%Y-%m-%d %H:%M")
