"""The most memory that a process takes, by the kernel's accounts."""

import threading
from pathlib import Path


class Peak:
    """Samples this process's memory; `peaks` holds the highest values in bytes."""

    def __init__(self, interval_s=0.02):
        self.peaks = dict.fromkeys(("Rss", "Anonymous"), 0)
        self._stop = threading.Event()
        self._interval_s = interval_s
        self._thread = threading.Thread(target=self._sample, daemon=True)

    @staticmethod
    def now():
        # The kernel keeps these counts; those of smaps_rollup would take it a walk through all pages each time.
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        found = {words[0].rstrip(":"): 1024 * int(words[1]) for words in map(str.split, lines) if words[-1] == "kB"}
        return {"Rss": found["VmRSS"], "Anonymous": found["RssAnon"]}

    def _sample(self):
        while not self._stop.wait(self._interval_s):
            for name, value in self.now().items():
                self.peaks[name] = max(self.peaks[name], value)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
