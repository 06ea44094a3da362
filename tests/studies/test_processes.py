"""Several processes at one study, one of which is killed."""

import time

import psutil
import pytest
import yaml
from processes import workers_of

from frontrunner.harness.records.store import Store
from frontrunner.studies.counted_trials import CountedTrials, slot
from frontrunner.studies.storage import default_url, open_storage

pytestmark = pytest.mark.slow
"""A minute of waiting for processes; test_continuing.py loses workers in one process."""

TRIALS = 6


def arguments(folder, fussy, tiny, **learner):
    content = {
        "name": "t",
        "suite": {"name": "tiny", "points_per_edge": 2},
        "learners": [{"method": "fussy", "options": learner}],
        "space": ["x"],
        "trials": TRIALS,
        "sampler": {"name": "random"},
        "early_stop": None,
        "heartbeat_s": 1,
    }
    (folder / "tune.yaml").write_text(yaml.safe_dump(content))
    words = ["tune", folder / "tune.yaml", "--store", folder / "store", "--device", "cpu"]
    return [*words, "--plugin", tiny.__file__, "--plugin", fussy]


def trials_of(folder):
    import optuna

    storage = open_storage(default_url(folder / "store"), folder / "store", 1)
    return optuna.load_study(study_name="t/fussy", storage=storage).get_trials()


@pytest.fixture(scope="module")
def killed(command, fussy, tiny, tmp_path_factory):
    """Two processes begin a study on a store that does not exist; both fit when one of them is killed."""
    folder = tmp_path_factory.mktemp("killed")
    words = arguments(folder, fussy, tiny, gate=str(folder / "gate"))
    processes = [command.start(*words, folder=folder) for _ in range(2)]
    victim, survivor = processes
    try:
        deadline = time.monotonic() + 120
        while not all(workers_of(psutil.Process(process.pid)) for process in processes):
            ended = [process for process in processes if process.poll() is not None]
            assert ended == [], [process.communicate() for process in ended]
            assert time.monotonic() < deadline
            time.sleep(0.05)
        workers = workers_of(psutil.Process(victim.pid))
        victim.kill()
        victim.communicate()
        gone = psutil.wait_procs(workers, timeout=10)[1] == []
        (folder / "gate").touch()
        out, err = survivor.communicate(timeout=200)
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    return folder, (survivor.returncode, out, err), gone


def test_the_worker_of_a_killed_process_goes_with_it(killed):
    assert killed[2]


def test_the_other_process_finishes_the_study(killed):
    folder, (status, _, err), _ = killed
    assert (status, err) == (0, "")
    counted = CountedTrials.of(trials_of(folder))
    assert len(counted.complete) == len(counted.trials) == TRIALS
    assert len({trial.params["x"] for trial in counted.trials}) == TRIALS


def test_what_the_killed_process_had_begun_is_tried_again(killed):
    trials = trials_of(killed[0])
    retried = [trial for trial in trials if slot(trial) != trial.number]
    assert retried
    for trial in retried:
        assert trial.params == trials[slot(trial)].params


def test_every_configuration_is_run_to_its_end_once(killed):
    store = Store(killed[0] / "store", create=False)
    attempts = store.attempts(kind="trial")
    finished = [attempt.cell.key for attempt in attempts if attempt.status == "finished"]
    assert len(finished) == len(set(finished)) == TRIALS
    assert {attempt.status for attempt in attempts} == {"finished", "killed"}
