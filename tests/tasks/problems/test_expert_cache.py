import logging
import multiprocessing
import os
import signal
import time

import pytest
import torch
from filelock import FileLock

import frontrunner as fr
from frontrunner.tasks import expert_cache, fine_tuned_problem
from frontrunner.tasks.weight_files import cached_tensors

CPU = torch.device("cpu")
KEY = {"task": "digits", "seed": 0}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "experts"


class Maker:
    def __init__(self):
        self.calls = 0

    def __call__(self):
        self.calls += 1
        return {"weight": torch.arange(1000.0) + self.calls, "steps": torch.tensor(7)}


def test_made_once_and_read_back_exactly(folder):
    make = Maker()
    first, second = (expert_cache.cached(KEY, make, CPU) for _ in range(2))
    assert make.calls == 1
    assert all(torch.equal(first[name], second[name]) for name in ("weight", "steps"))


def test_another_key_is_another_entry(folder):
    make = Maker()
    expert_cache.cached(KEY, make, CPU)
    expert_cache.cached({**KEY, "seed": 1}, make, CPU)
    assert make.calls == 2


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty", "foreign"])
def test_a_damaged_entry_is_noticed_and_made_again(folder, damage, caplog):
    make = Maker()
    expert_cache.cached(KEY, make, CPU)
    (file,) = folder.glob("*.safetensors")
    content = bytearray(file.read_bytes())
    if damage == "truncated":
        content = content[:-100]
    elif damage == "flipped":
        content[-200] ^= 1
    elif damage == "empty":
        content = b""
    else:
        content = b"not a safetensors file at all"
    file.write_bytes(bytes(content))
    with caplog.at_level(logging.WARNING, "frontrunner"):
        again = expert_cache.cached(KEY, make, CPU)
    assert make.calls == 2
    assert float(again["weight"][0]) == 2.0
    assert "making it again" in caplog.text
    expert_cache.cached(KEY, make, CPU)
    assert make.calls == 2


def test_a_maker_that_fails_leaves_nothing(folder):
    def fail():
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        expert_cache.cached(KEY, fail, CPU)
    assert not list(folder.glob("*.safetensors*"))


def test_a_full_disk_leaves_no_half_entry_and_says_so(folder, monkeypatch):
    def full(params, file, metadata):
        file.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cached_tensors, "write_tensors", full)
    with pytest.raises(fr.DataError, match="No space left on device"):
        expert_cache.cached(KEY, Maker(), CPU)
    assert [file.suffix for file in folder.iterdir() if file.suffix != ".lock"] == []


def test_a_cache_that_cannot_be_a_folder_says_so(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path / "file"))
    with pytest.raises(fr.DataError, match="set FRONTRUNNER_CACHE"):
        expert_cache.cached(KEY, Maker(), CPU)


def _killed(moment):
    """Ends its process as `kill -9` does, while an entry is made, half written, or written and not in its place."""

    def end(*_):
        os.kill(os.getpid(), signal.SIGKILL)

    def half_written(tensors, file, metadata):
        file.with_name(".tmp1a2b3c").write_bytes(b"half")  # as safetensors does
        end()

    if moment == "half written":
        cached_tensors.write_tensors = half_written
    elif moment == "not in its place":
        cached_tensors.os.fsync = end
    expert_cache.cached(KEY, end if moment == "being made" else Maker(), CPU)


@pytest.mark.parametrize("moment", ["being made", "half written", "not in its place"])
@pytest.mark.parametrize("key", [KEY, {**KEY, "seed": 1}])
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_the_next_takes_no_half_entry_of_a_killed_process_and_removes_it(moment, key, folder):
    process = multiprocessing.get_context("fork").Process(target=_killed, args=(moment,))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert len(list(folder.glob("*.partial"))) == 1
    assert not list(folder.glob("*.safetensors"))
    make = Maker()
    found = expert_cache.cached(key, make, CPU)  # the same entry, or another
    assert make.calls == 1
    assert found["weight"][0] == 1.0
    left = [file.name for file in folder.rglob("*") if file.suffix != ".lock"]
    assert left == [file.name for file in folder.glob("*.safetensors")]


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_another_process_is_writing_is_left_alone(kind, folder):
    folder.mkdir(parents=True)
    partial = folder / "0123.partial"
    partial.mkdir() if kind == "folder" else partial.write_bytes(b"half")
    with FileLock(folder / "0123.lock"):
        expert_cache.cached(KEY, Maker(), CPU)
        assert partial.exists()
    expert_cache.cached({**KEY, "seed": 1}, Maker(), CPU)
    assert not partial.exists()


def _slow_maker(log):
    def make():
        with open(log, "a") as file:
            file.write(f"{os.getpid()}\n")
        time.sleep(0.5)
        return {"weight": torch.ones(10)}

    expert_cache.cached(KEY, make, CPU)


def test_two_processes_make_it_once(folder, tmp_path):
    # Forked children do nothing but this; spawning would import torch twice more.
    context = multiprocessing.get_context("fork")
    log = tmp_path / "log"
    processes = [context.Process(target=_slow_maker, args=(log,)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert len(log.read_text().splitlines()) == 1


def test_who_does_not_wait_is_told_that_another_process_is_at_it(folder):
    make = Maker()
    expert_cache.cached(KEY, make, CPU)
    (file,) = folder.glob("*.safetensors")
    with FileLock(file.with_suffix(".lock")), pytest.raises(expert_cache.MadeElsewhere):
        expert_cache.cached(KEY, make, CPU, wait=False)
    assert torch.equal(expert_cache.cached(KEY, make, CPU, wait=False)["weight"], torch.arange(1000.0) + 1)
    assert make.calls == 1


def test_experts_that_another_process_is_making_come_last(monkeypatch):
    asked = []

    def expert(single, recipe, progress, *, wait):
        asked.append((single, wait))
        if single in ("first", "third") and not wait:
            raise expert_cache.MadeElsewhere
        return f"expert of {single}", f"head of {single}"

    monkeypatch.setattr(fine_tuned_problem, "_expert", expert)
    made = fine_tuned_problem._experts(["first", "second", "third"], recipe=None, progress=None)
    assert [name for name, _ in made] == ["expert of first", "expert of second", "expert of third"]
    assert asked == [("first", False), ("second", False), ("third", False), ("first", True), ("third", True)]


@pytest.mark.parametrize("module", ["classification", "examples", "expert_training", "fine_tuning", "recomputation"])
def test_code_that_trains_experts_is_in_the_key_of_every_suite(module):
    assert module in {file.stem for file in fine_tuned_problem.CODE}
