"""An interrupted fit goes on from its last checkpoint, ends as if nothing had happened, and says what it cost."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch

import frontrunner as fr
from frontrunner.harness.records.store import Store
from frontrunner.harness.running import run_cell
from frontrunner.harness.running import worker_process as worker_process
from frontrunner.harness.running.meter import Meter
from frontrunner.harness.running.resumable_fit import FitSoFar, ResumableFit
from frontrunner.harness.running.rounded_seconds import rounded_seconds
from frontrunner.harness.running.worker_events import Reporter

DIES_ONCE = '''
import os
import signal
import time
from pathlib import Path

import frontrunner as fr


class DiesOnce(type(fr.make_learner("pwe-moe-ls"))):
    """PWE MoE that notes its steps where the command runs; step 5 takes a second, the 25th of all kills it."""

    name = "dies-once"

    def step(self, *arguments):
        with open("steps", "a") as file:
            file.write("step\\n")
        taken = len(Path("steps").read_text().splitlines())
        if taken == 5:
            time.sleep(1)
        if taken == 25:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().step(*arguments)
'''
MADE_WITH = {"problem": "digest"}


@pytest.fixture(scope="module")
def killed(command, tmp_path_factory):
    """A worker killed in the middle of its fit, the same command again, and the same fit undisturbed."""
    folder = tmp_path_factory.mktemp("killed")
    (folder / "dies_once.py").write_text(DIES_ONCE)
    store = folder / "store"
    here = dataclasses.replace(command, folder=folder)
    words = ["tiny", "--plugin", command.plugin, "--plugin", folder / "dies_once.py", "--store", store]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker_process, "CHECKPOINT_INTERVAL_S", 0.0)
        ended = [here.within("run", "dies-once", *words)]
        (kept,) = (store / "checkpoints").iterdir()
        so_far = FitSoFar.read(kept)
        ended.append(here.within("run", "dies-once", *words))
        here.within("run", "pwe-moe-ls", *words)
    return folder, ended, so_far, Store(store, create=False).attempts()


def test_a_killed_fit_leaves_its_last_checkpoint_and_what_it_had_cost(killed):
    _, (first, _), so_far, attempts = killed
    assert first.status == 1
    assert "ended by signal 9" in first.err
    assert attempts[0].status == "killed"
    assert [point["step"] for point in so_far.curve] == [10, 20]
    assert so_far.elapsed_s > 1
    assert so_far.peaks["fit_peak_rss_bytes"] > 50e6


def test_the_same_command_goes_on_from_there(killed):
    folder, (_, second), so_far, attempts = killed
    assert (second.status, second.err) == (0, "")
    steps = (folder / "steps").read_text().splitlines()
    assert len(steps) == 25 + 10  # 21 to 30
    assert list((folder / "store" / "checkpoints").iterdir()) == []
    resumed = attempts[1].metrics
    assert resumed["resumed_fits"] == 1
    assert resumed["fit_time_s"] > so_far.elapsed_s
    assert resumed["wall_time_s"] == rounded_seconds(resumed["fit_time_s"] + resumed["evaluate_time_s"])


def test_the_resumed_front_and_curve_are_those_of_an_undisturbed_fit(killed):
    *_, (_, resumed, undisturbed) = killed
    assert "resumed_fits" not in undisturbed.metrics
    assert undisturbed.cell.method == "pwe-moe-ls"
    found, expected = resumed.record().evaluation, undisturbed.record().evaluation
    assert found.error.tobytes() == expected.error.tobytes()
    assert found.loss.tobytes() == expected.loss.tobytes()
    curves = [json.loads((attempt.folder / "curve.json").read_text()) for attempt in (resumed, undisturbed)]
    assert [point["step"] for point in curves[0]] == [10, 20, 30]
    assert curves[0] == curves[1]


@pytest.fixture
def stopped(run_bench, monkeypatch, tmp_path):
    """(error) -> store and cell of a bench whose only cell ends with it just after its fit."""

    def run(error):
        def fail(*_):
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(run_cell, "evaluate_members", fail)
            store, (outcome,) = run_bench(tmp_path, ["pwe-moe-ls"])
        return store, outcome

    return run


@pytest.mark.parametrize(
    ("error", "status", "kept"),
    [
        (MemoryError("no room"), "out of memory", True),
        (fr.StoreError("the disk is full"), "failed", True),
        (fr.DivergenceError("the loss is nan"), "failed", False),
        (fr.UnsupportedError("no classes"), "unsupported", False),
    ],
)
def test_only_failures_that_need_not_repeat_themselves_keep_checkpoints(error, status, kept, stopped):
    store, outcome = stopped(error)
    assert outcome.ending.status == status
    assert store.checkpoints(outcome.cell).exists() == kept


def test_a_fit_with_a_damaged_checkpoint_starts_anew_in_the_same_bench(stopped, run_bench, tmp_path, caplog):
    store, outcome = stopped(MemoryError())
    (file,) = store.checkpoints(outcome.cell).glob("*.pt")
    file.write_bytes(b"damaged")
    _, (anew,) = run_bench(tmp_path, ["pwe-moe-ls"])
    assert anew.ending.status == "finished"
    assert f"the checkpoint {file} is damaged" in caplog.text
    assert not file.parent.exists()
    assert "resumed_fits" not in store.find(anew.run_id).metrics


@pytest.mark.parametrize("other", ["experts", "nothing said"])
def test_checkpoints_of_other_experts_or_of_unknown_cost_are_not_used(other, stopped, run_bench, tmp_path):
    store, outcome = stopped(MemoryError())
    folder = store.checkpoints(outcome.cell)
    so_far = FitSoFar.read(folder)
    if other == "experts":
        dataclasses.replace(so_far, made_with={**so_far.made_with, "problem": "another"}).write(folder)
    else:
        (folder / "fit.json").write_text("{}")
    for file in folder.glob("*.pt"):
        file.write_bytes(b"would fail if it were read")
    _, (anew,) = run_bench(tmp_path, ["pwe-moe-ls"])
    assert anew.ending.status == "finished"
    assert "resumed_fits" not in store.find(anew.run_id).metrics


def test_what_a_finished_cell_left_is_removed_by_the_next_bench(run_bench, tmp_path):
    store, (outcome,) = run_bench(tmp_path, ["pretrained"])
    folder = store.checkpoints(outcome.cell)
    folder.mkdir(parents=True)
    _, (again,) = run_bench(tmp_path, ["pretrained"])
    assert not again.ran
    assert not folder.exists()


def resumable(folder, meter=None):
    reporter = Reporter(lambda event: None)
    reporter.start("fit")
    meter = meter or Meter("cpu")
    return ResumableFit(folder, made_with=MADE_WITH, interval_s=0, reporter=reporter, meter=meter, device="cpu")


def test_times_add_up_and_peaks_are_the_highest_of_all_attempts(tmp_path):
    FitSoFar(MADE_WITH, elapsed_s=100.0, resumes=1, peaks={"fit_peak_rss_bytes": 9.0}).write(tmp_path)
    meter = Meter("cpu")
    meter.metrics["fit_peak_rss_bytes"] = 5.0
    fit = resumable(tmp_path, meter)
    measured = fit.whole({"fit_time_s": 2.0, "fit_peak_rss_bytes": 5.0, "evaluate_time_s": 3.0})
    assert measured == {"fit_time_s": 102.0, "fit_peak_rss_bytes": 9.0, "evaluate_time_s": 3.0, "resumed_fits": 2.0}
    fit.checkpoints.save("fit", {"step": 1})
    saved = FitSoFar.read(tmp_path)
    assert 100 < saved.elapsed_s < 110
    assert (saved.resumes, saved.peaks) == (2, {"fit_peak_rss_bytes": 9.0})


def test_seconds_so_far_count_attempts_before_and_leave_out_looking(tmp_path):
    FitSoFar(MADE_WITH, elapsed_s=100.0).write(tmp_path)
    looked = [0.0]
    reporter = Reporter(lambda event: None)
    fit = ResumableFit(
        tmp_path,
        made_with=MADE_WITH,
        interval_s=0,
        reporter=reporter,
        meter=Meter("cpu"),
        device="cpu",
        uncounted_s=lambda: looked[0],
    )
    assert 100 < fit.elapsed_s < 110
    looked[0] = 50.0
    assert 50 < fit.elapsed_s < 60


def test_a_fit_that_had_ended_is_scored_at_its_last_step(tmp_path):
    FitSoFar(MADE_WITH, curve=[{"step": step, "loss": 1.0} for step in (10, 20)]).write(tmp_path)
    reporter = Reporter(lambda event: None)
    ResumableFit(tmp_path, made_with=MADE_WITH, interval_s=0, reporter=reporter, meter=Meter("cpu"), device="cpu")
    reporter.finished_probed(0.5, 3.0)
    assert [point["step"] for point in reporter.curve] == [10, 20, 20]


def test_a_resumed_curve_holds_every_step_once(tmp_path):
    FitSoFar(MADE_WITH, curve=[{"step": step, "loss": 1.0} for step in (1, 2, 3)]).write(tmp_path)
    fit = resumable(tmp_path)
    fit.progress("fit", 3, 9, loss=0.5)  # shown by the attempt before, after its checkpoint
    fit.checkpoints.save("fit", {"step": 4})
    fit.progress("fit", 4, 9, loss=0.4)  # saved before it was shown
    fit.progress("fit", 5, 9, loss=0.3)
    assert [(point["step"], point["loss"]) for point in FitSoFar.read(tmp_path).curve] == [
        (1, 1.0),
        (2, 1.0),
        (3, 0.5),
        (4, 0.4),
    ]


def test_a_fit_without_checkpoints_leaves_no_folder(tmp_path):
    fit = resumable(tmp_path / "cell")
    fit.progress("fit", 1, 1, loss=0.0)
    assert fit.whole({"fit_time_s": 2.0}) == {"fit_time_s": 2.0}
    assert not (tmp_path / "cell").exists()


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(fr.StoreError, match=r"cannot be written to .*Not a directory.*goes on"):
        resumable(tmp_path / "file" / "cell").checkpoints.save("fit", {"step": 1})


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_a_full_disk_is_one_sentence_and_leaves_the_checkpoint_before(tmp_path, monkeypatch):
    fit = resumable(tmp_path / "cell")
    fit.checkpoints.save("fit", {"step": 1})
    too_much = {"step": 2, "tensor": torch.zeros(100_000)}
    for cache, names_it in ((tmp_path / "other", False), (tmp_path, True)):
        (tmp_path / "cell" / "fit.half").symlink_to("/dev/full")
        monkeypatch.setenv("FRONTRUNNER_CACHE", str(cache))
        with pytest.raises(fr.StoreError, match=r"the disk is full.*free some space") as caught:
            fit.checkpoints.save("fit", too_much)
        assert ("FRONTRUNNER_CACHE" in str(caught.value)) == names_it
    assert fit.checkpoints.load("fit")["step"] == 1
    assert sorted(file.name for file in (tmp_path / "cell").iterdir()) == ["fit.json", "fit.pt"]  # space is scarce
