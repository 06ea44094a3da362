"""Two machines tune one study: its trials are in one PostgreSQL, their cells behind one MLflow server."""

from collections import Counter

import pytest
import yaml
from tracking_servers import real_server, run_on_two_machines

from frontrunner.harness.records.server_address import ServerAddress
from frontrunner.harness.records.shared_store import SharedStore

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
TRIALS = 6


def test_trials_are_shared_and_winners_are_tested_once(fussy, tiny, command, tmp_path, monkeypatch):
    study = {
        "name": "t",
        "suite": {"name": "tiny", "points_per_edge": 2},
        "learners": [{"method": "fussy", "options": {}}],
        "space": ["x"],
        "trials": TRIALS,
        "sampler": {"name": "random"},
        "early_stop": None,
        "heartbeat_s": 1,
        "test": {"seeds": [1]},
    }
    (tmp_path / "tune.yaml").write_text(yaml.safe_dump(study))
    with real_server(tmp_path) as server:
        words = ["tune", "tune.yaml", "--store", server.url, "--storage", server.database, "--device", "cpu"]
        words += ["--plugin", tiny.__file__, "--plugin", str(fussy)]
        run_on_two_machines(words, tmp_path, command.environment, timeout_s=700)
        monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path / "three"))
        store = SharedStore(ServerAddress.parse(server.url))
        for kind in ("cell", "trial"):
            finished = Counter(one.cell.key for one in store.attempts(kind=kind) if one.status == "finished")
            assert max(finished.values()) == 1
        assert len(store.attempts(kind="trial")) >= TRIALS
        assert len(store.runs("kind", "study")) == 1
