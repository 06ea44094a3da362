"""The cache of stored examples: made once, mapped, shared, mended, and honest about full disks."""

import errno
import gc
import multiprocessing
import os
import shutil
import signal
import threading
import time
import tracemalloc
from collections import namedtuple

import numpy as np
import pytest

from frontrunner.errors import ConfigError, DataError
from frontrunner.tasks.datasets.stored import array_file, example_cache
from frontrunner.tasks.datasets.stored.array_file import map_array
from frontrunner.tasks.datasets.stored.example_cache import cached_examples


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path))
    return tmp_path / "examples"


class Maker:
    """Makes an array of 100 x 1000 numbers, and counts how often."""

    def __init__(self, value=1.0):
        self.n_made = 0
        self.value = value

    def __call__(self, entry):
        self.n_made += 1
        with entry.array("train/x", 100) as writer:
            for i in range(10):
                writer.append(np.full((10, 1000), self.value + i))
        with entry.array("train/labels", 100) as writer:
            writer.append(np.arange(100))
        return {"notes": ["größe"]}


def get(make, key="a", code="1"):
    return cached_examples({"key": key}, code, make, lambda: None)


def entry_of(cache):
    (folder,) = [path for path in cache.iterdir() if path.is_dir()]
    return folder


def test_an_entry_is_made_once_and_mapped(cache):
    make = Maker()
    for _ in range(2):
        found = get(make)
        assert found.facts == {"notes": ["größe"]}
        assert found.arrays["train/labels"].tolist() == list(range(100))
        assert (found.arrays["train/x"] == np.repeat(np.arange(1.0, 11.0), 10)[:, None]).all()
    assert make.n_made == 1
    assert get(make, key="b").arrays["train/x"].shape == (100, 1000)
    assert make.n_made == 2


def test_an_entry_of_other_code_is_made_again_in_its_place(cache):
    get(Maker(1.0))
    assert get(Maker(5.0), code="2").arrays["train/x"][0, 0] == 5.0
    assert entry_of(cache)


def test_what_is_written_to_a_mapped_array_stays_in_the_process(cache):
    found = get(Maker())
    found.arrays["train/x"][:] = 9.0
    assert get(Maker()).arrays["train/x"][0, 0] == 1.0


def test_mapping_takes_no_memory(tmp_path):
    with open(tmp_path / "large.npy", "wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (1 << 40,)}
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + (1 << 40))  # 1 TB, none of which is on the disk
    tracemalloc.start()
    mapped = map_array(tmp_path / "large.npy")
    assert mapped[1 << 39] == 0
    assert tracemalloc.get_traced_memory()[1] < 100_000
    tracemalloc.stop()


def truncated(file):
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size - 8)


def flipped(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def emptied(file):
    file.write_bytes(b"")


def removed(file):
    file.unlink()


@pytest.mark.parametrize("damage", [truncated, flipped, emptied, removed])
@pytest.mark.parametrize("name", ["0.npy", "1.npy", "entry.json"])
def test_a_damaged_entry_is_noticed_and_made_again(damage, name, cache):
    make = Maker()
    get(make)
    time.sleep(0.01)  # a file that is written to has another time
    if (damage, name) == (flipped, "entry.json"):
        (entry_of(cache) / name).write_text('{"code": "1", "files": 3}')
    else:
        damage(entry_of(cache) / name)
    assert get(make).arrays["train/x"][99, 999] == 10.0
    assert make.n_made == 2
    get(make)
    assert make.n_made == 2


def test_a_copied_cache_is_compared_once_and_then_trusted(cache, monkeypatch):
    make = Maker()
    get(make)
    for file in entry_of(cache).iterdir():
        os.utime(file, (1, 1))
    digests = []
    plain = example_cache.hashlib.file_digest
    monkeypatch.setattr(example_cache.hashlib, "file_digest", lambda *args: digests.append(1) or plain(*args))
    get(make)
    get(make)
    assert make.n_made == 1
    assert len(digests) == 2  # one an array


def test_a_making_that_fails_leaves_nothing(cache):
    def fails(entry):
        with entry.array("x", 10) as writer:
            writer.append(np.zeros((5, 3)))
            raise DataError("an image is broken")

    with pytest.raises(DataError, match="an image is broken"):
        get(fails)
    assert [path.name for path in cache.iterdir() if path.suffix != ".lock"] == []


@pytest.mark.parametrize(
    "rows",
    [
        [np.zeros((5, 3))],
        [np.zeros((5, 3)), np.zeros((5, 4))],
        [np.zeros((8, 3)), np.zeros((8, 3))],
        [np.array([None])],
    ],
)
def test_rows_of_another_form_are_refused(rows):
    def make(entry):
        with entry.array("x", 10) as writer:
            for some in rows:
                writer.append(some)
        return {}

    with pytest.raises(ConfigError, match=r"rows|numbers"):
        get(make)


def killed_while_writing(folder, started):
    os.environ["FRONTRUNNER_CACHE"] = str(folder)

    def never_ends(entry):
        with entry.array("x", 10) as writer:
            writer.append(np.zeros((5, 3)))
            started.set()
            time.sleep(60)
        return {}

    cached_examples({"key": "killed"}, "1", never_ends, lambda: None)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_what_a_killed_writer_left_is_removed_by_the_next(cache, tmp_path):
    context = multiprocessing.get_context("fork")
    started = context.Event()
    process = context.Process(target=killed_while_writing, args=(tmp_path, started))
    process.start()
    assert started.wait(30)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert list(cache.glob("*.partial"))
    get(Maker(), key="another")
    assert not list(cache.glob("*.partial"))


def test_who_wants_an_entry_that_another_makes_waits_for_it(cache):
    begun, waits = threading.Event(), threading.Event()
    make = Maker()

    def slow(entry):
        begun.set()
        assert waits.wait(30)
        return make(entry)

    first = threading.Thread(target=lambda: cached_examples({"key": "a"}, "1", slow, lambda: None))
    first.start()
    assert begun.wait(30)
    found = cached_examples({"key": "a"}, "1", make, waits.set)
    first.join()
    assert make.n_made == 1
    assert found.arrays["train/x"].shape == (100, 1000)


def test_a_disk_that_will_be_full_is_noticed_before(cache, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**12, 10**12, 2 * 10**9))
    with pytest.raises(DataError, match=r"need 3\.0 GB in .*, where 2\.0 GB are free.*FRONTRUNNER_CACHE.*at_most"):
        get(lambda entry: entry.require_space(3 * 10**9))
    get(lambda entry: entry.require_space(10**9) or {})


def test_a_full_disk_is_one_sentence_and_leaves_nothing(cache, monkeypatch):
    class Full:
        def __init__(self, opened):
            self._opened = opened

        def write(self, content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        def __getattr__(self, name):
            return getattr(self._opened, name)

    plain = array_file.ArrayWriter.__init__

    def full(self, *args):
        plain(self, *args)
        self._opened = Full(self._opened)

    monkeypatch.setattr(array_file.ArrayWriter, "__init__", full)
    with pytest.raises(DataError, match=r"cache of examples .* cannot be used \(No space left.*free some space"):
        get(Maker())
    assert not list(cache.glob("*.partial"))
    gc.collect()


def test_a_cache_that_cannot_be_written_is_said(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError, match="FRONTRUNNER_CACHE"):
        get(Maker())
