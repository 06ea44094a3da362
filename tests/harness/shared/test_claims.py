"""Of machines that want one cell at once, one has it; a machine that died keeps none."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from filelock import Timeout

from frontrunner.errors import ClaimedError
from frontrunner.harness.records import claimed_cells, claims


def attempts(store):
    return [(one.cell.key, str(one.status)) for one in store.attempts()]


def begin(store, cell):
    parent = store.parent_run("bench", cell.suite, "made up", "digest", {})
    assert store.settled(cell) is None
    return store.begin(cell, parent)


def test_a_cell_that_another_machine_runs_is_neither_locked_nor_begun(machine, make_cell):
    ours, theirs, cell = machine("one"), machine("two"), make_cell()
    begin(theirs, cell)
    with pytest.raises(Timeout):
        ours.lock(cell).acquire(timeout=0)
    with ours.lock(make_cell("other")).acquire(timeout=0), pytest.raises(ClaimedError):
        begin(ours, cell)
    assert attempts(ours) == [(cell.key, "running")]


@pytest.mark.parametrize("n_machines", [2, 3])
def test_of_machines_that_begin_at_the_same_moment_one_goes_on(n_machines, machine, make_cell):
    stores = [machine(f"{number}") for number in range(n_machines)]
    cell, together = make_cell(), threading.Barrier(n_machines)
    parents = [one.parent_run("bench", cell.suite, "made up", "digest", {}) for one in stores]

    def ask(store, parent):
        together.wait()
        try:
            return store.begin(cell, parent)
        except ClaimedError:
            return None

    with ThreadPoolExecutor(n_machines) as pool:
        begun = [found for found in pool.map(ask, stores, parents) if found]
    assert len(begun) <= 1  # all may have given way to each other: then each tries again
    assert attempts(stores[0]) == [(cell.key, "running")] * len(begun)


def test_a_claim_whose_heartbeat_stands_still_is_taken(machine, make_cell, monkeypatch):
    ours, theirs, cell = machine("one"), machine("two"), make_cell()
    lost = begin(theirs, cell)
    theirs._claimed.release(lost)  # no further heartbeat
    monkeypatch.setattr(claims, "STALE_S", 0.3)
    monkeypatch.setattr(claimed_cells, "LOOK_AGAIN_S", 0.0)
    ours.lock(cell)
    for _ in range(50):
        try:
            with ours.lock(cell).acquire(timeout=0):
                taken = begin(ours, cell)
                break
        except Timeout:
            threading.Event().wait(0.1)
    assert attempts(ours) == [(cell.key, "killed"), (cell.key, "running")]
    assert ours.attempts()[0].reason == "the machine that ran it is gone"
    assert taken != lost


def test_a_claim_with_a_heartbeat_is_not(machine, make_cell, monkeypatch):
    ours, theirs, cell = machine("one"), machine("two"), make_cell()
    monkeypatch.setattr(claims, "STALE_S", 1.0)
    monkeypatch.setattr(claimed_cells, "LOOK_AGAIN_S", 0.0)
    begin(theirs, cell)
    for _ in range(15):
        with pytest.raises(Timeout):
            ours.lock(cell).acquire(timeout=0)
        threading.Event().wait(0.1)
    assert attempts(ours) == [(cell.key, "running")]


def test_a_work_folder_whose_process_was_killed_takes_its_own_claims_at_once(machine, make_cell):
    cell = make_cell()
    begin(machine("one"), cell)
    again = machine("one")
    with again.lock(cell).acquire(timeout=0):
        begin(again, cell)
    assert attempts(again) == [(cell.key, "killed"), (cell.key, "running")]


def test_a_cell_that_another_machine_has_just_finished_is_not_begun(machine, make_cell, record):
    ours, theirs, cell = machine("one"), machine("two"), make_cell()
    parent = ours.parent_run("bench", cell.suite, "made up", "digest", {})
    assert ours.settled(cell) is None
    record(theirs, cell, [[0.1, 0.6]])
    with pytest.raises(ClaimedError, match="finished"):
        ours.begin(cell, parent)
    assert ours.settled(cell) is not None


def test_a_request_that_was_sent_twice_leaves_one_run(machine, make_cell, monkeypatch):
    """MLflow's client sends a request again whose answer was lost, though the server has done it."""
    store, cell = machine(), make_cell()
    parent = store.parent_run("bench", cell.suite, "made up", "digest", {})
    create = type(store._own_client).create_run

    def twice(client, *arguments, **keys):
        create(client, *arguments, **keys)
        return create(client, *arguments, **keys)

    monkeypatch.setattr(type(store._own_client), "create_run", twice)
    run = store.begin(cell, parent)
    assert [one.run_id for one in store.attempts()] == [run]


def test_nodes_that_share_a_work_folder_are_told_apart(machine, make_cell, monkeypatch):
    """As where a cluster's nodes share a home, and so the user's cache."""
    cell = make_cell()
    monkeypatch.setattr(claims.platform, "node", lambda: "node-1")
    begin(machine("home"), cell)
    monkeypatch.setattr(claims.platform, "node", lambda: "node-2")
    other = machine("home")
    with pytest.raises(Timeout):
        other.lock(cell).acquire(timeout=0)
    assert other.is_running(other.attempts()[0])
    monkeypatch.setattr(claims.platform, "node", lambda: "node-1")
    with (again := machine("home")).lock(cell).acquire(timeout=0):
        begin(again, cell)
    assert [status for _, status in attempts(again)] == ["killed", "running"]


def test_the_reason_of_a_claim_that_this_process_still_has_is_true(machine, make_cell):
    store, cell = machine(), make_cell()
    for _ in range(2):
        begin(store, cell)
    assert store.attempts()[0].reason.startswith("it could not be recorded when it had ended")


def test_a_metric_that_is_not_a_number_is_left_out(machine, make_cell):
    store, cell = machine(), make_cell()
    run = begin(store, cell)
    store.client.log_metric(run, "lost", float("nan"))
    store.client.log_metric(run, "kept", 1.5)
    assert store.attempts()[0].metrics == {"kept": 1.5}
