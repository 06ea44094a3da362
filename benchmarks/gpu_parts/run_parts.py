"""Run parts one after the other, each in a process of its own that is killed when its time is up."""

import contextlib
import json
import os
import signal
import subprocess
import threading
import time

ROW = "ROW "
"""What a line of a part's output begins with that is a row, as JSON."""


def run_parts(parts, results, command_of, *, seconds, log, told=print):
    """Run all parts that are not done, as long as time is left.

    Args:
        parts: in their order.
        results: a `ResultFile`.
        command_of: function from a part and the names of its rows that are done to the words of its process.
        seconds: for all of them.
        log: the file that takes what the processes say besides.
        told: called with a line a part.
    """
    deadline = time.monotonic() + seconds
    for part in parts:
        if results.is_done(part.name):
            told(f"{part.name}: done before")
            continue
        left = deadline - time.monotonic()
        if left < min(part.least_s, part.limit_s):
            reason = f"{left:.0f} s were left, it takes {part.least_s:.0f} s; the same command goes on here"
            results.end(part.name, "not started", reason, 0.0)
            told(f"{part.name}: not started, {left:.0f} s were left")
            continue
        start = time.monotonic()
        status, reason = _run(part, results, command_of, min(part.limit_s, left), log)
        results.end(part.name, status, reason, time.monotonic() - start)
        told(f"{part.name}: {status}{f' ({reason})' if reason else ''}, {time.monotonic() - start:.0f} s")


def _run(part, results, command_of, limit_s, log):
    """Return how a part's process has ended, and why in half a sentence."""
    # A test that has failed runs again; what cannot be measured would fail again.
    command = command_of(part, [row["name"] for row in results.rows(part.name) if row.get("outcome") != "failed"])
    with open(log, "a+", encoding="utf-8") as said:
        said.write(f"\n== {part.name}\n")
        said.flush()
        before = said.tell()
        with _process(command, said) as process:
            reader = threading.Thread(target=_take_rows, args=(process.stdout, part, results, said))
            reader.start()
            try:
                status = process.wait(limit_s)
            except subprocess.TimeoutExpired:
                return "out of time", f"killed after {limit_s:.0f} s; the same command goes on here"
            finally:
                _kill(process)
                reader.join()
        if status == 0:
            return "done", ""
        said.seek(before)
        lines = [line.strip() for line in said if line.strip()]
        return "failed", f"status {status}: {lines[-1][:300] if lines else 'it said nothing'}"


@contextlib.contextmanager
def _process(command, said):
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=said, text=True, encoding="utf-8", process_group=0
    ) as process:
        try:
            yield process
        finally:  # whatever ends this command ends the part
            _kill(process)


def _take_rows(lines, part, results, said):
    for line in lines:
        if line.startswith(ROW):
            results.add(part.name, json.loads(line[len(ROW) :]))
        else:
            said.write(line)
            said.flush()


def _kill(process):
    """End a process and all that it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
