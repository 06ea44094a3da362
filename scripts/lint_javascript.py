"""Lint the scripts of the leaderboard page with oxlint, as the page runs them: all in one scope.

Linted one by one, every name of another script would be undefined and every name for another one unused.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from frontrunner.harness.reports.page.writing import SCRIPTS, page_script, source_of

ROOT = Path(__file__).resolve().parent.parent
MESSAGE = re.compile(r"^[^:]*page\.js:(\d+):(.*)$", re.MULTILINE)


def origin(line: int) -> str:
    """Return `fronts.js:12`, where a line of the whole script comes from; lines count from 1."""
    for name in reversed(SCRIPTS):
        before, found, _ = page_script().partition(source_of(name))
        first = before.count("\n") + 1
        if found and line >= first:
            return f"{name}:{line - first + 1}"
    return f"the page's script, line {line}"


def main() -> int:
    """Return oxlint's exit status; 0 where there is no oxlint, which is said."""
    oxlint = shutil.which("oxlint", path=str(Path(sys.executable).parent)) or shutil.which("oxlint")
    if oxlint is None:
        sys.stdout.write("The page's scripts were not linted: oxlint is not installed (the dev extra has it).\n")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.js"
        file.write_text(page_script(), encoding="utf-8")
        command = [oxlint, "--config", str(ROOT / ".oxlintrc.json"), "--deny-warnings", "--format=unix", "page.js"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    said = MESSAGE.sub(lambda found: f"{origin(int(found[1]))}:{found[2]}", done.stdout)
    sys.stdout.write(said + done.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
