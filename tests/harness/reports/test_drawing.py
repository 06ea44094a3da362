"""The process that draws may be killed: what it was drawing is noted, what comes after is drawn by another."""

import os
from pathlib import Path

from frontrunner.harness.reports import drawing
from frontrunner.harness.reports.drawing import DrawingProcess, make_executor, why_not_drawn


def test_a_killed_process_costs_one_picture(tmp_path, monkeypatch):
    monkeypatch.setattr(drawing, "make_executor", make_executor)  # a real process, unlike in other tests
    with DrawingProcess() as process:
        note = why_not_drawn("the picture of a cell", process.submit(os._exit, 9))
        assert why_not_drawn("the picture of another", process.submit(Path.touch, tmp_path / "drawn")) == ""
    assert note.startswith("the picture of a cell could not be drawn (BrokenProcessPool: ")
    assert (tmp_path / "drawn").exists()
