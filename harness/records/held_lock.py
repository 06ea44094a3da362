"""Tell whether some process holds a lock, without changing anything and without holding it oneself for long."""

from __future__ import annotations

import os
from pathlib import Path


def is_held(lock: Path) -> bool:
    """Return whether a process holds the lock of this file; the system frees it when the process ends.

    Where the system has no such locks, a lock file that is there counts as held.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        return lock.exists()
    try:
        opened = os.open(lock, os.O_RDONLY)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: two that ask at once do not find each other
    except OSError:
        return True
    finally:
        os.close(opened)
    return False
