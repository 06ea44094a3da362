"""Work in several places at once, such as devices, in one thread for each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait


def on_each_place(places: Sequence[str], serve: Callable[[str, threading.Event], None]) -> None:
    """Call `serve(place, stop)` for every place, each in its own thread, and wait until all calls have returned.

    The first error, or Ctrl-C, sets the event `stop`, which all calls share; it is raised once they have returned.
    """
    stop = threading.Event()
    with ThreadPoolExecutor(len(places)) as pool:
        try:
            served = [pool.submit(serve, place, stop) for place in places]
            for ended in wait(served, return_when=FIRST_EXCEPTION).done:
                ended.result()
        except BaseException:
            stop.set()  # leaving the pool waits for its threads, which end their workers
            raise
