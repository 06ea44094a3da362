"""Claim cells in a shared store: who has which, and how a run becomes a claim; see `claims` for what it guarantees."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from ...errors import ClaimedError, ServerAwayError, StoreError
from ..cells.cell import Cell
from .claims import HELD, Claims, finished_ids, is_running
from .mlflow_tags import CLAIM, PREFIX
from .recorded_run import RecordedRun
from .status import Status

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

ASKING_S = 20.0
"""Seconds to wait for others that ask for the same cell, before giving way to them."""
ASK_AGAIN_S = 0.3
"""Seconds between two looks at who else asks for a cell."""
LOOK_AGAIN_S = 2.0
"""Seconds for which it is remembered which cells other machines have."""


class ClaimedCells:
    """The cells that this machine and others have claimed on a server.

    Args:
        claims: this machine's.
        runs: reads the server's runs with a tag, one of Frontrunner's own, of a value.
        client: gives MLflow's client.
        end: closes a run that nobody works on any more, and says why.
    """

    def __init__(
        self,
        claims: Claims,
        runs: Callable[[str, str], list[RecordedRun]],
        client: Callable[[], MlflowClient],
        end: Callable[[RecordedRun, str], None],
    ) -> None:
        self._claims = claims
        self._runs = runs
        self._client = client
        self._end = end
        self._others: set[str] = set()
        self._looked = float("-inf")

    def has_another(self, cell: Cell) -> bool:
        """Return whether another machine had the cell some seconds ago; unknown counts as not."""
        if time.monotonic() - self._looked > LOOK_AGAIN_S:
            with contextlib.suppress(ServerAwayError):
                running = self._claims.foreign(self._runs("status", Status.RUNNING))
                self._others = {run.tags.get(f"{PREFIX}cell", "") for run in running}
            self._looked = time.monotonic()
        return cell.key in self._others

    def claim(
        self, cell: Cell, accepted: set[str] | None, create: Callable[[Mapping[str, str]], Run]
    ) -> tuple[Run, set[str]]:
        """Claim a cell by a new run, and return that, with the ids of the finished attempts that were accepted.

        Args:
            cell: the cell, whose file lock the caller holds.
            accepted: ids of finished attempts that are no reason not to; those that there are when None.
            create: creates the run with these tags, beside its own.

        Raises:
            ClaimedError: another machine runs the cell, or has finished it.
            ServerAwayError: the server does not answer.
        """
        before = self._runs("cell", cell.key)
        accepted = finished_ids(before) if accepted is None else accepted
        self._require_free(cell, before, accepted)
        for run in filter(is_running, before):
            self._end(run, self._why_ended(run))
        made = create(self._claims.tags())
        run_id = str(made.info.run_id)
        try:
            self._wait_until_alone(cell, run_id, accepted)
        except BaseException:
            with contextlib.suppress(StoreError):
                self._client().delete_run(run_id)
            raise
        self._claims.hold(run_id)
        return made, accepted

    def release(self, run_id: str) -> None:
        """Send no further heartbeats of a claim: its run is closed."""
        self._claims.release(run_id)

    def _why_ended(self, run: RecordedRun) -> str:
        """Return why a claim that is taken over has ended."""
        if not self._claims.is_own(run):
            return "the machine that ran it is gone"
        if self._claims.holds(run.run_id):
            return "it could not be recorded when it had ended; another run has what came of it"
        return "the process that ran it is gone"

    def _require_free(self, cell: Cell, runs: Sequence[RecordedRun], accepted: set[str]) -> None:
        """Raise ClaimedError where another machine runs a cell, or has finished it since it was last looked at."""
        if finished_ids(runs) - accepted:
            raise ClaimedError(f"another machine has just finished {cell.title}")
        if self._claims.foreign(runs):
            self._others.add(cell.key)
            raise ClaimedError(f"another machine runs {cell.title}")

    def _wait_until_alone(self, cell: Cell, run_id: str, accepted: set[str]) -> None:
        """Return once no other machine asks for a cell, and hold it; raise ClaimedError where this one gives way."""
        start = time.monotonic()
        while True:
            others = [run for run in self._runs("cell", cell.key) if run.run_id != run_id]
            if finished_ids(others) - accepted:
                raise ClaimedError(f"another machine has just finished {cell.title}")
            for run in filter(is_running, others):  # of a request that was sent twice, since its answer was lost
                if self._claims.is_own(run):
                    self._client().delete_run(run.run_id)
            asking = self._claims.foreign(others)
            if not asking:
                self._client().set_tag(run_id, CLAIM, HELD)
                return
            if self._claims.gives_way(run_id, asking) or time.monotonic() - start > ASKING_S:
                self._others.add(cell.key)
                raise ClaimedError(f"another machine runs {cell.title}")
            time.sleep(ASK_AGAIN_S)
