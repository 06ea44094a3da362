"""What an engine cannot do is one sentence, whether cells are left or not, and leaves no store behind."""

import pytest

import frontrunner as fr
from frontrunner.harness.records.store import Store
from frontrunner.harness.running.executors.local import LocalExecutor

HERE = ("--executor", "slurm", "--slurm-set", "cluster=local", "--slurm-set")
REFUSED = {
    "ray: address": (["--executor", "ray", "--ray-address", "ray://head:1"], ["--ray-address was to be auto or"]),
    "ray: GPUs": (["--executor", "ray", "--device", "cuda"], ["--cell-gpus was to be at most 0", "--device cuda asks"]),
    "ray: CPUs": (["--executor", "ray", "--cell-cpus", "9999"], ["--cell-cpus was to be at most", "found 9999"]),
    "jobs here: CPUs": ([*HERE, "time=9", "--cell-cpus", "9999"], ["--cell-cpus was to be at most", "found 9999"]),
    "jobs here: time": ([*HERE, "time=-5"], ["time was to be a whole number above 0", "'-5'"]),
    "jobs here: name": ([*HERE, "tim=5"], ["unknown setting of --slurm-set 'tim'", "did you mean 'time'?"]),
}


@pytest.fixture(autouse=True)
def _engines():
    pytest.importorskip("ray")
    pytest.importorskip("submitit")


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_is_the_same_where_no_cell_is_left(case, command, in_process, tmp_path, monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    options, parts = REFUSED[case]
    asked = command.bench(tmp_path, ["pretrained"])
    command.within(*asked, *options).assert_one_sentence(*parts)
    assert not (tmp_path / "store").exists()
    assert command.within(*asked).status == 0
    command.within(*asked, *options).assert_one_sentence(*parts)


def test_an_engine_that_is_away_is_missed_only_where_a_cell_is_left(command, in_process, tmp_path):
    away = ("--executor", "ray", "--ray-address", "127.0.0.1:1")
    missed = "error: no Ray cluster answers at '127.0.0.1:1'"
    asked = command.bench(tmp_path, ["pretrained"])
    command.within(*asked, *away).assert_one_sentence(missed)
    assert not (tmp_path / "store").exists()
    assert command.within(*asked).status == 0
    shown = command.within(*asked, *away)
    assert (shown.status, shown.err) == (0, "")
    assert "pretrained" in shown.out
    command.within(*command.bench(tmp_path, ["pretrained", "experts"]), *away).assert_one_sentence(missed)
    wrong = command.within(*command.bench(tmp_path, ["pretraind"]), *away)
    wrong.assert_one_sentence("pretraind", "did you mean 'pretrained'?")


def test_what_only_a_started_engine_refuses_leaves_no_store_either(command, in_process, tmp_path, monkeypatch):
    def refuses(executor, n_cells):
        raise fr.ConfigError(f"no node has room for {n_cells}")

    monkeypatch.setattr(LocalExecutor, "open", refuses)
    asked = command.bench(tmp_path, ["pretrained", "experts"])
    command.within(*asked).assert_one_sentence("no node has room for 2")
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    "options", [(), ("--format", "json"), ("--format", "csv"), ("--output", "board.md"), ("--hide-failed",)]
)
def test_a_leaderboard_of_a_store_without_runs_says_so(options, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Store(tmp_path / "store", create=True)
    ended = command.within("leaderboard", *options, "--store", tmp_path / "store")
    ended.assert_one_sentence("no run of a cell is recorded in", str(tmp_path / "store"), "run something first")
    assert not (tmp_path / "board.md").exists()


def test_where_all_were_forgotten_it_says_how_to_take_that_back(command, in_process, tmp_path):
    assert command.within(*command.bench(tmp_path, ["pretrained"])).status == 0
    (attempt,) = Store(tmp_path / "store", create=False).attempts()
    assert command.within("forget", attempt.run_id, "--yes", "--store", tmp_path / "store").status == 0
    ended = command.within("leaderboard", "--store", tmp_path / "store")
    ended.assert_one_sentence("no run of a cell is recorded in", "forget --undo RUN")
