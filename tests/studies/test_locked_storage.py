"""Optuna's storage is waited for while another process has locked its database."""

import sqlite3

import pytest
from optuna.storages import RDBStorage
from sqlalchemy.exc import IntegrityError, OperationalError

import frontrunner as fr
from frontrunner.studies import storage as storage_module
from frontrunner.studies.storage import default_url, open_storage, storage_explained


@pytest.fixture
def storage(tmp_path):
    (tmp_path / "locks").mkdir()
    return open_storage(default_url(tmp_path), tmp_path, 60)


def locked(times, call):
    """The call, which finds the database locked so many times first, as Optuna says it."""
    left = [times]

    def instead(*arguments, **keys):
        if left[0]:
            left[0] -= 1
            try:
                raise OperationalError("commit", {}, Exception("database is locked"))
            except OperationalError as error:
                raise fr.StoreError("an error during the commit") from error
        return call(*arguments, **keys)

    instead.__self__ = None
    return instead


def test_a_method_of_the_storage_is_called_again(storage, monkeypatch):
    said = []
    storage.patience.say = said.append
    monkeypatch.setattr(RDBStorage, "get_all_studies", locked(2, RDBStorage.get_all_studies))
    assert storage.get_all_studies() == []
    assert len(said) == 1
    assert said[0].startswith("another process has locked Optuna's storage sqlite:///")


def test_after_the_limit_the_study_ends_in_one_sentence(storage, monkeypatch):
    storage.patience.say, storage.patience.limit_s = lambda _: None, 0.0
    monkeypatch.setattr(RDBStorage, "get_all_studies", locked(9, RDBStorage.get_all_studies))
    with pytest.raises(fr.StoreError, match="has locked Optuna's storage"):
        storage.get_all_studies()


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("database or disk is full", "(its disk is full); free some space"),
        ("disk I/O error", "(disk I/O error); check the disk"),
        ("what nobody knows", "(what nobody knows)"),
    ],
)
def test_why_the_storage_failed_is_one_line_with_what_to_do(message, told):
    error = OperationalError("insert\ninto trials", [], sqlite3.OperationalError(message))
    with pytest.raises(fr.StoreError) as caught, storage_explained("postgresql://me:secret@host/name"):
        raise error
    assert str(caught.value).startswith(f"Optuna's storage postgresql://***@host/name cannot be used {told}")
    assert "\n" not in str(caught.value)


def test_tables_that_another_machine_makes_at_the_same_moment_are_waited_for(tmp_path, monkeypatch):
    refused, make = [], storage_module.PatientStorage

    def slower(*arguments, **keys):
        if len(refused) < 2:
            refused.append(IntegrityError("create table", {}, Exception("duplicate key value violates ...")))
            raise refused[-1]
        return make(*arguments, **keys)

    monkeypatch.setattr(storage_module, "PatientStorage", slower)
    monkeypatch.setattr(storage_module, "TRY_AGAIN_S", 0.0)
    (tmp_path / "locks").mkdir()
    opened = open_storage(default_url(tmp_path), tmp_path, 1)
    assert opened.get_all_studies() == []
    assert len(refused) == 2
