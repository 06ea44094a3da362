"""A server in this process, and stores behind it as several machines have them."""

import pytest
from tracking_servers import ServerHere

from frontrunner.harness.records import claims, server_away
from frontrunner.harness.records.server_address import ServerAddress
from frontrunner.harness.records.shared_store import SharedStore


@pytest.fixture(scope="session")
def _server_here():
    server = ServerHere()
    yield server
    server.go_away()


@pytest.fixture
def server(_server_here, copied_databases, tmp_path, monkeypatch):
    """An empty MLflow server; whoever waits for it does so for a moment."""
    from frontrunner.harness.records import store

    monkeypatch.setattr(server_away, "LIMIT_S", 0.2)
    monkeypatch.setattr(server_away, "ASK_AGAIN_S", 0.0)
    monkeypatch.setattr(claims, "BEAT_S", 0.05)
    home = tmp_path / "server"
    home.mkdir()
    store.create_database(home / "mlflow.db")
    held, hold = [], claims.Claims.hold

    def hold_until_the_end(self, run_id):
        held.append((self, run_id))
        hold(self, run_id)

    monkeypatch.setattr(claims.Claims, "hold", hold_until_the_end)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("FILE_STORE", "ARTIFACT_ROOT", "ARTIFACT_DESTINATION", "SERVE_ARTIFACTS"):
            patch.setenv(f"_MLFLOW_SERVER_{name}", "")  # so that they are as before afterwards
        _server_here.serve(home / "mlflow.db", home / "files")
        yield _server_here
        for one, run_id in held:  # else heartbeats were sent, and failed, while later tests run
            one.release(run_id)
            if (beats := one._beats) is not None:
                beats.join(1)


@pytest.fixture
def machine(server, tmp_path, monkeypatch):
    """(name) -> the server's store as a machine of this name has it."""

    def of(name="one"):
        with monkeypatch.context() as patch:
            patch.setenv("FRONTRUNNER_CACHE", str(tmp_path / name))
            return SharedStore(ServerAddress.parse(server.url))

    return of
