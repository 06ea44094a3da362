"""A cache that this user may read and not write, as a cluster shares one: what is in it is used, all else is said once.

Root may write everywhere, so the tests give that capability of theirs up while they use the cache.
"""

import contextlib
import ctypes
import errno
import importlib.metadata
import os
import shutil
import sqlite3
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch

from frontrunner.errors import DataError
from frontrunner.harness.commands.doctor import findings
from frontrunner.harness.records.mlflow_database import create_database
from frontrunner.harness.running.anchors import find_anchors
from frontrunner.tasks import cache_entry
from frontrunner.tasks.datasets.sources.file_digests import digests_of
from frontrunner.tasks.datasets.stored.example_cache import cached_examples
from frontrunner.tasks.expert_cache import cached
from frontrunner.tasks.facts import recall, remember
from frontrunner.testing import tiny_problem

OVERRIDE, SEARCH = 1 << 1, 1 << 2
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH."""
KEY = {"of": "a test"}
CPU = torch.device("cpu")


@pytest.fixture
def cache(monkeypatch):
    """A cache folder that every user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="frontrunner-test-"))
    folder.chmod(0o755)
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(folder / "cache"))
    (folder / "cache").mkdir()
    yield folder / "cache"
    shutil.rmtree(folder)


@contextlib.contextmanager
def without_capabilities():
    """Root's thread has the rights of a file's owner, and no more; its user stays, so that all modules can be read."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3 of the interface, this thread
    before = (ctypes.c_uint32 * 6)()  # effective, permitted and inheritable, twice 32 of each
    if libc.capget(header, before) != 0:
        pytest.skip("the system does not tell capabilities")
    given_up = (ctypes.c_uint32 * 6)(*before)
    given_up[0] &= ~(OVERRIDE | SEARCH)
    libc.capset(header, given_up)
    try:
        yield
    finally:
        libc.capset(header, before)


@contextlib.contextmanager
def read_only(folder):
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    with without_capabilities() if os.geteuid() == 0 else contextlib.nullcontext():
        yield
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def expert(make=lambda: {"w": torch.ones(2)}):
    return cached(KEY, make, CPU)


def examples(make=None):
    def written(writer):
        with writer.array("x", 1) as rows:
            rows.append(np.ones((1, 2), np.float32))
        return {"n": 1}

    return cached_examples(KEY, "code", make or written, lambda: None)


def never(*_):
    raise AssertionError("nothing has to be made")


def test_entries_that_are_there_are_used(cache):
    expert()
    examples()
    before = sorted(cache.rglob("*"))
    with read_only(cache):
        assert expert(never)["w"].tolist() == [1, 1]
        assert examples(never).facts == {"n": 1}
    assert sorted(cache.rglob("*")) == before


def test_entries_of_a_copied_cache_are_used_without_their_locks_and_their_old_times(cache):
    expert()
    examples()
    for lock in cache.rglob("*.lock"):
        lock.unlink()
    for file in cache.rglob("*.npy"):
        os.utime(file, (1, 1))
    with read_only(cache):
        assert expert(never)["w"].tolist() == [1, 1]
        assert examples(never).arrays["x"].tolist() == [[1, 1]]


@pytest.mark.parametrize(("make", "what"), [(expert, "expert cache"), (examples, "cache of")])
def test_what_is_missing_is_said_once_and_what_to_do(make, what, cache):
    for kind in ("experts", "examples", "nothing"):
        with read_only(cache), pytest.raises(DataError) as caught:
            make()
        said = str(caught.value)
        assert said.count("cannot be written") == said.count("Permission denied") == 1
        assert said.count("FRONTRUNNER_CACHE") == 1
        assert "has no whole" in said
        (cache / kind).mkdir(exist_ok=True)
    assert what


def test_a_damaged_entry_counts_as_missing(cache, caplog):
    expert()
    (file,) = cache.rglob("*.safetensors")
    file.write_bytes(file.read_bytes()[:-1] + b"\xff")
    with read_only(cache), pytest.raises(DataError, match="has no whole"):
        expert(never)
    assert "is damaged" in caplog.text


def test_on_a_full_disk_an_entry_is_used_and_a_missing_one_says_that_it_is_full(cache, monkeypatch):
    expert()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device", "x.lock")

    monkeypatch.setattr(cache_entry, "_locked", full)
    assert expert(never)["w"].tolist() == [1, 1]
    with pytest.raises(DataError, match=r"No space left on device: 'x.lock'\); free some space") as raised:
        examples()
    assert raised.value.__cause__.__cause__ is None  # not itself, which a walk along causes would never leave


def test_aids_are_found_out_again_and_nothing_fails(cache, tmp_path):
    data = Path(tempfile.mkdtemp(prefix="frontrunner-test-"))
    data.chmod(0o755)
    (data / "file").write_text("content")
    (data / "file").chmod(0o644)
    problem = tiny_problem(2)
    try:
        with read_only(cache):
            remember("kind", "key", 1)
            assert recall("kind", "key") is None
            assert len(digests_of(data, ["file"])) == 1
            assert find_anchors(problem, "test", {}).experts is not None
    finally:
        shutil.rmtree(data)
    assert not any(cache.iterdir())


def test_a_store_is_made_of_a_kept_database(cache):
    kept = cache / "mlflow" / f"empty-{importlib.metadata.version('mlflow')}.db"
    kept.parent.mkdir()
    with contextlib.closing(sqlite3.connect(kept)) as connection, connection:
        connection.execute("create table alembic_version (version text)")
        connection.execute("insert into alembic_version values ('newest')")
    made = Path(tempfile.mkdtemp(prefix="frontrunner-test-"))
    made.chmod(0o777)
    try:
        with read_only(cache):
            create_database(made / "mlflow.db")
        assert (made / "mlflow.db").read_bytes() == kept.read_bytes()
    finally:
        shutil.rmtree(made)


def test_doctor_finds_nothing_wrong_with_it(cache, monkeypatch):
    expert()
    monkeypatch.setattr(os, "access", lambda _, mode: not mode & os.W_OK)  # it asks for what root could do
    with read_only(cache):
        (found,) = [one for one in findings(str(cache.parent / "store")) if one[0] == "cache"]
    assert found[2]
    assert "cannot be written; what is in it is used" in found[1]
