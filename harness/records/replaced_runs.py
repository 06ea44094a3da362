"""Remember which finished runs the next result of a cell may replace, for as long as that result may have to wait.

`--again` computes a cell that has finished. Its result may have to wait: the command was killed, or a server was away.
Whoever records it later has to tell the older result, which it replaces, from one that was recorded meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ...whole_file import replacing


def replaced_runs(folder: Path) -> frozenset[str]:
    """Return the ids of the finished runs that a result in a folder may replace.

    Args:
        folder: in which the cell runs and its result waits, see `Store.unrecorded`; it may not exist.
    """
    file = _file(folder)
    return frozenset(file.read_text(encoding="utf-8").split()) if file.exists() else frozenset()


def add_replaced_runs(folder: Path, run_ids: Iterable[str]) -> None:
    """Remember that a result in a folder may replace these finished runs, beside those that it could before."""
    before = replaced_runs(folder)
    if not before.issuperset(after := before.union(run_ids)):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with replacing(_file(folder), flushed=True) as file:
            file.write_text("\n".join(sorted(after)), encoding="utf-8")


def forget_replaced_runs(folder: Path) -> None:
    """Forget them: the result is recorded, or dropped."""
    _file(folder).unlink(missing_ok=True)


def _file(folder: Path) -> Path:
    return folder.with_suffix(".replaces")
