"""A study pauses while the server of its store does not answer; no trial fails for it."""

from collections import Counter

import pytest

from frontrunner.errors import ServerAwayError
from frontrunner.harness.records.store import Store
from frontrunner.harness.reports import publish
from frontrunner.studies import trial


@pytest.mark.parametrize("place", [(Store, "record"), (trial, "publish_scores")], ids=["record", "scores"])
def test_trials_wait_until_the_server_answers(place, tuning, in_process, tmp_path, monkeypatch):
    monkeypatch.setattr(trial, "LOOK_AGAIN_S", 0.02)
    monkeypatch.setattr(publish, "DELIVER_AGAIN_S", 0.02)
    calls = Counter()
    original = getattr(*place)

    def away_at_first(*arguments):
        calls["made"] += 1
        if calls["made"] <= 3:
            raise ServerAwayError("the MLflow server does not answer")
        return original(*arguments)

    monkeypatch.setattr(*place, away_at_first)
    tuned = tuning(tmp_path, trials=2)
    tuned.run()
    states = [one.state.name for one in tuned.open().optuna.get_trials()]
    assert states == ["COMPLETE"] * 2
    assert [str(one.status) for one in tuned.attempts() if one.status != "killed"] == ["finished"] * 2
    assert calls["made"] == 5
