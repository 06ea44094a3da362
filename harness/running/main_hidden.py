"""Start processes that do not run the user's script again.

Python gives every process that it starts, but for plain forks, the script of the one that starts it, and runs it there:
a script without `if __name__ == "__main__":` would start everything once more. No process of ours needs it.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from types import ModuleType

_lock = threading.RLock()


@contextlib.contextmanager
def main_hidden() -> Iterator[None]:
    """Have processes that start now take an empty module for the user's script."""
    with _lock:
        script = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = script
