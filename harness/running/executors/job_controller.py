"""submitit's process of a job of this machine, which SIGINT ends also where the command was started with it ignored.

A shell ignores SIGINT for what it starts in the background, and a process hands that down to those that it starts;
`JobsHere` ends its jobs by that signal.

    python -m frontrunner.harness.running.executors.job_controller FOLDER
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path


def main(folder: Path) -> None:
    """Run the job that the environment describes, until it has ended or SIGINT ends it; its files go to `folder`."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    from submitit.local.local import Controller

    Controller(folder).run()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
