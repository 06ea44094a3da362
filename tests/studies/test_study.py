"""A study end to end: what it tries, what it records, what it leaves alone."""

import json

import pandas as pd
import pytest

from frontrunner.harness.board.leaderboard import leaderboards
from frontrunner.harness.records.tuned import find_tuned

KEYS = {"space": ["lr", "init_lambda"], "trials": 4}


@pytest.fixture(scope="module")
def tuned(tuning, without_processes, tmp_path_factory):
    found = tuning(tmp_path_factory.mktemp("study"), draws=True, **KEYS)
    with without_processes():
        found.seen = found.run()
    return found


def test_there_are_as_many_distinct_trials_as_asked_for(tuned):
    trials = tuned.trials()
    assert len(trials) == len({json.dumps(trial.params) for trial in trials}) == 4
    assert [trial.number for trial in tuned.seen.tries] == [0, 1, 2, 3]
    assert len(tuned.seen.cells) == 4


def test_the_first_trial_is_the_default(tuned):
    first = tuned.trials()[0]
    assert first.params == {"lr": 1e-2, "init_lambda": 0.3}
    assert first.user_attrs["default"] is True


def test_values_are_recorded_hypervolumes_on_the_validation_split(tuned):
    by_options = {tuple(a.cell.options[o] for o in ("lr", "init_lambda")): a for a in tuned.attempts()}
    for trial in tuned.trials():
        record = by_options[trial.params["lr"], trial.params["init_lambda"]].record()
        assert record.split == record.cell.split == "val"
        assert trial.values == [record.hypervolume().value]


def test_tuning_records_no_front_of_test_and_nothing_on_the_leaderboard(tuned):
    assert tuned.store.attempts() == []
    assert leaderboards(tuned.store) == []
    assert {attempt.record().split for attempt in tuned.attempts()} == {"val"}


def test_cells_of_trials_are_children_of_the_study(tuned):
    parent = tuned.parent().info.run_id
    runs = tuned.runs("trial")
    assert [run.data.tags["mlflow.parentRunId"] for run in runs] == [parent] * 4
    assert [attempt.cell.label for attempt in tuned.attempts()] == [f"t/pwe-moe-ls trial {n}" for n in range(4)]


def test_the_study_is_recorded_whole(tuned):
    run = tuned.parent()
    assert run.info.status == "FINISHED"
    best = max(tuned.trials(), key=lambda trial: trial.values[0])
    assert run.data.metrics["best_hypervolume"] == pytest.approx(best.values[0], abs=5.1e-5)
    assert run.data.metrics["trials"] == run.data.metrics["trials_complete"] == 4
    assert run.data.params["space_lr"] == "0.0001 to 0.1, logarithmic"
    assert float(run.data.tags["best_lr"]) == best.params["lr"]
    table = pd.read_csv(tuned.artifacts() / "trials.csv")
    assert list(table["hypervolume"]) == pytest.approx([trial.values[0] for trial in tuned.trials()])
    assert list(table["default"]) == [True, False, False, False]


def test_what_was_found_is_read_by_name(tuned):
    found = find_tuned(tuned.store, "t/pwe-moe-ls")
    best = max(tuned.trials(), key=lambda trial: trial.values[0])
    assert found.chosen == best.number
    assert found.configuration().options == {"steps": 8, "upscale": "model", **best.params}
    assert found.configuration().values == {"hypervolume": best.values[0]}
    values = [one.values["hypervolume"] for one in found.configurations]
    assert values == sorted(values, reverse=True)


def test_plots_are_kept_and_need_no_network(tuned):
    names = {file.name for file in tuned.artifacts().glob("*.png")}
    assert names == {f"{plot}-hypervolume.png" for plot in ("history", "slices", "importances")}
    assert all((tuned.artifacts() / name).read_bytes()[:4] == b"\x89PNG" for name in names)
    page = (tuned.artifacts() / "plots.html").read_text()
    assert page.count("Plotly.newPlot(") >= 3
    assert 'src="http' not in page


def test_another_run_tries_nothing(tuned, without_processes):
    before = tuned.parent().info.run_id, [attempt.run_id for attempt in tuned.attempts()]
    with without_processes() as cells:
        seen = tuned.run()
    assert (seen.tries, cells) == ([], [])
    assert (tuned.parent().info.run_id, [attempt.run_id for attempt in tuned.attempts()]) == before


def test_more_trials_continue_the_same_study(tuning, tmp_path, in_process):
    tuning(tmp_path, trials=2, space=["lr"]).run()
    seen = tuning(tmp_path, trials=3, space=["lr"]).run()
    assert [trial.number for trial in seen.tries] == [2]
    assert len(in_process) == 3


def test_values_are_means_over_seeds(tuning, tmp_path, in_process):
    found = tuning(tmp_path, trials=2, space=["lr"], seeds=[3, 5])
    found.run()
    for trial in found.trials():
        volumes = {
            attempt.cell.seed: attempt.record().hypervolume().value
            for attempt in found.attempts()
            if attempt.cell.options["lr"] == trial.params["lr"]
        }
        assert sorted(volumes) == [3, 5]
        assert trial.values == [pytest.approx((volumes[3] + volumes[5]) / 2)]


@pytest.mark.parametrize("name", ["gp", "random"])
def test_other_samplers_run(name, tuning, tmp_path, in_process):
    found = tuning(tmp_path, trials=3, space=["lr"], sampler={"name": name, "seed": 1})
    found.run()
    assert len({trial.params["lr"] for trial in found.trials()}) == 3
