"""Find runs that MLflow shows as running although their tags say how they ended.

A process that was killed between the two writes of `Store.record` leaves such a run. The tags decide for Frontrunner.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .mlflow_tags import PREFIX
from .readable_database import reading
from .status import Ending, Status

# A parent run is left out: its tags tell how it ended the last time while it runs again.
_OPEN = """
select r.run_uuid, s.value, (select max(m.timestamp) from latest_metrics m where m.run_uuid = r.run_uuid)
from runs r
join tags s on s.run_uuid = r.run_uuid and s.key = ?
join tags k on k.run_uuid = r.run_uuid and k.key = ? and k.value in ('cell', 'trial')
where r.status = 'RUNNING' and r.lifecycle_stage = 'active' and s.value <> ?
"""


@dataclass(frozen=True)
class LeftOpen:
    """A run that has to be closed in MLflow."""

    run_id: str
    ending: Ending
    """How the attempt ended; its reason is recorded and not read."""
    last_written_ms: int | None
    """The time of the run's last metric, in milliseconds since 1970; None where it has none."""


def runs_left_open(database: Path) -> list[LeftOpen]:
    """Return the runs of attempts that have ended and are open in MLflow; those with unknown tags are left out.

    Raises:
        StoreError: the file is not an MLflow database, or cannot be read.
    """
    with reading(database) as connection:
        found = connection.execute(_OPEN, (f"{PREFIX}status", f"{PREFIX}kind", Status.RUNNING.value))
        return [
            LeftOpen(run_id, Ending(Status(status)), written)
            for run_id, status, written in found
            if status in set(Status)
        ]
