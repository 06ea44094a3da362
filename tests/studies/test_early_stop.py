"""When a fit is given up."""

import math

import numpy as np
import optuna
import pytest
from optuna.pruners import NopPruner, PercentilePruner
from optuna.trial import TrialState, create_trial

from frontrunner.harness.running.worker_process import StoppedError
from frontrunner.studies.early_stop import SIGNAL, below, judge, make_pruner
from frontrunner.studies.spec import EarlyStopSpec


def study_of(others, spec, *, directions=("maximize",)):
    """A study in memory whose completed trials have reached these values at steps 1, 2, ...; None for not looked."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    one = len(directions) == 1
    study = optuna.create_study(directions=directions, pruner=make_pruner(spec, hypervolume_alone=one))
    for values in others:
        reached = {step: value for step, value in enumerate(values, 1) if value is not None}
        study.add_trial(
            create_trial(
                values=[0.0] * len(directions),
                intermediate_values=reached if one else None,
                user_attrs={} if one else {SIGNAL: {str(step): value for step, value in reached.items()}},
            )
        )
    return study


def given_up_at(study, values, spec):
    """The step at which a trial with these values is given up, None where it never is."""
    trial = study.ask()
    for step, value in enumerate(values, 1):
        try:
            judge(trial, step, value, spec, hypervolume_alone=len(study.directions) == 1, when="now")
        except StoppedError:
            return step
    return None


@pytest.mark.parametrize("seed", range(40))
def test_the_rule_for_several_objectives_is_optunas_for_one(seed):
    rng = np.random.default_rng(seed)
    spec = EarlyStopSpec(n_startup_trials=int(rng.integers(1, 5)), percentile=float(rng.uniform(5, 95)))
    others = [[None if rng.random() < 0.2 else rng.integers(8) / 8 for _ in range(3)] for _ in range(rng.integers(7))]
    values = [rng.integers(8) / 8 for _ in range(3)]
    single = given_up_at(study_of(others, spec), values, spec)
    several = given_up_at(study_of(others, spec, directions=("maximize", "minimize")), values, spec)
    assert single == several


def test_what_is_below_most_others_at_that_step_is_given_up():
    spec = EarlyStopSpec(n_startup_trials=3)
    others = [[0.1, 0.5], [0.1, 0.6], [0.1, 0.7]]
    for directions in (("maximize",), ("maximize", "minimize")):
        study = study_of(others, spec, directions=directions)
        assert given_up_at(study, [0.1, 0.59], spec) == 2
        assert given_up_at(study, [0.1, 0.6], spec) is None
        assert given_up_at(study, [0.9, 0.2], spec) is None  # the best so far counts


@pytest.mark.parametrize("directions", [("maximize",), ("maximize", "minimize")])
def test_nothing_is_given_up_before_there_are_trials_to_compare_with(directions):
    spec = EarlyStopSpec(n_startup_trials=3)
    others = [[0.9, 0.9], [0.9, 0.9], [None, 0.9]]
    assert given_up_at(study_of(others[:2], spec, directions=directions), [0.0, 0.0], spec) is None
    assert given_up_at(study_of(others, spec, directions=directions), [0.0, 0.0], spec) == 2


def test_trials_that_were_given_up_are_not_compared_with():
    spec = EarlyStopSpec(n_startup_trials=1)
    study = study_of([], spec)
    study.add_trial(create_trial(state=TrialState.PRUNED, intermediate_values={1: 0.9}, value=None))
    assert given_up_at(study, [0.0], spec) is None


def test_a_percentile_says_how_many_may_go_on():
    others = [{"1": value / 10} for value in range(11)]
    for percentile in (10, 25, 90):
        spec = EarlyStopSpec(n_startup_trials=1, percentile=percentile)
        lost = [value for value in np.linspace(0, 1, 101) if below({"1": value}, 1, others, spec)]
        assert max(lost) < percentile / 100 <= max(lost) + 0.011


def test_optunas_pruner_is_told_only_where_it_can_be():
    assert isinstance(make_pruner(EarlyStopSpec(), hypervolume_alone=True), PercentilePruner)
    assert isinstance(make_pruner(EarlyStopSpec(), hypervolume_alone=False), NopPruner)
    assert isinstance(make_pruner(None, hypervolume_alone=True), NopPruner)


def test_the_reason_says_when_and_what():
    spec = EarlyStopSpec(n_startup_trials=1)
    trial = study_of([[0.5]], spec).ask()
    with pytest.raises(StoppedError, match=r"^given up after 25 %: its hypervolume of 0.25 on a few preferences"):
        judge(trial, 1, 0.25, spec, hypervolume_alone=True, when="after 25 %")
    assert not math.isnan(trial.storage.get_trial(trial._trial_id).intermediate_values[1])
