"""A file is absent from a run only where the server says so; whatever else keeps it away says that it may be there."""

import pytest
import requests
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repo import ArtifactRepository

from frontrunner.errors import StoreError, UnreadableError


def collected(cause):
    """What MLflow raises for files that could not be brought: a new error, with the text of the first only."""
    return MlflowException(
        f"The following failures occurred while downloading:\n##### File front.parquet #####\n{cause}"
    )


FAILURES = [
    collected("[Errno 28] No space left on device"),
    collected("('Connection broken: IncompleteRead(10 bytes read)', IncompleteRead)"),
    collected("403 Client Error: FORBIDDEN for url: http://server/front.parquet"),
    collected("401 Client Error: UNAUTHORIZED for url: http://server/front.parquet"),
    requests.HTTPError("400 Client Error", response=type("Answer", (), {"status_code": 400})()),
    OSError(28, "No space left on device"),
]


@pytest.fixture
def elsewhere(machine, make_cell, record):
    """A machine that has brought no file of the one finished cell yet, and the cell."""
    cell = make_cell()
    record(machine("one"), cell, [[0.3, 0.3]])
    return machine("two"), cell


def refuse(error):
    def fail(*_, **__):
        raise error

    return fail


@pytest.mark.parametrize("error", FAILURES, ids=lambda one: str(one)[-40:])
def test_a_finished_cell_does_not_run_again_because_its_front_cannot_be_brought(error, elsewhere, monkeypatch):
    store, cell = elsewhere
    with monkeypatch.context() as patch:
        patch.setattr(ArtifactRepository, "download_artifacts", refuse(error))
        with pytest.raises(UnreadableError, match=r"front.parquet.* cannot be "):
            store.settled(cell)
    assert store.settled(cell).status == "finished"


@pytest.mark.parametrize("error", [FAILURES[0], FAILURES[-1], FAILURES[2]], ids=lambda one: str(one)[-40:])
def test_a_full_disk_of_this_machine_says_what_can_be_changed(error, elsewhere, monkeypatch):
    store, cell = elsewhere
    monkeypatch.setattr(ArtifactRepository, "download_artifacts", refuse(error))
    with pytest.raises(UnreadableError) as caught:
        store.settled(cell)
    said = str(caught.value)
    assert ("free some space" in said) == ("FRONTRUNNER_CACHE" in said) == ("No space left" in said)


def test_so_does_a_folder_of_the_store_that_cannot_be_written(elsewhere):
    store, _ = elsewhere
    told = r"servers/.*free some space; you may also set FRONTRUNNER_CACHE"
    with pytest.raises(StoreError, match=told), store.explained():
        raise OSError(28, "No space left on device")


def test_nor_because_the_server_does_not_say_which_files_there_are(elsewhere, monkeypatch):
    store, cell = elsewhere
    (attempt,) = store.attempts()
    repository = type(store._files._repository(attempt.fetch.args[0]))
    monkeypatch.setattr(ArtifactRepository, "download_artifacts", refuse(FAILURES[0]))
    monkeypatch.setattr(repository, "list_artifacts", refuse(collected("403 Client Error: FORBIDDEN")))
    with pytest.raises(UnreadableError, match=r"files of a run .* cannot be read now"):
        store.settled(cell)


def test_a_file_that_the_run_does_not_have_is_absent(elsewhere, tmp_path):
    store, _ = elsewhere
    (attempt,) = store.attempts()
    assert not store._files.bring(attempt.fetch.args[0], "none.json", tmp_path / "here")
    assert list((tmp_path / "here").iterdir()) == []


def test_so_a_front_that_the_server_has_lost_lets_the_cell_run_again(elsewhere, server, tmp_path):
    store, cell = elsewhere
    for file in (tmp_path / "server" / "files").rglob("front.parquet"):
        file.unlink()
    assert store.settled(cell) is None


@pytest.mark.parametrize("name", ["../front.parquet", "a/b", "..", ""])
def test_a_name_that_leads_elsewhere_is_refused(name, elsewhere, tmp_path):
    store, _ = elsewhere
    with pytest.raises(StoreError, match="is not the name of a file"):
        store._files.bring("mlflow-artifacts:/1", name, tmp_path)
