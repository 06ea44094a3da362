"""Tell a command that a cell was lost and is started again, instead of showing its new start as what came next."""

from __future__ import annotations

import contextlib
import math
from pathlib import Path

from ..worker_events import FIRST_PHASE, CellLost, Event, PhaseStarted, Queued
from .executor import OnEvent


class ToldLosses:
    """Passes on the events of one cell, and before those of a further start that the one before it was lost.

    A loss that nobody tells is known once the next start tells its first phase. A start that was lost before its own
    first phase is not known at all then, so that losses have no numbers.

    Args:
        on_event: receives all events; `CellLost` and `Queued` for every loss after which the cell is started again.
        unseen: the reason of a loss that nobody has told: only the next start shows it.
        most: how many starts an engine makes up for; what is lost after them is an ending, which is told elsewhere.
    """

    def __init__(self, on_event: OnEvent, *, unseen: str, most: float = math.inf) -> None:
        self._on_event = on_event
        self._unseen = unseen
        self._most = most
        self._begun = False
        self.reasons: list[str] = []
        """Why starts were lost until now, as far as is known, oldest first."""

    def __call__(self, event: Event) -> None:
        """Pass an event on."""
        if isinstance(event, CellLost):
            self.lost(event.reason)
            return
        if isinstance(event, PhaseStarted) and event.phase == FIRST_PHASE:
            if self._begun:
                self.lost(self._unseen)
            self._begun = True
        self._on_event(event)

    def lost(self, reason: str) -> None:
        """Say that the present start was lost."""
        self.reasons.append(reason)
        self._begun = False
        if len(self.reasons) <= self._most:
            self._on_event(CellLost(reason))
            self._on_event(Queued())

    def note_in(self, log: Path, *, gave_up: bool = False) -> None:
        """Add to the log of the last start why those before it were lost, whose own logs are not kept.

        Args:
            log: the log of the last start.
            gave_up: whether the last start was lost, too, and none has followed.
        """
        last_is_among = gave_up and not self._begun
        before = self.reasons[:-1] if last_is_among else self.reasons
        if not before:
            return
        lines = [f"an earlier start of this cell was lost: {why}" for why in before]
        with contextlib.suppress(OSError), log.open("a", encoding="utf-8") as file:
            file.write("\n" + "\n".join(lines) + "\n")
