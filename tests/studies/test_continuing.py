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
    (lost,) = study.open().standing().lost
    seen = study.run()
    assert seen.cells[0].label == "t/fussy trial 1"
    assert seen.tries[0].params == lost.params
    assert seen.tries[0].number > lost.number


def test_two_devices_share_the_trials(tuning, tmp_path, in_process):
    study = tuning(tmp_path, **KEYS | {"trials": 6, "sampler": {"name": "random"}})
    seen = study.run(devices=["cpu", "cpu"])
    trials = study.trials()
    assert len(trials) == len({str(trial.params) for trial in trials}) == len(seen.cells) == 6
    assert study.open().standing().open == []


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
