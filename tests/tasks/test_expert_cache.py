import logging
import multiprocessing
import os
import time

import pytest
import torch

import frontrunner as fr
from frontrunner.tasks import expert_cache
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

    monkeypatch.setattr(cached_tensors, "save_file", full)
    with pytest.raises(fr.DataError, match="No space left on device"):
        expert_cache.cached(KEY, Maker(), CPU)
    assert [file.suffix for file in folder.iterdir() if file.suffix != ".lock"] == []


def test_a_cache_that_cannot_be_a_folder_says_so(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path / "file"))
    with pytest.raises(fr.DataError, match="set FRONTRUNNER_CACHE"):
        expert_cache.cached(KEY, Maker(), CPU)


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
