"""A finished cell is recorded once, however many machines have computed it, and whether or not the server answers."""

import pytest
from small_fronts import one_point_front

from frontrunner.errors import ServerAwayError
from frontrunner.harness.records.finished_cell import FinishedCell, is_complete
from frontrunner.harness.records.unrecorded import record_all_left_behind


def finish(store, cell, value):
    """A finished cell in the folder in which the store has cells run."""
    folder = store.unrecorded(cell)
    folder.mkdir(parents=True)
    FinishedCell(one_point_front(cell, value), {"fit_time_s": 1.0}).write(folder)
    return FinishedCell.read(folder), folder


def begin(store, cell):
    parent = store.parent_run("bench", cell.suite, "made up", "digest", {})
    store.settled(cell)
    return store.begin(cell, parent)


def recorded(store):
    """(status, error) of every attempt."""
    return [
        (str(one.status), one.record().evaluation.error[0, 0] if one.status == "finished" else None)
        for one in store.attempts()
    ]


def test_what_another_machine_has_recorded_meanwhile_is_not_recorded_again(machine, make_cell, record):
    ours, theirs, cell = machine("one"), machine("two"), make_cell()
    run = begin(ours, cell)
    ours.end(run, ours_lost := _killed())
    assert ours_lost.status == "killed"
    record(theirs, cell, [[0.3, 0.3]])
    finished, folder = finish(ours, cell, 0.2)
    found = ours.record(run, finished, folder)
    assert (found.elsewhere, found.run_id) == (True, theirs.settled(cell).run_id)
    assert [one for one in recorded(ours) if one[0] == "finished"] == [("finished", 0.3)]
    assert not folder.exists()


def _killed():
    from frontrunner.harness.records.status import Ending, Status

    return Ending(Status.KILLED, "the machine that ran it is gone")


def test_a_result_waits_while_the_server_is_away_and_is_delivered_once(machine, make_cell, server):
    store, cell = machine(), make_cell()
    run = begin(store, cell)
    finished, folder = finish(store, cell, 0.2)
    server.go_away()
    with pytest.raises(ServerAwayError, match=r"does not answer \(Connection refused\)"):
        store.record(run, finished, folder)
    assert is_complete(folder)
    server.answer()
    for _ in range(2):
        for _ in record_all_left_behind(machine()):
            pass
    assert recorded(machine("two")) == [("killed", None), ("finished", 0.2)]
    assert not folder.exists()


def test_so_does_one_that_was_begun_while_it_was_away(machine, make_cell, server):
    store, cell = machine(), make_cell()
    parent = store.parent_run("bench", cell.suite, "made up", "digest", {})
    server.go_away()
    assert store.settled(cell) is None
    run = store.begin(cell, parent)
    assert run == ""
    finished, folder = finish(store, cell, 0.2)
    with pytest.raises(ServerAwayError):
        store.record(run, finished, folder)
    server.answer()
    assert len(list(record_all_left_behind(machine()))) == 1
    (found,) = machine("two").attempts()
    assert (str(found.status), found.tags["mlflow.parentRunId"]) == ("finished", parent)


def test_a_waiting_result_of_a_cell_that_another_machine_has_settled_is_dropped(machine, make_cell, record, server):
    ours, cell = machine("one"), make_cell()
    begin(ours, cell)
    _, folder = finish(ours, cell, 0.2)
    for run in ours.attempts():
        ours.end(run.run_id, _killed())
    record(machine("two"), cell, [[0.3, 0.3]])
    assert list(record_all_left_behind(machine("one"))) == []
    assert not folder.exists()
    assert [one for one in recorded(ours) if one[0] == "finished"] == [("finished", 0.3)]


def test_a_result_goes_below_the_bench_that_asked_last(machine, make_cell):
    """So it does where its own run was closed by another machine, and where it waited."""
    store, cell = machine(), make_cell()
    parents = [store.parent_run("bench", cell.suite, name, name, {}) for name in ("first", "last")]
    runs = []
    for parent in parents:
        store.settled(cell)
        runs.append(store.begin(cell, parent))
    store.end(runs[-1], _killed())
    finished, folder = finish(store, cell, 0.2)
    run = store.record(runs[-1], finished, folder).run_id
    assert store.tags(run)["mlflow.parentRunId"] == parents[-1]
    assert not store._claims.holds(runs[-1])
    store.client.delete_run(run)
    finish(store, cell, 0.2)
    (left,) = record_all_left_behind(machine())
    assert store.tags(left.run_id)["mlflow.parentRunId"] == parents[-1]


def test_files_are_brought_here_once_and_what_is_damaged_here_anew(machine, make_cell, record, server):
    cell = make_cell()
    record(machine("one"), cell, [[0.3, 0.3]])
    theirs = machine("two")
    (attempt,) = theirs.attempts()
    assert not attempt.folder.exists()
    assert attempt.record().evaluation.error.tolist() == [[0.3, 0.3]]
    (attempt.folder / "front.parquet").write_bytes(b"no front")
    assert attempt.record().evaluation.error.tolist() == [[0.3, 0.3]]
    server.go_away()
    assert attempt.record().evaluation.error.tolist() == [[0.3, 0.3]]
