"""Have a file tell how far a study has come, beside the listener that shows it."""

from __future__ import annotations

from dataclasses import dataclass

from optuna.trial import FrozenTrial

from ..harness.running.progress_file import ProgressListener
from .study import OpenStudy
from .tune import StudyListener


@dataclass(frozen=True)
class StudyProgressListener(ProgressListener):
    """A `StudyListener` that passes all events on, and has a `ProgressFile` tell what those of cells say."""

    listener: StudyListener

    def tried(self, study: OpenStudy, trial: FrozenTrial) -> None:
        """Pass on that a trial has ended."""
        self.listener.tried(study, trial)

    def noted(self, note: str) -> None:
        """Pass on what could not be drawn."""
        self.listener.noted(note)
