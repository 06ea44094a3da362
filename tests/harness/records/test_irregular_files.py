"""A pipe or device in the place of a file is a damaged file: nothing waits for it, and nothing reads it without end."""

import os
from pathlib import Path

import pytest

from frontrunner.errors import StoreError
from frontrunner.file_digest import digest_files
from frontrunner.harness.bundle import read_bundle
from frontrunner.harness.records.finished_cell import FinishedCell
from frontrunner.harness.records.front_record import FrontRecord
from frontrunner.harness.records.json_limits import read_limited
from frontrunner.regular_file import check_regular

if not hasattr(os, "mkfifo"):
    pytest.skip("this system has no pipes in folders", allow_module_level=True)

KINDS = {
    "a pipe": os.mkfifo,
    "a device": lambda file: file.symlink_to("/dev/zero"),
    "a folder": Path.mkdir,
}


@pytest.fixture(params=KINDS)
def put(request):
    """(file) -> puts something else in its place; its word for that."""

    def replace(file):
        file.unlink(missing_ok=True)
        KINDS[request.param](file)
        return request.param

    return replace


@pytest.mark.parametrize("read", [check_regular, digest_files, read_limited])
def test_what_is_no_regular_file_is_not_opened(put, tmp_path, read):
    kind = put(tmp_path / "x")
    with pytest.raises(OSError, match=f"x is not a regular file, but {kind}"):
        read(tmp_path / "x")


@pytest.mark.parametrize("file", ["cell.json", "front.parquet", "curve.json"])
def test_a_recorded_file_is_damaged(put, store, record, make_cell, file):
    record(store, make_cell(), [[0.0, 1.0], [1.0, 0.0]])
    (attempt,) = store.attempts()
    kind = put(attempt.folder / file)
    for read in (attempt.finished, lambda: FinishedCell.read(attempt.folder)):
        with pytest.raises(StoreError, match=f"{file} is not a regular file, but {kind}"):
            read()
    if file == "front.parquet":
        assert attempt.intact() is None
        with pytest.raises(StoreError, match="is not a regular file"):
            FrontRecord.read(attempt.folder / file)


def test_a_bundle_is_refused(put, tmp_path):
    kind = put(tmp_path / "x.zip")
    with pytest.raises(StoreError, match=rf"x.zip cannot be read \(x.zip is not a regular file, but {kind}"):
        read_bundle(tmp_path / "x.zip")


def test_a_link_to_a_regular_file_is_one(tmp_path):
    (tmp_path / "x").write_text("1")
    (tmp_path / "y").symlink_to(tmp_path / "x")
    assert read_limited(tmp_path / "y") == b"1"
