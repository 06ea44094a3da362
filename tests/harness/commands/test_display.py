"""What a bench prints where no bars can be drawn: every phase, with what it counted in its own unit."""

import io
import json
import re
from types import SimpleNamespace

import pytest
from rich.console import Console

from frontrunner.harness.cells.make_cell import make_cell
from frontrunner.harness.commands.display import Display
from frontrunner.harness.commands.json_log import JsonListener, JsonLog
from frontrunner.harness.records.status import Ending, Status
from frontrunner.harness.running import cell_times
from frontrunner.harness.running.settled_cell import SettledCell
from frontrunner.harness.running.worker_events import CellLost, PhaseStarted, Progressed, Queued

TIME = r"[\d.]+ m?s"


def _lines(command, tmp_path, learner):
    ended = command.within(*command.bench(tmp_path, [learner]))
    assert ended.status == 0, ended.err
    return [line for line in ended.out.splitlines() if " · tiny · seed 0: " in line]


@pytest.mark.parametrize(
    ("learner", "counted"),
    [
        ({"method": "pwe-moe-ls", "options": {"steps": 20}, "label": "x"}, "20 steps"),
        ({"method": "fisher-merging", "options": {"n_examples": 4}, "label": "x"}, "4 examples a task"),
        ({"method": "mobo-merge", "options": {"evaluations": 9}, "label": "x"}, "9 merged models"),
    ],
)
def test_every_phase_has_a_line_with_what_the_one_before_took(learner, counted, command, in_process, tmp_path):
    start, prepare, fit, evaluate, end = _lines(command, tmp_path, learner)
    name = re.escape("x · tiny · seed 0: ")
    assert start.endswith("starting on cpu")
    assert re.fullmatch(f"{name}prepare", prepare)
    assert re.fullmatch(f"{name}fit, after prepare: {TIME}", fit)
    assert re.fullmatch(f"{name}evaluate, after fit: {counted} in {TIME}", evaluate)
    assert re.fullmatch(f"✓ {name}{TIME}", end)


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        (Progressed("decode cars train", 1, 900, {}, "images"), "decode cars train, 900 images"),
        (Progressed("tokenize [cola] test", 1, 7, {}, "texts"), "tokenize [cola] test, 7 texts"),
        (Progressed("expert digits", 10, 400, {"loss": 1.0}), "expert digits, 400 steps"),
        (Progressed("reading cars", 0, 8, {}, ""), "reading cars"),
    ],
)
def test_a_part_of_a_phase_is_counted_in_its_own_unit(event, shown, tiny):
    cell = make_cell("pretrained", "tiny", tasks=None, seed=0, options={}, points_per_edge=None)
    printed = io.StringIO()
    with Display(Console(file=printed, width=200), 1) as display:
        display.begins(cell, "cpu")
        display.reports(cell, PhaseStarted("prepare"))
        display.reports(cell, event)
    assert printed.getvalue().splitlines()[-1] == f"pretrained · tiny · seed 0: {shown}"


QUEUE = (Queued(), 1000.0, PhaseStarted("prepare"), 5.0)
"""Events of a cell that waits for long and runs for a moment, with the seconds after each."""


def _through_the_queue(listener, cell, monkeypatch, told=QUEUE, status=Status.FINISHED):
    """Let a cell begin, report and end while the clock stands still but for the seconds that are told."""
    now = 0.0
    monkeypatch.setattr(cell_times, "time", SimpleNamespace(monotonic=lambda: now))
    listener.begins(cell, "slurm")
    for one in told:
        if isinstance(one, float):
            now += one
        else:
            listener.reports(cell, one)
    listener.ends(SettledCell(cell, Ending(status, "so"), "id", ran=True))


@pytest.mark.parametrize(
    ("told", "status", "last"),
    [
        (QUEUE, Status.FINISHED, "✓ {}: 5.0 s"),
        ((*QUEUE, *QUEUE), Status.FAILED, "✗ {}: failed after 5.0 s: so"),  # its first job was lost
        (QUEUE[:2], Status.KILLED, "✗ {}: killed: so"),
        (QUEUE[:2], Status.FINISHED, "✓ {}: finished"),  # what it has told was lost
    ],
)
def test_a_cell_waits_in_the_queue_until_its_first_phase(told, status, last, tiny, monkeypatch):
    cell = make_cell("pretrained", "tiny", tasks=None, seed=0, options={}, points_per_edge=None)
    printed = io.StringIO()
    with Display(Console(file=printed, width=200), 1) as display:
        _through_the_queue(display, cell, monkeypatch, told, status)
    name = "pretrained · tiny · seed 0"
    lines = printed.getvalue().splitlines()
    assert lines[1] == f"{name}: waits in the queue"
    assert lines[-1] == last.format(name)


def test_a_lost_start_is_said_with_the_step_that_it_had_reached_and_is_no_finished_phase(tiny):
    cell = make_cell("pretrained", "tiny", tasks=None, seed=0, options={}, points_per_edge=None)
    printed = io.StringIO()
    lost = (CellLost("its process was ended by signal 9"), Queued(), PhaseStarted("prepare"))
    with Display(Console(file=printed, width=200), 1) as display:
        display.begins(cell, "ray")
        display.reports(cell, CellLost("its node was lost"))  # before it has said anything
        for event in (PhaseStarted("prepare"), PhaseStarted("fit"), Progressed("fit", 7, 25, {}), *lost):
            display.reports(cell, event)
    name = re.escape("pretrained · tiny · seed 0: ")
    _, early, *_, said, waits, prepare = printed.getvalue().splitlines()
    assert re.fullmatch(f"! {name}its node was lost; it is started again", early)
    said_of_fit = (
        f"! {name}its process was ended by signal 9 \\(in fit, 7 of 25 steps, after {TIME}\\); it is started again"
    )
    assert re.fullmatch(said_of_fit, said)
    assert re.fullmatch(f"{name}waits in the queue", waits)
    assert re.fullmatch(f"{name}prepare", prepare)


def test_the_log_has_a_lost_start_as_it_is_documented(tiny):
    cell = make_cell("pretrained", "tiny", tasks=None, seed=0, options={}, points_per_edge=None)
    written = io.StringIO()
    listener = JsonListener(JsonLog(written), name="mine", n_cells=1)
    starts = (PhaseStarted("prepare"), PhaseStarted("fit"), Progressed("fit", 7, 25, {})), (PhaseStarted("prepare"),)
    for events in (*starts, ()):
        for event in (*events, CellLost("signal 9")):
            listener.reports(cell, event)
    told = [one for one in map(json.loads, written.getvalue().splitlines()) if one["event"] == "cell_lost"]
    known = {"cell": cell.key, "reason": "signal 9"}
    step = {"phase": "fit", "activity": "fit", "step": 7, "total": 25, "unit": "steps"}
    found = [{name: value for name, value in one.items() if name not in ("time", "event")} for one in told]
    assert found == [{**known, **step}, {**known, "phase": "prepare"}, known]


def test_the_log_counts_the_seconds_of_a_queued_cell_from_its_first_phase(tiny, monkeypatch):
    cell = make_cell("pretrained", "tiny", tasks=None, seed=0, options={}, points_per_edge=None)
    written = io.StringIO()
    _through_the_queue(JsonListener(JsonLog(written), name="mine", n_cells=1), cell, monkeypatch)
    _, queued, _, ended = map(json.loads, written.getvalue().splitlines())
    assert (queued["event"], queued["cell"], ended["seconds"]) == ("cell_queued", cell.key, 5.0)
