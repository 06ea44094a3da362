"""optuna-dashboard opens the storage of a study."""

import contextlib
import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from frontrunner.studies.storage import default_url

PROGRAM = Path(sys.executable).with_name("optuna-dashboard")


@pytest.mark.slow
@pytest.mark.skipif(not PROGRAM.exists(), reason="optuna-dashboard is not installed (the dev extra has it)")
def test_the_dashboard_shows_the_study(tuning, tmp_path, in_process):
    tuning(tmp_path, learners=["fussy"], space=["x"], trials=2, early_stop=None).run()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [PROGRAM, default_url(tmp_path), "--port", str(port)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        deadline = time.monotonic() + 60
        while server.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(urllib.error.URLError), urllib.request.urlopen(f"{address}/api/studies") as answer:
                studies = json.load(answer)["study_summaries"]
                break
            time.sleep(0.1)
        with urllib.request.urlopen(f"{address}/dashboard") as page:
            assert "Optuna Dashboard" in page.read().decode()
        assert [study["study_name"] for study in studies] == ["t/fussy"]
    finally:
        server.kill()
        server.communicate()
