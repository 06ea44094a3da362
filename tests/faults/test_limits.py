"""`--cell-timeout` from the command line to the board: the row says why, others go on, the same command does too."""

import dataclasses
import re
import time

import pytest

from frontrunner.harness.records.status import Status
from frontrunner.harness.records.store import Store
from frontrunner.harness.running import worker_process
from frontrunner.harness.running.kept_limits import KeptLimits

SLOW = '''
import time
from pathlib import Path

import frontrunner as fr


class Slow(type(fr.make_learner("pwe-moe-ls"))):
    """PWE MoE whose 25th step of all takes too long."""

    name = "slow"

    def step(self, *arguments):
        with open("steps", "a") as file:
            file.write("step\\n")
        if len(Path("steps").read_text().splitlines()) == 25:
            Path("slow").touch()
            time.sleep(600)
        return super().step(*arguments)
'''


@pytest.fixture(scope="module")
def twice(command, tmp_path_factory):
    """The same bench, with a limit of time that the slow cell reaches at its 25th step, and again; its store."""
    folder = tmp_path_factory.mktemp("limits")
    (folder / "slow.py").write_text(SLOW)
    here = dataclasses.replace(command, folder=folder)
    words = [*command.bench(folder, ["slow", "pretrained"], plugins=[folder / "slow.py"]), "--cell-timeout", "1h"]
    kept = []

    class Waiting(KeptLimits):
        """As if the limit had passed once the step is slow: how long the steps before take is the machine's matter."""

        def exceeded(self, keeper):
            kept.append(self._limits)
            if (folder / "slow").exists():
                self._start = time.monotonic() - 3601
                (folder / "slow").unlink()
            return super().exceeded(keeper)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker_process, "CHECKPOINT_INTERVAL_S", 0.0)
        patch.setattr(worker_process, "KeptLimits", Waiting)
        ended = [here.within(*words), here.within(*words)]
    assert {limits.timeout_s for limits in kept} == {3600}
    return ended, Store(folder / "store", create=False)


def test_the_row_says_why_and_the_others_go_on(twice):
    (first, _), store = twice
    assert first.status == 1
    reason = (
        r"it was ended in the phase fit when it had taken 1h1(\.\d)?s, and its limit of time is 1h; "
        "the same command goes on from its last checkpoint; --cell-timeout sets the limit"
    )
    assert re.search(rf": timed out: {reason}", " ".join(first.out.split()))
    assert "1 of 2 cells did not finish" in first.err
    found = {attempt.cell.method: (attempt.status, attempt.reason) for attempt in reversed(store.attempts())}
    assert {method: status for method, (status, _) in found.items()} == {
        "slow": Status.TIMED_OUT,
        "pretrained": Status.FINISHED,
    }
    assert re.fullmatch(reason, found["slow"][1])


def test_the_same_command_goes_on_from_the_checkpoint(twice):
    (_, second), store = twice
    assert (second.status, second.err) == (0, "")
    statuses = [(attempt.cell.method, attempt.status) for attempt in store.attempts()]
    assert statuses == [("slow", "timed out"), ("pretrained", "finished"), ("slow", "finished")]
    assert store.attempts()[-1].metrics["resumed_fits"] == 1


def test_mlflow_shows_it_as_failed_and_both_attempts_keep_their_logs(twice):
    _, store = twice
    timed_out, pretrained, again = store.attempts()
    run = store.client.get_run(timed_out.run_id)
    assert (run.info.status, run.data.tags["frontrunner.status"]) == ("FAILED", "timed out")
    for attempt in (timed_out, pretrained, again):
        names = {file.path for file in store.client.list_artifacts(attempt.run_id)}
        assert "worker.log" in names
