"""Mistyped words and finished runs are answered by a process that cannot import torch."""

import json
import shutil
import subprocess
import sys

import pytest

from frontrunner.harness.cells.make_cell import make_cell
from frontrunner.harness.commands import early_answer

# Runs commands, one after the other, where importing torch or MLflow is an error; prints [status, output] of each.
WITHOUT_TORCH = """
import contextlib, io, json, sys
sys.modules["torch"] = sys.modules["mlflow"] = None
from frontrunner.__main__ import main
ended = []
for words in json.loads(sys.stdin.read()):
    out = io.StringIO()
    sys.argv = ["frontrunner", *words]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            main()
        except SystemExit as exit_:
            ended.append([exit_.code, out.getvalue()])
        except ImportError as error:
            ended.append([None, f"{error}"])
print(json.dumps(ended))
"""
MISTYPED = [
    (["run", "pwe-moe-sl", "vision-mini"], "unknown method 'pwe-moe-sl'; did you mean 'pwe-moe-ls'?"),
    (["run", "pwe-moe-ls", "vision-mni"], "unknown suite 'vision-mni'; did you mean 'vision-mini'?"),
    (["run", "pwe-moe-ls", "vision-mini", "--tasks", "digits,fashoin"], "did you mean 'fashion'?"),
    (["run", "pwe-moe-ls", "vision-mini", "--set", "step=3"], "did you mean 'steps'?"),
    (["run", "pwe-moe-ls", "vision-mini", "--set", "lr=fast"], "lr must be"),
    (["run", "pwe-moe-ls", "vision-mini", "--set", "upscale=mpl"], "did you mean 'mlp'?"),
    (["run", "pwe-moe-epo", "vision-mini", "--set", "upscale=attn+mpl"], "did you mean 'attn+mlp'?"),
    (["run", "pwe-moe-ls", "vision-mini", "--seed", "-1"], "seed must be 0 or more"),
    (["run", "pwe-moe-ls", "vision-mini", "--points-per-edge", "0"], "points_per_edge is an integer of 1 or more"),
    (["run", "pwe-moe-ls", "vision-mini", "--cell-timeout", "30"], "--cell-timeout was to be a duration"),
    (["bench", "BENCH", "--cell-memory", "8"], "--cell-memory was to be a size"),
    (["tune", "nothing.yaml", "--cell-memory", "8G"], "--cell-memory was to be a size"),
    (["run", "", "vision-mini"], "the name of a method is expected, found none"),
    (["bench", "BENCH"], "2 mistakes: (1) unknown suite 'zdt9'"),
]


def run_without_torch(command, *commands):
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH],
        input=json.dumps(commands),
        cwd=command.folder,
        env=command.environment,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert ended.stderr == ""
    return json.loads(ended.stdout)


def test_mistyped_words_are_told(command, tmp_path):
    bench = tmp_path / "bench.yaml"
    bench.write_text("name: x\nsuites: [zdt9]\nlearners: [{method: ls, options: {step: 3}}]\n")
    store = ["--store", str(tmp_path / "store")]
    words = [[str(bench) if word == "BENCH" else word for word in words] + store for words, _ in MISTYPED]
    for (status, said), (_, expected) in zip(run_without_torch(command, *words), MISTYPED, strict=True):
        assert (status, expected in said, said.count("\n")) == (1, True, 1), said
    assert not (tmp_path / "store").exists()


def finished(store, record, **options):
    cell = make_cell("pretrained", "convex-toy", tasks=None, seed=0, options=options, points_per_edge=None)
    run_id = record(store, cell, [[0.1, 0.6], [0.3, 0.3]], fit_time_s=1.0)
    return cell, run_id


def test_a_finished_run_is_shown(command, store, record):
    _, run_id = finished(store, record)
    words = ["run", "pretrained", "convex-toy", "--store", str(store.folder)]
    wrong_device = [*words, "--device", "quantum"]
    shown, again, other, device = run_without_torch(
        command, words, [*words, "--again"], [*words, "--seed", "1"], wrong_device
    )
    assert shown[0] == 0
    assert "✓ pretrained · convex-toy · seed 0: finished before" in shown[1]
    assert f"(run {run_id[:8]})" in shown[1]
    assert [status for status, _ in (again, other, device)] == [None] * 3  # these would go on with torch
    assert len(store.attempts()) == 1


def test_what_is_to_be_done_first_is_not_skipped(store, make_cell, record, monkeypatch, tmp_path):
    cell, run_id = finished(store, record)
    assert early_answer.finished_before(cell, store.folder, "auto").run_id == run_id
    assert early_answer.finished_before(make_cell("other"), store.folder, "auto") is None
    assert early_answer.finished_before(cell, store.folder / "nowhere", "auto") is None
    record(store, make_cell("failed"), None, status="failed")
    assert early_answer.finished_before(make_cell("failed"), store.folder, "cpu, cuda:1") is None
    monkeypatch.setattr("frontrunner.harness.records.unrecorded._left_behind", lambda _: [cell])
    assert early_answer.finished_before(cell, store.folder, "auto") is None
    monkeypatch.undo()
    shutil.move(store.folder, tmp_path / "moved")
    assert early_answer.finished_before(cell, tmp_path / "moved", "auto") is None


@pytest.mark.parametrize("device", ["auto", "cpu", "cuda", "cuda:0", "cuda:0,cuda:1", "cpu, cpu"])
def test_devices_that_may_be_there(device):
    assert early_answer.DEVICES.fullmatch(device)


@pytest.mark.parametrize("device", ["", "quantum", "cpu:3x", "cuda:", "autos", "cpu cuda"])
def test_devices_that_cannot_be(device):
    assert not early_answer.DEVICES.fullmatch(device)


def test_where_torch_is_there_outlines_are_not_asked(monkeypatch):
    monkeypatch.setattr(early_answer, "outline", None)
    assert early_answer.cell_without_torch("pretrained", "convex-toy", {}, seed=0, options={}) is None
