"""Run the strict type checker on the package and on these scripts.

The repository root is the package `frontrunner`, whatever the checkout is called; mypy finds packages by folder
name, so it is shown the root through a link of the right name.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

root = Path(__file__).resolve().parent.parent
with tempfile.TemporaryDirectory() as folder:
    (Path(folder) / "frontrunner").symlink_to(root)
    command = [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", "--cache-dir", ".mypy_cache"]
    environment = {**os.environ, "MYPYPATH": folder}
    checks = [
        subprocess.run([*command, *checked], cwd=root, env=environment, check=False)
        for checked in (["-p", "frontrunner"], ["scripts"])
    ]
sys.exit(max(check.returncode for check in checks))
