"""Studies with more than one objective, and fits that are given up."""

import numpy as np
import pytest
from optuna.trial import TrialState

from frontrunner.harness.records.tuned import find_tuned

KEYS = {
    "learners": ["fussy"],
    "space": ["x", "y"],
    "trials": 6,
    "objectives": ["hypervolume", "trainable_parameters"],
    "early_stop": None,
}


@pytest.fixture(scope="module")
def study(tuning, without_processes, tmp_path_factory):
    found = tuning(tmp_path_factory.mktemp("several"), draws=True, sampler={"name": "tpe"}, **KEYS)
    with without_processes():
        found.run()
    return found


def assert_keeps_the_undominated(study):
    losses = {trial.number: np.array([-trial.values[0], trial.values[1]]) for trial in study.trials()}
    undominated = {
        number
        for number, mine in losses.items()
        if not any((other <= mine).all() and (other < mine).any() for other in losses.values())
    }
    found = find_tuned(study.store, "t/fussy")
    assert {one.trial for one in found.configurations} == undominated
    assert found.chosen == max(undominated, key=lambda number: -losses[number][0])


def test_values_are_those_recorded_in_the_order_of_objectives(study):
    for trial in study.trials():
        (attempt,) = (a for a in study.attempts() if a.cell.options["x"] == trial.params["x"])
        assert trial.values == [attempt.record().hypervolume().value, trial.params["y"]]


def test_what_is_kept_is_the_pareto_front_of_trials(study):
    assert_keeps_the_undominated(study)


def test_another_of_them_can_be_asked_for(study):
    found = find_tuned(study.store, "t/fussy")
    for one in found.configurations:
        assert found.configuration(one.trial) == one


def test_the_front_of_trials_is_drawn(study):
    names = {file.stem for file in study.artifacts().glob("*.png") if file.stat().st_size > 1000}
    assert {"pareto-front", "history-hypervolume", "slices-trainable_parameters"} <= names
    assert 'src="http' not in (study.artifacts() / "plots.html").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["nsga2", "nsga3"])
def test_genetic_samplers_keep_the_undominated_too(name, tuning, tmp_path, in_process):
    study = tuning(tmp_path, sampler={"name": name, "options": {"population_size": 2}}, **KEYS)
    study.run()
    assert len({str(trial.params) for trial in study.trials()}) == 6
    assert_keeps_the_undominated(study)


@pytest.mark.slow
@pytest.mark.parametrize("objectives", [["hypervolume"], ["hypervolume", "trainable_parameters"], ["fit_time_s"]])
def test_a_hopeless_fit_is_given_up(objectives, tuning, tmp_path, in_process):
    study = tuning(
        tmp_path,
        learners=["fussy"],
        space={"fate": ["fine", "hopeless"], "y": None},
        trials=6,
        objectives=objectives,
        early_stop={"probes": 3, "n_startup_trials": 1},
        sampler={"name": "random"},
    )
    study.run()
    for trial in study.trials():
        fine = trial.params["fate"] == "fine"
        assert trial.state == (TrialState.COMPLETE if fine else TrialState.PRUNED)
        assert ("given up after 25% of the fit of seed 0" in trial.user_attrs.get("reason", "")) is not fine
    stopped = [attempt for attempt in study.attempts() if attempt.cell.options["fate"] == "hopeless"]
    assert {attempt.status for attempt in stopped} == {"stopped"}
    for attempt in stopped:
        assert not (attempt.folder / "front.parquet").exists()
        history = study.store.client.get_metric_history(attempt.run_id, "train_probe_hypervolume")
        assert [(point.step, point.value) for point in history] == [(2, 0.0)]
    assert study.parent().data.metrics["trials_given_up"] == 3


def test_nothing_is_given_up_before_enough_trials_have_been_looked_at(tuning, tmp_path, in_process):
    study = tuning(
        tmp_path,
        learners=["fussy"],
        space={"fate": ["fine", "hopeless"], "y": [1, 2]},
        trials=4,
        early_stop={"n_startup_trials": 4},
    )
    study.run()
    assert [trial.state for trial in study.trials()] == [TrialState.COMPLETE] * 4


def test_every_seed_of_a_trial_is_looked_at_at_moments_of_its_own(tuning, tmp_path, in_process):
    study = tuning(
        tmp_path,
        learners=["fussy"],
        space=["x"],
        trials=1,
        seeds=[0, 1],
        early_stop={"probes": 3, "n_startup_trials": 1},
    )
    study.run()
    (trial,) = study.trials()
    assert sorted(trial.intermediate_values) == [1, 2, 3, 5, 6, 7]
    for seed, steps in ((0, (1, 2, 3)), (1, (5, 6, 7))):
        (attempt,) = (attempt for attempt in study.attempts() if attempt.cell.seed == seed)
        history = study.store.client.get_metric_history(attempt.run_id, "train_probe_hypervolume")
        assert [point.value for point in history] == [trial.intermediate_values[step] for step in steps]


def test_a_fit_of_few_steps_is_looked_at_once_a_moment(tuning, tmp_path, in_process):
    learner = {"method": "fussy", "options": {"steps": 5}}
    study = tuning(tmp_path, learners=[learner], space=["x"], trials=1, early_stop={"probes": 3})
    study.run()
    assert sorted(study.trials()[0].intermediate_values) == [1, 2, 3]
