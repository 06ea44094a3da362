"""A store survives kills between two writes and damaged files."""

from unittest.mock import Mock

import pytest

import frontrunner as fr
from frontrunner.harness.board.leaderboard import leaderboards
from frontrunner.harness.cells.bench_file import BenchSpec
from frontrunner.harness.records import store
from frontrunner.harness.records.finished_cell import FinishedCell
from frontrunner.harness.records.store import Store
from frontrunner.harness.reports.publish import run_and_publish_bench
from frontrunner.harness.running.executors import local
from frontrunner.harness.running.executors.local import LocalExecutor

SPEC = {"name": "two", "suites": ["tiny"], "learners": ["pretrained", "experts"]}


def run(folder, devices=("cpu",)):
    opened = Store(folder, create=True)
    spec = BenchSpec.model_validate(SPEC)
    return opened, run_and_publish_bench(
        spec, opened, executor=LocalExecutor(devices), plugins=[], listener=Mock()
    ).settled


def labels(folder):
    (board,) = leaderboards(Store(folder, create=False))
    return {row.label: row.unfinished for row in board.rows}


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
class TestStore:
    def test_a_kill_before_the_bench_is_described_leaves_nothing_behind(self, tmp_path, in_process, monkeypatch):
        opened = Store(tmp_path / "s", create=True)

        def killed(*_):
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(store, "write_documents", killed)
            with pytest.raises(KeyboardInterrupt):
                opened.parent_run("bench", "tiny", "two", "digest", {"cells.json": {"cells": []}})
        assert leaderboards(opened) == []
        run(tmp_path / "s")
        assert labels(tmp_path / "s") == {"pretrained": {}, "experts": {}}

    def test_a_kill_while_the_database_is_made_leaves_a_store_that_can_be_made(
        self, tmp_path, monkeypatch, new_database
    ):
        monkeypatch.setattr(store, "create_database", new_database)
        (tmp_path / "mlflow.partial").write_bytes(b"half a database")
        assert Store(tmp_path, create=True).attempts() == []
        assert not (tmp_path / "mlflow.partial").exists()

    def test_a_damaged_front_is_a_row_with_its_reason_and_runs_again(self, tmp_path, in_process):
        opened, outcomes = run(tmp_path)
        file = opened.find(outcomes[0].run_id).folder / "front.parquet"
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
        assert "damaged" in labels(tmp_path)["pretrained"][0]
        _, again = run(tmp_path)
        assert [outcome.ran for outcome in again] == [True, False]
        assert labels(tmp_path) == {"pretrained": {}, "experts": {}}

    def test_two_devices_share_the_cells(self, tmp_path, in_process):
        _, outcomes = run(tmp_path, devices=("cpu", "cuda:7"))
        assert [outcome.cell.method for outcome in outcomes] == ["pretrained", "experts"]
        assert {method for method, _ in in_process} == {"pretrained", "experts"}
        assert len(in_process) == 2

    def test_an_interrupt_closes_the_bench(self, tmp_path, monkeypatch):
        def interrupted(*_, **__):
            raise KeyboardInterrupt

        monkeypatch.setattr(local, "run_in_process", interrupted)
        opened = Store(tmp_path, create=True)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path)
        experiment = opened.client.get_experiment_by_name("tiny").experiment_id
        (parent,) = opened.client.search_runs([experiment], "tags.`frontrunner.kind` = 'bench'")
        assert parent.info.status == "KILLED"

    def test_a_report_that_cannot_be_recorded_fails_its_cell_only(self, tmp_path, in_process, monkeypatch):
        read = FinishedCell.read

        def refuse(folder, **keys):
            finished = read(folder, **keys)
            if finished.cell.method == "pretrained":
                raise fr.StoreError("a metric is no number")
            return finished

        monkeypatch.setattr(FinishedCell, "read", refuse)
        _, outcomes = run(tmp_path)
        assert [outcome.ending.status for outcome in outcomes] == ["failed", "finished"]
        assert "a metric is no number" in labels(tmp_path)["pretrained"][0]

    def test_an_empty_database_is_no_empty_store(self, tmp_path):
        (tmp_path / "mlflow.db").touch()
        with pytest.raises(fr.StoreError, match="is empty"):
            Store(tmp_path, create=True)

    def test_an_igd_tag_comes_after_its_metrics(self, tmp_path, in_process, monkeypatch):
        opened, outcomes = run(tmp_path)
        calls = []
        engine = opened.client._tracking_client.store
        for kind in ("metrics", "params", "tags"):
            name = {"metrics": "_log_metrics", "params": "_log_params", "tags": "_set_tags"}[kind]
            monkeypatch.setattr(
                engine, name, lambda *given, kind=kind: calls.append(kind) if any(map(bool, given[1:])) else None
            )
        opened.log(outcomes[0].run_id, metrics={"igd": 1.0}, tags={"frontrunner.reference_front": "x"})
        assert calls[-1] == "tags"
        assert "metrics" in calls

    def test_every_write_of_a_store_is_explained(self, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(fr.StoreError, match="cannot be used"):
            Store(tmp_path / "file" / "inside", create=True)
        assert store.store_folder(tmp_path) == tmp_path


def test_doctor_finds_every_learner_and_the_store(tmp_path):
    from frontrunner.harness.commands.doctor import findings

    found = {what: (text, fine) for what, text, fine in findings(str(tmp_path))}
    assert {f"method {name}" for name in fr.list_methods()} <= set(found)
    assert {f"indicator {name}" for name in fr.list_indicators()} <= set(found)
    assert found["store"] == (f"{tmp_path}: not created yet", True)
    assert all(fine for _, fine in found.values())


def test_doctor_says_when_the_store_cannot_be_made(tmp_path):
    from frontrunner.harness.commands.doctor import findings

    (tmp_path / "file").touch()
    (store_line,) = [entry for entry in findings(str(tmp_path / "file" / "in")) if entry[0] == "store"]
    assert "is not a folder" in store_line[1]
    assert store_line[2] is False
