"""A learner that goes wild in the way its option says; every process that it has writes its number into a folder."""

import ctypes
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import frontrunner as fr

CHILD = """
import os, pathlib, sys, time
pathlib.Path(sys.argv[1], str(os.getpid())).touch()
held = bytearray(int(sys.argv[2]))
for at in range(0, len(held), 4096):
    held[at] = 1
pathlib.Path(sys.argv[1], f"{os.getpid()}.full").touch()
time.sleep(600)
"""


class Wild(fr.Learner):
    """Starts processes, then does as its option says."""

    name = "wild"

    @dataclass(frozen=True)
    class Config:
        how: str = "holds"
        """holds (the interpreter's lock), sleeps, prints (without end), grows (in its children), dies or raises."""
        folder: str = ""
        """Where every process writes its number."""

    def fit(self, problem, preferences, context):
        how, folder = self.config.how, Path(self.config.folder)
        (folder / str(os.getpid())).touch()
        size = 60_000_000 if how == "grows" else 0
        started = [
            subprocess.Popen([sys.executable, "-S", "-c", CHILD, folder, str(size)], start_new_session=new)
            for new in (False, True)
        ]
        if os.fork() == 0:  # a daemon: its parent ends at once
            os.setsid()
            if os.fork() == 0:
                (folder / str(os.getpid())).touch()
                time.sleep(600)
            os._exit(0)
        os.wait()
        while len(list(folder.glob("*.full"))) < len(started) or len(list(folder.iterdir())) < 6:
            time.sleep(0.01)
        (folder / "ready").touch()
        if how == "holds":
            ctypes.PyDLL(None).sleep(600)  # a library that does not let the interpreter's lock go
        while how == "prints":
            print("the same line, without end " * 40)  # noqa: T201
        if how == "dies":
            os.kill(os.getpid(), 11)
        if how == "raises":
            print("first line")  # noqa: T201
            for _ in range(100):
                print("x" * 99_999)  # noqa: T201
            raise RuntimeError("the last word")
        time.sleep(600)
