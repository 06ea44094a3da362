"""Start the process with which multiprocessing removes semaphores, such that it prints nothing of its own.

It outlives a command that is killed, removes the semaphores that this has left, as it should, and then warns of them in
a terminal in which something else may have been begun.
"""

from __future__ import annotations

import sys
import threading
from multiprocessing import resource_tracker

_WITHOUT_WARNING = "ignore:resource_tracker:UserWarning"
"""A filter as Python's `-W` takes it; warnings of the process begin with its name."""
_starting = threading.Lock()


def start_quiet_tracker() -> None:
    """Start the process unless it runs; call this before the first process or semaphore of a command is made."""
    if sys.platform == "win32":  # there is none
        return
    with _starting:
        sys.warnoptions.append(_WITHOUT_WARNING)  # which a new Python is given on its command line
        try:
            resource_tracker.ensure_running()
        finally:
            sys.warnoptions.remove(_WITHOUT_WARNING)
