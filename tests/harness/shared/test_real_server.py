"""Two machines' worth of processes and a real `mlflow server` on a real PostgreSQL."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tracking_servers import real_server, run_on_two_machines

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "shared_store.py"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with real_server(tmp_path_factory.mktemp("server")) as found:
        yield found


def test_machines_that_record_the_same_cells_at_once_record_each_once(server):
    command = [sys.executable, str(BENCHMARK), server.url, "--cells", "40"]
    told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=800).stdout
    counted = json.loads(told.splitlines()[-1])
    assert (counted["runs"], counted["cells"], counted["most_of_one_cell"]) == ({"finished": 40}, 40, 1)
    assert sum(machine["ran"] for machine in counted["machines"]) == 40
    assert min(machine["ran"] for machine in counted["machines"]) > 0


def test_the_same_bench_on_two_machines_prints_the_same_board(server, command, tmp_path):
    spec = {"name": "two", "suites": ["convex-toy"], "learners": ["interpolation"], "seeds": [0, 1, 2, 3]}
    (tmp_path / "bench.yaml").write_text(yaml.safe_dump(spec))
    words = ["bench", str(tmp_path / "bench.yaml"), "--store", server.url]
    run_on_two_machines(words, tmp_path, command.environment, timeout_s=600)
    boards = []
    for name in ("one", "two", "three"):
        words = ["leaderboard", "--suite", "convex-toy", "--store", server.url, "--format", "json"]
        environment = os.environ | {"FRONTRUNNER_CACHE": str(tmp_path / name)}
        shown = subprocess.run(
            [sys.executable, "-m", "frontrunner", *words], env=environment, check=True, capture_output=True, text=True
        )
        boards.append(shown.stdout)
    assert len(set(boards)) == 1
    (row,) = json.loads(boards[0])[0]["rows"]
    assert (row["seeds"], len(row["run_ids"]), row["unfinished"]) == ([0, 1, 2, 3], 4, {})
