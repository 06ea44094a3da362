"""Trials that come to nothing: the study counts them, says why, and goes on."""

import pandas as pd
import pytest
from optuna.trial import TrialState

import frontrunner as fr
from frontrunner.studies.counted_trials import DISCARDED, REASON

RANDOM = {"name": "random"}
FUSSY = {"learners": ["fussy"], "early_stop": None, "sampler": RANDOM}


@pytest.mark.slow
def test_a_finite_space_ends_with_every_configuration_once(tuning, tmp_path, in_process):
    study = tuning(tmp_path, **FUSSY, space={"y": None, "x": [0.1, 0.5]}, trials=20)
    seen = study.run()
    tried = [(trial.params["y"], trial.params["x"]) for trial in study.trials()]
    assert sorted(tried) == [(y, x) for y in (1, 2, 3) for x in (0.1, 0.5)]
    assert len(seen.cells) == 6
    assert study.parent().info.status == "FINISHED"
    assert study.run().tries == []


def test_what_has_been_tried_is_not_run_again(tuning, tmp_path, in_process):
    study = tuning(tmp_path, **FUSSY, space={"y": None, "x": [0.1, 0.5]}, trials=5)
    seen = study.run()
    discarded = [trial for trial in seen.tries if DISCARDED in trial.user_attrs]
    assert discarded  # a random sampler knows nothing of the past
    assert all("has the configuration of trial" in trial.user_attrs[DISCARDED] for trial in discarded)
    assert len(seen.cells) == len({str(trial.params) for trial in study.trials()}) == 5


def test_configurations_that_fail_are_failed_trials_and_the_rest_goes_on(tuning, tmp_path, in_process):
    study = tuning(tmp_path, **FUSSY, space={"y": None, "fate": ["fine", "diverges"]}, trials=6)
    seen = study.run()
    ends = {(t.params["y"], t.params["fate"]): (t.state, t.user_attrs.get(REASON)) for t in study.trials()}
    diverged = (TrialState.FAIL, "failed: the loss is nan; lower the learning rate")
    refused = (TrialState.FAIL, "y = 3 is refused where it diverges")
    fine = (TrialState.COMPLETE, None)
    assert ends == {
        **{(y, "fine"): fine for y in (1, 2, 3)},
        **{(y, "diverges"): diverged for y in (1, 2)},
        (3, "diverges"): refused,
    }
    assert len(seen.cells) == 5
    assert study.parent().data.metrics["trials_failed"] == 3
    table = pd.read_csv(study.artifacts() / "trials.csv", keep_default_na=False)
    assert sorted(table["state"]) == ["complete"] * 3 + ["failed"] * 3
    assert set(table["reason"]) == {"", diverged[1], refused[1]}
    assert study.run().tries == []  # they would fail again


def test_a_study_of_which_all_fail_says_so_in_one_sentence(tuning, tmp_path, in_process):
    learner = {"method": "fussy", "options": {"fate": "diverges"}}
    study = tuning(tmp_path, **FUSSY | {"learners": [learner]}, space={"y": [1, 2]}, trials=2)
    with pytest.raises(fr.CellError, match=r"^no trial of study 't/fussy' has a value \(first: failed: the loss"):
        study.run()
    run = study.parent()
    assert run.info.status == "FAILED"
    assert run.data.tags["frontrunner.status"] == "failed"
    assert not (study.artifacts() / "tuned.json").exists()


def test_a_configuration_whose_process_is_killed_again_and_again_has_failed(tuning, tmp_path, monkeypatch):
    from frontrunner.harness.records.status import Ending, Status
    from frontrunner.harness.running.executors import local

    killed = Ending(Status.KILLED, "its process was ended by signal 9 (out of memory?)", resumable=True)
    monkeypatch.setattr(local, "run_in_process", lambda cell, **_: killed)
    study = tuning(tmp_path, **FUSSY, space={"y": [1, 2]}, trials=2)
    with pytest.raises(fr.CellError, match="signal 9"):
        study.run()
    assert [trial.user_attrs["kills"] for trial in study.trials()] == [3, 3]
    assert len(study.attempts()) == 6


def test_a_configuration_over_its_limit_has_failed_and_is_not_tried_again(tuning, tmp_path, monkeypatch):
    from frontrunner.harness.records.status import Ending, Status
    from frontrunner.harness.running.cell_limits import CellLimits
    from frontrunner.harness.running.executors import local

    asked, limits = [], CellLimits(timeout_s=1800)
    late = Ending(Status.TIMED_OUT, "it was ended after 30m", resumable=True)
    monkeypatch.setattr(local, "run_in_process", lambda request, **_: asked.append(request.limits) or late)
    study = tuning(tmp_path, **FUSSY, space={"y": [1, 2]}, trials=2)
    with pytest.raises(fr.CellError, match=r"timed out: it was ended after 30m"):
        study.run(limits=limits)
    assert asked == [limits, limits]


def test_a_measure_that_no_cell_records_ends_the_study_in_one_sentence(tuning, tmp_path, in_process):
    study = tuning(tmp_path, **FUSSY, objectives=["hypervolume_ratio"], trials=3)
    with pytest.raises(fr.ConfigError, match="'hypervolume_ratio' needs a suite whose front"):
        study.run()
    run = study.parent()
    assert (run.info.status, run.data.tags["frontrunner.status"]) == ("FAILED", "failed")
    assert len(in_process) == 1


def test_a_default_that_the_space_does_not_hold_is_not_tried(tuning, tmp_path, in_process):
    study = tuning(tmp_path, **FUSSY, space={"x": [0.1, 0.2, 0.3]}, trials=2)
    assert study.plan.default() is None
    study.run()
    assert not any(trial.user_attrs.get("default") for trial in study.trials())
    assert {trial.params["x"] for trial in study.trials()} <= {0.1, 0.2, 0.3}


def test_a_sampler_that_cannot_work_with_its_options_is_one_sentence(tuning, tmp_path, in_process):
    options = {"n_startup_trials": 1, "n_ei_candidates": 0}
    study = tuning(tmp_path, **FUSSY | {"sampler": {"name": "tpe", "options": options}}, trials=4)
    with pytest.raises(fr.ConfigError, match=r"the sampler 'tpe' cannot work with .*n_ei_candidates"):
        study.run()


def test_an_objective_that_one_configuration_does_not_measure_fails_that_trial_only(tuning, tmp_path, in_process):
    learner = {"method": "pwe-moe-ls", "options": {"steps": 8, "upscale": "model"}}
    study = tuning(
        tmp_path,
        learners=[learner],
        space={"router_depth": [2, 1]},
        objectives=["hypervolume", {"metric": "dead_units_share", "direction": "minimize"}],
        trials=2,
    )
    study.run()
    by_depth = {trial.params["router_depth"]: trial for trial in study.trials()}
    assert by_depth[2].values is not None  # depth 1 has no hidden units to be dead
    assert "'dead_units_share' was not recorded" in by_depth[1].user_attrs["reason"]


def test_a_study_without_a_value_may_begin_anew_with_other_settings(tuning, tmp_path, in_process):
    diverging = tuning(
        tmp_path,
        learners=[{"method": "fussy", "options": {"fate": "diverges"}}],
        space=["x"],
        trials=2,
        early_stop=None,
    )
    with pytest.raises(fr.CellError, match="no trial of study"):
        diverging.run()
    study = tuning(tmp_path, **FUSSY, space=["x"], trials=2)
    study.run()
    assert [trial.state.name for trial in study.trials()] == ["COMPLETE", "COMPLETE"]


def test_plots_that_cannot_be_drawn_are_a_note_and_are_tried_again(tuning, tmp_path, in_process, monkeypatch):
    from frontrunner.studies import record

    drawn = []

    def draw(study, folder):
        drawn.append(study.plan.name)
        if len(drawn) == 1:
            raise ModuleNotFoundError("No module named 'matplotlib_inline'")

    monkeypatch.setattr(record, "draw_plots", draw)
    study = tuning(tmp_path, draws=True, **FUSSY, space={"y": [1, 2]}, trials=2)
    assert study.run().notes == [
        "the plots of study 't/fussy' could not be drawn (ModuleNotFoundError: No module named 'matplotlib_inline')"
    ]
    assert study.parent().info.status == "FINISHED"
    assert (study.artifacts() / "tuned.json").exists()
    assert (study.run().notes, study.run().notes, len(drawn)) == ([], [], 2)
