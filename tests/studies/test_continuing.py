"""However a study is interrupted, it ends with the trials of an undisturbed one."""

import pytest

KEYS = {
    "learners": ["fussy"],
    "space": ["x", "y"],
    "trials": 5,
    "early_stop": None,
}
SAMPLERS = {
    "tpe": {"name": "tpe", "options": {"n_startup_trials": 2}},
    "nsga2": {"name": "nsga2", "options": {"population_size": 2}},
}


def outcome(study):
    return [(trial.params, trial.values) for trial in study.trials()]


@pytest.fixture(scope="module")
def undisturbed(tuning, without_processes, tmp_path_factory):
    """Sampler -> the trials of a study that ran through."""
    found = {}
    with without_processes():
        for name, sampler in SAMPLERS.items():
            study = tuning(tmp_path_factory.mktemp(name), sampler=sampler, **KEYS)
            study.run()
            found[name] = outcome(study)
    return found


@pytest.mark.slow
def test_samplers_and_seeds_propose_different_things(undisturbed, tuning, tmp_path, in_process):
    assert len({str(trials) for trials in undisturbed.values()}) == len(SAMPLERS)
    other = tuning(tmp_path, sampler=SAMPLERS["tpe"] | {"seed": 1}, **KEYS)
    other.run()
    assert outcome(other)[0] == undisturbed["tpe"][0]  # the default
    assert len(other.trials()) == 5
    assert outcome(other)[1:] != undisturbed["tpe"][1:]


@pytest.mark.parametrize("name", SAMPLERS)
def test_ctrl_c_in_the_middle_of_trials_changes_nothing(name, undisturbed, tuning, watcher, tmp_path, in_process):
    study = tuning(tmp_path, sampler=SAMPLERS[name], **KEYS)

    def ctrl_c(begun):
        raise KeyboardInterrupt

    for before in (0, 2):
        with pytest.raises(KeyboardInterrupt):
            study.run(watcher(at=lambda begun, before=before: ctrl_c(begun) if begun > before else None))
        assert study.parent().info.status == "KILLED"
    study.run()
    assert study.parent().info.status == "FINISHED"
    assert outcome(study) == undisturbed[name]
    assert len(in_process) == 5  # none was run twice


def test_a_stop_between_trials_changes_nothing(undisturbed, tuning, watcher, tmp_path, in_process):
    class Stops(watcher):
        def tried(self, study, trial):
            raise KeyboardInterrupt

    study = tuning(tmp_path, sampler=SAMPLERS["tpe"], **KEYS)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            study.run(Stops())
    assert len(study.trials()) == 2
    study.run()
    assert outcome(study) == undisturbed["tpe"]
    assert len(in_process) == 5


def test_an_interrupted_trial_is_the_same_trial_when_it_is_tried_again(tuning, watcher, tmp_path, in_process):
    study = tuning(tmp_path, **KEYS)

    def ctrl_c(begun):
        if begun == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        study.run(watcher(at=ctrl_c))
    (lost,) = study.open().counted().lost(5)
    seen = study.run()
    assert seen.cells[0].label == "t/fussy trial 1"
    assert seen.tries[0].params == lost.params
    assert seen.tries[0].number > lost.number


@pytest.mark.slow
def test_two_devices_share_the_trials(tuning, tmp_path, in_process):
    study = tuning(tmp_path, **KEYS | {"trials": 6, "sampler": {"name": "random"}})
    seen = study.run(devices=["cpu", "cuda:7"])
    trials = study.trials()
    assert len(trials) == len({str(trial.params) for trial in trials}) == len(seen.cells) == 6
    assert study.open().counted().open(9) == []
    assert {device for _, device in in_process} == {"cpu", "cuda:0"}  # as its process calls cuda:7


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"seeds": [1]}, "seeds"),
        ({"objectives": ["trainable_parameters", "hypervolume"]}, "objectives"),
        ({"space": ["x"]}, "space"),
        ({"learners": [{"method": "fussy", "options": {"gate": "none"}}]}, "learner"),
        ({"suite": {"name": "tiny", "points_per_edge": 3}, "seeds": [1]}, "seeds and suite"),
    ],
)
def test_a_study_that_was_begun_with_other_settings_is_refused(changed, named, tuning, tmp_path, in_process):
    import frontrunner as fr

    tuning(tmp_path, **KEYS | {"trials": 1}).run()
    with pytest.raises(fr.ConfigError, match=rf"^the study 't/fussy' was begun with another {named} \(.*another name$"):
        tuning(tmp_path, **KEYS | changed).run()
    assert len(in_process) == 1


@pytest.mark.slow
@pytest.mark.parametrize("changed", [{"trials": 2}, {"early_stop": {}}, {"sampler": {"name": "random"}}])
def test_how_trials_are_proposed_may_change(changed, tuning, tmp_path, in_process):
    tuning(tmp_path, **KEYS | {"trials": 1}).run()
    study = tuning(tmp_path, **KEYS | {"trials": 2} | changed)
    study.run()
    assert len(study.trials()) == 2


def test_a_trial_whose_worker_died_before_its_first_sign_of_life_is_tried_again(
    undisturbed, tuning, tmp_path, in_process, monkeypatch
):
    from frontrunner.studies import tune

    study = tuning(tmp_path, sampler=SAMPLERS["tpe"], **KEYS)
    with pytest.warns(UserWarning, match="Heartbeat"):
        study.open().optuna.ask()  # runs without one, as if killed just then
    monkeypatch.setattr(tune, "UNBORN_S", -tune.SIGNS_MISSED * study.spec.heartbeat_s)
    study.run()
    assert len(in_process) == 5
    assert sorted(map(str, outcome(study))) == sorted(map(str, undisturbed["tpe"]))


def test_fewer_trials_than_were_begun_end_without_the_rest(tuning, watcher, tmp_path, in_process):
    def ctrl_c(begun):
        if begun > 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tuning(tmp_path, **KEYS).run(watcher(at=ctrl_c))
    fewer = tuning(tmp_path, **KEYS | {"trials": 2})
    seen = fewer.run(watcher())
    assert (seen.cells, seen.tries) == ([], [])
    assert [trial.state.name for trial in fewer.trials()][:2] == ["COMPLETE", "COMPLETE"]


def test_a_trial_taken_over_by_another_worker_is_left_to_it(tuning, watcher, tmp_path, in_process):
    from optuna.trial import TrialState

    study = tuning(tmp_path, **KEYS)

    def taken_for_dead(begun):
        if begun == 2:
            opened = study.open().optuna
            opened.tell(opened.get_trials(states=(TrialState.RUNNING,))[0].number, state=TrialState.FAIL)

    seen = study.run(watcher(at=taken_for_dead))
    assert len({str(params) for params, _ in outcome(study)}) == 5
    assert all(values is not None for _, values in outcome(study))
    assert len(in_process) == 5  # the cell was recorded
    assert len(seen.tries) == 6


@pytest.mark.slow
def test_an_interrupted_study_gives_up_the_same_fits(tuning, watcher, tmp_path, in_process):
    keys = KEYS | {"trials": 8, "sampler": {"name": "random"}, "early_stop": {"n_startup_trials": 2}}
    through = tuning(tmp_path / "through", **keys)
    through.run()
    states = [trial.state.name for trial in through.trials()]
    assert {"COMPLETE", "PRUNED"} == set(states)

    def ctrl_c(begun):
        if begun > 3:
            raise KeyboardInterrupt

    broken = tuning(tmp_path / "broken", **keys)
    with pytest.raises(KeyboardInterrupt):
        broken.run(watcher(at=ctrl_c))
    broken.run()
    assert outcome(broken) == outcome(through)
    assert [trial.state.name for trial in broken.trials()] == states
