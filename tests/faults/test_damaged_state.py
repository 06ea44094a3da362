"""State that is read back and decides numbers: a flipped or missing byte is noticed, told, and changes no result."""

import json
import logging

import numpy as np
import pytest
import torch

from frontrunner.checked_json import read_checked, write_checked
from frontrunner.harness.running.anchors import find_anchors
from frontrunner.harness.running.meter import Meter
from frontrunner.harness.running.resumable_fit import FitSoFar, ResumableFit
from frontrunner.harness.running.worker_events import Reporter
from frontrunner.methods import Checkpoints
from frontrunner.tasks import facts
from frontrunner.testing import tiny_problem

MADE_WITH = {"problem": "digest"}
STATE = {"weights": torch.arange(300.0), "step": 7, "names": ["a", "b"], "array": np.eye(3)}


def flipped(content, place):
    changed = bytearray(content)
    changed[place] ^= 1
    return bytes(changed)


def resumed(folder):
    return ResumableFit(
        folder, made_with=MADE_WITH, interval_s=0, reporter=Reporter(lambda _: None), meter=Meter("cpu"), device="cpu"
    )


@pytest.fixture
def saved(tmp_path):
    """A folder with a checkpoint and what the fit had cost."""
    folder = tmp_path / "checkpoints"
    fit = resumed(folder)
    torch.serialization.set_crc32_options(False)  # as a learner may
    try:
        fit.checkpoints.save("fit", STATE)
        assert not torch.serialization.get_crc32_options()
    finally:
        torch.serialization.set_crc32_options(True)
    fit.progress("fit", 7, 10, loss=0.5)
    assert resumed(folder).checkpoints.load("fit")["step"] == 7
    return folder


def test_no_flipped_byte_of_a_checkpoint_changes_what_is_loaded(saved, tmp_path):
    content = (saved / "fit.pt").read_bytes()
    other = Checkpoints(tmp_path / "other")
    (tmp_path / "other").mkdir()
    noticed = 0
    for place in range(0, len(content), 13):
        (tmp_path / "other" / "fit.pt").write_bytes(flipped(content, place))
        if other.damaged():
            noticed += 1
            continue
        found = other.load("fit")  # a byte between two parts, or of a date
        assert found["weights"].equal(STATE["weights"])
        assert (found["step"], found["names"]) == (7, ["a", "b"])
        assert np.array_equal(found["array"], STATE["array"])
    assert noticed > 50


@pytest.mark.parametrize("how", ["flipped", "truncated", "empty", "no archive"])
@pytest.mark.parametrize("name", ["fit.pt", "fit.json"])
def test_a_fit_with_a_damaged_checkpoint_starts_anew_and_says_so(name, how, saved, caplog):
    content = (saved / name).read_bytes()
    place = content.index(b'"elapsed_s": ') + 14 if name == "fit.json" else content.index(STATE["weights"].numpy())
    damaged = {
        "flipped": flipped(content, place),
        "truncated": content[: len(content) // 2],
        "empty": b"",
        "no archive": b"[1]",
    }
    (saved / name).write_bytes(damaged[how])
    with caplog.at_level(logging.WARNING, "frontrunner"):
        fit = resumed(saved)
    (told,) = caplog.messages
    assert str(saved / name) in told
    assert told.endswith("so that it starts anew" if name == "fit.json" else "so that the fit starts anew")
    assert fit.checkpoints.load("fit") is None
    assert "resumed_fits" not in fit.whole({"fit_time_s": 1.0})


def test_a_fit_of_a_version_without_checksums_starts_anew_in_silence(saved, caplog):
    (saved / "fit.json").write_text(json.dumps(read_checked(saved / "fit.json")))
    assert FitSoFar.read(saved) is None
    assert resumed(saved).checkpoints.load("fit") is None
    assert caplog.messages == []


@pytest.mark.parametrize("how", ["flipped", "truncated", "empty", "a list", "of an older version"])
def test_damaged_anchors_are_measured_again(how, tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path))
    problem = tiny_problem()
    first = find_anchors(problem, "test", {})
    (file,) = (tmp_path / "anchors").iterdir()
    content = file.read_bytes()
    place = content.index(b"0.", content.index(b"pretrained")) + 2
    damaged = {
        "flipped": flipped(content, place),
        "truncated": content[:-9],
        "empty": b"",
        "a list": b"[]",
        "of an older version": json.dumps(read_checked(file)).encode(),
    }
    file.write_bytes(damaged[how])
    assert json.loads(content)  # it was JSON, and so is a flipped digit
    with caplog.at_level(logging.WARNING, "frontrunner"):
        again = find_anchors(problem, "test", {})
    assert again.pretrained.tobytes() == first.pretrained.tobytes()
    assert file.read_bytes() == content
    told = [str(file) in message and "measuring them again" in message for message in caplog.messages]
    assert told == ([] if how == "of an older version" else [True])


def test_a_fact_with_a_flipped_byte_is_forgotten(tmp_path, monkeypatch):
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path))
    facts.remember("digest", "a file", "c0ffee")
    assert facts.recall("digest", "a file") == "c0ffee"
    (file,) = (tmp_path / "facts" / "digest").iterdir()
    file.write_bytes(file.read_bytes().replace(b"c0ffee", b"c0ffed"))
    assert facts.recall("digest", "a file") is None


@pytest.mark.parametrize("content", [{"b": [1, 2.5, None], "a": "ä"}, [], 0.1, {"nan": float("inf")}])
def test_what_is_written_is_read(content, tmp_path):
    write_checked(tmp_path / "x.json", content, flushed=True)
    assert read_checked(tmp_path / "x.json") == content
    assert [file.name for file in tmp_path.iterdir()] == ["x.json"]
