"""MLflow servers on the loopback: one in this process, which starts in no time, and real ones on PostgreSQL."""

import contextlib
import logging
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import warnings
from dataclasses import dataclass
from pathlib import Path

import pytest

SERVER = "_MLFLOW_SERVER_"


class ServerHere:
    """MLflow's own application in a thread of this process, on SQLite; one at a time."""

    def __init__(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what MLflow's own dependencies find outdated in it
            from mlflow.server import app
        sys.modules.setdefault("mlflow.server.auth", None)  # every search would try to import it, and fail
        self._app = app
        self._port = 0
        self._listening = None
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        logging.getLogger("mlflow.store.db.utils").setLevel(logging.ERROR)

    @property
    def url(self):
        return f"http://127.0.0.1:{self._port}"

    def serve(self, database, files):
        """Another database and other files from now on."""
        from mlflow.server import handlers

        os.environ |= {
            f"{SERVER}FILE_STORE": f"sqlite:///{database}",
            f"{SERVER}ARTIFACT_ROOT": "mlflow-artifacts:/",
            f"{SERVER}ARTIFACT_DESTINATION": str(files),
            f"{SERVER}SERVE_ARTIFACTS": "true",
        }
        handlers._tracking_store = handlers._artifact_repo = None
        self.answer()

    def answer(self):
        """Listen, on the same port as before."""
        from werkzeug.serving import make_server

        if self._listening is None:
            self._listening = make_server("127.0.0.1", self._port, self._app, threaded=True)
            self._port = self._listening.server_port
            threading.Thread(target=self._listening.serve_forever, args=(0.05,), daemon=True).start()

    def go_away(self):
        """Refuse connections."""
        if self._listening is not None:
            self._listening.shutdown()
            self._listening.server_close()
            self._listening = None


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def postgres_tools():
    """The folder of initdb and pg_ctl, which Debian leaves off PATH; None where they are not installed."""
    found = shutil.which("initdb")
    places = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "pg_ctl").exists() and (place / "initdb").exists()), None)


@contextlib.contextmanager
def postgres():
    """A PostgreSQL of its own, on the loopback; yields the URL of its database."""
    tools, port = postgres_tools(), free_port()
    as_user = {"user": "postgres", "group": "postgres"} if os.getuid() == 0 else {}  # it refuses to run as root
    # Not below pytest's own folder, which every session of pytest closes to other users.
    with tempfile.TemporaryDirectory(prefix="frontrunner-postgresql-") as folder:
        if as_user:
            shutil.chown(folder, "postgres", "postgres")
        run = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, **as_user}
        data, log = f"{folder}/data", f"{folder}/log"
        subprocess.run([tools / "initdb", "-D", data, "-A", "trust", "-U", "bench", "--no-sync"], **run)
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        subprocess.run([tools / "pg_ctl", "-D", data, "-w", "-l", log, "-o", options, "start"], **run)
        try:
            yield f"postgresql+psycopg://bench@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run([tools / "pg_ctl", "-D", data, "-m", "immediate", "stop"], **run)


@dataclass(frozen=True)
class RealServer:
    """`mlflow server` on a PostgreSQL of its own."""

    url: str
    database: str
    """URL of a database of the same PostgreSQL that MLflow does not use."""


@contextlib.contextmanager
def real_server(folder):
    """Yields a RealServer; the test is skipped where one cannot be started."""
    pytest.importorskip("psycopg", reason="the driver of PostgreSQL is not installed (the postgresql extra)")
    if postgres_tools() is None:
        pytest.skip("PostgreSQL is not installed (initdb, pg_ctl)")
    with postgres() as database:
        (folder / "files").mkdir()
        with mlflow_server(database, folder / "files") as url:
            import psycopg

            with psycopg.connect(database.replace("+psycopg", ""), autocommit=True) as connection:
                connection.execute("create database optuna")
            yield RealServer(url, f"{database.rpartition('/')[0]}/optuna")


@contextlib.contextmanager
def mlflow_server(database, files, *, timeout_s=240):
    """`mlflow server` in processes of its own; yields its address."""
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", database]
    command += ["--artifacts-destination", str(files), "--host", "127.0.0.1", "--port", str(port), "--workers", "2"]
    process = subprocess.Popen(
        command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=files.parent
    )
    try:
        end = time.monotonic() + timeout_s
        while not _answers(f"http://127.0.0.1:{port}/health"):
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.5)
        yield f"http://127.0.0.1:{port}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait()


def _answers(address):
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def run_on_two_machines(words, folder, environment, timeout_s):
    """Start a command at once on machines called one and two, told apart by their caches; both must succeed."""
    machines = [
        subprocess.Popen(
            [sys.executable, "-m", "frontrunner", *words],
            cwd=folder,
            env=environment | {"FRONTRUNNER_CACHE": str(folder / name)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "two")
    ]
    ended = [(*machine.communicate(timeout=timeout_s), machine.returncode) for machine in machines]
    assert [status for _, _, status in ended] == [0, 0], ended
