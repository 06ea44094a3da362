"""A run that was recorded and not closed, since its process was killed in between, is closed by what writes next."""

import pytest

from frontrunner.harness.records.store import Store


class Killed(BaseException):
    """A kill, after which nothing of the process runs on."""


@pytest.fixture
def killed(store, record, make_cell, monkeypatch):
    """(status) -> the id of a run whose process was killed just before it closed the run."""

    def kill(*_):
        raise Killed

    def left(status):
        with monkeypatch.context() as patch:
            patch.setattr(Store, "_close", kill)
            with pytest.raises(Killed):
                record(store, make_cell(), [[0.0, 1.0], [1.0, 0.0]], status=status, fit_time_s=1.0)
        (attempt,) = store.attempts()
        assert attempt.status == status
        assert store.client.get_run(attempt.run_id).info.status == "RUNNING"
        return attempt.run_id

    return left


@pytest.mark.parametrize(("status", "shown"), [("finished", "FINISHED"), ("failed", "FAILED"), ("stopped", "KILLED")])
def test_opening_the_store_to_write_closes_it(killed, store, status, shown):
    run_id = killed(status)
    before = store.attempts()
    opened = Store(store.folder, create=True)
    run = opened.client.get_run(run_id)
    assert (run.info.status, opened.n_closed) == (shown, 1)
    if status == "finished":  # it ended when it was recorded, not when it was found
        (metric,) = opened.client.get_metric_history(run_id, "fit_time_s")
        assert run.info.end_time == metric.timestamp
    assert opened.attempts() == before
    assert Store(store.folder, create=True).n_closed == 0


def test_repair_closes_it_and_says_so(killed, store, command):
    run_id = killed("finished")
    assert "closed in MLflow: 1 run" in command.within("store", "repair", "--store", store.folder).out
    assert store.client.get_run(run_id).info.status == "FINISHED"
    assert "closed in MLflow" not in command.within("store", "repair", "--store", store.folder).out


def test_what_still_runs_stays_open(store, make_cell, record):
    record(store, make_cell(), [[0.0, 1.0], [1.0, 0.0]])
    parent = store.parent_run("bench", "made-up", "again", "digest", {})
    running = store.begin(make_cell(seed=1), parent)
    opened = Store(store.folder, create=True)
    assert [opened.client.get_run(one).info.status for one in (parent, running)] == ["RUNNING", "RUNNING"]
    assert opened.n_closed == 0
