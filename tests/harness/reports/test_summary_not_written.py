"""A summary that a full disk does not take is a note: the results of its bench are recorded."""

import errno
import os
import shutil
from pathlib import Path
from unittest.mock import Mock

import pytest

import frontrunner as fr
from frontrunner.harness.cells.bench_file import BenchSpec
from frontrunner.harness.records import run_files
from frontrunner.harness.records.store import Store
from frontrunner.harness.reports.publish import run_and_publish_bench
from frontrunner.harness.running.executors.local import LocalExecutor

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

SPEC = BenchSpec.model_validate({"name": "one", "suites": ["tiny"], "learners": ["pretrained"]})


def run(store):
    return run_and_publish_bench(SPEC, store, executor=LocalExecutor(["cpu"]), plugins=[], listener=Mock())


def summary_of(store):
    (parent,) = store.runs("kind", "bench")
    return parent.tags["frontrunner.status"], store.files_of(parent.run_id, parent.suite) / "leaderboard.csv"


def test_a_full_disk_is_a_note_that_names_the_store_and_the_same_bench_tries_again(tmp_path, in_process, monkeypatch):
    store = Store(tmp_path / "store", create=True)

    def full(source, target):
        Path(target).write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(source), None, str(target))

    with monkeypatch.context() as patch:
        patch.setattr(run_files, "shutil", Mock(wraps=shutil, copyfile=full))
        (note,) = run(store).notes
    status, csv = summary_of(store)
    assert f"No space left on device: '{csv.parent}" in note
    assert "free some space" in note
    assert "results are recorded" in note
    assert (status, store.attempts()[0].status) == ("finished", "finished")
    assert [file.name for file in csv.parent.iterdir() if "leaderboard" in file.name] == []
    again = run(store)
    assert (list(again.notes), [one.ran for one in again.settled]) == ([], [False])
    assert csv.exists()


def test_a_database_that_cannot_be_used_is_an_error(tmp_path, in_process, monkeypatch):
    def damaged(*_):
        raise fr.StoreError("the database is gone")

    monkeypatch.setattr(Store, "add_artifacts", damaged)
    with pytest.raises(fr.StoreError, match="the database is gone"):
        run(Store(tmp_path / "store", create=True))
