"""Runs one cell in a process of its own and passes on what it reports."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .attempt import SETTLED
from .cell import Cell

LAST_WORDS_S = 10.0
"""How long a worker may take to leave after its last report; threads of a learner must not hold up a bench."""
CHECKPOINT_INTERVAL_S = 60.0
"""How much of a fit an interruption may cost."""


@dataclass(frozen=True)
class Ending:
    """How a cell's process ended: finished, unsupported, failed, out of memory or killed, with one sentence why."""

    status: str
    reason: str = ""
    resumable: bool = False
    """Whether the next attempt should go on from this one's checkpoints."""

    @classmethod
    def told_by(cls, event: Mapping[str, Any]) -> Ending | None:
        """From a worker's last event; None where it is not the last."""
        if event["event"] == "finished":
            return cls("finished")
        return cls(event["status"], event["reason"], event["resumable"]) if event["event"] == "failed" else None

    @property
    def settled(self) -> bool:
        """Whether another attempt would end the same way and is not made."""
        return self.status in SETTLED


def run_in_process(
    cell: Cell,
    *,
    device: str,
    plugins: Sequence[str],
    scratch: Path,
    checkpoints: Path,
    on_event: Callable[[Mapping[str, Any]], None],
    stop: threading.Event,
) -> Ending:
    """Start the worker, forward its events, wait for its end or for `stop`; the process never outlives this call.

    The worker's standard error goes to `worker.log` in the scratch folder; its fit goes on from the checkpoints an
    earlier attempt has left.
    """
    request = {
        "cell": cell.to_json(),
        "device": device,
        "plugins": list(plugins),
        "scratch": str(scratch),
        "checkpoints": str(checkpoints),
        "checkpoint_interval_s": CHECKPOINT_INTERVAL_S,
    }
    ending: Ending | None = None
    with (
        (scratch / "worker.log").open("w") as log,
        subprocess.Popen(
            # -P: a folder called frontrunner where the user stands must not be taken for the package
            [sys.executable, "-P", "-m", "frontrunner.harness.worker"],
            env={"CUBLAS_WORKSPACE_CONFIG": ":4096:8", **os.environ},  # without it cuBLAS is not reproducible
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            # A Ctrl-C reaches the parent only; it decides what becomes of the worker.
            start_new_session=True,
        ) as process,
    ):
        assert process.stdin is not None  # for the type checker: both are pipes
        assert process.stdout is not None
        watcher = threading.Thread(target=_end_when_told, args=(process, stop), daemon=True)
        watcher.start()
        try:
            with contextlib.suppress(BrokenPipeError):  # it died at once: its exit status says more
                process.stdin.write(json.dumps(request) + "\n")
                process.stdin.flush()  # kept open: its end tells the worker that its parent is gone
            for line in process.stdout:
                event = json.loads(line)
                ending = Ending.told_by(event)
                if ending is not None:
                    break  # not until the pipe closes: a child the learner forked may hold it
                on_event(event)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(None if ending is None else LAST_WORDS_S)
        finally:
            _kill(process)
    if stop.is_set():
        return Ending("killed", "the bench was interrupted", resumable=True)
    if ending is not None:
        return ending
    code = process.returncode
    if code < 0:
        suspicion = " (out of memory?)" if code == -9 else ""
        return Ending("killed", f"its process was ended by signal {-code}{suspicion}", resumable=True)
    return Ending("failed", f"its process ended with status {code}: {_last_line(scratch / 'worker.log')}")


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else "it printed nothing"


def _end_when_told(process: subprocess.Popen[str], stop: threading.Event) -> None:
    while process.poll() is None:
        if stop.wait(0.2):
            _kill(process)
            return


def _kill(process: subprocess.Popen[str]) -> None:
    """End the worker and whatever it has started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
