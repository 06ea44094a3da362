"""What a worker is warned of is shown where its command runs: a damaged expert is not made again in silence."""

import threading

import pytest

from frontrunner.harness.cells.make_cell import make_cell
from frontrunner.harness.cells.plugins import load_plugins
from frontrunner.harness.running.cell_request import CellRequest
from frontrunner.harness.running.worker_events import Warned
from frontrunner.harness.running.worker_process import run_in_process

PLUGIN = '''
"""A suite whose experts are kept in the cache of experts."""

import logging

import torch

import frontrunner as fr
from frontrunner.tasks.expert_cache import cached
from frontrunner.testing import tiny_problem


class Kept(fr.Suite):
    """Two tasks of random classification."""

    name = "kept-experts"
    version = "1"
    tasks = ("task0", "task1")

    def prepare(self, tasks, *, device, seed, progress):
        cached({"task": tasks[0]}, lambda: {"weight": torch.arange(500.0)}, torch.device(device))
        logging.getLogger("frontrunner").info("nobody needs to know")
        return tiny_problem(len(tasks), seed=seed)
'''


@pytest.fixture
def plugin(tmp_path, tiny, monkeypatch):
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path / "cache"))
    file = tmp_path / "kept_plugin.py"
    file.write_text(PLUGIN)
    load_plugins([str(file)])
    yield file
    from frontrunner.tasks import SUITES

    del SUITES._entries["kept-experts"]


DAMAGES = ("truncated", "flipped", "empty", "foreign")


def _damage(content, how):
    return {
        "truncated": content[:-100],
        "flipped": content[:-200] + bytes([content[-200] ^ 1]) + content[-199:],
        "empty": b"",
        "foreign": b"not a safetensors file at all",
    }[how]


@pytest.mark.parametrize(
    "how", [pytest.param(how, marks=() if how == "flipped" else pytest.mark.slow) for how in DAMAGES]
)
def test_a_damaged_expert_is_one_line_of_a_run(how, plugin, command, in_process, tmp_path):
    words = ["run", "pretrained", "kept-experts", "--plugin", plugin, "--store", tmp_path / "store", "--again"]
    first = command.within(*words)
    assert (first.status, first.err) == (0, "")
    assert "!" not in first.out
    (file,) = (tmp_path / "cache" / "experts").glob("*.safetensors")
    file.write_bytes(_damage(file.read_bytes(), how))
    again, healed = command.within(*words), command.within(*words)
    (line,) = [line for line in again.out.splitlines() if line.startswith("! ")]
    assert line.startswith(f"! pretrained · kept-experts · seed 0: the cached expert {file} is damaged (")
    assert line.endswith("), making it again")
    assert again.status == healed.status == 0
    assert "damaged" not in healed.out


def test_a_warning_of_a_process_of_its_own_comes_through_and_is_in_its_log(plugin, tmp_path):
    cell = make_cell("pretrained", "kept-experts", tasks=None, seed=0, options={}, points_per_edge=2)
    warned, logs = [], []
    for name in ("whole", "damaged"):
        scratch, events = tmp_path / name, []
        scratch.mkdir()
        ending = run_in_process(
            CellRequest(cell, "cpu", (str(plugin),), scratch, tmp_path / "checkpoints"),
            on_event=events.append,
            stop=threading.Event(),
        )
        assert ending.status == "finished"
        warned.append([event.text for event in events if isinstance(event, Warned)])
        logs.append((scratch / "worker.log").read_text())
        (file,) = (tmp_path / "cache" / "experts").glob("*.safetensors")
        file.write_bytes(b"")
    assert warned[0] == []
    assert len(warned[1]) == 1
    assert f"{file} is damaged" in warned[1][0]
    assert [f"{warned[1][0]}\n" in log for log in logs] == [False, True]
