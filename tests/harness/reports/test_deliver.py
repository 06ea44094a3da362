"""What becomes of results that waited, of a bench whose summary an absent server does not get, and what is said."""

from unittest.mock import Mock

import pytest
from small_fronts import one_point_front

from frontrunner.errors import ServerAwayError
from frontrunner.harness.records.finished_cell import FinishedCell
from frontrunner.harness.records.status import Ending, Status
from frontrunner.harness.records.unrecorded import LeftBehind
from frontrunner.harness.reports import publish
from frontrunner.harness.reports.publish import Publisher, publish_left_behind
from frontrunner.harness.running.settled_cell import SettledCell


@pytest.fixture
def waiting(store, make_cell):
    """The folder of a finished cell that waits, and its cell."""
    cell = make_cell()
    store.end(store.begin(cell, store.parent_run("bench", cell.suite, "b", "b", {})), Ending(Status.KILLED))
    store.unrecorded(cell).mkdir(parents=True)
    FinishedCell(one_point_front(cell, 0.3), {}).write(store.unrecorded(cell))
    return store.unrecorded(cell), cell


def delivered(store, cell):
    """What a publisher says of a cell that waits; it is not started, since a process would draw."""
    publisher = Publisher(store, scores=False)
    publisher.drawing = Mock()
    publisher._publish(SettledCell(cell, Ending(Status.UNRECORDED, "waits"), run_id="", ran=True))
    publisher._deliver()
    return publisher.delivered.get(cell.key), bool(publisher._waiting)


def test_a_result_is_delivered(waiting, store):
    folder, cell = waiting
    settled, waits = delivered(store, cell)
    assert (str(settled.ending.status), settled.run_id, waits) == ("finished", store.settled(cell).run_id, False)
    assert not folder.exists()


def test_one_that_was_damaged_meanwhile_waits_no_longer(waiting, store, capsys):
    folder, cell = waiting
    (folder / "front.parquet").write_bytes(b"no front")
    settled, waits = delivered(store, cell)
    assert (settled.ending.status, waits) == (Status.FAILED, False)
    assert "damaged while it waited" in settled.ending.reason
    assert "has to run again" in capsys.readouterr().err


def test_one_that_another_process_works_on_goes_on_waiting(waiting, store):
    _, cell = waiting
    with store.lock(cell).acquire(timeout=0):
        assert delivered(store, cell) == (None, True)


@pytest.mark.parametrize(("summarises", "closes"), [(False, True), (True, False), (False, False)])
def test_the_runs_of_a_bench_are_closed_whatever_becomes_of_its_summary(summarises, closes, store, monkeypatch):
    away = ServerAwayError("the server does not answer")
    monkeypatch.setattr(publish, "summarise", Mock(return_value=[], side_effect=None if summarises else away))
    run = Mock(close=Mock(side_effect=None if closes else away))
    notes = publish._summarised(store, run, Mock())
    run.close.assert_called_once_with(store)
    assert [note.partition(":")[0] for note in notes] == ["the bench has no summary in MLflow"] * (not summarises) + [
        "MLflow shows the bench as running"
    ] * (not closes)


def test_a_result_that_was_dropped_is_not_counted_as_recorded(store, make_cell, monkeypatch):
    monkeypatch.setattr(publish, "record_all_left_behind", lambda _: iter([LeftBehind("run", make_cell(), None)]))
    assert publish_left_behind(store) == []
