"""Run a bench by the command line: the quickstart."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from .run_parts import ROW

ROOT = Path(__file__).parents[2]
TINY = {"name": "tiny", "suites": ["convex-toy"], "learners": ["interpolation", "weight-averaging"], "seeds": [0]}


def measure(device, done, output, tiny=False):
    """Print a row once the bench has ended; its board goes to a file beside the results."""
    if "bench" in done:
        return
    with tempfile.TemporaryDirectory() as folder:
        file = ROOT / "studies" / "quickstart.yaml"
        if tiny:
            file = Path(folder) / "tiny.yaml"
            file.write_text(yaml.safe_dump(TINY), encoding="utf-8")
        board = Path(output) / "quickstart.md"
        options = ["--device", device, "--store", f"{folder}/store", "--output", str(board)]
        start = time.perf_counter()
        command = [sys.executable, "-m", "frontrunner", "bench", str(file), *options]
        status = subprocess.run(command, check=False, stdout=sys.stderr).returncode
        seconds = time.perf_counter() - start
    if status != 0:
        sys.exit(f"the bench ended with status {status}")
    print(ROW + json.dumps({"name": "bench", "file": file.name, "bench_s": round(seconds, 1)}), flush=True)
