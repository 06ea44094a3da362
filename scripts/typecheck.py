"""Run the strict type checker on the package.

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
    command = ["mypy", "--config-file", "pyproject.toml", "--cache-dir", str(root / ".mypy_cache"), "-p", "frontrunner"]
    sys.exit(
        subprocess.run(
            [sys.executable, "-m", *command], cwd=root, env={**os.environ, "MYPYPATH": folder}, check=False
        ).returncode
    )
