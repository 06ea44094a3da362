"""Work that goes on side by side, one thread a device."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait


def on_each_device(devices: Sequence[str], serve: Callable[[str, threading.Event], None]) -> None:
    """Call `serve` for every device, each in a thread of its own, and wait.

    The first error, or Ctrl-C, sets the event that all of them are given; it is raised once they have returned.
    """
    stop = threading.Event()
    with ThreadPoolExecutor(len(devices)) as pool:
        try:
            served = [pool.submit(serve, device, stop) for device in devices]
            for ended in wait(served, return_when=FIRST_EXCEPTION).done:
                ended.result()
        except BaseException:
            stop.set()  # the pool waits for its threads, and they for their workers' end
            raise
