"""Benches of several machines on one server: every cell once, whatever becomes of the server on the way."""

from unittest.mock import Mock

import pytest

from frontrunner.harness.cells.bench_file import BenchSpec
from frontrunner.harness.records.store import Store
from frontrunner.harness.reports.publish import run_and_publish_bench
from frontrunner.harness.running import settle
from frontrunner.harness.running.executors.local import LocalExecutor

LEARNERS = ["pretrained", "experts"]


@pytest.fixture
def bench(in_process):
    """(store) -> what became of the cells of a bench on the tiny suite, by learner."""

    def run(store, learners=LEARNERS):
        spec = BenchSpec.model_validate({"name": "test", "suites": ["tiny"], "learners": learners})
        executor = LocalExecutor(["cpu"])
        result = run_and_publish_bench(spec, store, executor=executor, plugins=[], listener=Mock())
        return {one.cell.method: one for one in result.settled}

    return run


def finished(store):
    """(learner, hypervolume) of every run that has finished."""
    return [(one.cell.method, one.record().hypervolume().value) for one in store.attempts() if one.status == "finished"]


def test_a_bench_on_a_server_gives_the_board_of_one_in_a_folder(bench, machine, in_process, drawn, tmp_path, capsys):
    here = Store(tmp_path / "folder", create=True)
    bench(here)
    with drawn():
        bench(machine("one"))
    assert finished(machine("two")) == finished(here)
    bench(machine("two"))
    assert [method for method, _ in in_process] == LEARNERS * 2
    (attempt, *_) = machine("three").attempts()
    assert attempt.metrics["hypervolume"] == here.attempts()[0].metrics["hypervolume"]
    assert capsys.readouterr().out == ""  # MLflow prints addresses
    names = {one.path for one in machine().client.list_artifacts(attempt.run_id)}
    assert {"front.parquet", "cell.json", "front.png"} <= names


def test_a_bundle_goes_to_a_server_and_back_to_a_folder(bench, machine, server, command, tmp_path, monkeypatch):
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path / "commands"))
    here = Store(tmp_path / "folder", create=True)
    bench(here, ["pretrained"])
    for number, (source, target) in enumerate([(here.folder, server.url), (server.url, tmp_path / "another")]):
        file = tmp_path / f"{number}.zip"
        assert command.within("leaderboard", "export", file, "--store", source).err == ""
        assert command.within("leaderboard", "import", file, "--store", target).err == ""
    assert finished(machine("two")) == finished(Store(tmp_path / "another", create=False)) == finished(here)


def test_a_bench_goes_on_while_the_server_is_away_and_delivers_when_it_answers(
    bench, machine, in_process, server, monkeypatch
):
    read = settle._read

    def away_after_the_first(folder, ending):
        if len(in_process) == 1:
            server.go_away()
        if len(in_process) == len(LEARNERS):
            server.answer()
        return read(folder, ending)

    monkeypatch.setattr(settle, "_read", away_after_the_first)
    settled = bench(machine("one"))
    assert [(str(one.ending.status), bool(one.run_id)) for one in settled.values()] == [("finished", True)] * 2
    assert sorted(method for method, _ in finished(machine("two"))) == sorted(LEARNERS)
    assert len(in_process) == len(LEARNERS)


def test_what_is_still_waiting_at_the_end_is_told_and_recorded_by_the_same_bench(
    bench, machine, in_process, server, monkeypatch
):
    read = settle._read

    def away(folder, ending):
        server.go_away()
        return read(folder, ending)

    with monkeypatch.context() as patch:
        patch.setattr(settle, "_read", away)
        settled = bench(machine("one"))
    assert {str(one.ending.status) for one in settled.values()} == {"not recorded yet"}
    assert not any(one.ending.passes for one in settled.values())
    assert "does not answer" in settled["experts"].ending.reason
    server.answer()
    again = bench(machine("one"))
    assert {str(one.ending.status) for one in again.values()} == {"finished"}
    assert sorted(method for method, _ in finished(machine("two"))) == sorted(LEARNERS)
    assert len(in_process) == len(LEARNERS)


@pytest.mark.slow
def test_a_cell_that_another_machine_begins_first_is_waited_for(bench, machine, in_process, record, monkeypatch):
    """It is free when it is looked at, claimed when it is begun, and finished when it is looked at again."""
    ours, theirs = machine("one"), machine("two")
    claim, before = ours._claim, []

    def slower(cell, *arguments):
        if not before:
            before.append(cell)
            record(theirs, cell, [[0.25, 0.25, 0.25]], preferences=False)
        return claim(cell, *arguments)

    monkeypatch.setattr(ours, "_claim", slower)
    settled = bench(ours, ["pretrained"])
    assert (settled["pretrained"].ran, settled["pretrained"].ending.status) == (False, "finished")
    assert in_process == []
    assert len(finished(theirs)) == 1
