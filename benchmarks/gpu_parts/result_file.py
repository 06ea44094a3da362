"""The results of a run so far: one JSON file, written whole whenever something is added."""

import json
import os
import threading


class ResultFile:
    """Holds what is known of the machine, and of every part its status, seconds and rows.

    Args:
        path: the file; what an earlier call left in it is gone on with.
        about: what results depend on (machine, versions, shapes). Results of something else are refused.

    Raises:
        ValueError: the file holds results of something else, or is none of this benchmark; the message says so.
    """

    def __init__(self, path, about):
        self._path = path
        self._lock = threading.Lock()
        self.content = {"about": about, "parts": {}}
        if path.exists():
            self.content = _read(path)
            differing = [key for key in about if self.content["about"].get(key) != about[key]]
            if differing:
                found = ", ".join(f"{key} {self.content['about'].get(key)!r}" for key in differing)
                here = ", ".join(f"{key} {about[key]!r}" for key in differing)
                raise ValueError(f"{path} holds results of {found}, but this is {here}; give another --output")

    def is_done(self, part):
        return self.content["parts"].get(part, {}).get("status") == "done"

    def rows(self, part):
        return self.content["parts"].get(part, {}).get("rows", [])

    def add(self, part, row):
        """Add a row, in place of one of its name."""
        with self._lock:
            found = self.content["parts"].setdefault(part, {"status": "running", "seconds": 0.0, "rows": []})
            found["rows"] = [*(one for one in found["rows"] if one["name"] != row["name"]), row]
            self._write()

    def end(self, part, status, reason, seconds):
        """Say how a part has ended; seconds of several calls add up."""
        with self._lock:
            found = self.content["parts"].setdefault(part, {"seconds": 0.0, "rows": []})
            found.update(status=status, reason=reason, seconds=round(found["seconds"] + seconds, 1))
            self._write()

    def _write(self):
        half = self._path.with_suffix(".half")
        half.write_text(json.dumps(self.content, indent=1) + "\n", encoding="utf-8")
        os.replace(half, self._path)


def _read(path):
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if not (isinstance(content["about"], dict) and isinstance(content["parts"], dict)):
            raise TypeError
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no result of this benchmark ({type(error).__name__}); remove it") from error
    return content
