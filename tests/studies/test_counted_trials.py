"""Which trials count, told from what the storage holds."""

from frontrunner.studies.counted_trials import DISCARDED, REASON, CountedTrials, settled, slot


def retry(of, **trial):
    return {"system": {"failed_trial": of}, **trial}


def numbers(trials):
    return [trial.number for trial in trials]


def test_a_trial_is_open_until_it_has_a_value_or_a_reason(of_trials):
    trials = of_trials(
        {"x": 1},
        {"x": 2, "state": "PRUNED"},
        {"x": 3, "state": "FAIL", "user": {REASON: "diverged"}},
        {"x": 4, "state": "FAIL"},
        {"x": 5, "state": "RUNNING"},
        {"x": 6, "state": "WAITING"},
    )
    counted = CountedTrials.of(trials)
    assert [settled(trial) for trial in trials] == [True, True, True, False, False, False]
    assert numbers(counted.trials) == [0, 1, 2, 3, 4, 5]
    assert numbers(counted.open(9)) == [3, 4, 5]
    assert numbers(counted.lost(9)) == [3]
    assert numbers(counted.complete) == [0]


def test_a_retry_takes_the_place_of_what_it_tries_again(of_trials):
    trials = of_trials({"x": 1, "state": "FAIL"}, {"x": 2}, retry(0, x=1, state="FAIL"), retry(0, x=1))
    counted = CountedTrials.of(trials)
    assert [slot(trial) for trial in trials] == [0, 1, 0, 0]
    assert [(slot(trial), trial.number) for trial in counted.trials] == [(0, 3), (1, 1)]
    assert counted.open(9) == counted.lost(9) == []


def test_what_is_being_tried_again_is_not_lost(of_trials):
    counted = CountedTrials.of(of_trials({"x": 1, "state": "FAIL"}, retry(0, x=1, state="WAITING")))
    assert numbers(counted.open(9)) == [1]
    assert counted.lost(9) == []


def test_a_retry_of_what_has_settled_meanwhile_changes_nothing(of_trials):
    counted = CountedTrials.of(of_trials({"x": 1, "value": 3.0}, retry(0, x=1, state="RUNNING")))
    assert numbers(counted.trials) == [0]
    assert counted.open(9) == []


def test_discarded_trials_do_not_count(of_trials):
    counted = CountedTrials.of(of_trials({"x": 1}, {"x": 1, "state": "FAIL", "user": {DISCARDED: "a twin"}}))
    assert numbers(counted.trials) == [0]
    assert counted.lost(9) == []


def test_equal_configurations_count_once_however_they_ended(of_trials):
    counted = CountedTrials.of(of_trials({"x": 1}, {"x": 2}, {"x": 1}, {"x": 2, "state": "PRUNED"}))
    assert numbers(counted.trials) == [0, 1]


def test_trials_without_a_configuration_yet_are_not_equal(of_trials):
    assert len(CountedTrials.of(of_trials({"state": "WAITING"}, {"state": "RUNNING"}, {"state": "FAIL"})).trials) == 3


def test_the_order_in_which_the_storage_gives_them_does_not_matter(of_trials):
    trials = of_trials({"x": 1, "state": "FAIL"}, {"x": 2}, retry(0, x=1), {"x": 2})
    assert CountedTrials.of(trials[::-1]) == CountedTrials.of(trials)
