"""What tests look at processes with is not disturbed by those that end meanwhile."""

import subprocess
import sys

import psutil
from processes import below, living, workers_of


def test_a_zombie_is_not_there():
    ended = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    try:
        ended.stdout.read()  # until it ends; nobody has asked how
        zombie = psutil.Process(ended.pid)
        while zombie.status() != psutil.STATUS_ZOMBIE:
            pass
        assert not living(zombie)
        assert ended.pid not in {child.pid for child, _ in below(psutil.Process())}
        assert workers_of(zombie) == []
    finally:
        ended.communicate()
    assert not living(zombie)
