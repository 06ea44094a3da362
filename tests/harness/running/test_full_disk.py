"""A disk that is full while a cell is recorded: what is kept, what the same command does, and the board's reason."""

import re

import pytest
from sqlalchemy.exc import OperationalError

from frontrunner.harness.records import store as store_module
from frontrunner.harness.records.spare_room import SPARE_BYTES, SpareRoom
from frontrunner.harness.records.store import Store

FAILING = {"method": "misbehaving", "options": {"how": "raise"}}


@pytest.fixture
def fill_disk(tmp_path, monkeypatch):
    """(after) -> once so many cells have ended, the database can be written only when the room that is held is free."""
    log_batches = store_module.log_batches

    def fill(after):
        ends = []

        def write(client, run_id, *, tags, **keys):
            ends.extend({tags["frontrunner.status"]} - {"running"} if "frontrunner.status" in tags else ())
            if len(ends) > after and any((tmp_path / "store" / "scratch").glob("*.spare")):
                assert sum(file.stat().st_size for file in (tmp_path / "store" / "scratch").iterdir()) == SPARE_BYTES
                raise OperationalError("insert", {}, Exception("(sqlite3.OperationalError) database or disk is full"))
            log_batches(client, run_id, tags=tags, **keys)

        monkeypatch.setattr(store_module, "log_batches", write)

    return fill


LEFT = {
    "kept": (
        "experts",
        r"the result of experts on tiny, seed 0 is kept in \S+, and the next `frontrunner bench`, .* records it",
    ),
    "not kept": (FAILING, r"no result of misbehaving on tiny, seed 0 is kept, so it runs again the next time"),
}


@pytest.mark.parametrize("case", LEFT)
def test_one_sentence_says_what_is_full_what_is_kept_and_what_the_same_command_does(
    case, fill_disk, command, in_process, tmp_path
):
    second, kept = LEFT[case]
    fill_disk(after=1)
    ended = command.within(*command.bench(tmp_path, ["pretrained", second]))
    assert ended.status == 1
    sentence = ended.err.splitlines()[-1]  # after what a worker that is a function prints here
    assert f"error: the store in {tmp_path / 'store'} cannot be used (its disk is full); free some space; " in sentence
    assert "OperationalError" not in sentence
    assert re.search(kept, sentence)
    assert sentence.endswith("; 1 of 2 cells finished, and the same command goes on with the rest")
    assert sentence.count("the same command") == 1
    first, last = sorted(Store(tmp_path / "store", create=False).attempts(), key=lambda one: one.status != "finished")
    assert (first.status, last.status) == ("finished", "failed")
    assert re.search(rf"it could not be recorded: .*\(its disk is full\).*{kept}", last.reason)
    assert list((tmp_path / "store" / "scratch").iterdir()) == []


def test_cells_that_an_earlier_command_has_finished_are_counted_unless_they_run_anew(
    fill_disk, command, in_process, tmp_path
):
    assert command.within(*command.bench(tmp_path, ["pretrained", "weight-averaging"])).status == 0
    fill_disk(after=0)
    asked = command.bench(tmp_path, ["experts", "pretrained", "weight-averaging"])
    assert "; 2 of 3 cells finished, and" in command.within(*asked).err.splitlines()[-1]
    assert "; 0 of 3 cells finished, and" in command.within(*asked, "--again").err.splitlines()[-1]


def test_room_that_a_killed_command_has_held_is_given_back_by_the_next_that_writes(tmp_path, make_cell):
    left, held = make_cell(seed=0), make_cell(seed=1)
    store = Store(tmp_path, create=True)
    store.spare_room(left).__enter__()  # and never left
    with store.lock(held), store.spare_room(held):
        Store(tmp_path, create=True)
        assert [file.stem for file in (tmp_path / "scratch").iterdir()] == [held.key]
    assert list((tmp_path / "scratch").iterdir()) == []


def test_room_that_cannot_be_held_fails_nothing(tmp_path):
    (tmp_path / "file").touch()
    with SpareRoom(tmp_path / "file" / "x.spare"):
        pass
    with SpareRoom(tmp_path / "x.spare") as room:
        assert (tmp_path / "x.spare").stat().st_size == SPARE_BYTES
        room.free()
        assert not (tmp_path / "x.spare").exists()
